"""Sends one attempt with `requests`: pooled connections, one deadline for the whole reply, a size cap.

Redirects, cookies, netrc and retries of `requests` and urllib3 are off: the exchange decides.
"""

# extra_requirements:
# certifi==2026.10.18
# charset-normalizer==3.5.2
# idna==3.20
# requests==2.34.2
# urllib3==2.8.0

from __future__ import annotations

import contextlib
import io
import os
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any, ClassVar, cast
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies, select_proxy
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager

from f.connect.calls.message import Lost, LostKind, Outgoing, Reply, Sink, Source
from f.connect.integration import is_loopback

if TYPE_CHECKING:
    from f.connect.transport.addresses import GivenAddresses
    from f.store.store import Permit

CHUNK_SIZE = 2**18


class _DeadlineReader(io.RawIOBase):
    """Reads a socket until a moment in time, not for so long per packet: a trickled reply cannot hold us.

    `silence` bounds each wait within that.
    """

    def __init__(self, sock: socket.socket, seconds: float | None, silence: float | None = None) -> None:
        self._sock, self._silence = sock, silence
        self._raw = sock.makefile("rb", buffering=0)
        self._deadline = None if seconds is None else time.monotonic() + seconds

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what is there, for as long as is left."""
        if self._deadline is not None:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("the reply took too long")
            self._sock.settimeout(left if self._silence is None else min(left, self._silence))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Give the socket back."""
        if not self.closed:
            self._raw.close()
        super().close()


class _DeadlineResponse(HTTPResponse):
    """The socket's timeout at the moment the reply is due becomes the deadline of the whole reply."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp.close()
        self.fp = io.BufferedReader(_DeadlineReader(sock, sock.gettimeout()))


class _DownloadResponse(HTTPResponse):
    """A reply as long as a file: the socket's timeout bounds each wait, `seconds` the whole if given."""

    seconds: ClassVar[float | None] = None

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        if self.seconds is not None:
            self.fp.close()
            self.fp = io.BufferedReader(_DeadlineReader(sock, self.seconds, sock.gettimeout()))


class _GivenHost:
    """Connects to the addresses that `given` leaves of a host, before a byte is sent to any other."""

    given: ClassVar[GivenAddresses | None] = None
    host: str
    port: int
    _dns_host: str

    def _new_conn(self) -> socket.socket:
        named = self._dns_host
        addresses = self._addresses()
        if addresses is None:
            return self._connected()
        try:
            for number, address in enumerate(addresses, 1):
                self._dns_host = address
                try:
                    return self._connected()
                except (
                    urllib3.exceptions.NewConnectionError,
                    urllib3.exceptions.ConnectTimeoutError,
                ):
                    if number == len(addresses):
                        raise
        finally:
            self._dns_host = named  # what the certificate is for
        raise AssertionError("there is an address, or an error instead")

    def _addresses(self) -> list[str] | None:
        try:
            return None if self.given is None else self.given.find(self._dns_host, self.port)
        except UnicodeError as error:  # a label no name server takes
            unknown = socket.gaierror(socket.EAI_NONAME, str(error))
            raise urllib3.exceptions.NameResolutionError(self.host, cast("Any", self), unknown) from error
        except socket.gaierror as error:
            raise urllib3.exceptions.NameResolutionError(self.host, cast("Any", self), error) from error

    def _connected(self) -> socket.socket:
        connected: socket.socket = super()._new_conn()  # type: ignore[misc]  # of urllib3's connection beside it
        return connected


class _DeadlineHTTPConnection(_GivenHost, HTTPConnection):
    response_class = _DeadlineResponse


class _HandshakeFailed(urllib3.exceptions.NewConnectionError):
    """No TLS connection came about, so no request went out (a TLS error later on does not say that)."""


class _DeadlineHTTPSConnection(_GivenHost, HTTPSConnection):
    response_class = _DeadlineResponse

    def connect(self) -> None:
        """Connect; a TLS error on the way means that nothing was sent."""
        try:
            super().connect()
        except ssl.SSLError as error:
            raise _HandshakeFailed(self, str(error)) from error


class _RawReply(requests.Response):
    """What `Transport` reads of a reply. Its cookies, its encoding and a copy of its headers are not made."""

    def __init__(self, request: requests.PreparedRequest, raw: Any) -> None:
        self.request, self.raw, self.status_code, self.headers = request, raw, raw.status, raw.headers
        self._content_consumed = False  # closing it closes the connection, if something of it was not read


