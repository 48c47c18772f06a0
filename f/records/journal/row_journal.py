"""What became of each record at a target, durable over crashes, runs and jobs.

Before a row is sent its intent is committed here, after the answer its outcome. A row is known by its key
(what makes two rows the same record) and its content, never by its line: a run after a crash finds what was
sent and what was answered, and a later import of the same file finds nothing left to do. Both are kept as
hashes.

    (unknown) --claim--> sent --record_outcomes: applied-------------> done
                          |  --record_outcomes: refused, not applied-> (unknown), or done as it was before
                          |  --record_outcomes: in doubt------------> sent, nobody's
                          `- its job dies ---------------------------> sent, that job's

A row whose state is `sent`, and whose owner is nobody or a dead job, is in doubt for whoever claims it next.
What the target refused or did not apply leaves no trace, so that it is tried again.
"""

from __future__ import annotations

# ruff: noqa: D102 - Journal says what the methods of the two journals are for
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import orjson

from f.connect.times import DAY_SECONDS
from f.records.journal.owner import NOBODY, Owner
from f.store.stores import SqliteStore

if TYPE_CHECKING:
    from f.store.store import Store

_TABLES = (
    """CREATE TABLE IF NOT EXISTS import_rows (
    target TEXT NOT NULL, record_key TEXT NOT NULL, content TEXT NOT NULL, state TEXT NOT NULL,
    outcome TEXT NOT NULL, remote_id TEXT, import_id TEXT NOT NULL, owner TEXT NOT NULL,
    sent_at DOUBLE PRECISION NOT NULL, renewed_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (target, record_key))""",
    "CREATE TABLE IF NOT EXISTS import_targets (target TEXT PRIMARY KEY, at DOUBLE PRECISION NOT NULL)",
)
# One claim at a time for each target: the row lock lasts until the transaction ends.
_LOCK = """INSERT INTO import_targets AS t (target, at) VALUES (:target, :at)
    ON CONFLICT (target) DO UPDATE SET at = excluded.at"""
_UNLOCK = "DELETE FROM import_targets WHERE target = ''"
_KEY_COLUMN = "record_key"
# Rows come as one JSON array of arrays: a statement for each, or with a parameter for each value, costs six
# times as much in Postgres. This is the only place where SQLite and Postgres need different SQL.
_SQLITE_ROWS = "json_each(:rows) AS j"
_POSTGRES_ROWS = "json_array_elements(CAST(:rows AS json)) AS j(value)"
# CROSS JOIN, as SQLite takes its tables in the order written then: a look-up for each row, not a scan.
_READ = """SELECT record_key, content, state, outcome, remote_id, import_id, owner, sent_at, renewed_at
    FROM {rows} CROSS JOIN import_rows WHERE target = :target AND record_key = j.value ->> 0"""
_RECORD_INTENT = """INSERT INTO import_rows AS r
    (target, record_key, content, state, outcome, remote_id, import_id, owner, sent_at, renewed_at)
    SELECT :target, j.value ->> 0, j.value ->> 1, 'sent', '', NULL, :import_id, :owner, :at, :at
    FROM {rows} WHERE true
    ON CONFLICT (target, record_key) DO UPDATE SET content = excluded.content, state = 'sent', outcome = '',
    remote_id = NULL, import_id = excluded.import_id, owner = excluded.owner,
    sent_at = excluded.sent_at, renewed_at = excluded.renewed_at"""
# A claimed row exists, so this always updates; a row that another job has taken over is left alone.
_DONE = """INSERT INTO import_rows AS r
    (target, record_key, content, state, outcome, remote_id, import_id, owner, sent_at, renewed_at)
    SELECT :target, j.value ->> 0, j.value ->> 1, 'done', j.value ->> 2, j.value ->> 3, j.value ->> 4, '',
    :at, :at FROM {rows} WHERE true
    ON CONFLICT (target, record_key) DO UPDATE SET content = excluded.content, state = 'done',
    outcome = excluded.outcome, remote_id = excluded.remote_id, import_id = excluded.import_id, owner = ''
    WHERE r.owner = :owner"""
_TAKE_OVER = """UPDATE import_rows SET owner = :owner, renewed_at = :at, import_id = :import_id
    WHERE target = :target AND record_key IN (SELECT j.value ->> 0 FROM {rows})"""
# An entry that imports still meet is not old. Written once a week only, for the sake of nightly imports.
_MEET = """UPDATE import_rows SET renewed_at = :at
    WHERE target = :target AND record_key IN (SELECT j.value ->> 0 FROM {rows})"""
_MET_SECONDS = 7 * DAY_SECONDS
_RECORD_JOB = """UPDATE import_rows SET remote_id = :job
    WHERE target = :target AND owner = :owner AND record_key IN (SELECT j.value ->> 0 FROM {rows})"""
