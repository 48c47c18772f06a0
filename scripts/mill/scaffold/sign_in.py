"""How the code of a new integration differs by the way its API is signed in to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_BEARER_GATE = """

def _gate(request: Request) -> Mapping[str, str]:
    if not request.bearer:
        raise Refused(error(401, "Send a token as Authorization: Bearer."))
    return {}
"""
_GATE_WITH_TOKENS = """

def _gate(request: Request) -> Mapping[str, str]:
    if request.path != "/oauth/token" and request.bearer != _ISSUED:
        raise Refused(error(401, "Send a token of /oauth/token as Authorization: Bearer."))
    return {}


def _token(request: Request) -> Reply:
    \"\"\"RFC 6749, section 4.4: client credentials, by HTTP Basic.\"\"\"
    if request.form().get("grant_type") != ["client_credentials"]:
        return Reply(400, {"error": "unsupported_grant_type"})
    if not request.headers.get("authorization", "").startswith("Basic "):
        return Reply(401, {"error": "invalid_client"})
    return Reply(200, {"access_token": _ISSUED, "token_type": "Bearer", "expires_in": 3600})
"""
_KEY_GATE = """

def _gate(request: Request) -> Mapping[str, str]:
    if not request.headers.get("x-api-key"):
        raise Refused(error(401, "Send a key in the header X-API-Key."))
    return {}
"""
_BASIC_GATE = """

def _gate(request: Request) -> Mapping[str, str]:
    if not request.headers.get("authorization", "").startswith("Basic "):
        raise Refused(error(401, "Send user name and password as Authorization: Basic."))
    return {}
"""


@dataclass(frozen=True, slots=True)
class Secret:
    """A field of the resource whose value somebody has to give. `twin`: what the twin takes for it."""

    name: str
    title: str
    twin: str
    is_secret: bool = True


@dataclass(frozen=True, slots=True)
class SignIn:
    """One way to sign in. `authentication` is the Python expression; `gate` the twin's own code."""

    authentication_class: str
    authentication: str
    secrets: tuple[Secret, ...] = ()
    plain: Mapping[str, str] = field(default_factory=dict)  # other fields, with what the mock has there
    gate: str = ""
    twin_headers: str = "{}"
    resolves: bool = False
    twin_token: bool = False

    @property
    def fields(self) -> list[str]:
        """The names of all fields of the resource that sign in."""
        return [*(secret.name for secret in self.secrets), *self.plain]


SIGN_INS: Mapping[str, SignIn] = {
    "api_key": SignIn(
        "ApiKey",
        'ApiKey(key=_required(resource, "api_key"))',
        (Secret("api_key", "API key", "twin"),),
        gate=_KEY_GATE,
        twin_headers='{"X-API-Key": "twin"}',
    ),
    "bearer_token": SignIn(
        "BearerToken",
        'BearerToken(token=_required(resource, "token"))',
        (Secret("token", "Token", "twin"),),
        gate=_BEARER_GATE,
        twin_headers='{"Authorization": "Bearer twin"}',
    ),
    "basic": SignIn(
        "Basic",
        """Basic(
            username=_required(resource, "username"),
            password=_required(resource, "password"),
        )""",
        (Secret("username", "User name", "twin", is_secret=False), Secret("password", "Password", "twin")),
        gate=_BASIC_GATE,
        twin_headers='{"Authorization": "Basic dHdpbjp0d2lu"}',
    ),
    "oauth2": SignIn(
        "OAuth2",
        """OAuth2(
            token_url=resolve_url(_required(resource, "token_url")),
            client_id=_required(resource, "client_id"),
            client_secret=_required(resource, "client_secret"),
        )""",
        (
            Secret("client_id", "Client ID", "twin", is_secret=False),
            Secret("client_secret", "Client secret", "twin"),
        ),
        {"token_url": "/twins/acme/oauth/token"},
        gate=_GATE_WITH_TOKENS,
        twin_headers='{"Authorization": "Bearer twin-access-token"}',
        resolves=True,
        twin_token=True,
    ),
    "none": SignIn("NoAuth", "NoAuth()"),
}
