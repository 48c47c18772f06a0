"""The modules of the import desk's page that hold its rules: run by Node's own tests, compiled by esbuild."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests import foreign

HERE = Path(__file__).parent / "lib"
ESBUILD = foreign.ROOT / "node_modules" / ".bin" / "esbuild"


NAMES = sorted(file.name for file in HERE.glob("*.test.ts"))


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all of them, compiled in one go."""
    folder = tmp_path_factory.mktemp("compiled")
    foreign.node(folder, "esbuild")
    options = (
        "--bundle",
        "--platform=node",
        "--format=esm",
        "--out-extension:.js=.mjs",
        f"--outdir={folder}",
    )
    files = [HERE / name for name in NAMES]
    subprocess.run([ESBUILD, *files, *options, "--log-level=warning"], check=True, timeout=60)
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_a_module_of_the_page_keeps_its_rules(name: str, compiled: Path) -> None:
    # Not by `node --test`, which starts a second Node for the file.
    run = foreign.node(compiled / name.replace(".ts", ".mjs"))
    done = subprocess.run(run, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout
    assert re.search(r"^\S fail 0$", done.stdout, re.MULTILINE), done.stdout
