"""Environments made of locks, kept in the user's cache and found again by what the lock says.

An environment is made beside its place and moved there when it is whole: who finds one may use it, and an
interruption leaves nothing behind. One process at a time makes a certain one; others wait for it.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from mill.engine.definition.lock import Lock, normalised
from mill.engine.processes.uv import Done, Stopped, Uv, find_uv, own_version
from mill.errors import MillError

__all__ = ["Environments", "Order", "Stopped"]

_LOOK_EVERY = 0.1  # seconds between two tries to be the one who makes it
_REQUIREMENTS = "requirements.txt"
_REMEMBERED = 30.0  # seconds that a failure is not tried again: a loop of a thousand would ask uv so often
_UNREACHABLE = (
    *("dns error", "error sending request", "connection refused", "timed out", "failed to connect"),
    "network connectivity is disabled",
)


@dataclass(frozen=True, slots=True)
class Order:
    """An environment that a job asks for: `subject` is the script's path; `tell` takes what a person sees."""

    lock: Lock
    subject: str
    tell: Callable[[str], None]
    is_canceled: Callable[[], bool]


class Environments:
    """Finds the Python for a lock, and makes its environment first where there is none.

    `root` is the workspace, whose uv settings count. `folder`: where environments are kept.
    """

    def __init__(self, root: Path, folder: Path | None = None) -> None:
        self._uv = Uv(root)
        self._folder = folder or cache_folder() / "envs"
        self._installed: dict[str, str] | None = None
        self._failures: dict[Path, tuple[float, str]] = {}

    def has_all(self, lock: Lock) -> bool:
        """Return whether mill's own Python has every package of the lock, in these very versions."""
        if self._installed is None:
            self._installed = _installed_packages()
        return lock.is_met_by(self._installed)

    def python_for(self, order: Order) -> Path:
        """Return the interpreter of the lock's environment.

        MillError with uv's reason and the remedy where there can be none; Stopped if the job is canceled.
        """
        folder = self._folder / _key(order.lock)
        python = folder / "bin" / "python"
        if python.exists():  # not so for one whose Python has been removed since: made again
            return python
        self._fail_again(folder)
        try:
            with self._alone(folder, order):
                if not python.exists():
                    self._fail_again(folder)
                    self._make(folder, order)
        except MillError as error:
            self._failures[folder] = time.monotonic(), str(error)
            raise
        except OSError as error:
            raise MillError(
                f"The environment of {order.subject} cannot be kept in {self._folder} ({error.strerror}). "
                "XDG_CACHE_HOME names another place."
            ) from error
        return python

    def _fail_again(self, folder: Path) -> None:
        at, message = self._failures.get(folder, (0.0, ""))
        if message and time.monotonic() - at < _REMEMBERED:
            raise MillError(message)

    @contextlib.contextmanager
    def _alone(self, folder: Path, order: Order) -> Iterator[None]:
        """Hold the right to make this environment, against other jobs and other processes."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with folder.with_suffix(".lock").open("w") as guard:
            while True:
                try:
                    fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    time.sleep(_LOOK_EVERY)
                if order.is_canceled():
                    raise Stopped
            yield

    def _make(self, folder: Path, order: Order) -> None:
        count, version = order.lock.count, order.lock.python or own_version()
        packages = f"{count} package{'' if count == 1 else 's'}"
        order.tell(f"makes its environment ({packages}, Python {version})")
        for left in self._folder.glob(f"{folder.name}.making-*"):  # of one that was killed
            shutil.rmtree(left, ignore_errors=True)
        draft = Path(tempfile.mkdtemp(prefix=f"{folder.name}.making-", dir=self._folder))
        try:
            self._fill(draft, version, order)
            shutil.rmtree(folder, ignore_errors=True)
            (draft / "env").rename(folder)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        order.tell("")

    def _fill(self, draft: Path, version: str, order: Order) -> None:
        lock, environment = order.lock, str(draft / "env")
        python = self._uv.find_python(version, order.is_canceled)
        if python is None:
            self._no_python(version, order)
        wish = ["venv", "--quiet", "--relocatable", "--no-project", "--no-python-downloads"]
        made = self._uv.run([*wish, "--python", python, environment], order.is_canceled)
        if made.success and lock.lines:
            requirements = draft / _REQUIREMENTS
            requirements.write_text("".join(f"{line}\n" for line in lock.lines), "utf-8")
            # A lock is complete: Windmill, too, installs what it names and looks for nothing else.
            wish = ["pip", "install", "--quiet", "--no-deps", "--no-python-downloads"]
            wish += ["--python", f"{environment}/bin/python", "-r", str(requirements)]
            made = self._uv.run(wish, order.is_canceled)
        if not made.success:
            _refuse(made, made.reason.replace(str(draft / _REQUIREMENTS), lock.place), version, order)

    def _no_python(self, version: str, order: Order) -> NoReturn:
        raise MillError(
            f"{order.subject} needs Python {version}, as {order.lock.place} says, and this machine has "
            f"{', '.join(self._uv.python_versions())}. `{find_uv()} python install {version}` gets it; or "
            f"name another in the script, as in `# py: =={own_version()}.*`, and run `mill metadata`."
        )


def _refuse(made: Done, reason: str, version: str, order: Order) -> NoReturn:
    place = order.lock.place
    if any(words in made.errors.lower() for words in _UNREACHABLE):
        remedy = (
            "Is this machine offline, or behind a proxy? uv takes HTTPS_PROXY, UV_DEFAULT_INDEX and uv.toml"
        )
    else:
        remedy = (
            f"Correct {place}, or have `mill metadata` write it anew; a private index belongs in UV_INDEX"
        )
    raise MillError(
        f"The environment of {order.subject} cannot be made from {place} for Python {version}. uv says: "
        f"{reason or 'nothing'}. {remedy}."
    )


def cache_folder() -> Path:
    """Return where environments and bytecode are kept: they belong to the user and not to a workspace."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    base = Path(given) if given.startswith("/") else Path.home() / ".cache"
    return base / "millwright"


def _key(lock: Lock) -> str:
    """Return the name under which an environment with this content is found on this machine."""
    content = "\n".join([lock.python or own_version(), sysconfig.get_platform(), *lock.lines])
    return hashlib.sha256(content.encode()).hexdigest()[:24]


def _installed_packages() -> dict[str, str]:
    """Return the version of each package on mill's own path, by normalised name; the first found counts.

    The folders' names say it: to read each package's metadata takes ten times as long.
    """
    found: dict[str, str] = {}
    for folder in sys.path:
        with contextlib.suppress(OSError):
            for name in os.listdir(folder or "."):  # noqa: PTH208 - a Path for each of a hundred names is slow
                if name.endswith(".dist-info"):
                    package, _, version = name.removesuffix(".dist-info").rpartition("-")
                    found.setdefault(normalised(package), version)
    return found
