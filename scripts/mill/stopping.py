"""A wish to end, by Ctrl-C or SIGTERM, for what serves until then."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def stop_signal() -> Iterator[threading.Event]:
    """Set by Ctrl-C or by a request to terminate, instead of what these do otherwise.

    What started us ignoring SIGINT (nohup, a script's background job) wants Ctrl-C for its own foreground.
    """
    stopped = threading.Event()
    signals = [signal.SIGTERM]
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signals.append(signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: stopped.set()) for number in signals}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