class DeadlineAdapter(HTTPAdapter):
    """An adapter of `requests` whose read timeout bounds the reply as a whole.

    `given` closes addresses to it; `response_class` reads its replies.
    """

    _last_pool: tuple[Any, Any] = (None, None)

    def __init__(
        self,
        *args: Any,
        given: GivenAddresses | None = None,
        response_class: type[HTTPResponse] = _DeadlineResponse,
        **kwargs: Any,
    ) -> None:
        self._traits = {"given": given, "response_class": response_class}
        super().__init__(*args, **kwargs)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Use connections of our own."""
        super().init_poolmanager(*args, **kwargs)
        http = type("_Connection", (_DeadlineHTTPConnection,), self._traits)
        https = type("_TlsConnection", (_DeadlineHTTPSConnection,), self._traits)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {
            "http": type("_Pool", (HTTPConnectionPool,), {"ConnectionCls": http}),
            "https": type("_TlsPool", (HTTPSConnectionPool,), {"ConnectionCls": https}),
        }

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        """Return what names a pool, worked out once for the calls to one host that follow each other."""
        asked = ((request.url or "").split("/", 3)[:3], verify, cert)
        known, attributes = self._last_pool
        if asked != known:
            attributes = super().build_connection_pool_key_attributes(request, verify, cert)
            self._last_pool = asked, attributes
        return attributes

    def build_response(self, req: requests.PreparedRequest, resp: Any) -> requests.Response:
        """Return what is read of a reply: to make all of it would be a twentieth of a call."""
        return _RawReply(req, resp)


def ca_bundle() -> str:
    """Return the file of the authorities we trust: a company's own, named as for `requests`, or certifi's."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or DEFAULT_CA_BUNDLE_PATH


def environ_proxies(url: str) -> dict[str, str]:
    """Return the proxies that the environment names for a URL; none for this machine: no proxy reaches it."""
    return {} if is_loopback(urlsplit(url).hostname or "") else dict(get_environ_proxies(url))


class Transport:
    """A pool of connections to one service. `send` may be called from many threads.

    `given` closes addresses to it; `download_seconds` bounds a download as a whole.
    """

    def __init__(
        self,
        *,
        connect_timeout: float,
        verify: bool,
        max_reply_bytes: int,
        pool_size: int = 16,
        given: GivenAddresses | None = None,
        download_seconds: float | None = None,
    ) -> None:
        self._connect_timeout, self._max_reply_bytes = connect_timeout, max_reply_bytes
        self._given = given
        self._adapter = DeadlineAdapter(
            pool_connections=4, pool_maxsize=pool_size, max_retries=0, given=given
        )
        # A large file takes its time; silence does not.
        reader = type("_Download", (_DownloadResponse,), {"seconds": download_seconds})
        self._download_adapter = DeadlineAdapter(max_retries=0, given=given, response_class=reader)
        self._verify: bool | str = ca_bundle() if verify else False
        if not verify:  # the client has warned once; urllib3 would at every call
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._proxies: dict[str, dict[str, str]] = {}

    def send(self, outgoing: Outgoing, timeout: float) -> Reply | Lost:
        """Send once. Foreign exceptions become a Lost here and nowhere else."""
        adapter = self._adapter if outgoing.sink is None else self._download_adapter
        before = sys.exception()  # what our caller is dealing with is no part of what goes wrong here
        try:
            proxies = self._proxies_for(outgoing.url)
        except ValueError as error:
            return Lost("address", sent=False, cause=error)
        body = _body_of(outgoing)
        if self._given is not None and select_proxy(outgoing.url, proxies) is not None:
            _check_behind_proxy(self._given, outgoing.url)
        try:
            with adapter.send(
                _prepared(outgoing, body),
                stream=True,
                timeout=(min(self._connect_timeout, timeout), timeout),
                verify=self._verify,
                proxies=proxies,
            ) as reply:
                answer = self._read(reply, outgoing)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            if isinstance(body, _StreamedBody) and body.withheld:
                return Lost("withheld", sent=False, cause=error)
            return lost(error, before)
        if answer is None:
            return Lost("too_large", sent=True, cause=ValueError("reply too large"))
        return Reply(reply.status_code, reply.headers, answer)

    def _read(self, reply: requests.Response, outgoing: Outgoing) -> bytes | None:
        """Read the body, that of a success into the sink; None if it is larger than allowed once unpacked."""
        sink: Sink | None = outgoing.sink
        if sink is None or not 200 <= reply.status_code < 300:
            body: bytes = reply.raw.read(self._max_reply_bytes + 1, decode_content=True)
            return body if len(body) <= self._max_reply_bytes else None
        sink.start()
        unpack = (
            outgoing.headers.get("Accept-Encoding") != "identity"
        )  # else what is packed was stored packed
        for chunk in reply.raw.stream(CHUNK_SIZE, decode_content=unpack):
            if not sink.write(chunk):
                return None
        return b""

    def _proxies_for(self, url: str) -> dict[str, str]:
        """Ask the environment once per host: asking every time costs as much as a tenth of a call."""
        host = url.split("/", 3)[2]
        if host not in self._proxies:
            self._proxies[host] = environ_proxies(url)
        return self._proxies[host]

    def close(self) -> None:
        """Close all connections."""
        self._adapter.close()
        self._download_adapter.close()


