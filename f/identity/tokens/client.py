"""The two calls about tokens: an issuer's keys fetched, a token refreshed. Requests built, replies read.

A key set is RFC 7517's. There is no standard for refreshing at a JSON endpoint, so its field names are
settings; OAuth's own (RFC 6749, form-encoded) is `f/identity/oauth`.

    POST {"refresh_token": "r1"}  ->  200 {"access_token": "eyJ...", "refresh_token": "r2", "expires_in": 900}
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from f.connect.calls.message import Request, Response
from f.connect.calls.reply_reader import line_of, named, read_json, read_object, unreadable, word_of
from f.connect.errors import ConnectError, FixSettings, SignInAgain, TryLater
from f.connect.integration import Integration, Retry
from f.connect.redact import remember
from f.connect.sign_in.shared_token import Token
from f.identity.tokens.compact import LONGEST_LIFE, expiry_of, is_token
from f.identity.tokens.issuer import place_of
from f.identity.tokens.key_set import public_keys

if TYPE_CHECKING:
    from f.identity.tokens.issuer import Issuer
    from f.identity.tokens.key_set import Jwk

LEAST_AGE, USUAL_AGE, MOST_AGE = 60.0, 600.0, 86_400.0  # seconds that keys are kept
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,9})", re.IGNORECASE)
_NOT_KEPT = re.compile(r"(?:^|[\s,])no-(?:store|cache)", re.IGNORECASE)
_MOST_BYTES = 2**20
_SETTINGS_WRONG = frozenset({"invalid_request", "invalid_client", "unauthorized_client", "invalid_scope"})
_LATER = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
_DEAD = frozenset({"invalid_grant", "bad_refresh_token", "invalid_token", "invalid_refresh_token"})
_DOUBT = "The refresh token may be used up"


def integration_of(name: str, url: str) -> Integration:
    """Return the service behind a URL. One call ends within half a minute, whatever its server does."""
    base_url, _ = place_of(url)
    return Integration(
        name=name,
        base_url=base_url,
        timeout=10.0,
        connect_timeout=5.0,
        retry=Retry(max_retries=1, max_elapsed=12.0, longest_wait=5.0),
        max_reply_bytes=_MOST_BYTES,
    )


def keys_request(url: str) -> Request:
    """Return the request for a key set."""
    return Request(method="GET", path=place_of(url)[1], endpoint="jwks")


def read_keys(response: Response) -> tuple[list[Jwk], float]:
    """Return the public keys of a key set, and for how many seconds they may be kept.

    TryLater for a reply that is not a key set, FixSettings where there is none.
    """
    if 400 <= response.status < 500 and response.status not in {408, 425, 429}:
        message = f"{response.call} answered {response.status}: there are no keys. Check jwks_url."
        raise named(FixSettings(message, code="no_keys"), response)
    response.raise_for_status()
    keys = public_keys(read_json(response))
    if keys is None:
        raise unreadable(response, "The issuer", "a key set")
    return keys, _age(response)


def refresh_request(issuer: Issuer, refresh_token: str) -> Request:
    """Return the request for the next token. It is never repeated: a refresh token is often good once."""
    return Request(
        method="POST",
        path=place_of(issuer.refresh_url)[1],
        json={**issuer.refresh_fields, issuer.refresh_token_field: refresh_token},
        endpoint="refresh",
    )


def read_refreshed(response: Response, issuer: Issuer, refresh_token: str, now: float) -> Token:
    """Return the token of a reply; where it brings no refresh token, the old one stays.

    SignInAgain if the refresh token is dead, FixSettings if the request is wrong, OutcomeUnknown for a
    success without a token.
    """
    body = read_object(response)
    if response.status >= 400 or (body.get("error") and response.success):
        raise named(_refusal(response, body), response)
    if not response.success:
        raise unreadable(response, "The token server", "a token", in_doubt=_DOUBT)
    names = [issuer.access_token_field] if issuer.access_token_field else ["access_token", "token"]
    found = [body.get(name) for name in names]
    token = next((one for one in found if isinstance(one, str) and is_token(one)), "")
    if not token:
        raise unreadable(response, "The token server", f"{' or '.join(names)}", in_doubt=_DOUBT)
    rotated = body.get(issuer.refresh_token_field)
    rotated = rotated if isinstance(rotated, str) and is_token(rotated) else refresh_token
    remember(token, rotated)
    return Token(token, expiry_of(token, now, _seconds(body.get(issuer.expires_in_field))), rotated)


def refused_refresh(message: str, *, dead: bool) -> SignInAgain:
    """Return the error of a refresh token that was refused. `dead`: the server says that it is the token."""
    lead = "The refresh token is dead" if dead else "Check refresh_fields; if they are right, it is dead"
    return SignInAgain(
        f"{message}. {lead}: sign in again, and store the new one with set_jwt.",
        code="invalid_grant" if dead else "refresh_refused",
    )


def _refusal(response: Response, body: dict[str, Any]) -> ConnectError:
    code = word_of(body.get("error")) or f"http_{response.status}"
    detail = line_of(body.get("error_description") or body.get("message"))
    message = f"{response.call} answered {response.status} {code}{f': {detail}' if detail else ''}"
    if response.status in {404, 405, 410, 415, 422} or code in _SETTINGS_WRONG:
        return FixSettings(
            f"{message}. Check refresh_url, refresh_token_field and refresh_fields.",
            code="refresh_not_understood",
        )
    if response.status in {408, 425, 429} or code in _LATER:
        return TryLater(f"{message}. Try again later.", code="refresh_busy")
    return refused_refresh(message, dead=code in _DEAD)


def _age(response: Response) -> float:
    control = response.headers.get("Cache-Control", "")
    if _NOT_KEPT.search(control):
        return LEAST_AGE
    found = _MAX_AGE.search(control)
    return min(max(float(found[1]), LEAST_AGE), MOST_AGE) if found else USUAL_AGE


def _seconds(value: object) -> float:
    """Read expires_in, which some servers send as text; 0 if it is missing or makes no sense."""
    if isinstance(value, str) and re.fullmatch(r"\d{1,12}", value, re.ASCII):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LONGEST_LIFE:
        return 0.0
    return float(value)
