"""What a twin keeps: the ledger of what it applied, and the records it holds now. One SQLite file for all."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mill.errors import MillError

FILE = "twins.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS ledger (
    seq INTEGER PRIMARY KEY, twin TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
    at REAL NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS ledger_key ON ledger (twin, key);
CREATE TABLE IF NOT EXISTS record (
    id INTEGER PRIMARY KEY AUTOINCREMENT, twin TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS record_kind ON record (twin, kind, id);
CREATE TABLE IF NOT EXISTS record_key (
    twin TEXT NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, id INTEGER NOT NULL,
    PRIMARY KEY (twin, kind, name, value, id)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS record_key_id ON record_key (id);
"""
_LARGEST_ID = 2**63 - 1  # SQLite's largest whole number
_KEYS_AT_ONCE = 500  # below SQLite's smallest limit of variables in a statement


class Store:
    """The file, one connection. A twin that was killed finds in it all it ever answered for."""

    def __init__(self, state_dir: Path) -> None:
        file = state_dir / FILE
        try:
            state_dir.mkdir(parents=True, exist_ok=True)
            file.touch(mode=0o600)  # what is imported into a twin may be real people
            self.connection = sqlite3.connect(file, timeout=10, isolation_level=None, check_same_thread=False)
            self.connection.execute("PRAGMA journal_mode = WAL")
            # A commit is the system's when a reply goes out: it outlives this process, not a power cut.
            self.connection.execute("PRAGMA synchronous = OFF")
            self.connection.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise MillError(f"Cannot keep the twins' state in {file}: {error}.", exit_code=3) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written in the block, or nothing."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def forget(self, twin: str) -> None:
        """Empty the ledger and the records of one twin."""
        with self.transaction():
            for table in ("ledger", "record", "record_key"):
                self.connection.execute(f"DELETE FROM {table} WHERE twin = ?", (twin,))  # noqa: S608 - our names


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was applied. `key` is what its sender knows it by: an e-mail, a recipient."""

    seq: int
    kind: str
    key: str
    at: float
    body: dict[str, Any]


class Ledger:
    """What one twin really applied, in order, only ever added to."""

    def __init__(self, store: Store, twin: str, clock: Callable[[], float] = time.time) -> None:
        self._connection = store.connection
        self._twin = twin
        self._clock = clock

    def append(self, kind: str, key: str, body: Mapping[str, Any]) -> None:
        """Note that something was applied: `created`, `updated`, `sent`, ... for the key."""
        self._connection.execute(
            "INSERT INTO ledger (twin, kind, key, at, body) VALUES (?, ?, ?, ?, ?)",
            (self._twin, kind, key, self._clock(), json.dumps(body)),
        )

    def entries(
        self, kind: str | None = None, key: str | None = None, *, after: int = 0, limit: int = 1000
    ) -> list[Entry]:
        """Return the entries after number `after`, oldest first, of one kind or key where given."""
        rows = self._connection.execute(
            "SELECT seq, kind, key, at, body FROM ledger WHERE twin = ? AND seq > ?"
            " AND kind = coalesce(?, kind) AND key = coalesce(?, key) ORDER BY seq LIMIT ?",
            (self._twin, after, kind, key, limit),
        )
        return [Entry(seq, kind, key, at, json.loads(body)) for seq, kind, key, at, body in rows]

    def totals(self) -> dict[str, int]:
        """Return how many entries there are of each kind."""
        rows = self._connection.execute(
            "SELECT kind, count(*) FROM ledger WHERE twin = ? GROUP BY kind", (self._twin,)
        )
        return dict(rows.fetchall())

    def times(self, keys: Iterable[str], kind: str) -> dict[str, int]:
        """For each key, how often an entry of this kind was applied: 0, 1, or too often."""
        asked = list(dict.fromkeys(keys))
        counted = dict.fromkeys(asked, 0)
        for start in range(0, len(asked), _KEYS_AT_ONCE):
            some = asked[start : start + _KEYS_AT_ONCE]
            rows = self._connection.execute(
                "SELECT key, count(*) FROM ledger WHERE twin = ? AND kind = ?"
                " AND key IN (SELECT value FROM json_each(?)) GROUP BY key",
                (self._twin, kind, json.dumps(some)),
            )
            counted.update(rows.fetchall())
        return counted


class Records:
    """What one twin holds now. `keys` are the values a record is found by; they need not be unique here."""

    def __init__(self, store: Store, twin: str) -> None:
        self._connection = store.connection
        self._twin = twin

    def add(self, kind: str, body: Mapping[str, Any], keys: Mapping[str, str] | None = None) -> int:
        """Keep a new record; its id, which no other record of any twin has or had."""
        cursor = self._connection.execute(
            "INSERT INTO record (twin, kind, body) VALUES (?, ?, ?)", (self._twin, kind, json.dumps(body))
        )
        assert cursor.lastrowid is not None
        self._add_keys(kind, cursor.lastrowid, keys)
        return cursor.lastrowid

    def get(self, kind: str, id: int) -> dict[str, Any] | None:
        """Return the record's body."""
        if id > _LARGEST_ID:
            return None
        row = self._connection.execute(
            "SELECT body FROM record WHERE id = ? AND twin = ? AND kind = ?", (id, self._twin, kind)
        ).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def find(self, kind: str, name: str, value: str) -> list[int]:
        """Return the ids of the records with this value of this key, oldest first."""
        rows = self._connection.execute(
            "SELECT id FROM record_key WHERE twin = ? AND kind = ? AND name = ? AND value = ? ORDER BY id",
            (self._twin, kind, name, value),
        )
        return [row[0] for row in rows]

    def replace(
        self, kind: str, id: int, body: Mapping[str, Any], keys: Mapping[str, str] | None = None
    ) -> None:
        """Give a record another body and other keys."""
        self._connection.execute(
            "UPDATE record SET body = ? WHERE id = ? AND twin = ? AND kind = ?",
            (json.dumps(body), id, self._twin, kind),
        )
        self._connection.execute("DELETE FROM record_key WHERE id = ?", (id,))
        self._add_keys(kind, id, keys)

    def remove(self, kind: str, id: int) -> None:
        """Forget a record and its keys."""
        self._connection.execute(
            "DELETE FROM record WHERE id = ? AND twin = ? AND kind = ?", (id, self._twin, kind)
        )
        self._connection.execute("DELETE FROM record_key WHERE id = ?", (id,))

    def page(self, kind: str, *, after: int = 0, limit: int = 100) -> list[tuple[int, dict[str, Any]]]:
        """Return up to `limit` records with ids above `after`, by id."""
        rows = self._connection.execute(
            "SELECT id, body FROM record WHERE twin = ? AND kind = ? AND id > ? ORDER BY id LIMIT ?",
            (self._twin, kind, after, limit),
        )
        return [(row[0], json.loads(row[1])) for row in rows]

    def count(self, kind: str) -> int:
        """Return how many records of this kind there are."""
        row = self._connection.execute(
            "SELECT count(*) FROM record WHERE twin = ? AND kind = ?", (self._twin, kind)
        ).fetchone()
        return int(row[0])

    def _add_keys(self, kind: str, id: int, keys: Mapping[str, str] | None) -> None:
        for name, value in (keys or {}).items():
            self._connection.execute(
                "INSERT INTO record_key (twin, kind, name, value, id) VALUES (?, ?, ?, ?, ?)",
                (self._twin, kind, name, value, id),
            )
