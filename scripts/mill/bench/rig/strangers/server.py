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

from mill.bench.rig.loopback import Connection
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


def _do(turn: Turn, transport: asyncio.Transport) -> None:
    if turn.reply is None:
        transport.abort()
    elif turn.after:
        asyncio.get_running_loop().call_later(turn.after, _write, turn, transport)
    else:
        _write(turn, transport)


def _write(turn: Turn, transport: asyncio.Transport) -> None:
    assert turn.reply is not None
    if transport.is_closing():
        return
    data = turn.reply.encode()
    if not turn.cut:
        transport.write(data)
        return
    body = data.find(b"\r\n\r\n") + 4
    transport.write(data[: (body + len(data)) // 2])
    transport.close()


async def serve() -> None:
    """Print the address, and answer until the standard input is closed."""
    loop = asyncio.get_running_loop()
    town = Town()

    def take(head: bytes, body: bytes, transport: asyncio.Transport) -> None:
        _do(town.answer(head, body), transport)

    server = await loop.create_server(lambda: Connection(take), "127.0.0.1", 0, backlog=512)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())
