"""The ledger of effects: which once_key stands for which write, and what became of it.

    no row --begin--> begun --finish--> done, with the first result
                      begun --give_back--> no row          it is certain that nothing was done
                      begun, and nobody holds its lease     in doubt: killed, or its answer lost

The rows hold hashes, ids and counts. What a look-up of a write in doubt needs beyond that is sealed under the
once_key, which the ledger does not know, and removed once the write is done.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from f.connect.times import DAY_SECONDS
from f.store.sent_keys import KEEP_SECONDS, key_of
from f.store.store import HELD, Lease, take, write_held

if TYPE_CHECKING:
    from f.store.store import Store

LEASE_SECONDS = 120.0
KEPT_SECONDS = 90 * DAY_SECONDS
# What was sent is forgotten after a while (f.store.sent_keys), and after that sending again could repeat it.
IN_DOUBT_SECONDS = KEEP_SECONDS - DAY_SECONDS
HOUR_SECONDS = 3600.0

_TABLE = """CREATE TABLE IF NOT EXISTS tool_effect (
    key TEXT PRIMARY KEY, tool TEXT NOT NULL, arguments TEXT NOT NULL, state TEXT NOT NULL,
    result TEXT NOT NULL, kept TEXT NOT NULL, sealed TEXT NOT NULL, mark TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL)"""
_INDEX = "CREATE INDEX IF NOT EXISTS tool_effect_at ON tool_effect (at)"
# One row a tool, which whoever counts changes first, so that in Postgres two do not count the same at once.
_COUNTS = "CREATE TABLE IF NOT EXISTS tool_count (tool TEXT PRIMARY KEY, at DOUBLE PRECISION NOT NULL)"
_COUNT = """INSERT INTO tool_count (tool, at) VALUES (:tool, :at)
    ON CONFLICT (tool) DO UPDATE SET at = :at"""
_FORGET = "DELETE FROM tool_effect WHERE at < :old"
_READ = "SELECT tool, arguments, state, result, kept, sealed, mark, at FROM tool_effect WHERE key = :key"
_BEGIN = f"""INSERT INTO tool_effect (key, tool, arguments, state, result, kept, sealed, mark, at)
    SELECT :key, :tool, :arguments, 'begun', '', :kept, :sealed, :mark, CAST(:at AS DOUBLE PRECISION)
    WHERE {HELD} AND (:most < 0 OR :most >
    (SELECT COUNT(*) FROM tool_effect WHERE tool = :tool AND at > :since))
    ON CONFLICT (key) DO NOTHING RETURNING key"""  # noqa: S608 - made of constants
_FINISH = """UPDATE tool_effect SET state = 'done', result = :result, sealed = ''
    WHERE key = :key AND mark = :mark AND state <> 'done' RETURNING key"""
_GIVE_BACK = f"DELETE FROM tool_effect WHERE key = :key AND mark = :mark AND state = 'begun' AND {HELD}"  # noqa: S608 - made of constants
_SINCE = "SELECT COUNT(*), MIN(at) FROM tool_effect WHERE tool = :tool AND at > :since"


@dataclass(frozen=True, slots=True)
class Effect:
    """A row. `mark` is its own name for the write, new with each begin; `kept` is plain, `sealed` is not."""

    key: str
    tool: str
    arguments: Mapping[str, str]
    state: Literal["begun", "done"]
    result: dict[str, Any] | None
    kept: Mapping[str, Any]
    sealed: str
    mark: str
    at: float


@dataclass(frozen=True, slots=True)
class Begin:
    """What is written down before a write. `most`: so many of the tool within an hour; None: any number."""

    tool: str
    arguments: Mapping[str, str]
    kept: Mapping[str, Any]
    sealed: str = ""
    most: int | None = None


class Ledger:
    """The effects in a store. Every key is the hash of a once_key."""

    def __init__(self, store: Store) -> None:
        self.store = store
        store.shared("tool_effect", self._prepare)

    def _prepare(self) -> bool:
        for table in (_TABLE, _INDEX, _COUNTS):
            self.store.create(table)
        self.store.execute(_FORGET, {"old": self.store.now() - KEPT_SECONDS})
        return True

    def read(self, key: str) -> Effect | None:
        """Return what is known of a key."""
        rows = self.store.execute(_READ, {"key": key})
        if not rows:
            return None
        tool, arguments, state, result, kept, sealed, mark, at = rows[0]
        return Effect(
            key,
            tool,
            json.loads(arguments),
            state,
            json.loads(result) if result else None,
            json.loads(kept),
            sealed,
            mark,
            float(at),
        )

    def take(self, key: str) -> Lease | None:
        """Take the right to act on a key; None if another job has it."""
        return take(self.store, _lease(key), secrets.token_hex(8), LEASE_SECONDS)

    def begin(self, lease: Lease, key: str, begin: Begin) -> bool:
        """Write down that a write is about to happen; return whether it was written.

        It is not if there is a row by now, if the lease was lost, or if `most` of the last hour are reached.
        """
        now = self.store.now()
        values = {
            "key": key,
            "tool": begin.tool,
            "arguments": json.dumps(begin.arguments),
            "kept": json.dumps(begin.kept),
            "sealed": begin.sealed,
            "mark": secrets.token_hex(16),
            "at": now,
            "most": -1 if begin.most is None else begin.most,
            "since": now - HOUR_SECONDS,
            "lease_key": lease.key,
            "lease_holder": lease.holder,
            "lease_number": lease.number,
        }
        _, written = self.store.together([(_COUNT, {"tool": begin.tool, "at": now}), (_BEGIN, values)])
        return bool(written)

    def finish(self, effect: Effect, result: Mapping[str, Any]) -> None:
        """Keep the first result, whoever has the lease by now: nothing found out later changes it."""
        values = {"key": effect.key, "mark": effect.mark, "result": json.dumps(result)}
        self.store.execute(_FINISH, values)

    def give_back(self, lease: Lease, effect: Effect) -> None:
        """Forget a write of which it is certain that nothing was done."""
        write_held(self.store, lease, (_GIVE_BACK, {"key": effect.key, "mark": effect.mark}))

    def of_the_hour(self, tool: str) -> tuple[int, float | None]:
        """Return how many writes of a tool began within the last hour, and when the first of them did."""
        values = {"tool": tool, "since": self.store.now() - HOUR_SECONDS}
        count, first = self.store.execute(_SINCE, values)[0]
        return int(count), None if first is None else float(first)


def ledger_key(once_key: str) -> str:
    """Return what a once_key is called in the ledger, which tells nothing of it."""
    return key_of("tools", once_key)


def _lease(key: str) -> str:
    return f"effect:{key}"
