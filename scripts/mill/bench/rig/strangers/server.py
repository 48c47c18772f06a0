"""Serves strangers on loopback: `python -m mill.bench.rig.strangers.server` prints its address.

A stranger lies below `/NAME`. Control calls, in JSON: `PUT /_/NAME` meets a new one with the behaviour in the
body, `PATCH` changes the behaviour and keeps the ledger, `POST` seeds customers, `GET` reads the ledger.
Ends with its standard input, so with whoever started it.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import sys
from typing import Any

from mill.bench.rig.strangers.behaviour import Behaviour
from mill.bench.rig.strangers.messages import Reply, Request, Turn
from mill.bench.rig.strangers.stranger import Stranger


class Town:
    """All strangers of this process, by name."""

    def __init__(self) -> None:
        self._strangers: dict[str, Stranger] = {}
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._number = 0

    def answer(self, head: bytes, body: bytes) -> Turn:
        """Return what becomes of a request."""
        self._number += 1
        request = Request.parse(head, body, self._now(), self._number)
        _, name, rest = f"{request.path}/".split("/", 2)
        try:
            if name == "_":
                return Turn(Reply(200, self._control(request.method, rest.strip("/"), body)))
            stranger = self._strangers[name]
        except (KeyError, TypeError, ValueError) as error:
            return Turn(Reply(400, {"error": f"{type(error).__name__}: {error}"}))
        return stranger.answer(dataclasses.replace(request, path=f"/{rest.rstrip('/')}"))

    def _control(self, method: str, name: str, body: bytes) -> Any:
        if method == "PUT":
            self._strangers[name] = Stranger(
                f"/{name}", Behaviour(**json.loads(body)), self._later, self._now
            )
            return {}
        stranger = self._strangers[name]
        if method == "PATCH":
            stranger.behaviour = dataclasses.replace(stranger.behaviour, **json.loads(body))
        elif method == "POST":
            stranger.seed(json.loads(body))
        return stranger.ledger.to_json(self._now())

    def _later(self, seconds: float, action: Any) -> None:
        self._loop.call_later(seconds, action)

    def _now(self) -> float:
        return self._loop.time() - self._began


class _Connection(asyncio.Protocol):
    """Answers each request once it is whole, one after the other."""

    def __init__(self, town: Town) -> None:
        self._town, self._received = town, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every whole request received so far."""
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end]
            _, found, rest = head.lower().partition(b"content-length:")
            whole = end + 4 + (int(rest.split(b"\r\n", 1)[0]) if found else 0)
            if len(self._received) < whole:
                return
            body, self._received = self._received[end + 4 : whole], self._received[whole:]
            self._do(self._town.answer(head, body))

    def _do(self, turn: Turn) -> None:
        if turn.reply is None:
            self._transport.abort()
        elif turn.after:
            asyncio.get_running_loop().call_later(turn.after, self._write, turn)
        else:
            self._write(turn)

    def _write(self, turn: Turn) -> None:
        assert turn.reply is not None
        if self._transport.is_closing():
            return
        data = turn.reply.encode()
        if not turn.cut:
            self._transport.write(data)
            return
        body = data.find(b"\r\n\r\n") + 4
        self._transport.write(data[: (body + len(data)) // 2])
        self._transport.close()


async def serve() -> None:
    """Print the address, and answer until the standard input is closed."""
    loop = asyncio.get_running_loop()
    town = Town()
    server = await loop.create_server(lambda: _Connection(town), "127.0.0.1", 0, backlog=512)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())
