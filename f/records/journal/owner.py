"""Who is sending a row, and whether that job is still running.

On one machine a locked file says so: the system releases the lock when the process dies, however it dies, and
keeps it while the process is stopped. Over several machines a lease says so. A job renews its lease while it
runs; without renewal it may send for half the lease only (`Permit`), and others take its rows over after the
whole. So a job that was stopped meanwhile, or is taken for dead and is not, sends none of them.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from f.connect.errors import ConnectError
from f.store.store import Lease, Permit, Store, boot_ticks, lease_on, release, take

NOBODY = ""
# How long others wait for a job that says nothing. It renews its lease far more often.
LEASE_SECONDS = 60.0


class Standing(NamedTuple):
    """What is known of another job. Times in seconds since the epoch.

    `is_gone`: it sends nothing any more, and nothing it sent left it after `last_sent`. Else its rows are
    free at `free_at`, if it is known to have ended; None: it is at work, as far as anybody knows.
    """

    is_gone: bool
    last_sent: float = 0.0
    free_at: float | None = None


class Owner(Protocol):
    """A job as the journal knows it, by `name`; a context manager for as long as it sends.

    `permit` is asked before each attempt to send; None: nobody takes over what a living process has.
    """

    name: str
    permit: Permit | None

    def standing(self, other: str, now: float, *, take_over: bool) -> Standing:
        """Return what is known of another job; with `take_over` one that is gone can never send again."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class LeasedOwner:
    """A process among many workers, with a lease in the store of the journal.

    `job` is its job's id, which a job keeps that Windmill starts anew while the first process may still be
    alive: so each process has a name of its own. `has_ended` says of a job whether it is known to be over.
    """

    def __init__(
        self,
        store: Store,
        job: str = "",
        has_ended: Callable[[str], bool] = lambda _: False,
        seconds: float | None = None,
    ) -> None:
        self.name = f"{job}:{secrets.token_hex(8)}"
        self.permit: Permit | None = None
        self._store, self._job, self._has_ended = store, job, has_ended
        self._seconds = seconds or LEASE_SECONDS
        self._lease: Lease | None = None
        self._renewal: _Renewal | None = None

    def standing(self, other: str, now: float, *, take_over: bool) -> Standing:
        """Return what the other's lease says; one that has run out is taken, so that it cannot be renewed."""
        lease = lease_on(self._store, _key(other))
        if lease is None and take_over:
            # Long forgotten, or deleted while the other still has leave to send: its lease is taken.
            lease = take(self._store, _key(other), self.name, self._seconds) or lease_on(
                self._store, _key(other)
            )
        if lease is None:
            return Standing(True)
        if lease.holder not in {other, NOBODY} and lease.number == 1:  # it was not there when it was taken
            leave_ends = lease.until - self._seconds / 2
            if now < leave_ends:
                return Standing(False, free_at=leave_ends)
        if lease.holder != other:  # given back, or taken by another who found it run out
            return Standing(True, min(lease.until, now))
        lapsed = lease.until <= now
        if lapsed and (not take_over or take(self._store, lease.key, self.name, self._seconds)):
            return Standing(True, lease.until)
        job = other.partition(":")[0]
        is_over = bool(job) and (job == self._job or self._has_ended(job))
        return Standing(False, free_at=lease.until if is_over else None)

    def __enter__(self) -> Self:
        asked = boot_ticks()
        self._lease = take(self._store, _key(self.name), self.name, self._seconds)
        assert self._lease is not None, "the name is this process's own"
        self.permit = Permit(self._store, self._lease, self._seconds, asked=asked)
        self._renewal = _Renewal(self.permit, self._seconds / 6)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._renewal is not None:
            self._renewal.end()
        if self._lease is not None:
            with contextlib.suppress(ConnectError):
                release(self._store, self._lease)


class _Renewal:
    """A thread that renews a permit again and again."""

    def __init__(self, permit: Permit, seconds: float) -> None:
        self._permit, self._seconds = permit, seconds
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """End, once what is under way has: whoever closes the store next must find nobody in it."""
        self._ended.set()
        self._thread.join()

    def _renew(self) -> None:
        while not self._ended.wait(self._seconds):
            # Not to be reached for a moment, or lost: whoever wants to send finds out.
            with contextlib.suppress(ConnectError):
                self._permit.renew()


def _key(name: str) -> str:
    return f"import:{name}"


class LockingOwner:
    """A process of this machine: it holds the lock of a file in `folder` that bears its name."""

    permit: Permit | None = None

    def __init__(self, folder: Path) -> None:
        self.name = secrets.token_hex(8)
        self._folder = folder
        self._file = -1

    def standing(self, other: str, now: float, *, take_over: bool) -> Standing:
        """Return that it is gone if nobody holds its lock; its file is removed then."""
        del take_over
        path = self._folder / other
        try:
            file = os.open(path, os.O_RDWR)
        except FileNotFoundError:
            return Standing(True, now)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return Standing(False)
        else:
            path.unlink(missing_ok=True)
            return Standing(True, now)
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
