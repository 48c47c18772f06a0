"""A request as the caller states it, its bytes as they are sent, and the reply as the caller reads it.

Pure; nothing here knows a credential.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, TypeVar
from urllib.parse import quote, urlencode, urlsplit

from f.connect.calls.body_text import decode_text, encode_json, read_json
from f.connect.calls.urls import origin, same_origin
from f.connect.errors import (
    ConnectError,
    FixInput,
    FixSettings,
    GiveUpRecord,
    OutcomeUnknown,
    SignInAgain,
    TryLater,
)
from f.connect.redact import mask_path

if TYPE_CHECKING:
    from f.store.store import Permit

READS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
IDEMPOTENT = READS | {"PUT", "DELETE"}  # RFC 9110, 9.2.2
REFUSED_BEFORE_WORK = frozenset({429})
USER_AGENT = "millwright"
IDEMPOTENCY_HEADER = "Idempotency-Key"

_PLAIN_PATH = re.compile(r"[A-Za-z0-9/_.~:@!$&'()*+,;=?%-]*")
_UNFIT_FOR_HEADER = re.compile(r"[\r\n\0]")
_DOT_SEGMENT = re.compile(r"(^|/)\.\.?(/|\?|$)")

T = TypeVar("T")
E = TypeVar("E", bound=ConnectError)
Params = Mapping[str, Any]
# What answered: the service, its twin, or the cache: as it is, or after the service said "not modified".
Origin = Literal["live", "twin", "cached", "revalidated"]
LostKind = Literal[
    "address",
    "refused",
    "name",
    "connect_timeout",
    "tls",
    "timeout",
    "reset",
    "truncated",
    "too_large",
    "withheld",
]


class Sink(Protocol):
    """Where a successful body goes instead of into memory; begun anew for each attempt."""

    def start(self) -> None:
        """Forget what an earlier attempt wrote."""

    def write(self, chunk: bytes, /) -> bool:
        """Take the next bytes; False: that is more than allowed."""


class Source(Protocol):
    """A body that is read while it is sent, such as a part of a file; from its start for each attempt."""

    @property
    def size(self) -> int:
        """The number of bytes it has."""

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes."""


