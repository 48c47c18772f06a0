"""Runs uv, which makes environments, and reads what it says."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mill.errors import MillError

_LOOK_EVERY = 0.05  # seconds between two looks at whether the job has been canceled
_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+(?=@)")
_FRAME = re.compile(r"^[^\w\[(`'\"]+")  # what uv draws before a line
_OLDEST = (3, 10)  # of the versions that Windmill runs
_VERSION = re.compile(r"python(\d+\.\d+)", re.IGNORECASE)
_LISTED = re.compile(r"cpython-(\d+\.\d+)\.")


class Stopped(Exception):
    """The job that uv worked for has been canceled; uv has ended."""


@dataclass(frozen=True, slots=True)
class Done:
    """How uv ended."""

    success: bool
    output: str
    errors: str

    @property
    def reason(self) -> str:
        """What uv gives as the reason of a failure: one line, without credentials."""
        lines = [_FRAME.sub("", line).strip() for line in self.errors.splitlines()]
        said = [line for line in lines if line and not line.startswith(("warning:", "hint:", "[std"))]
        text = " ".join(f"because {line[6:].strip()}" if line.startswith("cause:") else line for line in said)
        text = text.removeprefix("error:").strip()
        return _CREDENTIALS.sub("****", text)[:600].rstrip(".")


class Uv:
    """uv, as it came with mill. It takes indexes and proxies from where it always does, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def run(self, arguments: Sequence[str], is_canceled: Callable[[], bool] = lambda: False) -> Done:
        """Run uv to its end. Raises Stopped once the job is canceled, MillError where there is no uv."""
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(  # noqa: S603 - uv from its own package
                [find_uv(), *arguments],
                cwd=self._folder,
                env={**os.environ, "GIT_TERMINAL_PROMPT": "0", "UV_NO_PROGRESS": "1", "NO_COLOR": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,  # Ctrl-C ends it through the job, which tidies up
            )
            try:
                while _still_runs(process):
                    if is_canceled():
                        raise Stopped
            finally:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            output.seek(0)
            errors.seek(0)
            return Done(
                process.returncode == 0, *(one.read().decode("utf-8", "replace") for one in (output, errors))
            )

    def find_python(self, version: str, is_canceled: Callable[[], bool]) -> str | None:
        """Return an interpreter of this version, such as 3.12, if the machine has one. Downloads none."""
        if version == own_version():
            return sys.executable
        found = self.run(
            ["python", "find", "--quiet", "--system", "--no-python-downloads", "--no-project", version],
            is_canceled,
        )
        if found.success and found.output.strip():
            return found.output.strip()
        # pyenv's stand-ins on PATH answer for the versions only that are switched on.
        return next((str(file) for file in _pyenv(f"{version}.*") if file.exists()), None)

    def python_versions(self) -> list[str]:
        """Return the versions there are on this machine, such as 3.12, oldest first."""
        listed = self.run(["python", "list", "--quiet", "--only-installed", "--offline"])
        versions = {own_version(), *_LISTED.findall(listed.output)}
        for file in _pyenv("3.*"):
            versions.update(_VERSION.findall(file.resolve().name))
        numbers = {tuple(map(int, version.split("."))) for version in versions}
        return [".".join(map(str, number)) for number in sorted(numbers) if number >= _OLDEST]


def own_version() -> str:
    """Return the version of the Python that mill runs in, such as 3.12."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def find_uv() -> str:
    """Return uv's executable: that of its package, else the one on PATH. Raises MillError."""
    if importlib.util.find_spec("uv") is not None:
        import uv  # noqa: PLC0415 - only who makes an environment needs it

        with contextlib.suppress(FileNotFoundError):
            return uv.find_uv_bin()
    found = shutil.which("uv")
    if found is None:
        raise MillError("uv is not installed, which makes environments: `pip install uv`.", exit_code=3)
    return found


def _still_runs(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(_LOOK_EVERY)
    except subprocess.TimeoutExpired:
        return True
    return False


def _pyenv(version: str) -> Iterator[Path]:
    """Yield the interpreters of pyenv, newest first."""
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted((root / "versions").glob(f"{version}/bin/python"), key=_patch, reverse=True)


def _patch(python: Path) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", python.parts[-3])]
