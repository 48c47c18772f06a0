"""A WebSocket as the subscriptions need it: opened, read with a time limit, closed; its errors are ours.

Redirects are not followed: the headers and the first frame carry the credential.
"""

# extra_requirements:
# websockets==17.4

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
    NegotiationError,
    WebSocketException,
)
from websockets.sync.client import ClientConnection, reconnect
from websockets.typing import Subprotocol

from f.connect.calls.message import USER_AGENT
from f.connect.errors import ConnectError, FixSettings, SignInAgain, TryLater
from f.graphql.transport.ws_protocol import ABNORMAL, NO_CODE, SUBPROTOCOL

LARGEST = 4 * 2**20  # bytes of a message
_CLOSE_SECONDS = 2.0
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})


class Closed(Exception):
    """The connection is closed: by the server with a code, or (1006) by the network."""

    def __init__(self, code: int, reason: str = "") -> None:
        super().__init__(f"closed with {code}")
        self.code, self.reason = code, reason


class _Straight(reconnect):
    """Connects to the address it was given and to no other."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Return the error: a redirect is one."""
        return exc


class Socket:
    """An open connection."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    def send(self, text: str) -> None:
        """Send a frame; Closed if the connection is."""
        with _closing():
            self._connection.send(text)

    def receive(self, seconds: float) -> str | bytes | None:
        """Return the next message, None if there is none in so many seconds; Closed if the connection is."""
        try:
            with _closing():
                return self._connection.recv(timeout=max(0.0, seconds))
        except TimeoutError:
            return None


@contextmanager
def open_socket(url: str, headers: Mapping[str, str], seconds: float) -> Iterator[Socket]:
    """Yield a connection that speaks graphql-transport-ws; raises what it means if there is none.

    A TryLater may be tried again. Closed if it breaks off.
    """
    options: dict[str, Any] = {"close_timeout": _CLOSE_SECONDS, "max_size": LARGEST, "open_timeout": seconds}
    attempt = _Straight(
        url,
        subprotocols=[Subprotocol(SUBPROTOCOL)],
        additional_headers=dict(headers),
        user_agent_header=USER_AGENT,
        **options,
    )
    try:
        connection = attempt.__enter__()
    except (WebSocketException, OSError, ValueError) as error:
        raise _not_opened(error) from error
    try:
        if connection.subprotocol != SUBPROTOCOL:
            raise _other_dialect()
        yield Socket(connection)
    finally:
        with _closing(quiet=True):
            attempt.__exit__(None, None, None)


@contextmanager
def _closing(*, quiet: bool = False) -> Iterator[None]:
    try:
        yield
    except ConnectionClosed as closed:
        if quiet:
            return
        received = closed.rcvd or (closed.sent if closed.sent and closed.sent.code == 1009 else None)
        if received is None:
            raise Closed(ABNORMAL) from closed
        raise Closed(received.code or NO_CODE, received.reason) from closed
    except TimeoutError:
        raise
    except (WebSocketException, OSError) as error:
        if not quiet:
            raise Closed(ABNORMAL) from error


def _not_opened(error: Exception) -> ConnectError:
    """Return what an attempt to connect that failed means."""
    if isinstance(error, InvalidStatus):
        return _refused(error.response.status_code)
    if isinstance(error, NegotiationError):
        return _other_dialect()
    for kinds, raised, code, told in _FAILURES:
        if isinstance(error, kinds):
            return raised(told, code=code)
    return TryLater("The server of the subscription cannot be reached. Try again later.", code="unreachable")


_FAILURES: tuple[tuple[type[Exception], type[ConnectError], str, str], ...] = (
    (ssl.SSLError, FixSettings, "tls", "The secure connection for the subscription failed. Check ws_url."),
    (InvalidURI, FixSettings, "bad_settings", "ws_url is no address like wss://api.example.com/graphql."),
    (InvalidHandshake, FixSettings, "ws_handshake", "No WebSocket is served at ws_url. Check it."),
    (TimeoutError, TryLater, "timeout", "The subscription's server did not answer in time. Try again later."),
    (ValueError, FixSettings, "bad_settings", "ws_url is no address like wss://api.example.com/graphql."),
)


def _refused(status: int) -> ConnectError:
    told = f"The server answered {status} where a subscription begins"
    if status in {401, 403}:
        return SignInAgain(
            f"{told}: the credential was refused. Check bearer_token.", code=f"http_{status}", status=status
        )
    if status in _BUSY:
        return TryLater(f"{told}. Try again later.", code=f"http_{status}", status=status)
    return FixSettings(
        f"{told}: no WebSocket is served there. Check ws_url.", code=f"http_{status}", status=status
    )


def _other_dialect() -> FixSettings:
    return FixSettings(
        f"The server does not speak {SUBPROTOCOL}. Older servers speak subscriptions-transport-ws, others "
        "send events by HTTP: neither can be read here.",
        code="ws_protocol",
    )
