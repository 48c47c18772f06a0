"""Who is sending a row, and whether that job is still running.

On one machine a locked file says so: the system releases the lock when the process dies, however it dies.
Over several machines the platform may be asked; if it does not know, a claim lapses with time, and running
jobs renew theirs.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

NOBODY = ""
# Far longer than the longest wait for one answer with all its retries, after which claims are renewed.
LEASE_SECONDS = 900.0


class Owner(Protocol):
    """A job as the journal knows it, by `name`; a context manager for as long as it sends."""

    name: str

    def is_gone(self, other: str, seconds: float) -> bool:
        """Return whether another job is gone. `seconds`: how long ago it last renewed its claims."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class LeasedOwner:
    """A job among many workers. `name` is the job's id: a restarted job takes over its own claims.

    `has_ended` says of another job's id whether it is known to be over.
    """

    def __init__(self, name: str = "", has_ended: Callable[[str], bool] = lambda _: False) -> None:
        self.name = name or secrets.token_hex(8)
        self._has_ended = has_ended

    def is_gone(self, other: str, seconds: float) -> bool:
        """Return whether its lease has run out, or it is known to have ended."""
        return seconds > LEASE_SECONDS or self._has_ended(other)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class LockingOwner:
    """A process of this machine: it holds the lock of a file in `folder` that bears its name."""

    def __init__(self, folder: Path) -> None:
        self.name = secrets.token_hex(8)
        self._folder = folder
        self._file = -1

    def is_gone(self, other: str, seconds: float) -> bool:
        """Return whether nobody holds the other's lock; its file is removed then."""
        del seconds
        path = self._folder / other
        try:
            file = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return True
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        else:
            path.unlink(missing_ok=True)
            return True
        finally:
            os.close(file)

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = os.open(self._folder / self.name, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        (self._folder / self.name).unlink(missing_ok=True)
        os.close(self._file)
