"""Breaks and holds connections: what a network does to a client, done on the real socket."""

from __future__ import annotations

import asyncio
import socket
import struct

import uvicorn
from starlette.types import ASGIApp, Receive, Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_TRANSPORT = "transport"
_LINGER_NOT = struct.pack("ii", 1, 0)


class ReachableConnection(HttpToolsProtocol):
    """uvicorn's protocol, with the connection in each request's `scope["state"]`."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Keep the connection where `reset` finds it."""
        self.app_state = {**self.app_state, _TRANSPORT: transport}
        super().connection_made(transport)


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
