"""The wish that this job end: heard as a signal, and a clock whose waits end with it.

Windmill cancels a Python job by SIGINT if the worker is set up with MAX_WAIT_FOR_SIGINT, and kills it after
so many seconds; without that setting it kills at once. Other supervisors send SIGTERM.
"""

from __future__ import annotations

import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Self

from f.connect.times import Clock

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_LOOK_SECONDS = 0.1  # between two looks while waiting


class Cancellation(Clock):
    """Hears the signals while it is entered. Given to a Client, no retry or limit is waited for any more.

    Signals come to the main thread alone: that is where a job's main() runs.
    """

    def __init__(self) -> None:
        self._heard = False

    def is_heard(self) -> bool:
        """Whether the job is to end."""
        return self._heard

    def sleep(self, seconds: float) -> bool:
        """Let time pass on this thread, until a signal."""
        end = self.ticks() + seconds
        while not self._heard and (left := end - self.ticks()) > 0:
            time.sleep(min(left, _LOOK_SECONDS))
        return self._heard

    async def sleep_async(self, seconds: float) -> bool:
        """Let time pass on this task, until a signal."""
        import asyncio  # noqa: PLC0415 - 40 ms that a job without asyncio must not pay

        end = self.ticks() + seconds
        while not self._heard and (left := end - self.ticks()) > 0:  # noqa: ASYNC110 - a handler sets flags only
            await asyncio.sleep(min(left, _LOOK_SECONDS))
        return self._heard

    def __enter__(self) -> Self:
        self._before = {}
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        # Nothing that takes a lock: the signal may have come while this thread holds it.
        self._heard = True
