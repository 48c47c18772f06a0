"""The credential of an integration, made of its settings: one class for each way of signing in.

A credential changes one attempt (`headers`, `url`, `body`), sync or async. A further way needs a frozen
dataclass for its settings, a class that is an `Auth`, and one `register(Settings, make)`.
"""

# ruff: noqa: D102 - Auth says what its methods are for

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# anyio==4.16.0
# certifi==2026.10.18
# cffi==2.1.1
# charset-normalizer==3.5.2
# cryptography==50.0.2
# h11==0.16.0
# httpcore==1.0.9
# httpx==0.28.1
# idna==3.20
# psycopg==3.3.9
# psycopg-binary==3.3.9
# pycparser==3.12
# requests==2.34.2
# typing-extensions==4.16.0
# urllib3==2.8.0
# wmill==1.850.0

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlencode

from f.connect.calls.exchange import Auth, S
from f.connect.errors import FixInput, FixSettings
from f.connect.integration import ApiKey, Basic, BearerToken, Integration, NoAuth, OAuth2, SignedJwt
from f.connect.redact import digest_of, is_secret_name, remember
from f.store.store import Store

Make = Callable[[Any, Integration, Store], Auth]
_FURTHER: dict[type[Any], Make] = {}


def register(settings: type[Any], make: Make) -> None:
    """Teach `auth_for` a further kind of settings."""
    _FURTHER[settings] = make


def auth_for(integration: Integration, store: Store) -> Auth:  # noqa: PLR0911 - one for each way of signing in
    """Return the credential of an integration. Fetched tokens live in `store`, shared by all jobs."""
    settings: object = integration.authentication
    remember(*_secrets_of(integration))
    match settings:
        case NoAuth():
            return NoCredential()
        case ApiKey(key=key, name=name, location="header"):
            return HeaderAuth(name, fit_for_header(key, "authentication.key"))
        case ApiKey(key=key, name=name, location="query"):
            return QueryAuth(name, key)
        case ApiKey(key=key, name=name):
            return BodyAuth(name, key)
        case BearerToken(token=token):
            return HeaderAuth("Authorization", f"Bearer {fit_for_header(token, 'authentication.token')}")
        case Basic(username=username, password=password):
            return HeaderAuth("Authorization", f"Basic {_basic(username, password)}")
        case OAuth2():
            from f.connect.sign_in.oauth import OAuth2Auth  # only who signs in this way loads it

            return OAuth2Auth(settings, integration, store)
        case SignedJwt():
            from f.connect.sign_in.signed_jwt import SignedJwtAuth

            return SignedJwtAuth(settings)
    make = _FURTHER.get(type(settings))
    if make is None:
        raise FixSettings(f"authentication of type {type(settings).__name__} is not known: register it first")
    return make(settings, integration, store)


class NoCredential(Auth):
    """Adds nothing. The base of those that never change: always ready, never renewed."""

    def __call__(self, outgoing: S, /) -> S:
        return outgoing

    def is_ready(self) -> bool:
        return True

    def renew(self, *, refused: bool) -> bool:
        del refused
        return False

    def fingerprint(self) -> str:
        return ""


class _Field(NoCredential):
    """A value that is sent under a name."""

    def __init__(self, name: str, value: str) -> None:
        self._name, self._value = name, value
        self._fingerprint = digest_of(type(self).__name__, name, value)

    def fingerprint(self) -> str:
        return self._fingerprint


class HeaderAuth(_Field):
    """A header."""

    def __call__(self, outgoing: S, /) -> S:
        outgoing.headers[self._name] = self._value
        return outgoing


class QueryAuth(_Field):
    """A key in the query. It is masked in everything we write, but proxies log it: prefer a header."""

    def __call__(self, outgoing: S, /) -> S:
        outgoing.url += ("&" if "?" in outgoing.url else "?") + urlencode({self._name: self._value})
        return outgoing


class BodyAuth(_Field):
    """A key as a field of the body: JSON objects and forms; a request without body gets a JSON one."""

    def __call__(self, outgoing: S, /) -> S:
        body = outgoing.body.encode() if isinstance(outgoing.body, str) else outgoing.body or b""
        kind = outgoing.headers.get("Content-Type", "")
        if kind.startswith("application/x-www-form-urlencoded"):
            fields = parse_qsl(body.decode(), keep_blank_values=True)
            outgoing.body = urlencode([*fields, (self._name, self._value)]).encode()
        else:
            outgoing.body = self._into_json(body)
            outgoing.headers["Content-Type"] = "application/json"
        outgoing.headers["Content-Length"] = str(len(outgoing.body))
        return outgoing

    def _into_json(self, body: bytes) -> bytes:
        try:
            fields = json.loads(body or b"{}")
        except ValueError:
            fields = None
        if not isinstance(fields, dict):
            raise FixInput("The API key belongs in the body, so the body must be a JSON object or a form.")
        return json.dumps({**fields, self._name: self._value}, ensure_ascii=False).encode()


def _secrets_of(integration: Integration) -> Iterator[str]:
    """What no error and no log may hold of it: the fields that no repr shows, and headers with such names."""
    settings: Any = integration.authentication
    hidden = [one.name for one in dataclasses.fields(settings) if not one.repr]
    yield from (value for name in hidden if isinstance(value := getattr(settings, name), str))
    for name, value in integration.default_headers.items():
        if is_secret_name(name):
            yield value
            yield from value.split()[1:]  # Bearer, and what is borne


def _basic(username: str, password: str) -> str:
    if ":" in username:
        raise FixSettings("authentication.username must not hold a colon (RFC 7617)")
    return base64.b64encode(f"{username}:{password}".encode()).decode()


def fit_for_header(secret: str, field: str) -> str:
    """Return `secret`; FixSettings if no header may carry it, as when a line break was pasted along."""
    if not secret or not secret.isascii() or not secret.isprintable() or secret != secret.strip():
        raise FixSettings(f"{field} is empty or holds a line break, a blank at an end or a sign beyond ASCII")
    return secret
