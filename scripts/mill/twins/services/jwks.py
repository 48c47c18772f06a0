"""The twin of a token issuer: published keys that rotate on request, and a JSON endpoint that refreshes.

    GET  /.well-known/jwks.json    the keys, the newest first
    POST /keys/rotate              {"keep_old": false}: a new key; the old ones stay unless told not to
    POST /token                    {"sub": "ada", "lifetime": 900}: a first token, and a refresh token
    POST /token/refresh            {"refresh_token": ...}: the next ones

A refresh token is good once. To use it again revokes all that came of the same first token, as who sends it
may have stolen it. `first_refresh_token` begins anew each time, so that a run file can have it.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal, TypeVar

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mill.twins.message import Refused, Reply, Request
from mill.twins.twin import Route, Setup, Twin

Model = TypeVar("Model", bound=BaseModel)

_KEY, _FAMILY, _REFRESH = "key", "family", "refresh_token"
_STRICT = ConfigDict(extra="forbid", strict=True)


class Settings(BaseModel):
    """What this issuer is like. `max_age` in seconds; without it no reply says how long keys may be kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    issuer: str = "https://id.example.com"
    audience: str = "https://api.example.com"
    algorithm: Literal["ES256", "RS256"] = "ES256"
    lifetime: Annotated[int, Field(ge=1)] = 900  # seconds
    max_age: int | None = 300
    first_refresh_token: str = "rt_twin"  # noqa: S105 - protects nothing
    extra_keys: list[dict[str, Any]] = []  # published beside its own, whatever they are


class Rotation(BaseModel):
    """What becomes of the keys there were."""

    model_config = _STRICT
    keep_old: bool = True


class SignIn(BaseModel):
    """Whose token it is; a lifetime other than the settings'."""

    model_config = _STRICT
    sub: Annotated[str, Field(min_length=1)]
    lifetime: int | None = None


class Refresh(BaseModel):
    """What a client refreshes with; more is ignored, as such endpoints do."""

    refresh_token: str


def error(status: int, message: str, name: str | None = None) -> Reply:
    """Return an error in the issuer's shape."""
    names = {404: "not_found", 405: "method_not_allowed", 429: "slow_down", 503: "temporarily_unavailable"}
    code = name or names.get(status, "invalid_request")
    return Reply(status, {"error": code, "error_description": message})


def build(setup: Setup) -> Twin:
    """Return the twin for `settings` of the form of Settings."""
    settings = Settings.model_validate(setup.settings)
    issuer = _Issuer(setup, settings)
    return Twin(
        name="jwks",
        settings=settings,
        error=error,
        routes=[
            Route("GET", "/.well-known/jwks.json", "get_keys", issuer.keys),
            Route("POST", "/keys/rotate", "rotate_keys", issuer.rotate),
            Route("POST", "/token", "create_token", issuer.sign_in),
            Route("POST", "/token/refresh", "refresh_token", issuer.refresh),
        ],
    )


class _Issuer:
    def __init__(self, setup: Setup, settings: Settings) -> None:
        self._records, self._ledger = setup.records, setup.ledger
        self._settings = settings
        self._clock: Callable[[], float] = setup.clock

    def keys(self, _request: Request) -> Reply:
        self._signing_key()
        found = [_public(body) for _, body in reversed(self._records.page(_KEY))]
        age = self._settings.max_age
        headers = {} if age is None else {"Cache-Control": f"public, max-age={age}"}
        self._ledger.append("keys_read", "", {"count": len(found)})
        return Reply(200, {"keys": [*found, *self._settings.extra_keys]}, headers)

    def rotate(self, request: Request) -> Reply:
        asked = _read(Rotation, request)
        if not asked.keep_old:
            for id_, _ in self._records.page(_KEY):
                self._records.remove(_KEY, id_)
        kid = self._new_key()["kid"]
        self._ledger.append("rotated", kid, {})
        return Reply(201, {"kid": kid})

    def sign_in(self, request: Request) -> Reply:
        asked = _read(SignIn, request)
        return self._issue(self._family(asked.sub), asked.sub, asked.lifetime)

    def refresh(self, request: Request) -> Reply:
        given = _read(Refresh, request).refresh_token
        if given == self._settings.first_refresh_token:
            return self._issue(self._family("twin"), "twin")
        found = self._records.find(_REFRESH, "token", given)
        if not found:
            raise Refused(error(401, "The refresh token is not known.", "invalid_grant"))
        body = self._records.get(_REFRESH, found[0]) or {}
        family = self._records.get(_FAMILY, body["family"]) or {}
        if body["used"] or family["revoked"]:
            # Not Refused: that the family is revoked stays.
            self._records.replace(_FAMILY, body["family"], {**family, "revoked": True})
            self._ledger.append("reused", family["sub"], {})
            return error(
                401, "The refresh token was used before, so all of its kind are revoked.", "invalid_grant"
            )
        self._records.replace(_REFRESH, found[0], {**body, "used": True}, {"token": given})
        return self._issue(body["family"], family["sub"])

    def _issue(self, family: int, sub: str, lifetime: int | None = None) -> Reply:
        lifetime = self._settings.lifetime if lifetime is None else lifetime
        key, now = self._signing_key(), int(self._clock())
        claims = {
            "iss": self._settings.issuer, "aud": self._settings.audience, "sub": sub,
            "iat": now, "exp": now + lifetime, "jti": secrets.token_hex(8),
        }  # fmt: skip
        token = jwt.encode(claims, key["pem"], algorithm=key["algorithm"], headers={"kid": key["kid"]})
        refresh_token = f"rt_{secrets.token_urlsafe(24)}"
        self._records.add(_REFRESH, {"family": family, "used": False}, {"token": refresh_token})
        self._ledger.append("issued", sub, {"kid": key["kid"]})
        body = {"access_token": token, "refresh_token": refresh_token, "expires_in": lifetime}
        return Reply(200, body, {"Cache-Control": "no-store"})

    def _family(self, sub: str) -> int:
        return self._records.add(_FAMILY, {"sub": sub, "revoked": False})

    def _signing_key(self) -> dict[str, Any]:
        kept = [body for _, body in self._records.page(_KEY)]
        fit = [body for body in kept if body["algorithm"] == self._settings.algorithm]
        return fit[-1] if fit else self._new_key()

    def _new_key(self) -> dict[str, Any]:
        made = _made(self._settings.algorithm)
        body = {"kid": secrets.token_hex(4), "algorithm": self._settings.algorithm, "pem": made}
        self._records.add(_KEY, body)
        return body


def _made(algorithm: str) -> str:
    key = (
        ec.generate_private_key(ec.SECP256R1())
        if algorithm == "ES256"
        else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return pem.decode()


def _public(body: Mapping[str, Any]) -> dict[str, Any]:
    key: Any = serialization.load_pem_private_key(body["pem"].encode(), password=None)
    made = (ECAlgorithm if body["algorithm"] == "ES256" else RSAAlgorithm).to_jwk(key.public_key())
    return {**json.loads(made), "kid": body["kid"], "use": "sig", "alg": body["algorithm"]}


def _read(model: type[Model], request: Request) -> Model:
    try:
        return model.model_validate(request.json())
    except ValidationError as refused:
        names = ", ".join(sorted({".".join(map(str, one["loc"])) or "the body" for one in refused.errors()}))
        raise Refused(error(400, f"Missing or not as expected: {names}.")) from refused