def _check_behind_proxy(given: GivenAddresses, url: str) -> None:
    """Look at what a name leads to from here, as the proxy makes the connection; it may know more names."""
    parts = urlsplit(url)
    with contextlib.suppress(OSError, UnicodeError):
        given.find(parts.hostname or "", parts.port or 443)


class _StreamedBody:
    """A body that is written piece by piece, and only while its permit holds if it has one.

    Nobody works on headers without their body.
    """

    def __init__(self, body: bytes | Source, permit: Permit | None) -> None:
        self._body, self._permit = body, permit
        self.withheld = False

    def __iter__(self) -> Iterator[bytes]:
        if self._permit is not None and not self._permit.is_valid():
            self.withheld = True
            raise ConnectionAbortedError("the permit has run out")
        if isinstance(self._body, bytes):
            yield self._body
        else:
            yield from self._body.chunks()


def _body_of(outgoing: Outgoing) -> bytes | _StreamedBody | None:
    body = outgoing.body
    if not body or (isinstance(body, bytes) and outgoing.permit is None):
        return body if isinstance(body, bytes) else None
    return _StreamedBody(body, outgoing.permit)


def _prepared(outgoing: Outgoing, body: Any) -> requests.PreparedRequest:
    """Wrap the bytes as they are: preparing anew would cost as much as sending."""
    prepared = requests.PreparedRequest()
    prepared.method, prepared.url, prepared.body = outgoing.method, outgoing.url, body
    prepared.headers = CaseInsensitiveDict(outgoing.headers)
    return prepared


_MEANINGS: tuple[tuple[tuple[type[BaseException], ...], LostKind, bool], ...] = (
    # First, as its cause may be that the name cannot be encoded.
    ((urllib3.exceptions.NameResolutionError,), "name", False),
    (
        (UnicodeEncodeError, requests.exceptions.InvalidURL, urllib3.exceptions.LocationValueError),
        "address",
        False,
    ),
    ((_HandshakeFailed,), "tls", False),
    ((urllib3.exceptions.NewConnectionError, ConnectionRefusedError), "refused", False),
    ((urllib3.exceptions.ConnectTimeoutError,), "connect_timeout", False),
    ((TimeoutError, urllib3.exceptions.TimeoutError), "timeout", True),
    ((urllib3.exceptions.IncompleteRead,), "truncated", True),
)


def lost(error: Exception, before: BaseException | None = None) -> Lost:
    """Say what an exception of `requests` or urllib3 means: above all, whether the request can arrive.

    `before` is the exception that was being handled when the attempt began. Python makes it the context of
    every later one; it is about another call, and proves nothing of this one.
    """
    causes = list(_chain(error, before))
    for kinds, meaning, sent in _MEANINGS:
        if any(isinstance(cause, kinds) for cause in causes):
            return Lost(meaning, sent=sent, cause=error)
    return Lost("reset", sent=True, cause=error)


def _chain(error: BaseException, before: BaseException | None) -> Any:
    seen = {id(before)}
    waiting: list[Any] = [error]
    while waiting:
        cause = waiting.pop()
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            waiting += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]
