"""The network between an agent and its server: some answers to calls of tools never arrive."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

_LOOPBACK = "127.0.0.1"
_CALL = b'"tools/call"'
_CHUNK = 1 << 16
_UNDER_WAY = (0.02, 0.6)  # seconds after which a call is broken off
SWALLOWED, BROKEN_OFF = "answers swallowed", "calls broken off"
_LOST = {"after": SWALLOWED, "during": BROKEN_OFF}


@dataclass(frozen=True, slots=True)
class Losses:
    """Shares of calls: `after`, the answer is swallowed when it is whole; `during`, both ends are cut."""

    after: float = 0.2
    during: float = 0.05


class Proxy:
    """Hands each request on in a connection of its own. `counts` says what was lost."""

    def __init__(self, port: int, losses: Losses, seed: int) -> None:
        """`port` is the server's."""
        self.counts: Counter[str] = Counter()
        self._port, self._losses = port, losses
        self._dice = random.Random(seed)  # noqa: S311 - losses to repeat a run with
        self._tasks: set[asyncio.Task[None]] = set()

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        """Yield the root of the server as it is seen through here."""
        server = await asyncio.start_server(self._take, _LOOPBACK, 0)
        try:
            yield f"http://{_LOOPBACK}:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._exchange(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        body = await reader.readexactly(_length(head))
        their_reader, their_writer = await asyncio.open_connection(_LOOPBACK, self._port)
        try:
            their_writer.write(self._readdressed(head) + body)
            await their_writer.drain()
            loss = self._loss() if _CALL in body else "none"
            if loss == "during":
                await asyncio.sleep(self._dice.uniform(*_UNDER_WAY))
                return
            if loss == "after":
                while await their_reader.read(_CHUNK):
                    pass
                return
            await _pass_on(their_reader, writer, reader)
        finally:
            their_writer.close()

    def _loss(self) -> str:
        chance = self._dice.random()
        loss = "none"
        if chance < self._losses.after:
            loss = "after"
        elif chance < self._losses.after + self._losses.during:
            loss = "during"
        self.counts["calls on the way"] += 1
        if loss != "none":
            self.counts[_LOST[loss]] += 1
        return loss

    def _readdressed(self, head: bytes) -> bytes:
        """Return a request's head with the server's own Host, in a connection that ends with the answer."""
        first, *lines = head[:-4].split(b"\r\n")
        kept = [line for line in lines if line.split(b":", 1)[0].lower() not in {b"host", b"connection"}]
        ours = [b"Host: %s:%d" % (_LOOPBACK.encode(), self._port), b"Connection: close"]
        return b"\r\n".join([first, *ours, *kept, b"", b""])


async def _pass_on(
    answer: asyncio.StreamReader, writer: asyncio.StreamWriter, reader: asyncio.StreamReader
) -> None:
    """Hand the answer on as it comes, until it ends or the client leaves."""
    gone = asyncio.create_task(reader.read(1))
    try:
        while True:
            piece = asyncio.create_task(answer.read(_CHUNK))
            await asyncio.wait({piece, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not piece.done():
                piece.cancel()
                return
            if not (data := piece.result()):
                return
            writer.write(data)
            await writer.drain()
    finally:
        gone.cancel()


def _length(head: bytes) -> int:
    _, found, rest = head.lower().partition(b"content-length:")
    return int(rest.split(b"\r\n", 1)[0]) if found else 0
