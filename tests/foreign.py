"""Servers that other people wrote, as processes of a test: started, waited for, and ended for certain.

A server that is not installed here skips its tests with a sentence that names it.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
_BINARIES = ROOT / ".oracles"  # where `make oracles` builds the servers in Go


def free_port() -> int:
    """Return a port of loopback that nobody has at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def installed(name: str) -> str:
    """Return the path of a program of the virtual environment; skips the test if there is none."""
    beside = Path(sys.executable).with_name(name)
    if not beside.exists():
        pytest.skip(f"{name} is not installed: `make setup` does that.")
    return str(beside)


def built(name: str) -> str:
    """Return the path of a server in Go; skips the test if it was not built."""
    path = _BINARIES / name
    if not path.exists():
        pytest.skip(f"{name} is not built: `make oracles` does that, with Go.")
    return str(path)


def node(script: Path, *packages: str) -> list[str]:
    """Return the command that runs a script with Node; skips the test without Node or one of the packages."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("Node is not installed, so its servers cannot run.")
    for package in packages:
        if not (ROOT / "node_modules" / package).exists():
            pytest.skip(f"The npm package {package} is not installed: `make setup` does that.")
    return [program, str(script)]


def browser() -> str:
    """Return the path of a Chromium; skips the test if there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    pytest.skip("No Chromium is installed, so nothing can be tried in a browser.")


@contextmanager
def running(
    command: Sequence[str], port: int, *, environ: Mapping[str, str] | None = None, seconds: float = 30
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the end of the `with`; it takes connections on `port` when this yields.

    Fails with what the server printed if it ends, or is not there after so many seconds.
    """
    process = subprocess.Popen(
        command,
        env={**os.environ, **(environ or {})},
        stdin=subprocess.DEVNULL,
        stdout=(output := _Output()).file,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        _wait(process, port, time.monotonic() + seconds, output)
        yield process
    finally:
        _end(process)
        output.file.close()


class _Output:
    """What a server prints: in a file without a name, so that no full pipe stops it."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `running`

    def text(self) -> str:
        self.file.seek(0)
        printed: bytes = self.file.read()
        return printed.decode(errors="replace")[-2000:]


def _wait(process: subprocess.Popen[bytes], port: int, deadline: float, output: _Output) -> None:
    while True:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"{process.args!r} does not listen on {port}.\n{output.text()}")
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and all it has started."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            os.killpg(process.pid, number)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                continue
