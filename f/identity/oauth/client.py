"""What a provider is asked besides tokens, and what its replies say: who signed in, and revocation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from f.connect.calls.message import Request, Response
from f.connect.calls.reply_reader import detail_of, id_of, line_of, named, read_object, unreadable, word_of
from f.connect.errors import ConnectError, FixSettings, SignInAgain, TryLater
from f.connect.integration import Authentication, Basic, Integration, NoAuth

if TYPE_CHECKING:
    from f.identity.oauth.app import App

_BUSY = frozenset({408, 425, 429})


@dataclass(frozen=True, slots=True)
class UserInfo:
    """Who signed in. `id` never changes; the rest may, and is "" where the provider does not tell."""

    id: str
    login: str
    name: str
    email: str
    fields: Mapping[str, Any] = field(repr=False)


def integration_of(app: App, url: str, authentication: Any = None) -> Integration:
    """Return one endpoint of the provider as the connection layer sees it."""
    if not url:
        raise FixSettings(f"{app.provider.title} has no such endpoint.", code="bad_settings")
    return Integration(
        name=f"oauth_{app.name}",
        base_url=url.replace("{client_id}", quote(app.client_id, safe="")),
        authentication=authentication or NoAuth(),
    )


def user_info_request(app: App) -> Request:
    """Return the request for who signed in."""
    return Request(method="GET", path="", headers=app.provider.userinfo_headers or None, endpoint="user_info")


def read_user_info(response: Response, app: App) -> UserInfo:
    """Read who signed in; raises what a reply without a user's id means."""
    if not response.success:
        raise _refused(response, app)
    body = read_object(response)
    user_id = id_of(body.get(app.provider.subject))
    if not user_id:
        raise unreadable(response, app.provider.title, f"the user's {app.provider.subject}")
    login, name, email = (_text(body.get(one)) for one in (app.provider.login, "name", "email"))
    return UserInfo(user_id, login, name, email, body)


def revoke_authentication(app: App) -> Authentication:
    """Return how a client proves who it is where tokens are revoked."""
    by_basic = app.provider.revoke == "consent" or (
        app.provider.revoke == "form" and app.provider.client_auth == "basic"
    )
    return Basic(username=app.client_id, password=app.client_secret) if by_basic else NoAuth()


def revoke_request(app: App, token: str, kind: str) -> Request:
    """Return the request that takes a token back; repeating it does no more. `kind`: as in RFC 7009, 2.1."""
    if app.provider.revoke == "consent":  # wants an access token, and ends all tokens of this person
        return Request(
            method="DELETE",
            path="",
            json={"access_token": token},
            headers=app.provider.userinfo_headers,
            endpoint="revoke",
        )
    form = {"token": token}
    if app.provider.revoke == "form":
        form["token_type_hint"] = kind
        if app.provider.client_auth == "body":
            form |= {"client_id": app.client_id, "client_secret": app.client_secret}
    return Request(method="POST", path="", data=form, repeatable=True, endpoint="revoke")


def read_revocation(response: Response, app: App) -> bool:
    """Return whether this revoked it; False if it was none any more. Raises unless one of them is certain."""
    if response.success:
        return True
    if app.provider.revoke == "consent" and response.status in {404, 422}:
        return False
    if response.status == 400 and word_of(read_object(response).get("error")) == "invalid_token":
        return False
    raise _refused(response, app)


def _refused(response: Response, app: App) -> ConnectError:
    title, status = app.provider.title, response.status
    body = read_object(response)
    word = word_of(body.get("error")) or f"http_{status}"
    detail = detail_of(response, body.get("error_description") or body.get("message"))
    message = f"{title} answered {status}{': ' + detail if detail else ''}"
    if status in {401, 403}:
        return named(
            SignInAgain(f"{message}. The token may not do this. Sign in again.", code=word), response
        )
    if status in _BUSY or status >= 500:
        return named(TryLater(f"{message}. Try again later.", code=word), response)
    return named(FixSettings(f"{message}. Check the addresses of the OAuth app.", code=word), response)


def _text(value: object) -> str:
    """A person's name or address: shown to who asked for it, so not masked as `line_of` would."""
    if not isinstance(value, str):
        return ""
    return value[:200] if value.isprintable() else line_of(value)
