"""The modules of the import desk's page that hold its rules: run by Node's own tests, compiled by esbuild."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests import foreign

HERE = Path(__file__).parent / "lib"
ESBUILD = foreign.ROOT / "node_modules" / ".bin" / "esbuild"


@pytest.mark.parametrize("name", sorted(file.name for file in HERE.glob("*.test.ts")))
def test_a_module_of_the_page_keeps_its_rules(name: str, tmp_path: Path) -> None:
    compiled = tmp_path / name.replace(".ts", ".mjs")
    run = foreign.node(compiled, "esbuild")
    options = ("--bundle", "--platform=node", "--format=esm", f"--outfile={compiled}")
    subprocess.run([ESBUILD, HERE / name, *options, "--log-level=warning"], check=True, timeout=60)
    done = subprocess.run(
        [run[0], "--test", compiled], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout
