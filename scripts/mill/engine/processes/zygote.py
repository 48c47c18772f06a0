"""The process that forks the workers: single-threaded, with the slow imports done once.

It obeys `mill` over one socket: a message is `op, job number`. `I` (interrupt) and `K` (kill) are signals to
a worker. With `S` (spawn) come three file descriptors: the worker's socket, its log pipe, and the status pipe
on which the zygote writes the wait status when the worker has ended. After `L` (load) come so many bytes of
JSON, the names of modules to import. When the socket closes, however `mill` ended, the zygote kills
everything it or its workers ever started and ends.

Run as `python -m mill.engine.processes.zygote <socket fd> <bytecode cache>`.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import select
import signal
import socket
import struct
import sys
import time
from pathlib import Path
from typing import NoReturn

from mill.engine.processes import step_main

MESSAGE = struct.Struct(">cQ")
SPAWN, INTERRUPT, KILL, LOAD = b"S", b"I", b"K", b"L"
_FDS_PER_SPAWN = 3
_INTERRUPTS = (signal.SIGINT,)
# An interrupt that comes between Python's last look for one and a system call is seen when that returns, so a
# script about to sleep would sleep on. This signal does nothing but make the call return, for Python to look.
_NUDGE = signal.SIGURG
_NUDGE_SECONDS = 0.1
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


class Zygote:
    """Forks on request, kills on request, reports every end."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._workers: dict[int, tuple[int, int]] = {}  # pid -> (job number, status fd)
        self._interrupted: dict[int, float] = {}  # pid -> when it is nudged next
        self._wake = os.pipe()
        self._prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def serve(self) -> None:
        """Until the socket closes."""
        wake_read, wake_write = self._wake
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _signal, _frame: None)
        self._ask(_PR_SET_CHILD_SUBREAPER, 1)
        while True:
            wait = _NUDGE_SECONDS if self._interrupted else None
            ready, _, _ = select.select([self._sock.fileno(), wake_read], [], [], wait)
            self._nudge()
            if wake_read in ready:
                os.read(wake_read, 4096)
                self._reap()
            if self._sock.fileno() in ready and not self._obey():
                break
        self._kill_everything()

    def _obey(self) -> bool:
        data, fds, _, _ = socket.recv_fds(self._sock, MESSAGE.size, _FDS_PER_SPAWN)
        rest = step_main.receive_exactly(self._sock, MESSAGE.size - len(data)) if data else None
        if rest is None:
            return False
        op, job = MESSAGE.unpack(data + rest)
        if op == SPAWN:
            self._spawn(job, *fds)
        if op == LOAD:
            step_main.import_all(json.loads(step_main.receive_exactly(self._sock, job) or b"[]"))
            return True
        for pid in [pid for pid, (number, _) in self._workers.items() if number == job]:
            if op == KILL:
                _kill_group(pid)
            elif op == INTERRUPT:  # the script alone, as on Windmill: it sees to what it has started
                os.kill(pid, signal.SIGINT)
                self._interrupted[pid] = time.monotonic() + _NUDGE_SECONDS
        return True

    def _nudge(self) -> None:
        """Have who was interrupted look whether it was, until it has ended."""
        now = time.monotonic()
        for pid, due in self._interrupted.items():
            if now >= due:
                os.kill(pid, _NUDGE)
                self._interrupted[pid] = now + _NUDGE_SECONDS

    def _spawn(self, job: int, sock_fd: int, log_fd: int, status_fd: int) -> None:
        # An interrupt that comes right after the fork would get lost in what Python does then.
        signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTS)
        zygote = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_worker(zygote, sock_fd, log_fd, status_fd)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPTS)
        os.close(sock_fd)
        os.close(log_fd)
        self._workers[pid] = (job, status_fd)

    def _become_worker(self, zygote: int, sock_fd: int, log_fd: int, status_fd: int) -> NoReturn:
        code = 1
        try:
            os.setsid()
            self._ask(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != zygote:  # it was killed before it could be asked for
                os._exit(code)
            signal.set_wakeup_fd(-1)
            for number in (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM):
                signal.signal(
                    number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
                )
            signal.signal(_NUDGE, lambda _signal, _frame: None)
            os.dup2(log_fd, 1)
            os.dup2(log_fd, 2)
            self._close_ours(log_fd, status_fd)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _INTERRUPTS)
            code = step_main.work(socket.socket(fileno=sock_fd), lambda sock: Zygote(sock).serve())
            step_main.finish()
        finally:
            os._exit(code)

    def _close_ours(self, *pipes: int) -> None:
        """A worker holds no other worker's pipes: their ends must be seen. What a script opened stays."""
        for fd in (*pipes, *self._wake, self._sock.detach(), *(fd for _, fd in self._workers.values())):
            os.close(fd)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._workers:
                _, status_fd = self._workers.pop(pid)
                self._interrupted.pop(pid, None)
                _kill_group(pid)
                with contextlib.suppress(BrokenPipeError):
                    os.write(status_fd, f"{status}\n".encode())
                os.close(status_fd)

    def _kill_everything(self) -> None:
        """Workers, their process groups, and what they detached (it became our child)."""
        for pid in list(self._workers):
            _kill_group(pid)
        signal.set_wakeup_fd(-1)
        while True:
            for pid in _children():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            try:
                os.waitpid(-1, 0)
            except ChildProcessError:
                return

    def _ask(self, option: int, value: int) -> None:
        if self._prctl is not None:
            self._prctl(option, value, 0, 0, 0)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def _children() -> list[int]:
    try:
        return [int(pid) for pid in Path("/proc/thread-self/children").read_text("ascii").split()]
    except OSError:
        return []


def preload() -> None:
    """Import what nearly every script imports, and keep the collector from it."""
    # httpx, which wmill stands on, loads its own command line, too: with it rich, a third of all this.
    sys.modules["httpx._main"] = None  # type: ignore[assignment]  # makes its import fail, which httpx allows for
    with contextlib.suppress(ImportError):
        import requests  # noqa: F401, PLC0415 - preloaded for the workers
        import wmill  # noqa: F401, PLC0415 - preloaded for the workers
    del sys.modules["httpx._main"]
    gc.collect()
    gc.freeze()


def main() -> None:
    """Serve, with what nearly every script imports."""
    sys.pycache_prefix = sys.argv[2]
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, write_through=True)  # type: ignore[union-attr]  # real files here
    preload()
    Zygote(socket.socket(fileno=int(sys.argv[1]))).serve()


if __name__ == "__main__":
    main()
