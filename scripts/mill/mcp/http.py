"""Streamable HTTP on loopback: any number of clients of this machine, with a token if one is wanted."""

from __future__ import annotations

import hmac
import logging
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import anyio
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mill.admission import Admission, Exceptions
from mill.listening import HOST, listen
from mill.mcp.server import ToolServer
from mill.serving import ServerThread
from mill.twins.connection import quiet_config

PATH = "/mcp"
# A client that was cut off leaves its session open until that is idle for too long, and begins another.
MOST_SESSIONS = 512
_SESSION_SECONDS = 30 * 60.0  # without a request
_LARGEST_BODY = 4 * 1024 * 1024
_IDLE_SECONDS = 75
_GRACE_SECONDS = 3  # that answers under way have once it is to end


@contextmanager
def serving_http(
    server: ToolServer, port: int, *, token: str = "", origins: Sequence[str] = ()
) -> Iterator[str]:
    """Serve for the time of the block; yield the URL. MillError for a port that is in use.

    With a `token` a request presents it as a bearer. `origins` are pages that may call, beside programs.
    """
    with listen(port) as listener:
        number = listener.getsockname()[1]
        running = _Server(application(server, number, token=token, origins=origins))
        running.start(listener)
        try:
            yield f"http://{HOST}:{number}{PATH}"
        finally:
            running.stop()


class Endpoint:
    """The ASGI application of one server's protocol at one path. `manager` runs around it."""

    def __init__(self, server: ToolServer) -> None:
        self.manager = StreamableHTTPSessionManager(
            server.protocol,
            session_idle_timeout=_SESSION_SECONDS,
            max_sessions=MOST_SESSIONS,
            max_request_body_size=_LARGEST_BODY,
        )
        self._application = StreamableHTTPASGIApp(self.manager)
        logging.getLogger("mcp.server.streamable_http").addFilter(_is_news)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["path"].rstrip("/") != PATH:
            await PlainTextResponse(f"The tools are at {PATH}.", 404)(scope, receive, send)
            return
        reply = _Reply(send)
        try:
            await self._application(scope, receive, reply.send)
        except (anyio.ClosedResourceError, anyio.BrokenResourceError):
            if not reply.is_whole:
                raise


def _is_news(record: logging.LogRecord) -> bool:
    """Return whether a line of the library's log is about more than a session that has ended."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, anyio.ClosedResourceError | anyio.BrokenResourceError)


class _Reply:
    """One reply to a request, and not a second.

    The library says that a client's notification is accepted, and only then hands it to the session. If that
    has ended meanwhile, as with a connection that was cut, it answers once more, and fails.
    """

    def __init__(self, send: Send) -> None:
        self.is_whole = False
        self._send = send

    async def send(self, message: Message) -> None:
        """Pass a piece on, unless the reply is whole."""
        if self.is_whole:
            return
        self.is_whole = message["type"] == "http.response.body" and not message.get("more_body", False)
        await self._send(message)


class Guarded:
    """Everything a request passes on its way: Host and Origin, then the token, then the endpoint."""

    def __init__(self, endpoint: Endpoint, port: int, token: str, origins: Sequence[str]) -> None:
        self.manager = endpoint.manager
        allowed = {origin.lower().rstrip("/") for origin in origins}
        self._application = Admission(
            _Token(endpoint, token) if token else endpoint,
            port,
            exceptions=Exceptions(
                allows_origin=lambda _path, origin: origin in allowed,
                largest_body=lambda _path: _LARGEST_BODY,
            ),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        await self._application(scope, receive, send)


def application(server: ToolServer, port: int, *, token: str = "", origins: Sequence[str] = ()) -> Guarded:
    """Return what answers at that port."""
    return Guarded(Endpoint(server), port, token, origins)


class _Token:
    """Lets through who presents the token."""

    def __init__(self, application: ASGIApp, token: str) -> None:
        self._application, self._right = application, f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
        if hmac.compare_digest(given, self._right):
            await self._application(scope, receive, send)
            return
        sentence = "Present the token: Authorization: Bearer <token>."
        refused = PlainTextResponse(sentence, 401, {"WWW-Authenticate": "Bearer"})
        await refused(scope, receive, send)


class _Server(ServerThread):
    """The server, and the sessions it serves."""

    def __init__(self, guarded: Guarded) -> None:
        config = quiet_config(guarded, idle_seconds=_IDLE_SECONDS, grace_seconds=_GRACE_SECONDS)
        super().__init__(config, "mill-mcp")
        self._manager = guarded.manager

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve, and end every session in the end."""
        async with self._manager.run():
            await super().serve(sockets)
