"""The first half of a sign-in (RFC 6749, 4.1; RFC 7636): the address to open, and the answer to it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from f.connect.errors import FixInput, FixSettings
from f.identity.oauth.refusals import refused

if TYPE_CHECKING:
    from f.identity.oauth.app import App

_SECRET_BYTES = 48  # 64 characters: a verifier has 43 to 128 (RFC 7636, 4.1)
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_CODE = re.compile(r"[\x21-\x7e]{1,2048}")  # RFC 6749, appendix A.11, and no longer than an address may be


def new_secret() -> str:
    """Return 64 characters that nobody guesses, good for a state, a verifier or a browser key."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge (RFC 7636, 4.2); FixInput for what is not a verifier."""
    if not _VERIFIER.fullmatch(verifier):
        raise FixInput("A PKCE verifier has 43 to 128 letters, digits, '-', '.', '_' or '~'.")
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def authorization_url(app: App, state: str, verifier: str) -> str:
    """Return the address at which a person consents."""
    if not app.provider.authorize_url or not app.redirect_uri:
        missing = "redirect_uri" if app.provider.authorize_url else "authorize_url"
        raise FixSettings(f"The OAuth app has no {missing}, so nobody can sign in.", code="bad_settings")
    query = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": app.redirect_uri,
        "scope": " ".join(app.scopes),
        "state": state,
        "code_challenge": challenge_of(verifier),
        "code_challenge_method": "S256",
        **app.provider.authorize_params,
    }
    parts = urlsplit(app.provider.authorize_url)
    pairs = [*parse_qsl(parts.query), *((name, value) for name, value in query.items() if value)]
    return urlunsplit(parts._replace(query=urlencode(pairs)))


def code_of(app: App, answer: Mapping[str, str]) -> str:
    """Return the code in the query of the callback; raises what the provider says instead.

    An `iss` that is not the provider's is refused (RFC 9207): the code is another server's, and would be
    handed to this one.
    """
    issuer, expected = answer.get("iss", ""), app.provider.issuer
    if expected and (issuer or app.provider.sends_issuer) and not same(issuer, expected):
        raise FixInput(
            f"The answer is not from {app.provider.title}: its iss is missing or names another server. "
            f"Nobody "
            "was signed in.",
            code="wrong_issuer",
        )
    if error := answer.get("error"):
        raise refused(app, error)
    code = answer.get("code", "")
    if not _CODE.fullmatch(code):
        raise FixInput("The answer has no code. Start the sign-in again.", code="bad_code")
    return code


def same(text: str, expected: str) -> bool:
    """Compare in a time that does not tell how much is right."""
    return hmac.compare_digest(text.encode("utf-8", "replace"), expected.encode("utf-8", "replace"))
