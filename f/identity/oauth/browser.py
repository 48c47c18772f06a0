"""What a browser is told during a sign-in: redirects, a cookie, and pages of a sentence."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from f.connect.errors import ConnectError, FixInput, SignInAgain
from f.connect.redact import digest_of
from f.identity.oauth.pending import STATE_SECONDS

if TYPE_CHECKING:
    from f.identity.oauth.app import App
    from f.identity.oauth.sign_ins import Begun, SignedIn

_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")
_ANSWER = ("code", "state", "iss", "error")
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
}
_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
    "<style>body{{font:16px/1.5 system-ui,sans-serif;max-width:36em;margin:15vh auto;padding:0 1em}}</style>"
    "<h1>{title}</h1><p>{text}</p></html>"
)


def resource_of(name: str) -> str:
    """Return the path of the app that a route names; FixInput for what is no name."""
    if not _NAME.fullmatch(name):
        raise FixInput("This address names no OAuth app.", code="bad_app")
    return f"f/identity/{name}"


def to_provider(app: App, begun: Begun) -> dict[str, Any]:
    """Return the reply that sends a browser to the provider, with the key that only it has."""
    cookie = f"{_cookie_name(begun.state)}={begun.browser_key}; Max-Age={int(STATE_SECONDS)}"
    return _reply(303, {"Location": begun.url, "Set-Cookie": cookie + _cookie_rules(app)})


def to_return(app: App, signed_in: SignedIn, state: str) -> dict[str, Any]:
    """Return the reply to a browser that has signed in: on to where it wanted to go, or a page."""
    headers = {"Set-Cookie": f"{_cookie_name(state)}=; Max-Age=0{_cookie_rules(app)}"}
    if signed_in.return_to:
        return _reply(303, {**headers, "Location": signed_in.return_to})
    text = f"You are signed in to {app.provider.title}. You may close this page."
    return _page(200, "Signed in", text, headers)


def refusal_page(error: ConnectError) -> dict[str, Any]:
    """Return the page for what went wrong. What a stranger is not to know is left to the job's log."""
    if isinstance(error, FixInput | SignInAgain):
        return _page(400, "Not signed in", str(error), {})
    page = _page(
        503, "Not signed in", "The sign-in does not work at the moment. Who runs this site finds out why.", {}
    )
    return {**page, "wm_failure": str(error)}


def browser_key_of(cookies: str, state: str) -> str:
    """Return the key in a Cookie header, "" if there is none."""
    for cookie in cookies.split(";"):
        name, _, value = cookie.strip().partition("=")
        if name == _cookie_name(state):
            return value
    return ""


def answer_of(query: Mapping[str, Any]) -> dict[str, str]:
    """Return what a provider may answer with, of a query in which anything may stand."""
    return {name: str(query[name]) for name in _ANSWER if query.get(name)}


def link_of(app: App, begun: Begun) -> str:
    """Return the address of our own start route, "" if the callback is not one of our routes."""
    parts = urlsplit(app.redirect_uri)
    if not parts.path.endswith("/callback"):
        return ""
    path = parts.path.removesuffix("/callback") + "/start"
    return parts._replace(path=path, query=f"state={begun.state}&key={begun.browser_key}").geturl()


def _cookie_name(state: str) -> str:
    """One for each sign-in, so that two in two tabs do not meet."""
    return f"millwright_sign_in_{digest_of(state)[:12]}"


def _cookie_rules(app: App) -> str:
    """Lax: the provider's redirect is a navigation from another site, and has to bring the cookie."""
    parts = urlsplit(app.redirect_uri)
    path = parts.path.rpartition("/")[0] or "/"
    secure = "; Secure" if parts.scheme == "https" else ""
    return f"; Path={path}; HttpOnly; SameSite=Lax{secure}"


def _page(status: int, title: str, text: str, headers: Mapping[str, str]) -> dict[str, Any]:
    body = _PAGE.format(title=html.escape(title), text=html.escape(text))
    return {**_reply(status, headers), "windmill_content_type": "text/html; charset=utf-8", "result": body}


def _reply(status: int, headers: Mapping[str, str]) -> dict[str, Any]:
    """Windmill's way of saying an HTTP reply."""
    return {"windmill_status_code": status, "windmill_headers": {**_HEADERS, **headers}, "result": None}
