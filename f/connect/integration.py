"""What an integration is: where it lies, how to sign in, how fast, how often, how long.

Plain frozen dataclasses, so that a job that builds one in code pays no pydantic import;
`f.connect.config` reads the same classes from a resource, a file or the environment.
"""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal, get_args, get_type_hints
from urllib.parse import urlsplit

from f.connect.errors import FixSettings
from f.connect.times import DAY_SECONDS

Mode = Literal["mock", "hybrid", "live"]

_SCRIPT = "script:"
# Only of folders: they are what a team shares, and only their modules can be imported.
_SCRIPT_PATH = re.compile(r"f(/[A-Za-z_][A-Za-z0-9_]*){2,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The range of a number. Our own, as importing annotated_types costs a tenth of importing requests."""

    ge: float | None = None
    gt: float | None = None
    le: float | None = None

    def fault(self, value: float) -> str | None:
        """Say what `value` must be, or None if it is."""
        if isinstance(value, float) and not math.isfinite(value):
            return "must be a finite number"
        if self.ge is not None and value < self.ge:
            return f"must be at least {self.ge}"
        if self.gt is not None and value <= self.gt:
            return f"must be above {self.gt}"
        if self.le is not None and value > self.le:
            return f"must be at most {self.le}"
        return None

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Tell pydantic, where it is used, so that it names this fault beside all others."""
        return {
            **handler(source),
            **{name: bound for name, bound in dataclasses.asdict(self).items() if bound is not None},
        }


Seconds = Annotated[float, Bound(gt=0)]
Count = Annotated[int, Bound(ge=1)]

STRICT: dict[str, Any] = {"extra": "forbid"}  # read by pydantic: a misspelt key is a fault, not a default
UNVERIFIED = (
    "verify_ssl is false: say allow_unverified_ssl: true as well if the certificate must not be checked"
)


class _Checked:
    """Refuses numbers outside the range their annotation states, all of them in one error."""

    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT

    def __post_init__(self) -> None:
        faults = [*_range_faults(self), *self._faults()]
        if faults:
            raise FixSettings(
                f"{type(self).__name__}: {'; '.join(faults)}", faults=faults, code="bad_settings"
            )

    def _faults(self) -> Iterator[str]:
        """Rules between fields."""
        return iter(())


@dataclass(frozen=True, kw_only=True)
class NoAuth(_Checked):
    """No credential at all."""

    type: Literal["none"] = "none"


@dataclass(frozen=True, kw_only=True)
class ApiKey(_Checked):
    """A key sent as the field `name` of the header, the query or the JSON or form body."""

    type: Literal["api_key"] = "api_key"
    key: str = field(repr=False)
    name: str = "X-API-Key"
    location: Literal["header", "query", "body"] = "header"


@dataclass(frozen=True, kw_only=True)
class BearerToken(_Checked):
    """`Authorization: Bearer <token>`."""

    type: Literal["bearer_token"] = "bearer_token"
    token: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Basic(_Checked):
    """`Authorization: Basic`, UTF-8 (RFC 7617)."""

    type: Literal["basic"] = "basic"
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class OAuth2(_Checked):
    """OAuth 2.0 (RFC 6749): client credentials, or a refresh token somebody consented to before."""

    type: Literal["oauth2"] = "oauth2"
    token_url: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    grant: Literal["client_credentials", "refresh_token"] = "client_credentials"
    scope: str | None = None
    audience: str | None = None
    client_auth: Literal["basic", "body"] = "basic"
    refresh_early: Annotated[float, Bound(ge=0)] = 60.0

    def _faults(self) -> Iterator[str]:
        if self.grant == "refresh_token" and not self.refresh_token:
            yield "authentication.refresh_token is missing though the grant is refresh_token"
        yield from url_faults("authentication.token_url", self.token_url)


@dataclass(frozen=True, kw_only=True)
class SignedJwt(_Checked):
    """A JWT we sign ourselves and send as bearer token (RFC 7519).

    `key`: the PEM private key, or the HS256 secret.
    """

    type: Literal["jwt"] = "jwt"
    key: str = field(repr=False)
    algorithm: Literal["RS256", "ES256", "EdDSA", "HS256"] = "RS256"
    issuer: str | None = None
    subject: str | None = None
    audience: str | None = None
    key_id: str | None = None
    lifetime: Seconds = 600.0
    refresh_early: Annotated[float, Bound(ge=0)] = 60.0
    claims: Mapping[str, Any] = field(default_factory=dict)

    def _faults(self) -> Iterator[str]:
        if self.refresh_early >= self.lifetime:
            yield "authentication.refresh_early must be shorter than lifetime"


Authentication = NoAuth | ApiKey | BearerToken | Basic | OAuth2 | SignedJwt


@dataclass(frozen=True, kw_only=True)
class RateLimit(_Checked):
    """`max_requests` per `time_window` seconds, of which up to `burst_size` may go at once.

    The first window can carry `max_requests + burst_size`; the default burst is a tenth of a window's.
    """

    enabled: bool = True
    max_requests: Count
    time_window: Seconds = 1.0
    burst_size: Count | None = None

    @property
    def interval(self) -> float:
        """The seconds between two requests at the steady rate."""
        return self.time_window / self.max_requests

    @property
    def burst(self) -> int:
        """The number of requests that may go at once."""
        return self.burst_size or max(1, self.max_requests // 10)


@dataclass(frozen=True, kw_only=True)
class Retry(_Checked):
    """When to try again, and for how long at most (`max_elapsed` seconds).

    Delays grow from `initial_delay` by `exponential_base`; with `jitter` each is drawn from 0 to that.
    A server or a limit that asks for more than `longest_wait` seconds at a time is not waited for.
    `advice_header`: in which the service itself says true or false to another attempt, whatever the status.
    """

    enabled: bool = True
    max_retries: Annotated[int, Bound(ge=0)] = 3
    initial_delay: Annotated[float, Bound(ge=0)] = 0.5
    max_delay: Seconds = 30.0
    exponential_base: Annotated[float, Bound(ge=1)] = 2.0
    jitter: bool = True
    max_elapsed: Seconds = 120.0
    longest_wait: Seconds = DAY_SECONDS
    retry_on_status_codes: tuple[int, ...] = (408, 425, 429, 500, 502, 503, 504)
    advice_header: str = ""

    def advice(self, headers: Mapping[str, str]) -> bool | None:
        """Return the service's own word on another attempt; None where it gives none."""
        word = headers.get(self.advice_header, "").strip().lower() if self.advice_header else ""
        return {"true": True, "false": False}.get(word)

    def _faults(self) -> Iterator[str]:
        if self.max_delay < self.initial_delay:
            yield "retry.max_delay must not be below retry.initial_delay"
        wrong = [code for code in self.retry_on_status_codes if not 400 <= code <= 599]
        if wrong:
            yield f"retry.retry_on_status_codes holds {wrong}, which are no HTTP errors (400 to 599)"


@dataclass(frozen=True, kw_only=True)
class CircuitBreaker(_Checked):
    """Opens when `failure_rate` of at least `minimum_calls` in `window` seconds failed.

    After `reset_timeout` seconds one call may probe.
    """

    enabled: bool = True
    failure_rate: Annotated[float, Bound(gt=0, le=1)] = 0.5
    window: Seconds = 30.0
    minimum_calls: Count = 20
    reset_timeout: Seconds = 30.0


@dataclass(frozen=True, kw_only=True)
class ResponseCache(_Checked):
    """Keeps replies to reads that the service allows to be kept (RFC 9111), in this client's memory."""

    enabled: bool = True
    max_entries: Count = 256
    max_bytes: Count = 16 * 2**20


@dataclass(frozen=True, kw_only=True)
class Integration(_Checked):
    """One remote service as one account sees it. Times are seconds.

    `timeout` bounds an attempt from the request's last byte to the reply's last; `endpoint_limits`
    replaces `rate_limit` for the endpoints it names, `endpoint_modes` does so with `mode`; `twin_url` is what
    mock and hybrid modes answer from.
    `raises_events`: whether the channels of f/notify are told when the service fails or is very slow.
    Limits and breakers are shared by all that call one origin as one `account`; without that name, as one
    credential.
    """

    name: str
    base_url: str
    account: str = ""
    authentication: Authentication = field(default_factory=NoAuth)
    rate_limit: RateLimit | None = None
    endpoint_limits: Mapping[str, RateLimit] = field(default_factory=dict)
    retry: Retry = field(default_factory=Retry)
    circuit_breaker: CircuitBreaker = field(default_factory=CircuitBreaker)
    timeout: Seconds = 30.0
    connect_timeout: Seconds = 10.0
    verify_ssl: bool = True
    default_headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    mode: Mode = "live"
    endpoint_modes: Mapping[str, Mode] = field(default_factory=dict)
    twin_url: str | None = None
    cache: ResponseCache | None = None
    slow_call_seconds: Seconds = 5.0
    very_slow_call_seconds: Seconds = 10.0
    max_reply_bytes: Count = 64 * 2**20
    allow_plain_http: bool = False
    allow_unverified_ssl: bool = False
    raises_events: bool = True

    @property
    def modes(self) -> frozenset[str]:
        """All modes that some endpoint may be in."""
        return frozenset({self.mode, *self.endpoint_modes.values()})

    def _faults(self) -> Iterator[str]:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", self.name):
            yield f"name {self.name!r} must be letters, digits, '-', '_' or '.'"
        yield from url_faults("base_url", self.base_url, allow_plain_http=self.allow_plain_http)
        if self.twin_url is not None:
            yield from url_faults("twin_url", self.twin_url, allow_plain_http=self.allow_plain_http)
        yield from mode_faults(self.mode, self.endpoint_modes, self.twin_url)
        if not self.verify_ssl and not self.allow_unverified_ssl:
            yield UNVERIFIED
        if self.very_slow_call_seconds < self.slow_call_seconds:
            yield "very_slow_call_seconds must not be below slow_call_seconds"


def mode_faults(mode: object, endpoint_modes: Mapping[str, object], twin_url: object) -> Iterator[str]:
    """Say what is wrong with the choice of who answers: a misspelt mode must not send writes to a service."""
    named = [("mode", mode), *((f"endpoint_modes.{name}", one) for name, one in endpoint_modes.items())]
    for name, one in named:
        if one not in get_args(Mode):
            yield f"{name} must be one of {', '.join(get_args(Mode))}"
        elif one != "live" and twin_url is None:
            yield f"{name} is {one} but no twin_url says what answers in place of the service"


def endpoint_name(endpoint: str) -> str:
    """Return an endpoint as settings by endpoint are looked up: `customers` is `/customers`."""
    return endpoint.strip("/")


def script_path(base_url: str) -> str | None:
    """Return which script of this workspace a base_url names, as in script:f/customers/mock_customer_api.

    None if it names a service, as most do.
    """
    return base_url.removeprefix(_SCRIPT).rstrip("/") if base_url.startswith(_SCRIPT) else None


def resolve_url(url: str, environ: Mapping[str, str] = os.environ) -> str:
    """Return `url` without its trailing slash; one that begins with "/" is a route of this Windmill.

    That of a script stays as it is: where the script answers, its server knows.
    """
    if not url.startswith("/"):
        return url.rstrip("/")
    windmill = environ.get("WM_BASE_URL", "")
    if not windmill:
        raise FixSettings(
            f"base_url {url!r} is a route of this Windmill, but WM_BASE_URL is not set: give a full URL",
            code="bad_settings",
        )
    return windmill.rstrip("/") + url.rstrip("/")


def url_faults(
    name: str, url: object, *, allow_plain_http: bool = False, environ: Mapping[str, str] = os.environ
) -> Iterator[str]:
    """Say what is wrong with a service's URL. Plain http is for loopback and for WM_BASE_URL's own host."""
    if not isinstance(url, str):  # of a resource, whatever its type says
        yield f"{name} is not a text"
        return
    if url.startswith("/") and not url.startswith("//"):
        return
    if name == "base_url" and (script := script_path(url)) is not None:
        if not _SCRIPT_PATH.fullmatch(script):
            yield f"{name} must name a script of a folder, such as script:f/customers/mock_customer_api"
        return
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port != 0
    except ValueError:
        yield f"{name} is no URL: check its host and port"
        return
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_fine:
        yield f"{name} must be like https://api.example.com, or begin with / for a route of this Windmill"
        return
    if parts.username or parts.password:
        yield f"{name} holds a user name or password: move it to authentication"
    if parts.query or parts.fragment:
        yield f"{name} must end before any ? or #"
    if (
        parts.scheme == "http"
        and not allow_plain_http
        and not _may_be_plain(parts.hostname, parts.netloc, environ)
    ):
        yield (
            f"{name} is plain http, which anyone on the way can read: use https, "
            "or say allow_plain_http: true as well"
        )


def _may_be_plain(host: str, netloc: str, environ: Mapping[str, str]) -> bool:
    windmill = urlsplit(environ.get("WM_BASE_URL", ""))
    return is_loopback(host) or (windmill.scheme == "http" and windmill.netloc == netloc)


def is_loopback(host: str) -> bool:
    """Return whether `host` names this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _range_faults(settings: Any) -> Iterator[str]:
    for name, bound in _bounds(settings.__class__).items():
        value = getattr(settings, name)
        if isinstance(value, int | float) and (fault := bound.fault(value)):
            yield f"{name} is {value}, {fault}"


@functools.cache
def hints_of(cls: Any) -> dict[str, Any]:
    """Return the type of each field of such settings, with its bound where it has one."""
    hints = get_type_hints(cls, include_extras=True)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}


@functools.cache
def _bounds(cls: Any) -> dict[str, Bound]:
    """Return the bound of each field, also of one inside `Annotated[...] | None`."""
    hints = hints_of(cls)
    found = {}
    for declared in dataclasses.fields(cls):
        hint = hints[declared.name]
        for option in (hint, *getattr(hint, "__args__", ())):
            for item in getattr(option, "__metadata__", ()):
                if isinstance(item, Bound):
                    found[declared.name] = item
    return found
