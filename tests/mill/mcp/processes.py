"""`mill mcp` as a process of its own, for the tests that kill, stop and listen to one."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.mill.trees import REPOSITORY

MILL = [sys.executable, "-m", "mill", "mcp"]


def environment() -> dict[str, str]:
    """Return the environment in which `mill` is found."""
    path = os.pathsep.join((str(REPOSITORY / "scripts"), str(REPOSITORY)))
    return {**os.environ, "PYTHONPATH": path}


@contextlib.contextmanager
def serving(
    workspace: Path, *options: str, env: dict[str, str] | None = None
) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Yield the address of `mill mcp --http` and its process; killed at the end if it still runs."""
    process = subprocess.Popen(
        [*MILL, "--http", "--port", "0", *options],
        cwd=workspace,
        env={**environment(), **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), process
    finally:
        process.kill()
        process.communicate()
