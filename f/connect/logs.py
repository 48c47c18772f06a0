"""Shows the connection layer's log lines, masked: one JSON object per call, and its warnings.

A job of Windmill shows them without being told to: nobody can ask a job that has ended what it called. A mass
import must not write a million lines, so a process then writes its first calls, and after these one of many;
of those that failed more. LOG_CALLS in the environment of the job (on Windmill a contextual variable
of the workspace, or `envs` of the worker) changes that:

    LOG_CALLS=all     every call
    LOG_CALLS=off     none; warnings are shown as ever
    LOG_CALLS=some    what a job of Windmill does anyway, also elsewhere
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import TextIO

from f.connect.redact import RedactingFilter
from f.windmill.connection import is_on_windmill

LOG_CALLS = "LOG_CALLS"
FIRST_CALLS, ONE_OF_CALLS = 100, 1_000
FIRST_FAILURES, ONE_OF_FAILURES = 1_000, 100

log = logging.getLogger("connect")


class Sampling:
    """Chooses which calls get a line: the first ones all, then one of many. Safe for threads."""

    def __init__(self) -> None:
        self._calls = self._failures = 0
        self._lock = threading.Lock()

    def wants(self, *, failed: bool) -> bool:
        """Return whether the next call gets a line."""
        with self._lock:
            if failed:
                self._failures += 1
                return self._failures <= FIRST_FAILURES or self._failures % ONE_OF_FAILURES == 0
            self._calls += 1
            return self._calls <= FIRST_CALLS or self._calls % ONE_OF_CALLS == 0

    def note(self, *, failed: bool) -> str:
        """Return what is to be said once, after the last of the lines that all calls get; "" otherwise."""
        with self._lock:
            if failed and self._failures == FIRST_FAILURES:
                return f"{FIRST_FAILURES} failed calls were shown; from here on one in {ONE_OF_FAILURES}."
            if not failed and self._calls == FIRST_CALLS:
                return f"{FIRST_CALLS} calls were shown; from here on one in {ONE_OF_CALLS:,}, and failures."
            return ""


_sampling: Sampling | None = None  # none: every call that the logger's level lets through
_once = threading.Lock()
_is_decided = False


def show_calls(level: int = logging.INFO, stream: TextIO | None = None) -> logging.Handler:
    """Write the lines of `level` and above to `stream` (standard error, which is a Windmill job's log)."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    handler.addFilter(RedactingFilter())
    log.addHandler(handler)
    log.setLevel(level)
    return handler


def show_calls_of_jobs() -> None:
    """Show the calls of this process if it is a job of Windmill, or if LOG_CALLS says so; decided once.

    Whoever has set up logging before has decided already.
    """
    global _is_decided, _sampling  # noqa: PLW0603 - one decision for the process
    with _once:
        if _is_decided:
            return
        _is_decided = True
        wish = os.environ.get(LOG_CALLS, "").strip().lower()
        if not wish:
            # `mill` runs jobs where people watch: it shows what it is asked to show.
            wish = "some" if is_on_windmill() and not os.environ.get("MILL") else "off"
        if wish == "off" or log.hasHandlers():
            return
        if wish not in {"all", "some"}:
            log.warning("%s is none of all, some and off: no calls are shown.", LOG_CALLS)
            return
        _sampling = Sampling() if wish == "some" else None
        show_calls()


def wants_line(*, failed: bool) -> bool:
    """Return whether a call is to be logged; ask once for each."""
    if not log.isEnabledFor(logging.INFO):
        return False
    return _sampling is None or _sampling.wants(failed=failed)


def write_line(text: str, *, failed: bool) -> None:
    """Log a call, and after the last of the lines that all calls get that there will be fewer."""
    log.info("%s", text)
    if _sampling is not None and (note := _sampling.note(failed=failed)):
        log.info("%s", note)
