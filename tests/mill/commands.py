"""Runs `mill` as a person does: a process of its own, in a directory, with no terminal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def mill(*arguments: str, cwd: Path, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `mill ARGUMENTS` and return how it ended."""
    return subprocess.run(
        [sys.executable, "-c", "from mill.cli import main; main()", *arguments],
        cwd=cwd,
        env={**os.environ, "COLUMNS": "120", **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