_LEAVE_IN_DOUBT = """UPDATE import_rows SET owner = '', sent_at = :at
    WHERE target = :target AND owner = :owner AND record_key IN (SELECT j.value ->> 0 FROM {rows})"""
_FORGET = """DELETE FROM import_rows
    WHERE target = :target AND owner = :owner AND record_key IN (SELECT j.value ->> 0 FROM {rows})"""
_RENEW = """UPDATE import_rows SET renewed_at = :at
    WHERE target = :target AND owner = :owner AND record_key IN (SELECT j.value ->> 0 FROM {rows})"""


# What a statement gets of one row, the key first.
Values = tuple[str | None, ...]


class Entry(NamedTuple):
    """A row to be sent, as the journal knows it: two hashes."""

    key: str
    content: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What the journal knows of a row that is to be sent.

    `mine`: nothing, send it. `in_doubt`: it may have been applied before, with this content or another, as
    part of the bulk job `remote_id` if that is set; it was sent at `since` (seconds since the epoch) at the
    latest. `done`: it was applied before, by this import or another, as record `remote_id`. `elsewhere`:
    another job, still running, is sending it.
    """

    state: Literal["mine", "in_doubt", "done", "elsewhere"]
    same_content: bool = True
    same_import: bool = False
    outcome: str = ""
    remote_id: str | None = None
    since: float = 0.0


MINE = Claim("mine")


class Journal(Protocol):
    """What the planner reads, and what the sender reads and records. Each method is one transaction."""

    def look(self, entries: Sequence[Entry]) -> Mapping[str, Claim]:
        """Return what `claim` would return for these rows, by key. Claims nothing, and waits for no claim."""

    def claim(self, entries: Sequence[Entry]) -> Mapping[str, Claim]:
        """Commit the intent to send these rows, and return by key what is known of each.

        Rows that are `done` or `elsewhere` are not claimed. One claim at a time for each target.
        """

    def record_intent(self, entries: Sequence[Entry]) -> None:
        """Commit that claimed rows, found not to be applied, are about to be sent."""

    def record_job(self, entries: Sequence[Entry], job: str) -> None:
        """Commit that claimed rows are in this bulk job."""

    def record_outcomes(
        self,
        *,
        done: Iterable[tuple[Entry, str, str | None]],
        in_doubt: Iterable[Entry],
        forgotten: Iterable[Entry],
    ) -> None:
        """Commit the outcomes of claimed rows, and give up the claims.

        `done` were applied, with outcome and remote id; `in_doubt` are without an answer; `forgotten` were
        not applied. A row that another job has taken over in the meantime is left alone.
        """

    def renew_claims(self) -> None:
        """Record that this job is still running."""

    def now(self) -> float:
        """Return the seconds since the epoch, by the clock of `Claim.since`."""


class NoJournal:
    """Remembers nothing: every row is new, and there is nothing to commit."""

    def look(self, entries: Sequence[Entry]) -> Mapping[str, Claim]:
        return {entry.key: MINE for entry in entries}

    def claim(self, entries: Sequence[Entry]) -> Mapping[str, Claim]:
        return self.look(entries)

    def record_intent(self, entries: Sequence[Entry]) -> None:
        del entries

    def record_job(self, entries: Sequence[Entry], job: str) -> None:
        del entries, job

    def record_outcomes(self, **outcomes: object) -> None:
        del outcomes

    def renew_claims(self) -> None:
        return

    def now(self) -> float:
        return 0.0  # there is no `since` to compare it with


def create_tables(store: Store) -> None:
    """Create the journal's tables, if they are missing. The key column of an older one is renamed."""
    for table in _TABLES:
        store.create(table)
    if store.columns("import_rows")[1] == _KEY_COLUMN:
        return
    with store.transaction():
        store.execute(_LOCK, {"target": "", "at": store.now()})  # of several jobs, one renames
        if (older := store.columns("import_rows")[1]) != _KEY_COLUMN:
            store.execute(f"ALTER TABLE import_rows RENAME COLUMN {older} TO {_KEY_COLUMN}")
        store.execute(_UNLOCK)


