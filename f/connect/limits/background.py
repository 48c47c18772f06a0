"""Where work on the shared store is done: on the spot, or beside an event loop, which nothing may hold up."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from f.connect.errors import ConnectError

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from f.store.store import Store

log = logging.getLogger("connect")


class Known(Protocol):
    """What this process knows of a row. `is_told` False: it has decided so, and the row does not say it yet.

    A look at the row until then may see the row before it, and changes nothing.
    """

    is_told: bool


class Background:
    """Runs work at once; if called on an event loop, one after the other on a thread of its own."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._pid = 0
        self._lock = threading.Lock()

    def run(self, work: Callable[[], object]) -> None:
        """Do the work, now or soon. A store that cannot be reached is logged, not raised."""
        if _is_on_a_loop():
            self._threads().submit(_logged, work)
        else:
            _logged(work)

    def tell(self, known: Known, write: Callable[[], object]) -> None:
        """Have the row say what is known, as `run` does work. If it cannot, the next look goes by the row."""

        def write_it() -> None:
            try:
                write()
            finally:
                known.is_told = True

        self.run(write_it)

    def drain(self) -> None:
        """Wait until all work handed over so far is done."""
        if self._pool is not None and self._pid == os.getpid() and not _is_on_a_loop():
            self._pool.submit(int).result()

    def _threads(self) -> ThreadPoolExecutor:
        from concurrent.futures import ThreadPoolExecutor  # only beside an event loop

        with self._lock:
            if self._pool is None or self._pid != os.getpid():  # a thread does not survive a fork
                self._pool = ThreadPoolExecutor(1, thread_name_prefix="connect-store")
                self._pid = os.getpid()
            return self._pool


def background_of(store: Store) -> Background:
    """Return the one of this store."""
    return store.shared("background", Background)


def _logged(work: Callable[[], object]) -> None:
    try:
        work()
    except ConnectError as error:
        log.warning("The state that jobs share could not be brought up to date: %s", error)


def _is_on_a_loop() -> bool:
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
