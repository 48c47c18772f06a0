"""What the scripts return of a sign-in. No token is among it, unless somebody asks for just that.

Windmill keeps the result of every run, and shows it to all who may see the run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict

from f.connect.errors import ConnectError, FixInput, FixSettings, SignInAgain, TryLater
from f.connect.times import to_iso
from f.identity.oauth.sign_ins import SignedIn, shared_token
from f.windmill.connection import connection
from f.windmill.values import resource_at

if TYPE_CHECKING:
    from f.connect.sign_in.shared_token import SharedToken, Token
    from f.identity.oauth.app import App
    from f.store.store import Store

Deliver = Literal["keep", "variable", "result"]


class SignInResult(TypedDict):
    """`refreshable`: whether the sign-in goes on after `expires_at`. `note`: what to know of it."""

    status: Literal["signed_in"]
    provider: str
    account: str
    scopes: list[str]
    missing_scopes: list[str]
    expires_at: str | None
    refreshable: bool
    note: str


class TokenResult(TypedDict):
    """`access_token` is None unless it was asked for as `result`; times are None if nobody knows them."""

    status: Literal["fresh", "refreshed"]
    provider: str
    account: str
    expires_at: str | None
    seconds_left: int | None
    delivered: Deliver
    variable: str
    access_token: str | None


def sign_in_result(app: App, signed_in: SignedIn) -> SignInResult:
    """Return what came of a sign-in."""
    return {
        "status": "signed_in",
        "provider": app.name,
        "account": signed_in.account,
        "scopes": list(signed_in.scopes),
        "missing_scopes": list(signed_in.missing_scopes),
        "expires_at": to_iso(signed_in.expires_at) if signed_in.expires_at else None,
        "refreshable": signed_in.refreshable,
        "note": signed_in.note,
    }


def fresh_token(app: App, account: str, store: Store, min_seconds: float) -> Token:
    """Return a token that holds for so many seconds, refreshed if need be by one job for all."""
    token = shared_token(app, account, store).get(early=min_seconds)
    if token.expires_at and token.expires_at - store.now() < min_seconds - 1:
        lives = int(token.expires_at - store.now())
        raise FixInput(
            f"A token of {app.provider.title} lives {lives} seconds, which is less than min_seconds.",
            code="min_seconds",
        )
    return token


def refresh_now(shared: SharedToken) -> Token:
    """Return another token than there is; that of another job which refreshes it right now will do."""
    shared.row.prepare()
    found = shared.row.read()
    if found.access_token and not found.refresh_token:
        raise SignInAgain(
            "This sign-in has no refresh token, so nothing can be refreshed. It ends with its access token.",
            code="no_refresh_token",
        )
    return shared.get(found.access_token)


def token_result(
    app: App, account: str, token: Token, now: float, status: Literal["fresh", "refreshed"]
) -> TokenResult:
    """Return what is to be known of a token, without the token."""
    return {
        "status": status,
        "provider": app.name,
        "account": account,
        "expires_at": to_iso(token.expires_at) if token.expires_at else None,
        "seconds_left": int(token.expires_at - now) if token.expires_at else None,
        "delivered": "keep",
        "variable": "",
        "access_token": None,
    }


def deliver(result: TokenResult, token: str, how: Deliver, variable: str) -> TokenResult:
    """Hand a token on: not at all, into a secret variable, or in the result."""
    if how == "keep":
        return result
    if how == "result":
        return {**result, "delivered": how, "access_token": token}
    if not variable.startswith(("f/", "u/")):
        raise FixInput("Name the variable for the token, such as f/identity/google_token.", code="variable")
    try:
        connection().set_variable(variable, token, is_secret=True)
    except ConnectError:
        raise
    except Exception as error:  # the client's own, whatever it is
        raise TryLater(
            f"Windmill did not take the variable {variable} ({type(error).__name__}).", code="platform"
        ) from error
    return {**result, "delivered": how, "variable": variable}


def windmill_token(path: str) -> str:
    """Return the token of a resource that Windmill itself keeps fresh. It refreshes it when it is read."""
    value = windmill_resource(path)
    token = next((value[name] for name in ("token", "access_token") if value.get(name)), None)
    if not isinstance(token, str):
        raise FixSettings(f"The resource {path} has no token.", code="bad_settings")
    return token


def windmill_resource(path: str) -> dict[str, Any]:
    """Return the value of a resource as it is now."""
    if not path.startswith(("f/", "u/")) or not path.isprintable():
        raise FixInput("A resource is named by its path, such as u/ada/gmail.", code="bad_path")
    return resource_at(path)
