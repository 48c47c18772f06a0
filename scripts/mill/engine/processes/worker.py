"""Runs scripts in processes of their own, forked by the zygote, from any number of threads."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mill.engine.definition.code import Code
from mill.engine.processes.step_main import send_frame
from mill.engine.processes.zygote import INTERRUPT, KILL, LOAD, MESSAGE, SPAWN

_LENGTH = struct.Struct(">I")
_CHUNK = 1 << 16
_LINGER = (
    0.2  # seconds a log pipe may stay open after its process, held by something that process left behind
)
# What a cancelled script has to end by itself, as on a Windmill worker with MAX_WAIT_FOR_SIGINT.
GRACE_SECONDS = 30.0
_CALLED = ("main", "preprocessor")
_PATH = "/usr/local/bin:/usr/bin:/bin"

# In an environment, mill's package is found by its own folder: what lies beside it, perhaps all the packages
# that mill needs, must not be importable there.
_OWN_PACKAGE = Path(__file__).parents[2]
_BOOTSTRAP = """
import sys, types
package = sys.modules["mill"] = types.ModuleType("mill")
package.__path__ = [sys.argv.pop(1)]
sys.path.remove("")
from mill.engine.processes.zygote import main
main()
"""


@dataclass(frozen=True, slots=True)
class Call:
    """One job for a worker. `event` is for a script's preprocessor; `timeout` in seconds."""

    code: Code
    args: Mapping[str, Any]
    env: Mapping[str, str]
    cwd: Path
    entry: str = "main"
    event: Mapping[str, Any] | None = None
    timeout: float | None = None


@dataclass(slots=True)
class Ending:
    """How a worker ended. `reply` is what the script sent, None if it died before it could.

    `exit_code` is negative for a signal, as in subprocess.
    """

    reply: dict[str, Any] | None = None
    exit_code: int = 0
    timed_out: bool = False


class Forks:
    """A process that forks workers on request, over a socket: the zygote, or one with a script loaded."""

    def __init__(self, root: Path, sock: socket.socket) -> None:
        self._root, self._sock = root, sock
        self._lock = threading.Lock()
        self._count = 0
        self._spare: Worker | None = None
        self._preparing = False

    def close(self) -> None:
        """Have it end, with every worker. May be called twice."""
        self._sock.close()
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is not None:
            spare.close()

    def done(self) -> None:
        """Take note that the pipes of one of its workers are closed."""

    def learn(self, reply: Mapping[str, Any]) -> None:
        """Take note of what a job has replied."""

    def load(self, modules: Sequence[str]) -> None:
        """Have modules imported in the process itself, for the workers to come."""
        names = json.dumps(modules).encode()
        with self._lock, contextlib.suppress(OSError):
            self._sock.sendall(MESSAGE.pack(LOAD, len(names)) + names)

    def take(self) -> Worker:
        """Return a worker that waits for a job. Raises ChildProcessError where the zygote is gone."""
        with self._lock:
            worker, self._spare = self._spare, None
        return worker or self._spawn()

    def prepare(self) -> None:
        """Have a worker forked while another one works, so that the next job need not wait for it."""
        with self._lock:
            if self._spare is not None or self._preparing:
                return
            self._preparing = True
        try:
            spare = self._spawn()
        except ChildProcessError:
            return  # the next job will say so
        with self._lock:
            self._spare, self._preparing = spare, False

    def _spawn(self) -> Worker:
        ours, theirs = socket.socketpair()
        log_read, log_write = os.pipe()
        status_read, status_write = os.pipe()
        try:
            with self._lock:
                self._count += 1
                number = self._count
                message = MESSAGE.pack(SPAWN, number)
                socket.send_fds(self._sock, [message], [theirs.fileno(), log_write, status_write])
        except OSError as error:
            ours.close()
            os.close(log_read)
            os.close(status_read)
            raise ChildProcessError("the process that starts workers is gone") from error
        finally:
            theirs.close()
            os.close(log_write)
            os.close(status_write)
        return Worker(self, number, ours, log_read, status_read)

    def kill(self, number: int) -> None:
        """Kill a worker's whole process group; nothing where it has ended."""
        self._tell(KILL, number)

    def interrupt(self, number: int) -> None:
        """Send a worker's process SIGINT; nothing where it has ended."""
        self._tell(INTERRUPT, number)

    def _tell(self, op: bytes, number: int) -> None:
        with self._lock, contextlib.suppress(OSError):
            self._sock.sendall(MESSAGE.pack(op, number))

    @property
    def root(self) -> Path:
        """The workspace, which is on every script's path."""
        return self._root


