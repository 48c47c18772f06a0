"""Breaks and holds connections: what a network does to a client, done on the real socket."""

from __future__ import annotations

import asyncio
import socket
import struct

import uvicorn
from starlette.types import ASGIApp, Receive, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_TRANSPORT = "transport"
_LONGEST_HEAD = 256 * 1024  # bytes of headers, or of what stands between two pieces of a body
_LINGER_NOT = struct.pack("ii", 1, 0)


class ReachableConnection(HttpToolsProtocol):
    """uvicorn's protocol, with the connection in each request's `scope["state"]`; headers have an end."""

    _unused = 0  # bytes since something could be made of them: the parser would keep any number

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Keep the connection where `reset` finds it."""
        self.app_state = {**self.app_state, _TRANSPORT: transport}
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Take what arrived, and end a connection whose headers never do."""
        self._unused += len(data)
        super().data_received(data)
        if self._unused > _LONGEST_HEAD and not self.transport.is_closing():
            sentence = f"The headers are longer than {_LONGEST_HEAD:,} bytes: send a body instead."
            head = "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: text/plain\r\n"
            head += f"Content-Length: {len(sentence)}\r\nConnection: close\r\n\r\n"
            self.transport.write((head + sentence).encode())
            self.transport.close()

    def on_headers_complete(self) -> None:
        """Begin to answer."""
        self._unused = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Hand on a piece of the body."""
        self._unused = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Note that the body is whole."""
        self._unused = 0
        super().on_message_complete()


async def reset(scope: Scope, receive: Receive) -> None:
    """Send the client a TCP reset in place of a reply; return when the server knows of it."""
    transport: asyncio.Transport = scope["state"][_TRANSPORT]
    if not transport.is_closing():  # the client may have left by itself
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)  # RST, not FIN
        transport.abort()
    await gone(receive)


async def gone(receive: Receive) -> None:
    """Return when the connection is gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def quiet_config(
    application: ASGIApp, *, idle_seconds: int, grace_seconds: int, date_header: bool = True
) -> uvicorn.Config:
    """Return how loopback servers run here: no logs, no banner, connections the application reaches."""
    return uvicorn.Config(
        application,
        http=ReachableConnection,
        lifespan="off",
        ws="none",
        log_config=None,
        log_level="error",
        access_log=False,
        server_header=False,
        date_header=date_header,
        timeout_keep_alive=idle_seconds,
        timeout_graceful_shutdown=grace_seconds,
    )
