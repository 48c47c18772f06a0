"""The tables of what was received, and the statements that take an event in.

    webhook_event    one row an event        new -> routed | unhandled | dropped; new -> dead, never routed
    webhook_task     event x route           due -> running -> done | due again, later | dead
    webhook_content  one row a content       a lock: of requests with one content, one at a time is looked at;
                                             of batches, also of those that have an event in common
    webhook_wake     one row                 a dispatch job was asked for and has not begun
    webhook_replay   one row a replay        who had what handled again, and what was changed for it

`alias` is the id of the delivery that an event without one turned out to be. What may be personal (`body`,
`patch`) is sealed; a body that was purged is empty.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.connect.redact import well_formed

if TYPE_CHECKING:
    from f.store.store import Store

_TABLES = (
    """CREATE TABLE IF NOT EXISTS webhook_event (
    id TEXT PRIMARY KEY, source TEXT NOT NULL, kind TEXT NOT NULL, type TEXT NOT NULL,
    provider_id TEXT NOT NULL, content TEXT NOT NULL, keyless TEXT NOT NULL, alias TEXT, origin TEXT NOT NULL,
    occurred_at DOUBLE PRECISION, received_at DOUBLE PRECISION NOT NULL,
    last_seen_at DOUBLE PRECISION NOT NULL, repeats BIGINT NOT NULL, headers TEXT NOT NULL,
    body TEXT NOT NULL, state TEXT NOT NULL, attempts BIGINT NOT NULL, due_at DOUBLE PRECISION NOT NULL,
    failure TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS webhook_task (
    event TEXT NOT NULL, route TEXT NOT NULL, state TEXT NOT NULL, attempts BIGINT NOT NULL,
    round BIGINT NOT NULL, due_at DOUBLE PRECISION NOT NULL, job TEXT NOT NULL, failure TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL, PRIMARY KEY (event, route))""",
    """CREATE TABLE IF NOT EXISTS webhook_content (
    content TEXT PRIMARY KEY, at DOUBLE PRECISION NOT NULL)""",
    "CREATE TABLE IF NOT EXISTS webhook_wake (name TEXT PRIMARY KEY, at DOUBLE PRECISION NOT NULL)",
    """CREATE TABLE IF NOT EXISTS webhook_replay (
    event TEXT NOT NULL, at DOUBLE PRECISION NOT NULL, routes TEXT NOT NULL, who TEXT NOT NULL,
    note TEXT NOT NULL, patch TEXT NOT NULL, PRIMARY KEY (event, at))""",
    "CREATE INDEX IF NOT EXISTS webhook_event_content ON webhook_event (content)",
    "CREATE INDEX IF NOT EXISTS webhook_event_alias ON webhook_event (alias)",
    "CREATE INDEX IF NOT EXISTS webhook_event_state ON webhook_event (state, due_at)",
    "CREATE INDEX IF NOT EXISTS webhook_event_received ON webhook_event (received_at)",
    "CREATE INDEX IF NOT EXISTS webhook_event_provider_id ON webhook_event (provider_id)",
    "CREATE INDEX IF NOT EXISTS webhook_task_state ON webhook_task (state, due_at)",
    "CREATE INDEX IF NOT EXISTS webhook_task_job ON webhook_task (job)",
)

# A row of a block: id, content, keyless, type, provider_id, occurred_at, headers, body.
_ID, _CONTENT, _KEYLESS = "j.value ->> 0", "j.value ->> 1", "j.value ->> 2"
_ROWS = "FROM each_row(:rows) AS j"
_IDS = f"(SELECT {_ID} {_ROWS})"
_IS_NEWCOMER = f"""{_CONTENT} = webhook_event.content AND {_KEYLESS} = '0' AND NOT EXISTS (
    SELECT 1 FROM webhook_event AS k WHERE k.id = {_ID} OR k.alias = {_ID})"""  # noqa: S608 - made of constants

# Postgres would let two transactions look for a content at once and both insert it. They wait here.
LOCK_CONTENTS = """INSERT INTO webhook_content AS c (content, at)
    SELECT j.value ->> 0, CAST(:now AS DOUBLE PRECISION) FROM each_row(:rows) AS j WHERE true
    ON CONFLICT (content) DO UPDATE SET at = excluded.at"""
SEEN_AGAIN = f"""UPDATE webhook_event SET repeats = repeats + 1, last_seen_at = :now
    WHERE id IN {_IDS} OR alias IN {_IDS}
    OR content IN (SELECT {_CONTENT} {_ROWS} WHERE {_KEYLESS} = '1')"""  # noqa: S608 - made of constants
# An event that came without its id, and comes with it now, is one event and stays one.
ADOPT = f"""UPDATE webhook_event SET repeats = repeats + 1, last_seen_at = :now,
    alias = (SELECT MIN({_ID}) {_ROWS} WHERE {_IS_NEWCOMER})
    WHERE keyless = '1' AND alias IS NULL AND content IN (SELECT {_CONTENT} {_ROWS})
    AND EXISTS (SELECT 1 {_ROWS} WHERE {_IS_NEWCOMER})"""  # noqa: S608 - made of constants
# Due at 0, so that it is due also by a clock that was set back.
ADD = f"""INSERT INTO webhook_event (id, content, keyless, type, provider_id, occurred_at, headers, body,
    source, kind, origin, received_at, last_seen_at, repeats, state, attempts, due_at, failure)
    SELECT {_ID}, {_CONTENT}, {_KEYLESS}, j.value ->> 3, j.value ->> 4,
    CAST(j.value ->> 5 AS DOUBLE PRECISION), j.value ->> 6, j.value ->> 7, :source, :kind, :origin,
    CAST(:now AS DOUBLE PRECISION), CAST(:now AS DOUBLE PRECISION), 0, 'new', 0, 0, ''
    {_ROWS} WHERE NOT EXISTS (SELECT 1 FROM webhook_event AS k
    WHERE k.id = {_ID} OR k.alias = {_ID} OR ({_KEYLESS} = '1' AND k.content = {_CONTENT}))
    ON CONFLICT (id) DO NOTHING RETURNING id"""  # noqa: S608 - made of constants
# Who writes the row starts the job. One that was not cleared for long belongs to a job that never began.
_WAKE_IF = """INSERT INTO webhook_wake AS w (name, at)
    SELECT 'dispatch', CAST(:now AS DOUBLE PRECISION) WHERE EXISTS ({work})
    ON CONFLICT (name) DO UPDATE SET at = excluded.at WHERE w.at < :stale OR w.at > excluded.at
    RETURNING at"""
WAKE = _WAKE_IF.format(work="SELECT 1 FROM webhook_event WHERE state = 'new' AND due_at <= :now")
WAKE_FOR_REPLAY = _WAKE_IF.format(
    work=f"SELECT 1 FROM webhook_replay WHERE at = :now AND event IN {_IDS}"  # noqa: S608 - made of constants
)
WAKE_SECONDS = 10.0  # after which a dispatch job that was asked for and has not begun is asked for again
CLEAR_WAKE = "DELETE FROM webhook_wake WHERE name = 'dispatch' RETURNING at"
WANTED = "SELECT at FROM webhook_wake WHERE name = 'dispatch'"
KNOWN = f"""SELECT {_ID} {_ROWS} WHERE EXISTS (
    SELECT 1 FROM webhook_event AS k WHERE k.id = {_ID} OR k.alias = {_ID})"""  # noqa: S608 - made of constants


def prepare(store: Store) -> None:
    """Make the tables, once for each Store instance."""

    def make() -> bool:
        for table in _TABLES:
            store.create(table)
        return True

    store.shared("webhooks", make)


def storable(text: str) -> str:
    """Return a text without what a database cannot keep: halves of surrogate pairs, and NUL in Postgres."""
    return well_formed(text).replace("\0", "\ufffd")
