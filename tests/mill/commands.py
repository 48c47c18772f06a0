"""Runs `mill` as a person does: in a directory, with no terminal.

`mill` is a process of its own, and a second of loading. `mill_here` is the same command line in this process,
for the many cases of what is seen to work as a process elsewhere in its file.
"""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mill.cli import build, run


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


def mill_here(*arguments: str, cwd: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run `mill ARGUMENTS` in this process. Its jobs are processes, forked from one that all runs share."""
    out, err, given = io.StringIO(), io.StringIO(), sys.stdin
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin.encode()), "utf-8")
    try:
        with (
            contextlib.chdir(cwd),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            _as_in_a_process(),
        ):
            run(build(arguments), arguments)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
        return subprocess.CompletedProcess(["mill", *arguments], code, out.getvalue(), err.getvalue())
    finally:
        sys.stdin = given


@contextlib.contextmanager
def _as_in_a_process() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "120")
        yield
