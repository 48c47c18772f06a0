"""What our own record says beside keys: what was told of an object, and what came at a time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from f.webhooks.inbox.inbox import event_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from f.store.store import Store
    from f.webhooks.healing.listing import Listed

_ROWS = "FROM each_row(:rows) AS j"
# By the time of receipt first, for that has an index.
_TOLD = f"""SELECT j.value ->> 0 {_ROWS} WHERE EXISTS (SELECT 1 FROM webhook_event AS e
    WHERE e.received_at >= :since AND e.source = :source
    AND e.provider_id = j.value ->> 1 AND e.type = j.value ->> 2)"""  # noqa: S608 - made of constants
_CAME = f"""SELECT 1 FROM webhook_event AS e WHERE e.received_at >= :since AND e.source = :source
    AND e.origin = 'received' AND COALESCE(e.occurred_at, e.received_at) > :after
    AND COALESCE(e.occurred_at, e.received_at) < :before
    AND e.type IN (SELECT j.value ->> 0 {_ROWS}) LIMIT 1"""  # noqa: S608 - made of constants
_HEALED = f"""SELECT e.id FROM webhook_event AS e WHERE e.origin = 'healed'
    AND e.id IN (SELECT j.value ->> 0 {_ROWS})"""  # noqa: S608 - made of constants
_CAME_WITH = """SELECT 1 FROM webhook_event AS e WHERE e.source = :source AND e.origin = 'received'
    AND e.headers LIKE :header LIMIT 1"""
_CLOCKS_DIFFER = 3600.0  # seconds, between the provider's and the store's


def told_of(store: Store, source: str, listed: Sequence[Listed], since: float) -> set[str]:
    """Return the keys of those whose object and type were told, under whatever key."""
    rows = json.dumps([[one.key, one.provider_id, one.type] for one in listed])
    values = {"rows": rows, "source": source, "since": since - _CLOCKS_DIFFER}
    return {str(key) for (key,) in store.execute(_TOLD, values)}


def healed_of(store: Store, source: str, keys: Sequence[str]) -> set[str]:
    """Return the keys of those events that are there because they were healed."""
    ids = {event_id(source, key): key for key in keys}
    rows = store.execute(_HEALED, {"rows": json.dumps([[one] for one in ids])})
    return {ids[str(one)] for (one,) in rows}


def came_between(store: Store, source: str, types: Iterable[str], after: float, before: float) -> bool:
    """Return whether the provider itself has told the source anything of these types at that time."""
    rows = json.dumps([[one] for one in sorted(set(types))])
    values = {"rows": rows, "source": source, "after": after, "before": before}
    return bool(store.execute(_CAME, {**values, "since": after - _CLOCKS_DIFFER}))


def came_with(store: Store, source: str, name: str, value: str) -> bool:
    """Return whether the source was ever told anything with this header, which has no sign of LIKE in it."""
    values = {"source": source, "header": f"%{json.dumps(name)}: {json.dumps(value)}%"}
    return bool(store.execute(_CAME_WITH, values))
