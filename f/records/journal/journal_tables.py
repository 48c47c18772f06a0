"""The journal's tables, how those of earlier versions become them, and the statements over them.

What the columns mean stands in `f.records.journal.row_journal`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.connect.calls.urls import normal_url
from f.connect.errors import ConnectError

if TYPE_CHECKING:
    from f.store.store import Store

_ROWS = """CREATE TABLE IF NOT EXISTS import_rows (
    target TEXT NOT NULL, record_key TEXT NOT NULL, content TEXT NOT NULL, state TEXT NOT NULL,
    outcome TEXT NOT NULL, remote_id TEXT, import_id TEXT NOT NULL, owner TEXT NOT NULL,
    sent_at DOUBLE PRECISION NOT NULL, renewed_at DOUBLE PRECISION NOT NULL,
    sending TEXT NOT NULL DEFAULT '', first_sent_at DOUBLE PRECISION NOT NULL DEFAULT 0,
    in_flight DOUBLE PRECISION NOT NULL DEFAULT 0, job TEXT, doubt TEXT NOT NULL DEFAULT '',
    generation BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (target, record_key))"""
_TABLES = (
    """CREATE TABLE IF NOT EXISTS import_targets (
    target TEXT PRIMARY KEY, at DOUBLE PRECISION NOT NULL, turn TEXT NOT NULL DEFAULT '',
    blocks_of TEXT NOT NULL DEFAULT '')""",
    """CREATE TABLE IF NOT EXISTS import_proofs (
    target TEXT PRIMARY KEY, proof TEXT NOT NULL, at DOUBLE PRECISION NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS import_progress (
    import_id TEXT NOT NULL, outcome TEXT NOT NULL, applied BIGINT NOT NULL,
    PRIMARY KEY (import_id, outcome))""",
    """CREATE TABLE IF NOT EXISTS import_chunks (
    target TEXT NOT NULL, reading TEXT NOT NULL, chunk BIGINT NOT NULL, owner TEXT NOT NULL,
    blocks BIGINT NOT NULL, PRIMARY KEY (target, reading, chunk))""",
    """CREATE TABLE IF NOT EXISTS import_blocks (
    target TEXT NOT NULL, owner TEXT NOT NULL, number BIGINT NOT NULL, import_id TEXT NOT NULL,
    at DOUBLE PRECISION NOT NULL, in_flight DOUBLE PRECISION NOT NULL, job TEXT, change TEXT NOT NULL,
    as_sent BIGINT, size BIGINT NOT NULL, rows TEXT NOT NULL, PRIMARY KEY (target, owner, number))""",
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
_SPLIT_SENDING = """UPDATE import_rows SET sending = content, content = '', job = remote_id, remote_id = NULL
    WHERE state = 'sent'"""
_ADDED_TO_TARGETS = ("turn TEXT NOT NULL DEFAULT ''", "blocks_of TEXT NOT NULL DEFAULT ''")
_ADDED_TO_BLOCKS = ("as_sent BIGINT",)

# Of a record that is known under both names, the entry under the normal one stays.
_RENAME_TARGET = """UPDATE import_rows SET target = :new WHERE target = :old AND record_key NOT IN
    (SELECT record_key FROM import_rows WHERE target = :new)"""

# One claim at a time for each target: what is written rests on what was read, so it takes the turn after the
# one that was seen then, or is not written at all.
FIRST_TURN = """INSERT INTO import_targets (target, at, turn) VALUES (:target, :at, '')
    ON CONFLICT (target) DO NOTHING"""
TAKE_TURN = """UPDATE import_targets SET turn = :turn, at = :at WHERE target = :target AND turn = :seen
    RETURNING turn"""
MY_TURN = "EXISTS (SELECT 1 FROM import_targets AS t WHERE t.target = :target AND t.turn = :turn)"
# Rows come as one block: a statement for each, or with a parameter for each value, costs six times as much in
# Postgres.
_THESE = "record_key IN each_key(:rows)"
_KNOWN = """record_key, content, state, outcome, remote_id, import_id, owner, sent_at, renewed_at, sending,
    first_sent_at, in_flight, job, doubt, generation"""
READ = f"SELECT {_KNOWN} FROM import_rows WHERE target = :target AND {_THESE}"  # noqa: S608 - made of constants
# The turn first, and whether there may be blocks; then what is known of a row, and of none no more than that.
READ_AT_TURN = f"""SELECT t.turn, t.blocks_of, {_KNOWN} FROM import_targets AS t
    LEFT JOIN import_rows AS r ON r.target = :target AND {_THESE} WHERE t.target = :target"""  # noqa: S608 - as above
# After a change without an answer, what the record holds is not known: `?` is the content of no row.
CLAIM = f"""INSERT INTO import_rows AS r
    (target, record_key, content, state, outcome, remote_id, import_id, owner, sent_at, renewed_at)
    SELECT :target, j.value ->> 0, '', 'claimed', '', NULL, :import_id, :owner, 0, :at
    FROM each_row(:rows) AS j WHERE {MY_TURN}
    ON CONFLICT (target, record_key) DO UPDATE SET state = 'claimed', import_id = excluded.import_id,
    owner = excluded.owner, sending = '', doubt = '', job = NULL,
    content = CASE WHEN r.state = 'sent' AND r.content <> '' THEN '?' ELSE r.content END"""  # noqa: S608 - made of constants
# A key that the target keeps is as old as its first sending with this content. A row that nothing was known
# of has its first entry here: of two jobs, the second finds that entry, and that it is not its own.
RECORD_SENT = """INSERT INTO import_rows AS t
    (target, record_key, content, state, outcome, remote_id, import_id, owner, sent_at, renewed_at,
    sending, first_sent_at, in_flight, job, doubt)
    SELECT :target, j.value ->> 0, '', 'sent', '', NULL, :import_id, :owner, :at, :at, j.value ->> 1, :at,
    :in_flight, :job, '' FROM each_row(:rows) AS j WHERE true
    ON CONFLICT (target, record_key) DO UPDATE SET state = excluded.state, sending = excluded.sending,
    sent_at = excluded.sent_at, in_flight = excluded.in_flight, job = excluded.job, doubt = '',
    first_sent_at = CASE WHEN t.sending = excluded.sending AND t.first_sent_at > 0
        THEN t.first_sent_at ELSE excluded.sent_at END
    WHERE t.owner = :owner
    RETURNING record_key"""
# A claimed row exists, so this always updates; a row that another job has taken over is left alone.
DONE = """INSERT INTO import_rows AS r
    (target, record_key, content, state, outcome, remote_id, import_id, owner, sent_at, renewed_at)
    SELECT :target, j.value ->> 0, j.value ->> 1, 'done', j.value ->> 2, j.value ->> 3, :import_id, '',
    :at, :at FROM each_row(:rows) AS j WHERE true
    ON CONFLICT (target, record_key) DO UPDATE SET content = excluded.content, state = 'done',
    outcome = excluded.outcome, remote_id = coalesce(excluded.remote_id, r.remote_id),
    import_id = excluded.import_id, owner = '', sending = '', doubt = '', job = NULL
    WHERE r.owner = :owner
    RETURNING outcome"""
# Its rows are outcomes and numbers. After DONE, as the jobs of an import wait for each other here; in the
# order of the outcomes, so that none has what another waits for.
ADD_APPLIED = """INSERT INTO import_progress AS p (import_id, outcome, applied)
    SELECT :import_id, j.value ->> 0, CAST(j.value ->> 1 AS BIGINT) FROM each_row(:rows) AS j WHERE true
    ON CONFLICT (import_id, outcome) DO UPDATE SET applied = p.applied + excluded.applied"""
TAKE_OVER = f"""UPDATE import_rows SET owner = :owner, import_id = :import_id
    WHERE target = :target AND {_THESE} AND {MY_TURN}"""  # noqa: S608 - made of constants
# An entry that imports still meet is not old. Written once a week only, for the sake of nightly imports.
MEET = f"""UPDATE import_rows SET renewed_at = :at
    WHERE target = :target AND {_THESE} AND {MY_TURN}"""  # noqa: S608 - made of constants
_MINE = f"WHERE target = :target AND owner = :owner AND {_THESE}"
LEAVE_IN_DOUBT = f"UPDATE import_rows SET owner = '', sent_at = :at {_MINE} AND state = 'sent'"  # noqa: S608 - made of constants
ACCEPTED = f"UPDATE import_rows SET doubt = 'accepted' {_MINE}"  # noqa: S608 - as above
PUT_BACK = f"""UPDATE import_rows SET state = 'done', owner = '', sending = '', doubt = '', job = NULL
    {_MINE} AND content <> ''"""  # noqa: S608 - as above
FORGET = f"DELETE FROM import_rows {_MINE} AND content = '' AND generation = 0"  # noqa: S608 - as above
STAY_UNSENT = f"""UPDATE import_rows SET state = 'claimed', owner = '', sending = ''
    {_MINE} AND content = '' AND generation > 0"""  # noqa: S608 - as above
# It is made anew under another key, even if the job that does so dies: so the row stays, as one never sent.
FORGET_MISSING = """UPDATE import_rows SET state = 'claimed', content = '', outcome = '', remote_id = NULL,
    generation = generation + 1 WHERE target = :target AND state = 'done'
    AND (record_key, content, generation) IN
    (SELECT j.value ->> 0, j.value ->> 1, CAST(j.value ->> 2 AS BIGINT) FROM each_row(:rows) AS j)
    RETURNING record_key"""
# To the key of before the target would answer as it did before.
ANEW = f"""UPDATE import_rows SET generation = generation + 1
    WHERE target = :target AND {_THESE} AND {MY_TURN}"""  # noqa: S608 - made of constants
UNSENT = " AND state = 'claimed'"
# What is recorded of rows, by name, and the statements that do so.
CHANGES = {
    "sent": (RECORD_SENT,),
    "done": (DONE,),
    "accepted": (ACCEPTED,),
    "in_doubt": (LEAVE_IN_DOUBT,),
    "not_applied": (PUT_BACK, FORGET, STAY_UNSENT),
}
APPLIED = """SELECT import_id, outcome, applied FROM import_progress
    WHERE import_id LIKE :ends AND import_id > :since"""
FORGET_PROGRESS = "DELETE FROM import_progress WHERE import_id < :before"
# The key is of no use here, and an index would cost more with each row than this, which is asked once for an
# import that left no report.
COUNT_ROWS = """SELECT import_id, state, outcome, count(*) FROM import_rows
    WHERE import_id LIKE :ends AND import_id > :since GROUP BY import_id, state, outcome"""
READ_PROOF = "SELECT proof FROM import_proofs WHERE target = :target"
KEEP_PROOF = """INSERT INTO import_proofs (target, proof, at) VALUES (:target, :proof, :at)
    ON CONFLICT (target) DO UPDATE SET proof = excluded.proof, at = excluded.at"""


def create_tables(store: Store) -> None:
    """Create the journal's tables if they are missing, and bring older ones up to date."""
    store.create(_ROWS, written_twice=True)  # as sent, and as done
    for table in _TABLES:
        store.create(table)
    while changes := _next_changes(store):
        if _SPLIT_SENDING in changes:
            _normalize_targets(store)
        try:
            store.together([(change, {}) for change in changes])
        except ConnectError:
            # Another job that found the same older table may have been faster.
            if _next_changes(store) == changes:
                raise


def _next_changes(store: Store) -> list[str]:
    """Return the statements that bring older tables a step nearer to those of today."""
    rows, targets = store.columns("import_rows"), store.columns("import_targets")
    if rows[1] != _KEY_COLUMN:
        return [f"ALTER TABLE import_rows RENAME COLUMN {rows[1]} TO {_KEY_COLUMN}"]
    changes = [
        f"ALTER TABLE {table} ADD COLUMN {added}"
        for table, columns, wanted in (
            ("import_targets", targets, _ADDED_TO_TARGETS),
            ("import_blocks", store.columns("import_blocks"), _ADDED_TO_BLOCKS),
            ("import_rows", rows, _ADDED),
        )
        for added in wanted
        if _name(added) not in columns
    ]
    return changes if "sending" in rows else [*changes, _SPLIT_SENDING]


def _name(column: str) -> str:
    return column.split(maxsplit=1)[0]


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