class RowJournal:
    """The journal of one target in a store. Used by one thread at a time, except for `now`.

    `resend_unknown`: rows in doubt are sent as if they were new; a person has looked them up.
    """

    def __init__(
        self, store: Store, target: str, import_id: str, owner: Owner, *, resend_unknown: bool = False
    ) -> None:
        self._store, self._owner, self._resend_unknown = store, owner, resend_unknown
        self._target, self._import_id = target, import_id
        self._rows = _SQLITE_ROWS if isinstance(store, SqliteStore) else _POSTGRES_ROWS
        self._earlier: dict[str, Values] = {}  # by key, what was done with other content before this claim
        # Keys claimed by this job, without an outcome yet. To ask the table for them would be to read all
        # that was ever sent: `owner` has no index.
        self._held: set[str] = set()
        create_tables(store)

    def now(self) -> float:
        return self._store.now()

    def claim(self, entries: Sequence[Entry]) -> Mapping[str, Claim]:
        at = self.now()
        with self._store.transaction():
            self._store.execute(_LOCK, {"target": self._target, "at": at})
            known = self._read(entries)
            self._remember(entries, known)
            claims = {entry.key: self._judge(entry, known.get(entry.key), at) for entry in entries}
            fresh = [entry for entry in entries if claims[entry.key].state == "mine"]
            taken = [entry for entry in entries if claims[entry.key].state == "in_doubt"]
            self._held.update(entry.key for entry in (*fresh, *taken))
            self._run(_RECORD_INTENT, fresh, at)
            self._run(_TAKE_OVER, taken, at)
            met = [entry for entry in entries if claims[entry.key].state == "done"]
            self._run(_MEET, [entry for entry in met if at - known[entry.key][-1] > _MET_SECONDS], at)
        return claims

    def look(self, entries: Sequence[Entry]) -> Mapping[str, Claim]:
        known, at = self._read(entries), self.now()
        return {entry.key: self._judge(entry, known.get(entry.key), at) for entry in entries}

    def record_intent(self, entries: Sequence[Entry]) -> None:
        self._run(_RECORD_INTENT, entries, self.now())

    def record_job(self, entries: Sequence[Entry], job: str) -> None:
        self._run(_RECORD_JOB, entries, self.now(), job=job)

    def record_outcomes(
        self,
        *,
        done: Iterable[tuple[Entry, str, str | None]],
        in_doubt: Iterable[Entry],
        forgotten: Iterable[Entry],
    ) -> None:
        at = self.now()
        applied = [(*entry, outcome, remote_id, self._import_id) for entry, outcome, remote_id in done]
        unanswered, not_applied = list(in_doubt), list(forgotten)
        with self._store.transaction():
            self._run(_DONE, applied, at)
            self._run(_LEAVE_IN_DOUBT, unanswered, at)
            self._forget(not_applied, at)
        self._held.difference_update(key for key, *_ in (*applied, *unanswered, *not_applied))

    def renew_claims(self) -> None:
        self._run(_RENEW, self._still_held(), self.now())

    def release(self) -> None:
        """Leave what is still claimed in doubt, for the next run; after a complete run nothing is."""
        self._run(_LEAVE_IN_DOUBT, self._still_held(), self.now())

    def _still_held(self) -> list[Values]:
        return [(key,) for key in self._held]

    def _read(self, entries: Sequence[Entry]) -> dict[str, tuple[Any, ...]]:
        return {row[0]: row[1:] for row in self._run(_READ, entries)}

    def _remember(self, entries: Sequence[Entry], known: Mapping[str, tuple[Any, ...]]) -> None:
        """Keep what was applied before a row's content changed, in case the target refuses the change."""
        for key, _ in entries:
            self._earlier.pop(key, None)
            if key in known and known[key][1] == "done":
                content, _, outcome, remote_id, import_id, *_ = known[key]
                self._earlier[key] = (key, content, outcome, remote_id, import_id)

    def _forget(self, entries: Sequence[Entry], at: float) -> None:
        """Put rows that were not applied back to what they were: applied with other content, or unknown."""
        earlier = [self._earlier.get(entry.key) for entry in entries]
        self._run(_DONE, [values for values in earlier if values is not None], at)
        self._run(_FORGET, [entry for entry in entries if entry.key not in self._earlier], at)

    def _judge(self, entry: Entry, known: tuple[Any, ...] | None, now: float) -> Claim:
        if known is None:
            return MINE
        content, state, outcome, remote_id, import_id, owner, sent_at, renewed_at = known
        same = content == entry.content
        if state == "done":
            # Applied with other content: the row was changed since, so it is to be sent.
            ours = import_id == self._import_id
            return Claim("done", True, ours, outcome, remote_id) if same else MINE
        # A row that is `sent` and already this job's is one of a restarted job: in doubt like a dead job's.
        if owner not in {NOBODY, self._owner.name} and not self._owner.is_gone(owner, now - renewed_at):
            return Claim("elsewhere")
        if self._resend_unknown:
            return MINE
        # A sender that is found dead may have sent the row a moment ago, long after claiming it.
        since = sent_at if owner == NOBODY else now
        return Claim("in_doubt", same_content=same, remote_id=remote_id, since=since)

    def _run(self, sql: str, rows: Sequence[Values], at: float = 0.0, **more: str) -> list[tuple[Any, ...]]:
        """Run a statement over rows, and return what it returns.

        They go in the order of the key: those that share a page of the index are written together.
        """
        if not rows:
            return []
        in_order = sorted(rows, key=itemgetter(0))
        values = {**self._values(at), "rows": orjson.dumps(in_order, default=tuple).decode(), **more}
        return self._store.execute(sql.format(rows=self._rows), values)

    def _values(self, at: float) -> dict[str, Any]:
        return {"target": self._target, "import_id": self._import_id, "owner": self._owner.name, "at": at}