@dataclass(slots=True, kw_only=True)
class Request:
    """One call. `path` is below the integration's base_url, or an absolute URL.

    `repeatable`: whether sending it twice does what sending it once does; None asks the method (RFC 9110) and
    whether there is an idempotency key. `reads`: whether it changes nothing; None asks the method, too.
    `not_applied`: statuses after which this write was certainly not applied; 503 only where documented so.
    `endpoint` names the call in limits, metrics, logs and errors (default: the path, ids folded or masked);
    give it where the path itself is secret. `context` is the caller's own. A Source as `data` is streamed by
    sync calls. `sink` is for downloads, sync only; with `Accept-Encoding: identity` it gets the bytes as they
    came. `follow`: if not, a redirect is an answer. `permit`: the lease asked for before each attempt.
    `caller_reads`: statuses whose last reply the caller gets to read, where others get an error that quotes
    nothing of it. `model`: the pydantic model a success must be, which is checked before it is returned.
    """

    method: str
    path: str
    params: Params | None = None
    json: Any = None
    data: bytes | str | Mapping[str, Any] | Source | None = None
    headers: Mapping[str, str] | None = None
    timeout: float | None = None
    idempotency_key: str | None = field(default=None, repr=False)
    repeatable: bool | None = None
    reads: bool | None = None
    not_applied: frozenset[int] = REFUSED_BEFORE_WORK
    endpoint: str | None = None
    follow: bool = True
    context: Any = field(default=None, repr=False)
    sink: Sink | None = field(default=None, repr=False)
    permit: Permit | None = field(default=None, repr=False)
    caller_reads: frozenset[int] = frozenset()
    model: Any = field(default=None, repr=False)

    def __repr__(self) -> str:
        return f"Request({self.method} {self.endpoint or mask_path(self.path)})"

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing, so that a lost answer is no more than that."""
        return self.method in READS if self.reads is None else self.reads

    @property
    def may_repeat(self) -> bool:
        """Whether the server makes a second sending harmless."""
        if self.repeatable is not None:
            return self.repeatable
        return self.is_read or self.method in IDEMPOTENT or self.idempotency_key is not None


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
    source: Origin = "live"
    in_doubt: bool = (
        False  # an earlier attempt of this call may have been applied: a 409 may be our own doing
    )
    _json: Any = field(default=None, repr=False)
    _parsed: Any = field(default=None, repr=False)  # the model and what became of it

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
        return decode_text(self.body, self.headers.get("Content-Type", ""))

    @property
    def json(self) -> Any:
        """The body as JSON, as `read_json` says, whatever the Content-Type says; None for an empty one.

        Raises TryLater for a read whose body is not JSON, OutcomeUnknown for such a write.
        """
        if self._json is None and self.body:
            try:
                self._json = read_json(self.body)
            except ValueError as error:
                raise self._unreadable() from error
        return self._json

    def parse(self, model: type[T]) -> T:
        """Return the body of a success as a pydantic model, or as any other type that pydantic can check.

        Raises what `raise_for_status` and `json` raise; FixSettings for a read whose body is not such a
        model, OutcomeUnknown for such a write. The error names each wrong field, and no value.
        """
        self.raise_for_status()
        if self._parsed is None or self._parsed[0] is not model:
            value, faults = _model_reader()(model, self.json)
            if faults:
                raise self._unexpected(faults)
            self._parsed = model, value
        parsed: T = self._parsed[1]
        return parsed

    @property
    def parsed(self) -> Any:
        """The body as the model that the request asked for."""
        assert self.request.model is not None, "the request names no model: use parse(Model)"
        return self.parse(self.request.model)

    def _unreadable(self) -> ConnectError:
        kind = self.headers.get("Content-Type", "no content type").split(";")[0]
        message = (
            f"{self.call} answered {self.status} with {len(self.body)} bytes that are not JSON ({kind})."
        )
        if self.request.is_read or not self.success:
            return self.named(TryLater(message + " Try again later.", code="not_json"))
        return self._in_doubt(message, "not_json")

    def _unexpected(self, faults: str) -> ConnectError:
        message = f"{self.call} answered {self.status} with what was not expected: {faults}."
        if self.request.is_read:
            return self.named(
                FixSettings(f"{message} Change the model, or tell the service.", code="unexpected_body")
            )
        return self._in_doubt(message, "unexpected_body")

    def _in_doubt(self, message: str, code: str) -> ConnectError:
        hint = "It may have been applied: look it up before sending it again."
        return self.named(OutcomeUnknown(f"{message} {hint}", code=code, repeat_safe=self.request.may_repeat))

    def raise_for_status(self) -> Self:
        """Return the response if it is a success, else raise what its status means.

        401, 403: SignInAgain; 404, 405, 410 and redirects: FixSettings; 408, 425, 429: TryLater;
        other 4xx: GiveUpRecord; 5xx: TryLater for reads, OutcomeUnknown for writes.
        """
        if self.success:
            return self
        raise self.named(self._failure())

    def _failure(self) -> ConnectError:
        message = f"{self.call} answered {self.status}"
        if self.status in {401, 403}:
            return SignInAgain(
                f"{message}: the credential may not do this. Check its rights or sign in again."
            )
        if self.status < 400 or self.status in {404, 405, 410}:
            return FixSettings(f"{message}: there is no such call here. Check base_url and the path.")
        if self.status in {408, 425, 429}:
            return TryLater(f"{message}: the service is busy. Try again later.")
        if self.status < 500:
            return GiveUpRecord(f"{message}: the service refused this request as it is.")
        if self.request.is_read:
            return TryLater(f"{message}: the service failed. Try again later.")
        return OutcomeUnknown(
            f"{message}: the write may have been applied. Look it up before sending it again.",
            repeat_safe=self.request.may_repeat,
        )

    def named(self, error: E) -> E:
        """Return the error with the facts of this call."""
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
    body: bytes | Source | None = field(default=None, repr=False)
    sink: Sink | None = field(default=None, repr=False)
    permit: Permit | None = field(default=None, repr=False)


@dataclass(slots=True)
class Reply:
    """What came back on the wire, whole."""

    status: int
    headers: Mapping[str, str] = field(repr=False)  # interceptors log what they see
    body: bytes = field(repr=False)


@dataclass(slots=True)
class Lost:
    """An attempt without a reply.

    `sent` is False only if the service certainly did not receive the request.
    """

    kind: LostKind
    sent: bool
    cause: Exception


def describe(method: str, url: str, endpoint: str | None = None) -> str:
    """Return method, host and path without query values, personal ids masked; or the endpoint's own name.

    Where the path is a secret itself, as a Slack webhook's, the caller names the endpoint.
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    if endpoint is not None:
        return f"{method} {host}{endpoint if endpoint.startswith('/') else f' ({endpoint})'}"
    return f"{method} {host}{mask_path(parts.path)}"


