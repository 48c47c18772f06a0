"""Who may speak to a loopback server, and how much: the Host, the Origin, the length of address and body.

Any page in a browser of this machine can send requests here, and one whose own name leads to 127.0.0.1
(DNS rebinding) can read the answers. So a request names this server as its Host, and if a page sent it, that
page is this server's own. Programs send no Origin and need to know nothing of this.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass

from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BODY = 200 * 1024 * 1024  # bytes, held in memory; S3 uploads are streamed without a limit
LONGEST_ADDRESS = 64 * 1024  # bytes of path and query
_OWN_SITE = (b"none", b"same-origin")  # of Sec-Fetch-Site; "none": a person typed the address
_AUTHORITY = re.compile(r"https?://([^/?#]*)", re.IGNORECASE)
_SHOWN = 100  # characters of what somebody sent


@dataclass(frozen=True, slots=True)
class Exceptions:
    """What a server lets through beside its own pages and programs.

    `path` is decoded, `origin` in lower case. `is_link`: other pages may lead a person there, as a message
    does to an approval. `is_open`: other sites may send a browser there, as an identity provider does after
    a sign-in, but not load it into a page of theirs. `allows_origin`: the pages of that origin may call the
    path. `is_streamed`: the body has no limit, for it is not kept in memory. `largest_body`: bytes that the
    path takes, where that is less than LARGEST_BODY.
    """

    is_link: Callable[[str], bool] = lambda _path: False
    is_open: Callable[[str], bool] = lambda _path: False
    allows_origin: Callable[[str, str], bool] = lambda _path, _origin: False
    is_streamed: Callable[[str, str], bool] = lambda _method, _path: False
    largest_body: Callable[[str], int] = lambda _path: LARGEST_BODY


NO_EXCEPTIONS = Exceptions()


@dataclass(frozen=True, slots=True)
class _Refusal:
    status: int
    sentence: str


class Admission:
    """The ASGI application in front of another. `hosts` are further names it is reached under.

    A host is `name`, or `name:port` where the port is not the scheme's own.
    """

    def __init__(
        self,
        application: ASGIApp,
        port: int,
        *,
        hosts: Collection[str] = (),
        exceptions: Exceptions = NO_EXCEPTIONS,
    ) -> None:
        self._application = application
        own = ("127.0.0.1", "localhost", "[::1]")
        self._hosts = {f"{name}:{port}" for name in own} | {host.lower() for host in hosts}
        if port == 80:
            self._hosts.update(own)
        self._address = f"127.0.0.1:{port}"
        self._exceptions = exceptions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        refusal = self._refusal(scope)
        if refusal is not None:
            await _answer(refusal, scope, receive, send)
        elif self._exceptions.is_streamed(scope["method"], scope["path"]):
            await self._application(scope, receive, send)
        else:
            await _Exchange(scope, receive, send, self._largest(scope)).run(self._application)

    def _refusal(self, scope: Scope) -> _Refusal | None:
        if len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST_ADDRESS:
            return _Refusal(
                414, f"The address is longer than {LONGEST_ADDRESS:,} bytes: send a body instead."
            )
        headers: dict[bytes, bytes] = {}
        for name, value in scope["headers"]:
            if name == b"host" and name in headers:
                return _Refusal(400, "The request has two Host headers: send one.")
            headers[name] = value
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if host not in self._hosts:
            return _Refusal(
                403,
                f"This server answers as {self._address}, not as {host[:_SHOWN]!r}: use that address, or "
                "name the other with --host.",
            )
        sender = self._foreign_sender(scope, headers)
        if sender is not None:
            return _Refusal(
                403,
                f"A page of {sender[:_SHOWN]} sent this, and only pages of {self._address} may. A route lets "
                "in the pages that its allowed_origins name.",
            )
        if self._exceptions.is_streamed(scope["method"], scope["path"]):
            return None
        return _too_large(headers.get(b"content-length"), self._largest(scope))

    def _largest(self, scope: Scope) -> int:
        return min(LARGEST_BODY, self._exceptions.largest_body(scope["path"]))

    def _foreign_sender(self, scope: Scope, headers: dict[bytes, bytes]) -> str | None:
        """Return the page that sent a request, if it is not one of this server's and may not do so."""
        origin, site = headers.get(b"origin"), headers.get(b"sec-fetch-site")
        if origin is not None:
            text = origin.decode("latin-1").lower()
            ours = self._is_own(text) or self._exceptions.allows_origin(scope["path"], text)
            return None if ours else text
        referer = headers.get(b"referer", b"").decode("latin-1").lower()
        if site is None and (not referer or self._is_own(referer)):
            return None
        if site in _OWN_SITE:
            return None
        if scope["method"] in {"GET", "HEAD"} and self._exceptions.is_link(scope["path"]):
            return None
        if scope["method"] == "GET" and _is_visit(headers) and self._exceptions.is_open(scope["path"]):
            return None
        match = _AUTHORITY.match(referer)
        return match[1] if match else "another site"

    def _is_own(self, address: str) -> bool:
        match = _AUTHORITY.match(address)
        return match is not None and match[1] in self._hosts


def _is_visit(headers: dict[bytes, bytes]) -> bool:
    """Return whether a whole page of the browser goes there: no frame, no picture, no script."""
    return headers.get(b"sec-fetch-mode") == b"navigate" and headers.get(b"sec-fetch-dest") == b"document"


class _Exchange:
    """One request whose body is counted as it arrives, with a Content-Length or without."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, largest: int) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._largest = largest
        self._size = 0
        self._started = self._refused = False

    async def run(self, application: ASGIApp) -> None:
        """Have the application answer, unless the body is too large."""
        with suppress(ClientDisconnect):  # nobody is there, or `_counted` has answered already
            await application(self._scope, self._counted, self._passed_on)

    async def _counted(self) -> Message:
        if self._refused:
            return {"type": "http.disconnect"}
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if self._size <= self._largest:
            return message
        self._refused = True
        if not self._started:
            await _answer(_body_refusal(self._largest), self._scope, self._receive, self._send)
        return {"type": "http.disconnect"}

    async def _passed_on(self, message: Message) -> None:
        if not self._refused:
            self._started = True
            await self._send(message)


def _too_large(length: bytes | None, largest: int) -> _Refusal | None:
    if length is None or not length.isdigit() or int(length) <= largest:
        return None
    return _body_refusal(largest)


def _body_refusal(largest: int) -> _Refusal:
    return _Refusal(413, f"The body is larger than {largest:,} bytes: pass large data as an S3 object.")


async def _answer(refusal: _Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(refusal.sentence, refusal.status)(scope, receive, send)
