"""What holds for all tests."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Let Ctrl-C reach the processes that tests start, also if the suite runs in the background.

    `nohup` and `&` in a script make a process ignore SIGINT, and its children inherit that: a test of Ctrl-C
    would wait for an end that never comes.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
