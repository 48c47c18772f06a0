"""Ctrl-C and SIGTERM are heard at once, also where the system gives them to another thread."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading

import pytest

from mill.signals import Stop, on_stop_signal, signals_heard_at_once, stop_signal
from tests.mill.mcp.processes import environment

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="a signal is a process's there, not a thread's"
)

_SECONDS = 60
# The process waits for what the test names; half a second later a thread gets the signal instead of it.
_WAITS = """
    import signal
    import sys
    import threading
    import time

    from mill.signals import signals_heard_at_once, stop_signal

    NUMBER = signal.Signals[sys.argv[1]]


    def get_the_signal():
        time.sleep(0.5)
        signal.pthread_kill(threading.get_ident(), NUMBER)
        time.sleep(600)


    def wait():
        threading.Thread(target=get_the_signal, daemon=True).start()
        try:
            WAIT
        except KeyboardInterrupt:
            print("heard", flush=True)


    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with signals_heard_at_once():
        wait()
"""


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
@pytest.mark.parametrize(
    "wait",
    [
        "threading.Event().wait()",
        "time.sleep(600)",
        "threading.Lock().acquire() and sys.stdin.readline()",
        "with stop_signal() as stopped: print('heard' if stopped.wait() else 'not', flush=True)",
    ],
    ids=["a lock", "a pause", "a line", "the wish itself"],
)
def test_a_signal_that_another_thread_gets_ends_the_main_threads_wait(number: str, wait: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(_WAITS).replace("WAIT", wait), number],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "heard\n"
        assert process.wait(_SECONDS) == 0
    finally:
        process.kill()
        process.communicate()


def test_what_was_there_before_is_there_again() -> None:
    handlers = [signal.getsignal(number) for number in (signal.SIGURG, signal.SIGTERM, signal.SIGINT)]
    with signals_heard_at_once(), stop_signal():
        assert signal.getsignal(signal.SIGTERM) is not handlers[1]
    assert [signal.getsignal(number) for number in (signal.SIGURG, signal.SIGTERM, signal.SIGINT)] == handlers
    assert signal.set_wakeup_fd(-1) == -1
    assert "mill-signals" not in {thread.name for thread in threading.enumerate()}


def test_a_wish_is_heard_whenever_it_comes() -> None:
    stop = Stop()
    assert not stop.wait(0.01)
    stop.set()
    stop.set()
    assert stop.wait()
    assert stop.wait(0.01)
    assert stop.wait()


def test_a_wish_may_come_while_the_same_thread_begins_to_wait() -> None:
    """A handler runs between any two instructions, those of `wait` included."""
    stop = Stop()
    calls = 0

    def trace(_frame: object, event: str, _argument: object) -> object:
        nonlocal calls
        if event == "line" and not stop._is_set:
            calls += 1
            if calls == at:
                signal.raise_signal(signal.SIGTERM)
        return trace

    before = sys.gettrace()
    for at in range(1, 5):
        stop, calls = Stop(), 0
        with on_stop_signal(stop.set):
            sys.settrace(trace)  # type: ignore[arg-type]  # traces lines, and nothing else
            try:
                stop.wait(_SECONDS)
            finally:
                sys.settrace(before)
        assert stop.wait(0), at


def test_what_ignored_ctrl_c_ignores_it_still() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stop_signal() as stopped:
            signal.raise_signal(signal.SIGINT)
            assert not stopped.wait(0.01)
            signal.raise_signal(signal.SIGTERM)
            assert stopped.wait(_SECONDS)
    finally:
        signal.signal(signal.SIGINT, before)
