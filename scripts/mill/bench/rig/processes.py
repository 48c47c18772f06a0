"""Processes that a measurement talks to, each ended with its `with` block."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from mill.errors import MillError


@contextlib.contextmanager
def process(
    command: list[str],
    environment: Mapping[str, str],
    root: Path,
    errors: IO[bytes] | None = None,
    *,
    hears_terminal: bool = True,
) -> Iterator[subprocess.Popen[str]]:
    """A process with pipes to its standard input and output; killed at the end. `errors` gets its stderr.

    `hears_terminal`: whether a Ctrl-C at the terminal is for it, too.
    """
    started = subprocess.Popen(  # noqa: S603 - our own interpreter and modules
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        env=dict(environment),
        cwd=root,
        start_new_session=not hears_terminal,
    )
    try:
        yield started
    finally:
        started.kill()
        started.wait()
        for pipe in (started.stdin, started.stdout):
            assert pipe is not None
            pipe.close()


def read_line(started: subprocess.Popen[str], name: str, errors: Path | None = None) -> str:
    """Return the next line of its output; MillError with the last line of `errors` where it has ended."""
    assert started.stdout is not None
    line = started.stdout.readline()
    if line:
        return line.strip()
    last = errors.read_text("utf-8", "replace").strip().splitlines()[-1:] if errors else []
    raise MillError(
        f"The measurement {name!r} failed: {' '.join(last) or 'its process is gone'}", exit_code=1
    )


class Worker:
    """A process that answers each line of JSON with one."""

    def __init__(self, name: str, started: subprocess.Popen[str], errors: Path) -> None:
        self.name, self._process, self._errors = name, started, errors

    def begin(self, request: Any) -> None:
        """Hand a request over."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()

    def end(self) -> Any:
        """Wait for its answer."""
        return json.loads(read_line(self._process, self.name, self._errors))

    def ask(self, request: Any) -> Any:
        """Both."""
        self.begin(request)
        return self.end()
