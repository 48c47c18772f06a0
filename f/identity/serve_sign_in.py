"""Answer a browser that signs in: the routes oauth/:app/start and oauth/:app/callback.

`:app` names a resource f/identity/<app> of the type oauth_app. Start sends the browser to the provider;
with `state` and `key` of a link of start_sign_in it goes on with that sign-in, else whoever comes signs in
under the provider's own id of that person. Callback keeps the tokens, and sends the browser to where
`return_to` of the start said, or shows a page. A page that is opened a second time says that the sign-in is
over. Returns the HTTP reply.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.identity.oauth.app import App
    from f.store.store import Store

_APP = {"app": {"input": "app", "description": "Name of a resource f/identity/<app>.", "example": "google"}}
_PAGES = {
    "303": {
        "description": "On to where the sign-in goes on.",
        "type": "",
        "headers": {"Location": "Where to."},
    },
    "400": {"description": "A page that says why this is no sign-in.", "type": "text/html"},
    "503": {"description": "A page that says that sign-ins do not work now.", "type": "text/html"},
}
# For `mill openapi`: what a request becomes and what is answered, by the route's name.
HTTP = {
    "oauth_start": {
        "path": _APP,
        "query": {
            "return_to": {
                "input": "query.return_to",
                "type": "string",
                "description": "Where to go afterwards: one of the return paths of the OAuth app.",
            },
            "state": {
                "input": "query.state",
                "type": "string",
                "description": "Of a link of start_sign_in: which sign-in to go on with.",
            },
            "key": {"input": "query.key", "type": "string", "description": "The key of that link."},
        },
        "replies": _PAGES,
    },
    "oauth_callback": {
        "path": _APP,
        "query": {
            "code": {"input": "query.code", "type": "string", "description": "What the provider gave."},
            "state": {"input": "query.state", "type": "string", "description": "Which sign-in it was."},
            "iss": {"input": "query.iss", "type": "string", "description": "Who the provider is."},
            "error": {"input": "query.error", "type": "string", "description": "Why there is no code."},
        },
        "replies": {
            "200": {"description": "A page that says that one is signed in.", "type": "text/html"},
            **_PAGES,
        },
    },
    "webhook": {},
}


def main(
    step: Literal["start", "callback"],
    app: str,
    query: dict | None = None,
    cookies: str = "",
    database: postgresql | None = None,
) -> dict[str, Any]:
    from f.connect.errors import ConnectError
    from f.identity.oauth.browser import refusal_page
    from f.store.stores import open_store

    try:
        registered = _app(app)
        with open_store(database, "identity") as store:
            if step == "start":
                return _start(registered, store, query or {})
            return _callback(registered, store, query or {}, cookies)
    except ConnectError as error:
        return refusal_page(error)


def _app(name: str) -> App:
    """Return the app that a route names. Strangers may ask for what is none: that is no fault of ours."""
    from f.connect.errors import FixInput, FixSettings
    from f.identity.oauth.app import app_of
    from f.identity.oauth.browser import resource_of
    from f.identity.oauth.results import windmill_resource
    from f.windmill.values import resource_type_at

    path = resource_of(name)
    try:
        return app_of(windmill_resource(path))
    except FixSettings:
        if resource_type_at(path) == "oauth_app":
            raise
        raise FixInput("This address names no OAuth app.", code="bad_app") from None


def preprocessor(event: dict[str, Any]) -> dict[str, Any]:
    """Turn a request into main's arguments."""
    return {
        "step": "callback" if str(event.get("route", "")).endswith("callback") else "start",
        "app": str((event.get("params") or {}).get("app", "")),
        "query": dict(event.get("query") or {}),
        "cookies": str((event.get("headers") or {}).get("cookie", "")),
    }


def _start(app: App, store: Store, query: dict[str, Any]) -> dict[str, Any]:
    from f.identity.oauth.browser import to_provider
    from f.identity.oauth.sign_ins import begin, resume

    if state := str(query.get("state") or ""):
        return to_provider(app, resume(app, store, state, str(query.get("key") or "")))
    return to_provider(app, begin(app, store, account="", return_to=str(query.get("return_to") or "")))


def _callback(app: App, store: Store, query: dict[str, Any], cookies: str) -> dict[str, Any]:
    from f.identity.oauth.browser import answer_of, browser_key_of, to_return
    from f.identity.oauth.sign_ins import finish

    answer = answer_of(query)
    state = answer.get("state", "")
    signed_in = finish(app, store, browser_key=browser_key_of(cookies, state), answer=answer)
    return to_return(app, signed_in, state)
