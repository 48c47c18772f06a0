"""Copies of this repository, in which `mill new` writes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.mill.trees import REPOSITORY

_NOT_COPIED = (
    ".git",
    ".venv",
    ".mill",
    ".oracles",
    "node_modules",
    "__pycache__",
    ".*_cache",
    ".hypothesis",
    "*.png",
)


# As long as they may be: a shorter name leaves the lines of the templates shorter.
TARGET, SERVICE = "verylongnameoftarget", "verylongnameofsystem"
TITLE = "Very & Long Title of a CRM 1.0"
URL = "https://api.a-very-long-host-name.example.com/v1/of/the/api"


def clone(folder: Path) -> Path:
    """A copy of this repository, with its tools."""
    tree = folder / "millwright"
    shutil.copytree(REPOSITORY, tree, ignore=shutil.ignore_patterns(*_NOT_COPIED))
    (tree / "node_modules").symlink_to(REPOSITORY / "node_modules")
    return tree


def run(tree: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a Python module in the copy, whose code it sees and not ours."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": f"{tree}:{tree / 'scripts'}", "COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}\n{done.stderr}"
    return done
