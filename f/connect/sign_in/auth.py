"""Signing in: `requests` auth objects, one per kind of credential.

An auth object changes one attempt (`headers`, `url`, `body`) and is used by the sync and the
async transport alike. To add a kind: a frozen dataclass with its own `type` for the settings, a
subclass of `Auth`, and one `register(Settings, Auth)`; a credential that can be renewed also
overrides `is_ready` and `renew`.
"""

# ruff: noqa: D102, ERA001 - Auth says what its methods are for; the list below is for Windmill

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# cryptography
# psycopg[binary]

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import parse_qsl, urlencode

from requests.auth import AuthBase

from f.connect.errors import FixInput, FixSettings
from f.connect.integration import ApiKey, Basic, BearerToken, Integration, NoAuth, OAuth2, SignedJwt

if TYPE_CHECKING:
    from f.store.store import Store


class Signable(Protocol):
    """What an auth object may change; a PreparedRequest and our own Outgoing both are one."""

    url: Any
    headers: Any
    body: Any


R = TypeVar("R", bound=Any)


class Auth(AuthBase):
    """The base of all kinds.

    `renew` may block on the network and is never called on an event loop's thread.
    """

    def __call__(self, r: R) -> R:
        """Add the credential to one attempt and return it."""
        return r

    def is_ready(self) -> bool:
        """Whether a credential is at hand that need not be renewed first."""
        return True

    def renew(self, *, refused: bool) -> bool:
        """Get a fresh credential, or return False where there is none to get.

        `refused`: the server answered 401 to the last one.
        """
        del refused
        return False

    def fingerprint(self) -> str:
        """Name the credential without telling it: six hex digits that change when it does."""
        return ""


class HeaderAuth(Auth):
    """A credential that never changes, sent in one header."""

    def __init__(self, name: str, value: str) -> None:
        self._name, self._value = name, value
        self._fingerprint = fingerprint_of(value)

    def __call__(self, r: R) -> R:
        r.headers[self._name] = self._value
        return r

    def fingerprint(self) -> str:
        return self._fingerprint


class QueryAuth(Auth):
    """A key in the query. It is masked in everything we write, but proxies log it: prefer a header."""

    def __init__(self, name: str, key: str) -> None:
        self._name, self._key = name, key
        self._fingerprint = fingerprint_of(key)

    def __call__(self, r: R) -> R:
        r.url += ("&" if "?" in r.url else "?") + urlencode({self._name: self._key})
        return r

    def fingerprint(self) -> str:
        return self._fingerprint


class BodyAuth(Auth):
    """A key as a field of the body: JSON objects and forms; a request without body gets a JSON one."""

    def __init__(self, name: str, key: str) -> None:
        self._name, self._key = name, key
        self._fingerprint = fingerprint_of(key)

    def __call__(self, r: R) -> R:
        body = r.body.encode() if isinstance(r.body, str) else r.body or b""
        kind = r.headers.get("Content-Type", "")
        if kind.startswith("application/x-www-form-urlencoded"):
            fields = parse_qsl(body.decode(), keep_blank_values=True)
            r.body = urlencode([*fields, (self._name, self._key)]).encode()
        else:
            r.body = self._into_json(body)
            r.headers["Content-Type"] = "application/json"
        r.headers["Content-Length"] = str(len(r.body))
        return r

    def _into_json(self, body: bytes) -> bytes:
        try:
            fields = json.loads(body or b"{}")
        except ValueError:
            fields = None
        if not isinstance(fields, dict):
            raise FixInput("The API key belongs in the body, so the body must be a JSON object or a form.")
        return json.dumps({**fields, self._name: self._key}, ensure_ascii=False).encode()

    def fingerprint(self) -> str:
        return self._fingerprint


def fit_for_header(secret: str, field: str) -> str:
    """Return `secret`; FixSettings if no header may carry it, as when a line break was pasted along."""
    if not secret or not secret.isascii() or not secret.isprintable() or secret != secret.strip():
        raise FixSettings(f"{field} is empty or holds a line break, a blank at an end or a sign beyond ASCII")
    return secret


def fingerprint_of(secret: str) -> str:
    """Six hex digits: enough to notice a change, too few to tell which of many guesses is right."""
    return hashlib.blake2b(secret.encode(), digest_size=3).hexdigest()


Factory = Callable[[Any, Integration, "Store | None"], Auth]


def _no_auth(settings: NoAuth, integration: Integration, store: Store | None) -> Auth:
    del settings, integration, store
    return Auth()


def _api_key(settings: ApiKey, integration: Integration, store: Store | None) -> Auth:
    del integration, store
    if settings.location == "header":
        return HeaderAuth(settings.name, fit_for_header(settings.key, "authentication.key"))
    kind = QueryAuth if settings.location == "query" else BodyAuth
    return kind(settings.name, settings.key)


def _bearer(settings: BearerToken, integration: Integration, store: Store | None) -> Auth:
    del integration, store
    return HeaderAuth("Authorization", f"Bearer {fit_for_header(settings.token, 'authentication.token')}")


def _basic(settings: Basic, integration: Integration, store: Store | None) -> Auth:
    del integration, store
    if ":" in settings.username:
        raise FixSettings("authentication.username must not hold a colon (RFC 7617)")
    pair = base64.b64encode(f"{settings.username}:{settings.password}".encode()).decode()
    return HeaderAuth("Authorization", f"Basic {pair}")


def _oauth2(settings: OAuth2, integration: Integration, store: Store | None) -> Auth:
    from f.connect.sign_in.oauth import OAuth2Auth  # noqa: PLC0415 - as above
    from f.store.stores import memory_store  # noqa: PLC0415 - only those who sign in this way load it

    return OAuth2Auth(settings, integration, store or memory_store())


def _signed_jwt(settings: SignedJwt, integration: Integration, store: Store | None) -> Auth:
    from f.connect.sign_in.signed_jwt import SignedJwtAuth  # noqa: PLC0415 - only those who sign in this way load it

    del integration, store
    return SignedJwtAuth(settings)


_FACTORIES: dict[type[Any], Factory] = {
    NoAuth: _no_auth,
    ApiKey: _api_key,
    BearerToken: _bearer,
    Basic: _basic,
    OAuth2: _oauth2,
    SignedJwt: _signed_jwt,
}


def register(settings: type[Any], factory: Factory) -> None:
    """Teach `auth_for` a further kind of settings."""
    _FACTORIES[settings] = factory


def auth_for(integration: Integration, store: Store | None = None) -> Auth:
    """Make the auth object of an integration. Tokens that are fetched live in `store`, shared by all jobs."""
    settings = integration.authentication
    factory = _FACTORIES.get(type(settings))
    if factory is None:
        raise FixSettings(f"authentication of type {type(settings).__name__} is not known: register it first")
    return factory(settings, integration, store)
