"""Answer a browser that signs in: the routes oauth/:app/start and oauth/:app/callback.

`:app` names a resource f/identity/<app> of the type oauth_app. Start sends the browser to the provider;
with `state` and `key` of a link of start_sign_in it goes on with that sign-in, else whoever comes signs in
under the provider's own id of that person. Callback keeps the tokens, and sends the browser to where
`return_to` of the start said, or shows a page. A page that is opened a second time says that the sign-in is
over. Returns the HTTP reply.
"""

from typing import Any, Literal

from f.connect.errors import ConnectError
from f.identity.oauth.app import App, app_of
from f.identity.oauth.browser import (
    answer_of,
    browser_key_of,
    refusal_page,
    resource_of,
    to_provider,
    to_return,
)
from f.identity.oauth.results import windmill_resource
from f.identity.oauth.sign_ins import begin, finish, resume
from f.store.store import Store
from f.store.stores import open_store, postgresql


def main(
    step: Literal["start", "callback"],
    app: str,
    query: dict | None = None,
    cookies: str = "",
    database: postgresql | None = None,
) -> dict[str, Any]:
    try:
        registered = app_of(windmill_resource(resource_of(app)))
        with open_store(database, "identity") as store:
            if step == "start":
                return _start(registered, store, query or {})
            return _callback(registered, store, query or {}, cookies)
    except ConnectError as error:
        return refusal_page(error)


def preprocessor(event: dict[str, Any]) -> dict[str, Any]:
    """Turn a request into main's arguments."""
    return {
        "step": "callback" if str(event.get("route", "")).endswith("callback") else "start",
        "app": str((event.get("params") or {}).get("app", "")),
        "query": dict(event.get("query") or {}),
        "cookies": str((event.get("headers") or {}).get("cookie", "")),
    }


def _start(app: App, store: Store, query: dict[str, Any]) -> dict[str, Any]:
    if state := str(query.get("state") or ""):
        return to_provider(app, resume(app, store, state, str(query.get("key") or "")))
    return to_provider(app, begin(app, store, account="", return_to=str(query.get("return_to") or "")))


def _callback(app: App, store: Store, query: dict[str, Any], cookies: str) -> dict[str, Any]:
    answer = answer_of(query)
    state = answer.get("state", "")
    signed_in = finish(app, store, browser_key=browser_key_of(cookies, state), answer=answer)
    return to_return(app, signed_in, state)
