"""Sends attempts with aiohttp: as many at once as wanted on one thread."""

# extra_requirements:
# aiohappyeyeballs==2.7.1
# aiohttp==3.14.5
# aiosignal==1.4.0
# attrs==26.1.0
# certifi==2026.10.18
# charset-normalizer==3.5.2
# frozenlist==1.8.0
# idna==3.20
# multidict==7.2.1
# propcache==0.5.4
# requests==2.34.2
# typing-extensions==4.16.0
# urllib3==2.8.0
# yarl==1.25.1

from __future__ import annotations

import asyncio
import ssl
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from requests.utils import select_proxy
from yarl import URL

from f.connect.calls.effects import Await, Do, Effect, Send, Sleep, carry_out
from f.connect.calls.message import Lost, LostKind, Outgoing, Reply, Request, Response
from f.connect.errors import FixSettings
from f.connect.integration import Integration, resolve_url
from f.connect.times import REAL, Clock
from f.connect.transport.sync_transport import ca_bundle, environ_proxies

if TYPE_CHECKING:
    from f.connect.calls.pipeline import Pipeline
    from f.store.store import Permit

_READ_SIZE = 2**18
# Servers close idle connections after 2 seconds and more; a write that meets the closing is lost.
_IDLE_SECONDS = 1.5


class AsyncTransport:
    """A pool of connections that belongs to one running event loop: as many as there are calls at once."""

    def __init__(self, integration: Integration, *, clock: Clock = REAL) -> None:
        self._clock = clock
        self._connect_timeout = integration.connect_timeout
        self._max_reply_bytes = integration.max_reply_bytes
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_SECONDS, ssl=_tls(integration)),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,  # it reads netrc on a thread for every request; the proxies are looked up here
            skip_auto_headers=("User-Agent", "Content-Type"),
        )
        # aiohttp repeats idempotent requests by itself; the exchange counts and decides, so this must be off.
        self._session._retry_connection = False  # noqa: SLF001 - there is no public switch
        self._timeouts: dict[float, aiohttp.ClientTimeout] = {}
        self._proxies: dict[str, str | None] = {}

    async def call(self, pipeline: Pipeline, request: Request) -> Response:
        """Carry out one request. A cancellation ends it at once and counts as no failure of the service."""
        return await carry_out(pipeline.run(request), self._perform)

    async def _perform(self, effect: Effect) -> Any:
        match effect:
            case Send(outgoing, timeout):
                return await self.send(outgoing, timeout)
            case Sleep(seconds):
                return await self._clock.sleep_async(seconds)
            case Do(work):
                return await asyncio.to_thread(work)
            case Await(awaitable):
                return await awaitable

    async def send(self, outgoing: Outgoing, seconds: float) -> Reply | Lost:
        """Send once. Foreign exceptions become a Lost here and nowhere else."""
        body_out = _body_of(outgoing)
        try:
            url, proxy = URL(outgoing.url, encoded=True), self._proxy_for(outgoing.url)
        except ValueError as error:
            return Lost("address", sent=False, cause=error)
        try:
            async with self._session.request(
                outgoing.method,
                url,
                data=body_out,
                headers=outgoing.headers,
                allow_redirects=False,
                timeout=self._timeout(seconds),
                proxy=proxy,
            ) as reply:
                body = await self._read(reply)
        except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            if isinstance(body_out, _PermittedBody) and body_out.withheld:
                return Lost("withheld", sent=False, cause=error)
            return lost(error)
        if body is None:
            return Lost("too_large", sent=True, cause=ValueError("reply too large"))
        return Reply(reply.status, reply.headers, body)

    async def _read(self, reply: aiohttp.ClientResponse) -> bytes | None:
        """Read the body, or None if it is larger than allowed, after decompression."""
        if reply.content_length is not None and "Content-Encoding" not in reply.headers:
            return await reply.read() if reply.content_length <= self._max_reply_bytes else None
        chunks, size = [], 0
        async for chunk in reply.content.iter_chunked(_READ_SIZE):
            size += len(chunk)
            if size > self._max_reply_bytes:
                return None
            chunks.append(chunk)
        return b"".join(chunks)

    def _timeout(self, seconds: float) -> aiohttp.ClientTimeout:
        if seconds not in self._timeouts:
            # Connecting must give up first: a timeout while connecting is known not to have been received.
            connect = min(self._connect_timeout, 0.9 * seconds)
            self._timeouts[seconds] = aiohttp.ClientTimeout(total=seconds, sock_connect=connect)
        return self._timeouts[seconds]

    def _proxy_for(self, url: str) -> str | None:
        """Ask the environment once per host."""
        host = url.split("/", 3)[2]
        if host not in self._proxies:
            self._proxies[host] = select_proxy(url, environ_proxies(url))
        return self._proxies[host]

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class _PermittedBody(aiohttp.BytesPayload):
    """A body that is written only while its permit holds.

    aiohttp writes the headers together with the body: without a body nothing has left this process. Between
    this check and the system call lie microseconds, in which a process may be stopped; nothing on this side
    can close that gap.
    """

    def __init__(self, body: bytes, permit: Permit, content_type: str) -> None:
        super().__init__(body, content_type=content_type)
        self._permit = permit
        self.withheld = False

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        if not self._permit.is_valid():
            self.withheld = True
            raise ConnectionAbortedError("the permit has run out")
        await super().write_with_length(writer, content_length)


def _body_of(outgoing: Outgoing) -> bytes | _PermittedBody | None:
    body = outgoing.body
    if body is not None and not isinstance(body, bytes):
        body = b"".join(body.chunks())  # aiohttp streams nothing from a thread
    if outgoing.permit is None or not body:
        return body
    return _PermittedBody(body, outgoing.permit, outgoing.headers.get("Content-Type", ""))


def _tls(integration: Integration) -> ssl.SSLContext | bool:
    """Trust the authorities the sync transport trusts; reading them costs 20 ms that plain http is spared."""
    if not integration.verify_ssl:
        return False
    if resolve_url(integration.base_url).startswith(("http:", "script:")):
        return True
    try:
        return ssl.create_default_context(cafile=ca_bundle())
    except OSError as error:  # a file without a certificate is one, too
        raise FixSettings(
            f"The trusted authorities cannot be read from {ca_bundle()}. "
            "Set REQUESTS_CA_BUNDLE to a PEM file.",
            code="bad_settings",
        ) from error


_MEANINGS: tuple[tuple[tuple[type[Exception], ...], LostKind, bool], ...] = (
    # Raised before anything is sent: a host name that IDNA cannot write, an address aiohttp cannot use.
    ((UnicodeError, aiohttp.InvalidURL), "address", False),
    ((aiohttp.ClientConnectorDNSError,), "name", False),
    ((aiohttp.ClientConnectorSSLError, aiohttp.ClientConnectorCertificateError), "tls", False),
    ((aiohttp.ClientConnectorError,), "refused", False),
    ((aiohttp.ConnectionTimeoutError,), "connect_timeout", False),
    ((TimeoutError,), "timeout", True),
    ((aiohttp.ClientPayloadError,), "truncated", True),
)


def lost(error: Exception) -> Lost:
    """Say what an exception of aiohttp means: above all, whether the request can have arrived."""
    for kinds, meaning, sent in _MEANINGS:
        if isinstance(error, kinds):
            return Lost(meaning, sent=sent, cause=error)
    return Lost("reset", sent=True, cause=error)
