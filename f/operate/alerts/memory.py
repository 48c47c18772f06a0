"""What the looks of alert_slow_or_failing leave to the next one, in the shared store.

One job looks at a time: who finds the lease taken leaves the look to the other. It writes all of what it
found at once, and nothing if another has taken over meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from f.operate.alerts.states import Alert, from_json, to_json
from f.store.store import HELD, write_held

if TYPE_CHECKING:
    from f.store.store import Lease, Store

LEASE_KEY = "operate alerts"
LEASE_SECONDS = 300.0

_TABLE = """CREATE TABLE IF NOT EXISTS operate_watch (
    kind TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (kind, key))"""
_READ = "SELECT kind, key, value FROM operate_watch"
_WRITE = f"""INSERT INTO operate_watch AS w
    SELECT j.value ->> 0, j.value ->> 1, j.value ->> 2 FROM each_row(:rows) AS j WHERE {HELD}
    ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value"""  # noqa: S608 - made of constants
_DELETE = f"""DELETE FROM operate_watch WHERE {HELD} AND EXISTS (SELECT 1 FROM each_row(:rows) AS j
    WHERE j.value ->> 0 = operate_watch.kind AND j.value ->> 1 = operate_watch.key)"""  # noqa: S608 - as above


@dataclass
class Memory:
    """`windows`: totals by integration, and since when. `services_at`: when they were checked last."""

    alerts: dict[str, Alert] = field(default_factory=dict)
    windows: dict[str, dict[str, Any]] = field(default_factory=dict)
    services_at: float = 0.0


def read_memory(store: Store) -> Memory:
    """Return what is known; what cannot be read any more counts as not known."""
    store.create(_TABLE)
    memory = Memory()
    for kind, key, text in store.execute(_READ):
        value = json.loads(text)
        if kind == "alert" and (alert := from_json(value)) is not None:
            memory.alerts[key] = alert
        elif kind == "window":
            memory.windows[key] = value
        elif kind == "services":
            memory.services_at = float(value)
    return memory


def write_memory(store: Store, lease: Lease, before: Memory, now: Memory) -> bool:
    """Write what has changed; return whether the lease still held."""
    old, new = _rows(before), _rows(now)
    changed = [[*key, value] for key, value in new.items() if old.get(key) != value]
    gone = [list(key) for key in old if key not in new]
    written = write_held(
        store, lease, (_WRITE, {"rows": json.dumps(changed)}), (_DELETE, {"rows": json.dumps(gone)})
    )
    return written is not None


def _rows(memory: Memory) -> Mapping[tuple[str, str], str]:
    rows = {("alert", key): json.dumps(to_json(alert)) for key, alert in memory.alerts.items()}
    rows |= {("window", key): json.dumps(value) for key, value in memory.windows.items()}
    if memory.services_at:
        rows["services", ""] = json.dumps(memory.services_at)
    return rows
