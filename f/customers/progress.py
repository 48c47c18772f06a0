"""The progress bar of a Windmill job."""

import contextlib
import time

import httpx
import wmill


class Progress:
    """Tells Windmill the share of rows done, at most twice a second."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._next = 0.0

    def __call__(self, done: int) -> None:
        """So many rows are done."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + 0.5
        # A progress bar that cannot be moved is no reason to stop an import.
        with contextlib.suppress(httpx.HTTPError):
            wmill.set_progress(100 * done // self._total)