def base_headers(default_headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers every request of an integration starts from."""
    headers = {
        "User-Agent": USER_AGENT,
        "Accept": "application/json, */*;q=0.5",
        "Accept-Encoding": "gzip, deflate",
        "Connection": "keep-alive",
    }
    return merge_headers(headers, default_headers)


def merge_headers(headers: dict[str, str], more: Mapping[str, str]) -> dict[str, str]:
    """Return `headers` overlaid by `more`; names compare without case."""
    spelled = {name.lower(): name for name in headers}
    merged = dict(headers)
    for name, value in more.items():
        if _UNFIT_FOR_HEADER.search(name) or _UNFIT_FOR_HEADER.search(value):
            raise FixInput(f"The header {name!r} holds a line break; a header must be one line.")
        merged.pop(spelled.get(name.lower(), ""), None)
        merged[name] = value
    return merged


def prepare(request: Request, base_url: str, headers: dict[str, str]) -> Outgoing:
    """Build the attempt of `request`, without credential and request id. FixInput if it cannot be sent."""
    body, content_type = encode_body(request)
    url = target_url(base_url, request.path, request.params)
    mine = dict(headers) if same_origin(url, base_url) else base_headers({})
    if content_type:
        mine["Content-Type"] = content_type
    if request.idempotency_key is not None:
        mine[IDEMPOTENCY_HEADER] = request.idempotency_key
    if request.headers or request.idempotency_key:
        mine = merge_headers(mine, request.headers or {})
        _check_header(mine.get(IDEMPOTENCY_HEADER, ""))
    if body is not None or request.method in {"POST", "PUT", "PATCH"}:
        size = len(body or b"") if body is None or isinstance(body, bytes) else body.size
        mine["Content-Length"] = str(size)
    return Outgoing(request.method, url, mine, body, request.sink, request.permit)


def encode_body(request: Request) -> tuple[bytes | Source | None, str | None]:
    """Return the body and its content type: `json` as JSON, a `data` mapping as a form, text as UTF-8."""
    if request.json is not None:
        if request.data is not None:
            raise FixInput("A request has either json or data, not both.")
        return encode_json(request.json), "application/json"
    if isinstance(request.data, str):
        return request.data.encode(), None
    if not isinstance(request.data, Mapping):
        return request.data, None
    return urlencode(_pairs(request.data)).encode(), "application/x-www-form-urlencoded"


def target_url(base_url: str, path: str, params: Mapping[str, Any] | None) -> str:
    """Join base_url and path, which may be absolute, and add the parameters; None among them is left out."""
    if path.startswith(("http://", "https://")):
        url = path.partition("#")[0]
        _check_url(url)
    else:
        if _DOT_SEGMENT.search(path):
            raise FixInput("The path holds a '..' or '.' segment: quote ids before they go into a path.")
        url = f"{base_url}/{path.lstrip('/')}" if path else base_url
    if not url.isascii() or not _PLAIN_PATH.fullmatch(url):
        url = quote(url, safe="/:@!$&'()*+,;=?%~[]")
    if params and (query := urlencode(_pairs(params))):
        url += ("&" if "?" in url else "?") + query
    return url


def _check_url(url: str) -> None:
    try:
        origin(url)
    except ValueError as error:
        raise FixInput(
            "The path begins like a URL and is none: its host or its port is not valid."
        ) from error


def _pairs(fields: Mapping[str, Any]) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for name, value in fields.items():
        values = value if isinstance(value, list | tuple) else (value,)
        pairs += [
            (name, str(one).lower() if isinstance(one, bool) else one) for one in values if one is not None
        ]
    return pairs


def _check_header(value: str) -> None:
    if _UNFIT_FOR_HEADER.search(value) or not value.isascii():
        raise FixInput("The idempotency key must be one line of ASCII.")


def _model_reader() -> Callable[[Any, Any], tuple[Any, str]]:
    """Return what reads models. A script that gives one imports pydantic at its top; no other needs it.

    Hence by name: an import here would have Windmill install pydantic for every script that calls anything.
    """
    try:
        models = importlib.import_module("f.connect.calls.models")
    except ModuleNotFoundError as error:
        raise FixInput(
            f"A reply cannot be read as a model, as {error.name} is not installed: name pydantic below "
            "`# extra_requirements:` at the top of the script.",
            code="no_package",
        ) from error
    reader: Callable[[Any, Any], tuple[Any, str]] = models.read_model
    return reader
