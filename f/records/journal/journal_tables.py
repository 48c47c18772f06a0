"""The journal's tables, and how those of earlier versions become them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.connect.calls.message import normal_url

if TYPE_CHECKING:
    from f.store.store import Store

_TABLES = (
    """CREATE TABLE IF NOT EXISTS import_rows (
    target TEXT NOT NULL, record_key TEXT NOT NULL, content TEXT NOT NULL, state TEXT NOT NULL,
    outcome TEXT NOT NULL, remote_id TEXT, import_id TEXT NOT NULL, owner TEXT NOT NULL,
    sent_at DOUBLE PRECISION NOT NULL, renewed_at DOUBLE PRECISION NOT NULL,
    sending TEXT NOT NULL DEFAULT '', first_sent_at DOUBLE PRECISION NOT NULL DEFAULT 0,
    in_flight DOUBLE PRECISION NOT NULL DEFAULT 0, job TEXT, doubt TEXT NOT NULL DEFAULT '',
    generation BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (target, record_key))""",
    "CREATE TABLE IF NOT EXISTS import_targets (target TEXT PRIMARY KEY, at DOUBLE PRECISION NOT NULL)",
    """CREATE TABLE IF NOT EXISTS import_proofs (
    target TEXT PRIMARY KEY, proof TEXT NOT NULL, at DOUBLE PRECISION NOT NULL)""",
)
_KEY_COLUMN = "record_key"
_ADDED = (
    "sending TEXT NOT NULL DEFAULT ''",
    "first_sent_at DOUBLE PRECISION NOT NULL DEFAULT 0",
    "in_flight DOUBLE PRECISION NOT NULL DEFAULT 0",
    "job TEXT",
    "doubt TEXT NOT NULL DEFAULT ''",
    "generation BIGINT NOT NULL DEFAULT 0",
)
# What was being sent stood where what was applied stands now, and a bulk job where the record's id does.
_SPLIT = """UPDATE import_rows SET sending = content, content = '', job = remote_id, remote_id = NULL
    WHERE state = 'sent'"""
# Of several jobs that find an older table, one changes it: the row lock lasts until the transaction ends.
_LOCK = """INSERT INTO import_targets AS t (target, at) VALUES ('', 0)
    ON CONFLICT (target) DO UPDATE SET at = excluded.at"""
_UNLOCK = "DELETE FROM import_targets WHERE target = ''"

# Of a record that is known under both names, the entry under the normal one stays.
_RENAME_TARGET = """UPDATE import_rows SET target = :new WHERE target = :old AND record_key NOT IN
    (SELECT record_key FROM import_rows WHERE target = :new)"""


def create_tables(store: Store) -> None:
    """Create the journal's tables if they are missing, and bring older ones up to date."""
    for table in _TABLES:
        store.create(table)
    if _is_current(store.columns("import_rows")):
        return
    with store.transaction():
        store.execute(_LOCK)
        columns = store.columns("import_rows")
        if columns[1] != _KEY_COLUMN:
            store.execute(f"ALTER TABLE import_rows RENAME COLUMN {columns[1]} TO {_KEY_COLUMN}")
        missing = [added for added in _ADDED if added.split()[0] not in columns]
        for added in missing:
            store.execute(f"ALTER TABLE import_rows ADD COLUMN {added}")
        if "sending" not in columns:
            store.execute(_SPLIT)
            _normalize_targets(store)
        store.execute(_UNLOCK)


def _normalize_targets(store: Store) -> None:
    """Know targets by their normal address: before, it stood in their names as the resource had it."""
    for (target,) in store.execute("SELECT DISTINCT target FROM import_rows"):
        kind, _, rest = str(target).partition(" ")
        address, _, account = rest.partition(" ")
        try:
            normal = f"{kind} {normal_url(address)} {account}".strip()
        except ValueError:
            continue  # no address that this version could send to
        if normal != target:
            store.execute(_RENAME_TARGET, {"old": target, "new": normal})


def _is_current(columns: list[str]) -> bool:
    return columns[1] == _KEY_COLUMN and all(added.split()[0] in columns for added in _ADDED)
