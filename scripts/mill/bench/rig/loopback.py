"""A loopback HTTP server that costs as little as possible: `python loopback.py DELAY` prints its port.

`serve` is for servers that answer more: it ends with the standard input, so with whoever started it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

# Path and body of a POST to the reply, and after how many seconds it goes out.
Answer = Callable[[bytes, bytes], tuple[bytes, float]]


def reply(status: bytes, body: bytes, *headers: bytes) -> bytes:
    """Return a whole reply of JSON."""
    length = b"Content-Length: %d" % len(body)
    head = (b"HTTP/1.1 " + status, b"Content-Type: application/json", length, *headers)
    return b"\r\n".join((*head, b"", body))


class Connection(asyncio.Protocol):
    """Hands every request on once it is whole: its head, without the blank line, and its body."""

    def __init__(self, take: Callable[[bytes, bytes, asyncio.Transport], None]) -> None:
        self._take, self._received = take, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Hand on every whole request received so far."""
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end]
            _, found, rest = head.lower().partition(b"content-length:")
            whole = end + 4 + (int(rest.split(b"\r\n", 1)[0]) if found else 0)
            if len(self._received) < whole:
                return
            body, self._received = self._received[end + 4 : whole], self._received[whole:]
            self._take(head, body, self._transport)


async def serve(answer: Answer) -> None:
    """Print the port, and answer until the standard input is closed."""
    loop = asyncio.get_running_loop()

    def take(head: bytes, body: bytes, transport: asyncio.Transport) -> None:
        whole, delay = answer(head.split(b" ", 2)[1], body)
        loop.call_later(delay, transport.write, whole)

    server = await loop.create_server(lambda: Connection(take), "127.0.0.1", 0, backlog=512)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    always = reply(b"200 OK", b'{"id":"1","ok":true}')
    asyncio.run(serve(lambda _path, _body: (always, float(sys.argv[1]))))
