"""Ctrl-C and SIGTERM, heard at once: whichever thread gets them, whatever the main thread waits for."""

from __future__ import annotations

import contextlib
import queue
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator

_LOOK_SECONDS = 0.05


class Stop:
    """A wish to end. `set` may come from a signal's handler, in the middle of a `wait` of the same thread.

    A threading.Event would wait for itself there: it holds its lock for a moment as it begins to wait.
    """

    def __init__(self) -> None:
        self._wishes: queue.SimpleQueue[None] = queue.SimpleQueue()  # its put may interrupt its get
        self._is_set = False

    def set(self) -> None:
        """Wish it, once or again."""
        self._is_set = True
        self._wishes.put(None)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the wish, of one thread, for so long at most; return whether it is there."""
        if not self._is_set:
            with contextlib.suppress(queue.Empty):
                self._wishes.get(timeout=seconds)
        return self._is_set


@contextlib.contextmanager
def stop_signal() -> Iterator[Stop]:
    """Set by Ctrl-C or by a request to terminate, instead of what these do otherwise."""
    stopped = Stop()
    with on_stop_signal(stopped.set):
        yield stopped


@contextlib.contextmanager
def on_stop_signal(act: Callable[[], object]) -> Iterator[None]:
    """Have Ctrl-C and a request to terminate do this, between two instructions of the main thread.

    What started us ignoring SIGINT (nohup, a script's background job) wants Ctrl-C for its own foreground.
    """
    signals = [signal.SIGTERM]
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signals.append(signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: act()) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def signals_heard_at_once() -> Iterator[None]:
    """Have the main thread, which enters this, look for a signal when there is one.

    The system may hand a signal to any thread, but Python's handlers run in the main thread, when that looks:
    one that waits for a lock or a socket does not, unless its own wait was interrupted. One that was about to
    wait when the signal came does not either. So a thread, told by the descriptor to which Python's part in C
    writes each signal's number, makes the main thread's system calls return (EINTR) until it has looked.
    """
    if sys.platform == "win32":  # there Ctrl-C wakes the main thread by other means, and only that
        yield
        return
    ours, python = socket.socketpair()
    python.setblocking(False)
    nudges = _Nudges(ours)
    handler = signal.signal(nudges.SIGNAL, nudges.note)
    descriptor = signal.set_wakeup_fd(python.fileno(), warn_on_full_buffer=False)
    thread = threading.Thread(target=nudges.serve, name="mill-signals", daemon=True)
    thread.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(descriptor)
        python.close()
        thread.join()
        signal.signal(nudges.SIGNAL, handler)
        ours.close()


if sys.platform != "win32":

    class _Nudges:
        """Sends the main thread a signal that does nothing else, after each that does, until it was noted."""

        SIGNAL = signal.SIGURG  # ignored by whoever does not ask for it

        def __init__(self, signals: socket.socket) -> None:
            self._signals = signals
            self._noted = 0

        def note(self, _number: int, _frame: object) -> None:
            """Be the handler: whoever runs it has run those of the other signals, too."""
            self._noted += 1

        def serve(self) -> None:
            """Until the other end of the socket closes."""
            main = threading.main_thread().ident
            assert main is not None
            while numbers := self._signals.recv(4096):
                if set(numbers) == {self.SIGNAL}:  # our own
                    continue
                noted = self._noted
                while self._noted == noted:
                    signal.pthread_kill(main, self.SIGNAL)
                    time.sleep(_LOOK_SECONDS)
