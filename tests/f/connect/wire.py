"""A loopback server on raw sockets that misbehaves as told, and a clock that does not wait."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import struct
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from f.connect.times import Clock


@dataclass
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes = b""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Act = Callable[[socket.socket, "Wire"], None]  # what happens after a request was read


class FakeClock(Clock):
    """Time passes only when somebody sleeps; `slept` says how long each time."""

    def __init__(self) -> None:
        self.time = 1_700_000_000.0
        self.slept: list[float] = []

    def ticks(self) -> float:
        return self.time

    def now(self) -> float:
        return self.time

    def draw(self) -> float:
        return 1.0

    def sleep(self, seconds: float) -> bool:
        self.slept.append(seconds)
        self.time += seconds
        return False

    async def sleep_async(self, seconds: float) -> bool:
        return self.sleep(seconds)


@dataclass
class Wire:
    """Answers request after request with the acts given, the last one for ever; counts what it sees."""

    acts: Sequence[Act]
    before_reading: bool = False  # break every connection off before anything is read
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0

    def __enter__(self) -> Self:
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, name="wire", daemon=True)]
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with_reset(connection)
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(connection)
                self.connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,), name="wire", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                if self.before_reading:
                    connection.recv(1, socket.MSG_PEEK)  # earlier, it would count as a refused connection
                    with_reset(connection)
                    return
                while request := read_request(connection):
                    with self._lock:
                        number = len(self.seen)
                        self.seen.append(request)
                    self.acts[min(number, len(self.acts) - 1)](connection, self)
            except OSError:
                pass
            finally:
                with self._lock:
                    self._open.discard(connection)


def read_request(connection: socket.socket) -> Seen | None:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            return None
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    while len(body) < int(headers.get("content-length", 0)):
        body += connection.recv(65536)
    return Seen(method, path, headers, body)


def reply(status: int = 200, body: Any = None, headers: Mapping[str, str] | None = None) -> Act:
    """A proper reply; `body` is bytes or goes out as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps({} if body is None else body).encode()
    kind = {"Content-Type": "application/json", "Content-Length": str(len(raw)), **(headers or {})}
    return send(f"HTTP/1.1 {status} X\r\n{_lines(kind)}\r\n".encode() + raw)


def zipped(body: bytes) -> Act:
    """A 200 with a gzip body."""
    packed = gzip.compress(body)
    return send(
        f"HTTP/1.1 200 X\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n".encode() + packed
    )


def send(raw: bytes) -> Act:
    """Exactly these bytes."""

    def act(connection: socket.socket, wire: Wire) -> None:
        connection.sendall(raw)

    return act


def truncated(connection: socket.socket, wire: Wire) -> None:
    """A body that ends before its Content-Length."""
    connection.sendall(b'HTTP/1.1 200 X\r\nContent-Length: 100\r\n\r\n{"id": ')
    connection.shutdown(socket.SHUT_RDWR)


def reset(connection: socket.socket, wire: Wire) -> None:
    """A reset once the request was read."""
    with_reset(connection)


def silence(connection: socket.socket, wire: Wire) -> None:
    """No answer at all."""
    wire.closing.wait(20)


def slow_headers(connection: socket.socket, wire: Wire) -> None:
    """A header line that never ends, a byte at a time."""
    connection.sendall(b"HTTP/1.1 200 X\r\nX-Slow: ")
    while not wire.closing.wait(0.02):
        connection.sendall(b"a")


def trickle(connection: socket.socket, wire: Wire) -> None:
    """A body that comes a byte at a time and would take for ever."""
    connection.sendall(b"HTTP/1.1 200 X\r\nContent-Length: 1000000\r\n\r\n")
    while not wire.closing.wait(0.02):
        connection.sendall(b"a")


def with_reset(connection: socket.socket) -> None:
    """Close so that the peer sees a reset, also while another thread reads from it."""
    with contextlib.suppress(OSError):  # closed already
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)
    connection.close()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _lines(headers: Mapping[str, str]) -> str:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())
