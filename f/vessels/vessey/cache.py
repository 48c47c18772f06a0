"""Vessels as Vessey had them a moment ago, for all jobs of a store.

Kept as they were answered: what depends on the time, such as whether a position is stale, is worked out when
they are read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from f.connect.errors import ConnectError, TryLater
from f.connect.redact import digest_of

if TYPE_CHECKING:
    from f.store.store import Store

_KEEP_SECONDS = 7 * 86_400.0
_AHEAD_SECONDS = 5.0  # how far the clocks of two workers may differ
_TABLE = """CREATE TABLE IF NOT EXISTS vessey_cache (
    key TEXT PRIMARY KEY, body TEXT NOT NULL, at DOUBLE PRECISION NOT NULL)"""
_READ = "SELECT body, at FROM vessey_cache WHERE key = :key"
_WRITE = """INSERT INTO vessey_cache (key, body, at) VALUES (:key, :body, :at)
    ON CONFLICT (key) DO UPDATE SET body = excluded.body, at = excluded.at"""
_FORGET = "DELETE FROM vessey_cache WHERE at < :old"


@dataclass(frozen=True, slots=True)
class Cached:
    """What Vessey answered, and how many seconds ago. `because`: why it was not asked anew, though old."""

    body: dict[str, Any]
    age: float
    because: ConnectError | None = None


def key_for(resource: Mapping[str, Any], imo: str) -> str:
    """Return what a vessel is kept under: accounts do not see each other's."""
    return digest_of(resource.get("base_url"), resource.get("api_key"), imo)


def through_cache(
    store: Store, key: str, fetch: Callable[[], dict[str, Any]], *, fresh_for: float, usable_for: float
) -> Cached:
    """Return what is kept if it is fresh, else fetch it.

    If Vessey cannot be asked just now (TryLater), what is kept is good for `usable_for` seconds.
    """
    _prepare(store)
    kept = _read(store, key)
    if kept is not None and kept.age < fresh_for:
        return kept
    try:
        body = fetch()
    except TryLater as error:
        if kept is not None and kept.age < usable_for:
            return Cached(kept.body, kept.age, error)
        raise
    store.execute(_WRITE, {"key": key, "body": json.dumps(body), "at": store.now()})
    return Cached(body, 0.0)


def _read(store: Store, key: str) -> Cached | None:
    rows = store.execute(_READ, {"key": key})
    if not rows:
        return None
    body, age = json.loads(rows[0][0]), store.now() - rows[0][1]
    if age < -_AHEAD_SECONDS or not isinstance(
        body, dict
    ):  # the clock was set back: nobody knows how old it is
        return None
    return Cached(body, max(0.0, age))


def _prepare(store: Store) -> None:
    """Make the table and forget what nobody can use any more, once for each Store instance."""

    def make() -> bool:
        store.create(_TABLE)
        store.execute(_FORGET, {"old": store.now() - _KEEP_SECONDS})
        return True

    store.shared("vessey_cache", make)