class Workers(Forks):
    """The zygote, to fork workers from. A context manager: leaving it ends every process it started.

    `python` is the interpreter of an environment; without it the zygote runs in mill's own, on mill's path.
    """

    def __init__(self, root: Path, bytecode_cache: Path, python: Path | None = None) -> None:
        ours, theirs = socket.socketpair()
        super().__init__(root, ours)
        env = {"PATH": os.environ.get("PATH", _PATH)}
        if python is None:
            # -P: what lies where mill was started is none of a script's modules.
            start = [sys.executable, "-P", "-m", "mill.engine.processes.zygote"]
            env["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
        else:
            start = [str(python), "-c", _BOOTSTRAP, str(_OWN_PACKAGE)]
        self._process = subprocess.Popen(  # noqa: S603 - our own module, in an interpreter that we chose
            [*start, str(theirs.fileno()), str(bytecode_cache)],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env=env,
        )
        theirs.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every worker and the zygote. May be called twice."""
        super().close()
        if not self._count:  # it has forked nothing that it would have to end, and may still be importing
            self._process.kill()
        self._process.wait()

    @property
    def pid(self) -> int:
        """The zygote's process id."""
        return self._process.pid


@dataclass(slots=True)
class Worker:
    """One forked process: its socket, its log, its status."""

    owner: Forks
    number: int
    sock: socket.socket
    log: int
    status: int
    _last_resort: threading.Timer | None = None
    _is_closed: bool = False
    _closing: threading.Lock = field(default_factory=threading.Lock)
    _inbox: bytearray = field(default_factory=bytearray)
    _status_text: bytearray = field(default_factory=bytearray)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.kill()
        self.close()

    def close(self) -> None:
        """Let go of the process's pipes; a warm worker ends by itself then."""
        with self._closing:
            self._is_closed = True
        if self._last_resort is not None:
            self._last_resort.cancel()
        self.sock.close()
        os.close(self.log)
        os.close(self.status)
        self.owner.done()

    def kill(self) -> None:
        """Kill the process and its group."""
        self.owner.kill(self.number)

    def cancel(self) -> None:
        """Have the script end: it is interrupted, and killed where it has not ended in time."""
        self.owner.interrupt(self.number)
        with self._closing:  # who cancels may come after the end, or twice
            if self._is_closed or self._last_resort is not None:
                return
            self._last_resort = threading.Timer(GRACE_SECONDS, self.kill)
            self._last_resort.daemon = True
            self._last_resort.start()

    def send(self, message: Mapping[str, Any]) -> None:
        """Hand the process a job; one that has died says so by its status."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            send_frame(self.sock, json.dumps(message).encode())

    def run(self, call: Call, on_output: Callable[[bytes], None]) -> Ending:
        """Run the one job of this process and wait for its end."""
        self.send(job_message(self.owner.root, call, warm=False))
        self.owner.prepare()
        ending = self._follow(call.timeout, on_output, until_reply=False)
        if ending.reply is not None:
            self.owner.learn(ending.reply)
        return ending

    def load(self, call: Call, on_output: Callable[[bytes], None]) -> Ending:
        """Make this a warm worker: load the script. The reply lists its `files`; None if it died."""
        self.send(job_message(self.owner.root, call, warm=True))
        return self._follow(None, on_output, until_reply=True)

    def load_to_fork(self, call: Call, timeout: float) -> Ending:
        """Make this a process that has the script loaded and forks workers.

        The reply lists its `files` and says whether it is `alone`: with threads in it, it cannot fork.
        """
        self.send({**job_message(self.owner.root, call, warm=True), "forks": True})
        return self._follow(timeout, lambda _output: None, until_reply=True)

    def exchange(
        self, message: Mapping[str, Any], timeout: float | None, on_output: Callable[[bytes], None]
    ) -> Ending:
        """Hand a warm worker a call and wait for its reply; `reply` None if it died instead."""
        self.send(message)
        return self._follow(timeout, on_output, until_reply=True)

    def _follow(
        self, timeout: float | None, on_output: Callable[[bytes], None], *, until_reply: bool
    ) -> Ending:
        """Pump the process's three pipes until it has ended, or replied."""
        ending = Ending()
        poll = select.poll()
        fds = {self.sock.fileno(), self.log, self.status}
        for fd in fds:
            poll.register(fd, select.POLLIN)
        deadline = None if timeout is None else time.monotonic() + timeout
        while fds and not (until_reply and ending.reply is not None):
            wait = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
            ready = poll.poll(wait)
            if not ready and self.status not in fds:
                break  # what the process left behind still holds its log
            if not ready:
                ending.timed_out = True
                self.kill()
                deadline = None
            for fd, _ in ready:
                if not self._read(fd, ending, on_output):
                    poll.unregister(fd)
                    fds.discard(fd)
                    if fd == self.status:
                        deadline = time.monotonic() + _LINGER
        if self.status not in fds:
            code = self._exit_code()  # None: the zygote was killed, and its workers with it
            ending.exit_code = -signal.SIGKILL if code is None else code
        return ending

    def _exit_code(self) -> int | None:
        """From the status pipe's `<wait status>` line; None while it is missing."""
        text = self._status_text
        return os.waitstatus_to_exitcode(int(text)) if text.endswith(b"\n") else None

    def _read(self, fd: int, ending: Ending, on_output: Callable[[bytes], None]) -> bool:
        try:
            data = os.read(fd, _CHUNK)
        except ConnectionResetError:
            return False
        if fd == self.log and data:
            on_output(data)
        elif fd == self.status:
            self._status_text += data
        elif data:
            self._inbox += data
            self._take_frame(ending)
        return bool(data)

    def _take_frame(self, ending: Ending) -> None:
        if len(self._inbox) < _LENGTH.size:
            return
        end = _LENGTH.size + _LENGTH.unpack(self._inbox[: _LENGTH.size])[0]
        if len(self._inbox) >= end:
            ending.reply = json.loads(self._inbox[_LENGTH.size : end])
            del self._inbox[:end]


def job_message(root: Path, call: Call, *, warm: bool) -> dict[str, Any]:
    """Return what a worker needs to know to run a script."""
    return {
        "root": str(root),
        "file": str(call.code.file),
        "module": call.code.module,
        "importable": call.code.importable,
        "signatures": {
            name: asdict(call.code.signatures[name]) for name in _CALLED if name in call.code.signatures
        },
        "args": call.args,
        "event": call.event,
        "entry": call.entry,
        "env": call.env,
        "cwd": str(call.cwd),
        "warm": warm,
    }
