"""A request as the caller states it, and the reply as the caller reads it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, Self
from urllib.parse import urlsplit

from f.connect.errors import ConnectError, FixSettings, GiveUpRecord, OutcomeUnknown, SignInAgain, TryLater
from f.connect.redact import mask_path


class Sink(Protocol):
    """Where a successful body goes instead of into memory; begun anew for each attempt."""

    def start(self) -> None:
        """Forget what an earlier attempt wrote."""

    def write(self, chunk: bytes, /) -> bool:
        """Take the next bytes; False: that is more than allowed."""


READS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
IDEMPOTENT = READS | {"PUT", "DELETE"}  # RFC 9110, 9.2.2
REFUSED_BEFORE_WORK = frozenset({429})

Params = Mapping[str, Any]
LostKind = Literal["refused", "name", "connect_timeout", "tls", "timeout", "reset", "truncated", "too_large"]


@dataclass(slots=True, kw_only=True)
class Request:
    """One call. `path` is below the integration's base_url, or an absolute URL.

    `repeatable`: whether sending it twice does what sending it once does; None asks the method
    (RFC 9110) and whether there is an idempotency key. `not_applied`: statuses after which the
    service certainly did not apply this write; add 503 only where its documentation says so.
    `endpoint` names the call in limits, metrics, logs and errors (default: the path, ids folded or masked);
    give it where the path itself is secret.
    `context` is the caller's own and never looked at. `sink` is for downloads, sync only.
    """

    method: str
    path: str
    params: Params | None = None
    json: Any = None
    data: bytes | str | Mapping[str, Any] | None = None
    headers: Mapping[str, str] | None = None
    timeout: float | None = None
    idempotency_key: str | None = field(default=None, repr=False)
    repeatable: bool | None = None
    not_applied: frozenset[int] = REFUSED_BEFORE_WORK
    endpoint: str | None = None
    context: Any = field(default=None, repr=False)
    sink: Sink | None = field(default=None, repr=False)

    def __repr__(self) -> str:
        return f"Request({self.method} {self.endpoint or mask_path(self.path)})"

    @property
    def is_read(self) -> bool:
        """Whether the method only reads."""
        return self.method in READS

    @property
    def may_repeat(self) -> bool:
        """Whether the server makes a second sending harmless."""
        if self.repeatable is not None:
            return self.repeatable
        return self.method in IDEMPOTENT or self.idempotency_key is not None


@dataclass(slots=True, kw_only=True)
class Response:
    """A reply the service gave, of whatever status.

    `elapsed`: seconds of the last attempt, sent to fully read.
    """

    request: Request
    status: int
    headers: Mapping[str, str]  # case-insensitive
    body: bytes = field(repr=False)
    elapsed: float
    attempts: int
    request_id: str
    call: str  # method, host and path, for logs and errors
    url: str = field(repr=False)  # as sent, without a key in the query: never log it
    source: Literal["live", "twin"] = "live"
    in_doubt: bool = (
        False  # an earlier attempt of this call may have been applied: a 409 may be our own doing
    )
    _json: Any = field(default=None, repr=False)

    def __repr__(self) -> str:
        size = f"{len(self.body)} bytes"
        return f"Response({self.status}, {size}, {self.call}, attempts={self.attempts}, source={self.source})"

    @property
    def success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        """The body in the charset its Content-Type names, else UTF-8; undecodable bytes are replaced."""
        return self.body.decode(_charset(self.headers.get("Content-Type", "")), "replace")

    @property
    def json(self) -> Any:
        """The body as JSON, whatever the Content-Type says; None for an empty one.

        Raises TryLater for a read whose body is not JSON, OutcomeUnknown for such a write.
        """
        if self._json is None and self.body:
            try:
                self._json = json.loads(self.body)
            except ValueError as error:
                raise self._unreadable() from error
        return self._json

    def _unreadable(self) -> ConnectError:
        kind = self.headers.get("Content-Type", "no content type").split(";")[0]
        message = (
            f"{self.call} answered {self.status} with {len(self.body)} bytes that are not JSON ({kind})."
        )
        if self.request.is_read or not self.success:
            return self._named(TryLater(message + " Try again later.", code="not_json"))
        return self._named(
            OutcomeUnknown(
                message + " It may have been applied: look it up before sending it again.",
                code="not_json",
                repeat_safe=self.request.may_repeat,
            )
        )

    def raise_for_status(self) -> Self:
        """Return the response if it is a success, else raise what its status means.

        401, 403: SignInAgain; 404, 405, 410 and redirects: FixSettings; 408, 425, 429: TryLater;
        other 4xx: GiveUpRecord; 5xx: TryLater for reads, OutcomeUnknown for writes.
        """
        if self.success:
            return self
        raise self._named(self._failure())

    def _failure(self) -> ConnectError:
        said = f"{self.call} answered {self.status}"
        if self.status in {401, 403}:
            return SignInAgain(f"{said}: the credential may not do this. Check its rights or sign in again.")
        if self.status < 400 or self.status in {404, 405, 410}:
            return FixSettings(f"{said}: there is no such call here. Check base_url and the path.")
        if self.status in {408, 425, 429}:
            return TryLater(f"{said}: the service is busy. Try again later.")
        if self.status < 500:
            return GiveUpRecord(f"{said}: the service refused this request as it is.")
        if self.request.is_read:
            return TryLater(f"{said}: the service failed. Try again later.")
        return OutcomeUnknown(
            f"{said}: the write may have been applied. Look it up before sending it again.",
            repeat_safe=self.request.may_repeat,
        )

    def _named(self, error: ConnectError) -> ConnectError:
        error.code = error.code or f"http_{self.status}"
        error.call, error.status, error.request_id = self.call, self.status, self.request_id
        error.attempts = self.attempts
        return error


@dataclass(slots=True)
class Outgoing:
    """One attempt's bytes. Auth objects of `requests` style change it as they would a PreparedRequest."""

    method: str
    url: str
    headers: dict[str, str] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    sink: Sink | None = field(default=None, repr=False)


@dataclass(slots=True)
class Reply:
    """What came back on the wire, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Lost:
    """An attempt without a reply.

    `sent` is False only where the service certainly did not receive the request.
    """

    kind: LostKind
    sent: bool
    cause: Exception


def describe(method: str, url: str, endpoint: str | None = None) -> str:
    """Method, host and path without query values, personal ids masked; or the endpoint's own name.

    Where the path is a secret itself, as a Slack webhook's, the caller names the endpoint.
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    if endpoint is not None:
        return f"{method} {host}{endpoint if endpoint.startswith('/') else f' ({endpoint})'}"
    return f"{method} {host}{mask_path(parts.path)}"


def _charset(content_type: str) -> str:
    name = content_type.partition("charset=")[2].split(";")[0].strip(" \"'") or "utf-8"
    try:
        b"".decode(name)
    except LookupError:
        return "utf-8"
    return name
