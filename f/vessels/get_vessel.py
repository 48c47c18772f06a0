"""A vessel as it stands now, from a cache: what the route `GET vessels/:imo` answers.

Returns the vessel, and how old the answer is. All jobs share the cache and the rate limit. While Vessey is
down or the limit is used up, what is kept is returned as long as it is not too old, and says so. Behind the
route errors have their status: 400, 404, 429 and 503 with Retry-After.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.vessels.vessey.cache import Cached
    from f.vessels.vessey.client import vessey

RESOURCE = "f/vessels/vessey"
_REFUSAL = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
        }
    },
}
_LATER = {"schema": _REFUSAL, "headers": {"Retry-After": "Seconds to wait."}}
_REPLIES = {
    "200": {
        "description": "The vessel, its position, and how old the answer is.",
        "schema": {"type": "object", "required": ["imo", "cache"]},
        "headers": {"Age": "Seconds since it was asked for.", "Cache-Control": "How long it counts."},
    },
    "400": {"description": "No IMO number.", "schema": _REFUSAL},
    "404": {"description": "Vessey knows no such vessel.", "schema": _REFUSAL},
    "429": {"description": "Too many requests for our account.", **_LATER},
    "500": {"description": "The account is set up wrongly.", "schema": _REFUSAL},
    "502": {"description": "Vessey does not take our credential.", "schema": _REFUSAL},
    "503": {"description": "Vessey is down, and nothing good enough is kept.", **_LATER},
}
# For `mill openapi`: what a request to the route becomes, and what is answered.
HTTP = {
    "*": {"path": {"imo": {"input": "imo", "example": "9074729"}}, "replies": _REPLIES},
    "webhook": {"inputs_from": ["json"], "without": ["as_reply"], "replies": _REPLIES},
}


def main(
    imo: str,
    vessey: vessey | None = None,
    cache_seconds: float = 60,
    stale_if_error_seconds: float = 3600,
    stale_after_minutes: float = 60,
    as_reply: bool = False,
    database: postgresql | None = None,
) -> dict[str, Any]:
    from f.connect.errors import ConnectError
    from f.connect.integration import Retry
    from f.store.stores import open_store
    from f.vessels.vessey.bounds import seconds
    from f.vessels.vessey.cache import key_for, through_cache
    from f.vessels.vessey.http_reply import error_reply, reply_of
    from f.vessels.vessey.identity import imo_of
    from f.vessels.vessey.vessel import Age, vessel_of
    from f.vessels.vessey.vessey_client import VesseyClient
    from f.windmill.values import resource_at

    # Somebody waits for the answer.
    patience = Retry(max_retries=1, max_delay=2.0, longest_wait=2.0, max_elapsed=10.0)
    try:
        number = imo_of(imo)
        stale_after = seconds("stale_after_minutes", stale_after_minutes, per=60)
        fresh_for = seconds("cache_seconds", cache_seconds)
        usable_for = seconds("stale_if_error_seconds", stale_if_error_seconds)
        account = vessey or resource_at(RESOURCE)
        with (
            open_store(database, "vessels") as store,
            VesseyClient(account, store, patience=patience) as client,
        ):
            cached = through_cache(
                store,
                key_for(account, number),
                lambda: client.fetch_vessel(number),
                fresh_for=fresh_for,
                usable_for=usable_for,
            )
            now = datetime.fromtimestamp(store.now(), UTC)
    except ConnectError as error:
        if not as_reply:
            raise
        return error_reply(error)
    body = {**vessel_of(cached.body, Age(now, stale_after)), "cache": _cache(cached)}
    if not as_reply:
        return body
    left = max(0, int(fresh_for - cached.age))
    return reply_of(200, body, {"Age": str(int(cached.age)), "Cache-Control": f"private, max-age={left}"})


def _cache(cached: Cached) -> dict[str, Any]:
    """How old the answer is, and why it is not newer if it should be."""
    return {
        "age_seconds": round(cached.age, 3),
        "stale": cached.because is not None,
        "reason": str(cached.because or ""),
    }


def preprocessor(event: dict[str, Any]) -> dict[str, Any]:
    """Turn a request to the route into main's arguments; at the script's own webhook its fields are them."""
    if event.get("kind") == "webhook":
        body = event.get("body")
        return {**(body if isinstance(body, dict) else {}), "as_reply": True}
    # Not of `params`: there Windmill has replaced a text such as `$var:f/a/b` by what it names.
    path = str(event.get("path") or "").rstrip("/")
    return {"imo": unquote(path.rpartition("/")[2]), "as_reply": True}
