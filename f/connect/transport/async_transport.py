"""Sends attempts with aiohttp: as many at once as wanted on one thread."""

from __future__ import annotations

import asyncio
import ssl
from types import TracebackType
from typing import Any, Self

import aiohttp
from requests.utils import get_environ_proxies, select_proxy
from yarl import URL

from f.connect.calls.exchange import Do, Effect, Pipeline, Send, Sleep, carry_out
from f.connect.calls.message import Lost, LostKind, Outgoing, Reply, Request, Response
from f.connect.errors import FixSettings
from f.connect.integration import Integration, resolve_url
from f.connect.times import REAL, Clock
from f.connect.transport.sync_transport import ca_bundle

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

    async def send(self, outgoing: Outgoing, seconds: float) -> Reply | Lost:
        """Send once. Foreign exceptions become a Lost here and nowhere else."""
        try:
            async with self._session.request(
                outgoing.method,
                URL(outgoing.url, encoded=True),
                data=outgoing.body,
                headers=outgoing.headers,
                allow_redirects=False,
                timeout=self._timeout(seconds),
                proxy=self._proxy_for(outgoing.url),
            ) as reply:
                body = await self._read(reply)
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError is an OSError
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
            self._proxies[host] = select_proxy(url, get_environ_proxies(url))
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


def _tls(integration: Integration) -> ssl.SSLContext | bool:
    """Trust the authorities the sync transport trusts; reading them costs 20 ms that plain http is spared."""
    if not integration.verify_ssl:
        return False
    if resolve_url(integration.base_url).startswith("http:"):
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
