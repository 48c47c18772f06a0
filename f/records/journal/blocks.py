"""The journal in blocks: what jobs record while nobody needs to know of a single row.

As long as all that was ever sent to a target comes from one reading of one file, nothing is known of a row
but what its own chunk's job has recorded, and no two chunks have a row in common. So that job need not ask
for its rows, and records a block of them at a time: what it is about to send, and what became of it. Whoever
needs rows (another import, the same chunk again, pruning) first closes the target's blocks, for good, and
unpacks them: what was recorded of each block is recorded of its rows, as of the same time and for the same
job. From then on all is as if it had been by rows from the beginning. A block of applied rows names these by
their places in the block in which they were sent, and is unpacked together with that one.

    (nothing was sent) --open_chunk--> open --close, by whoever needs rows--> closing --unpacked--> by rows
                                       |  ^
                                       `--'  append

A job's own line in `import_chunks` is its leave to append. To append is to write that line, to close is to
remove all lines: of two at the same time one waits for the other. An append that comes too late writes
nothing, and its job goes on by rows, which others may have claimed meanwhile.
"""

# extra_requirements:
# orjson==3.13.0

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from f.records.journal.journal_tables import ADD_APPLIED, CHANGES, MY_TURN, TAKE_TURN
from f.records.journal.packing import pack, rows_in

if TYPE_CHECKING:
    from f.store.store import Row, Statement, Store

# What is unpacked in one transaction: others wait for it. Blocks are small where each row is a request.
_ROWS_AT_ONCE = 10_000
_BLOCKS_AT_ONCE = 200
_TELL_SECONDS = 5.0
_OUTCOMES = frozenset({"done", "in_doubt", "not_applied"})
# After these, what was recorded of a row before says nothing any more, and when they came does not matter.
_SETTLED = ("done", "not_applied")
_KEY = itemgetter(0)
_READING = re.compile(r"[0-9a-f]{1,64}")
_CLOSING = "closing"  # no reading's name
APPLIED = "applied"

# A line of a target is there as soon as a row was claimed: what has one, and is not of this reading, is kept
# by rows, or has another's blocks.
_OPEN_TARGET = """INSERT INTO import_targets AS t (target, at, turn, blocks_of)
    VALUES (:target, :at, '', :reading)
    ON CONFLICT (target) DO UPDATE SET at = excluded.at WHERE t.blocks_of = excluded.blocks_of"""
_OPEN_CHUNK = """INSERT INTO import_chunks (target, reading, chunk, owner, blocks)
    SELECT t.target, t.blocks_of, :chunk, :owner, 0 FROM import_targets AS t
    WHERE t.target = :target AND t.blocks_of = :reading
    AND NOT EXISTS (SELECT 1 FROM import_rows AS r WHERE r.target = :target)
    ON CONFLICT (target, reading, chunk) DO NOTHING RETURNING owner"""
_MY_CHUNK = "target = :target AND reading = :reading AND chunk = :chunk AND owner = :owner"
_HOLD = f"UPDATE import_chunks SET blocks = :number WHERE {_MY_CHUNK} RETURNING owner"  # noqa: S608 - made of constants
_IS_OPEN = f"EXISTS (SELECT 1 FROM import_chunks WHERE {_MY_CHUNK})"  # noqa: S608 - as above
_APPEND = f"""INSERT INTO import_blocks
    (target, owner, number, import_id, at, in_flight, job, change, size, rows, as_sent)
    SELECT :target, :owner, :number, :import_id, :at, :in_flight, :job, :change, :size, :block, :as_sent
    WHERE {_IS_OPEN}"""
_ADD_APPLIED = ADD_APPLIED.replace("WHERE true", f"WHERE {_IS_OPEN}")

_STATE = "SELECT blocks_of FROM import_targets WHERE target = :target"
_CLOSE: tuple[str, ...] = (
    f"UPDATE import_targets SET blocks_of = '{_CLOSING}' WHERE target = :target AND blocks_of <> ''",  # noqa: S608 - made of constants
    "DELETE FROM import_chunks WHERE target = :target",
)
_OF_JOB = "target = :target AND owner = (SELECT min(owner) FROM import_blocks WHERE target = :target)"
# With a block come those that name its rows by their places in it.
_PART = "(number <= {0} OR as_sent <= {0})"
# The last of the next blocks of one job: as many as have some rows in all, and not too many. A value, as it
# stands in _NEXT: Postgres asks a joined one anew for each block.
_UPTO = f"""(SELECT max(number) FROM (SELECT number, sum(size) OVER (ORDER BY number) - size AS before FROM
    (SELECT number, size FROM import_blocks WHERE {_OF_JOB} ORDER BY number LIMIT :blocks) AS few) AS counted
    WHERE before < :rows)"""  # noqa: S608 - made of constants
_NEXT = f"""SELECT (SELECT turn FROM import_targets WHERE target = :target), {_UPTO},
    owner, number, import_id, at, in_flight, job, change, rows, as_sent
    FROM import_blocks WHERE {_OF_JOB} AND {_PART.format(_UPTO)}
    ORDER BY coalesce(as_sent, number), number"""  # noqa: S608 - as above
_REMOVE = f"""DELETE FROM import_blocks WHERE target = :target AND owner = :owner
    AND {_PART.format(":upto")} AND {MY_TURN}"""  # noqa: S608 - as above
_UNPACKED = f"""UPDATE import_targets SET blocks_of = '' WHERE target = :target AND blocks_of = '{_CLOSING}'
    AND NOT EXISTS (SELECT 1 FROM import_blocks AS b WHERE b.target = :target)"""  # noqa: S608 - as above
_TARGETS = "SELECT target FROM import_targets WHERE blocks_of <> '' ORDER BY target"


class FilePart(NamedTuple):
    """A chunk by the reading of a file that made it, and its number. Two of one reading share no row."""

    reading: str
    chunk: int


def part_of(chunk: Mapping[str, Any] | None) -> FilePart | None:
    """Return which part of its file a chunk is; None if it does not say by which reading it was made."""
    match chunk:
        case {"reading": str(reading), "index": int(index)} if _READING.fullmatch(reading):
            return FilePart(reading, index)
    return None


class Append(NamedTuple):
    """What is recorded of rows in one block, by columns. `change` is its name in CHANGES.

    APPLIED is what `done` is of rows of the sent block `as_sent`: in place of key and content, the first
    column has their places in it, from 0.
    """

    change: str
    columns: Sequence[Sequence[str | int | None]]
    in_flight: float = 0.0
    job: str | None = None
    as_sent: int | None = None


class _Block(NamedTuple):
    """A line of the table. `rows` are packed."""

    owner: str
    number: int
    import_id: str
    at: float
    in_flight: float
    job: str | None
    change: str
    rows: str
    as_sent: int | None


def open_chunk(store: Store, values: Mapping[str, Any]) -> bool:
    """Return whether a job may record its chunk in blocks.

    It may not if anything else was ever sent to the target, or if this chunk's job runs for the second time.
    `values`: `target`, `reading`, `chunk` and `owner`, and `at`, which is now.
    """
    return bool(store.together([(_OPEN_TARGET, values), (_OPEN_CHUNK, values)])[1])


def append(
    store: Store, values: Mapping[str, Any], number: int, appends: Sequence[Append], counts: str | None
) -> bool:
    """Commit blocks, the first of them as `number`, and `counts` of applied rows; False if they were closed.

    Then nothing is written. `values` are those of `open_chunk`, and `import_id`; `counts` is JSON.
    """
    mine = {**values, "number": number}
    statements: list[Statement] = [(_HOLD, mine)]
    for at, (change, columns, in_flight, job, as_sent) in enumerate(appends, number):
        more = {"number": at, "change": change, "size": len(columns[0]), "block": pack(columns)}
        statements.append((_APPEND, {**mine, **more, "in_flight": in_flight, "job": job, "as_sent": as_sent}))
    if counts is not None:
        statements.append((_ADD_APPLIED, {**mine, "rows": counts}))
    return bool(store.together(statements)[0])


def unpack(store: Store, target: str) -> None:
    """Have the target's journal by rows, from now on and for good. Tells of it if it takes long.

    Several jobs may do so at once, and any of them may end within it: some blocks are moved in a transaction.
    """
    state = store.execute(_STATE, {"target": target})
    if not state or not state[0][0]:
        return
    store.together([(statement, {"target": target}) for statement in _CLOSE])
    told, rows = store.ticks(), 0
    some = {"target": target, "rows": _ROWS_AT_ONCE, "blocks": _BLOCKS_AT_ONCE}
    while found := store.execute(_NEXT, some):
        rows += _unpack_blocks(store, target, found[0][:2], [_Block(*line[2:]) for line in found])
        if store.ticks() - told > _TELL_SECONDS:
            told = store.ticks()
            print(
                f"The journal of the first import into this target is unpacked, once: {rows:,} rows so far."
            )
    store.execute(_UNPACKED, {"target": target})


def unpack_all(store: Store) -> None:
    """Do so for every target."""
    for (target,) in store.execute(_TARGETS):
        unpack(store, target)


def _unpack_blocks(store: Store, target: str, seen: Row, blocks: Sequence[_Block]) -> int:
    """Record of rows what one job's blocks say, unless another job does so meanwhile; return how many."""
    opened, (turn, upto) = _opened(blocks), seen
    common = {"target": target, "seen": turn, "turn": secrets.token_hex(8), "upto": upto}
    statements: list[Statement] = [(TAKE_TURN, {**common, "at": blocks[-1].at})]
    for block, rows in _joined(opened):
        # As `RowJournal` does: those that share a page of the index are written together.
        values = {**common, **block._asdict(), "rows": orjson.dumps(sorted(rows, key=_KEY)).decode()}
        statements += [(_in_turn(statement), values) for statement in CHANGES[block.change]]
    statements.append((_REMOVE, {**common, "owner": blocks[-1].owner}))
    is_mine = bool(store.together(statements)[0])
    return sum(len(rows) for block, rows in opened if block.change == "sent") if is_mine else 0


def _opened(blocks: Sequence[_Block]) -> list[tuple[_Block, list[Any]]]:
    """Return blocks with their rows, all of which have their keys then."""
    opened: list[tuple[_Block, list[Any]]] = []
    sent: dict[int, list[Any]] = {}
    for block in blocks:
        rows: list[Any] = rows_in(block.rows)
        if block.change == "sent":
            sent[block.number] = rows
        if block.as_sent is None:
            opened.append((block, rows))
        else:
            applied = [(*sent[block.as_sent][place], *outcome) for place, *outcome in rows]
            opened.append((block._replace(change="done"), applied))
    return opened


def _joined(blocks: Sequence[tuple[_Block, list[Any]]]) -> list[tuple[_Block, list[Any]]]:
    """Leave out of a job's blocks what later ones among them have settled, and join those that settle.

    A row that was sent and applied is written once so, and not twice. One with several outcomes, which no job
    records today, stays where it is: the first of them counts.
    """
    outcomes: Counter[str] = Counter()
    settled_in: dict[str, int] = {}
    for block, rows in blocks:
        if block.change in _OUTCOMES:
            outcomes.update(map(_KEY, rows))
        if block.change in _SETTLED:
            settled_in.update(dict.fromkeys(map(_KEY, rows), block.number))
    for key in [key for key in settled_in if outcomes[key] > 1]:
        del settled_in[key]
    joined: dict[str, list[Any]] = {change: [] for change in _SETTLED}
    last: dict[str, _Block] = {}
    others: list[tuple[_Block, list[Any]]] = []
    for block, rows in blocks:
        left = [row for row in rows if settled_in.get(row[0], -1) <= block.number]
        if block.change in _SETTLED:
            joined[block.change] += [row for row in left if row[0] in settled_in]
            left = [row for row in left if row[0] not in settled_in]
            last[block.change] = block
        if left:
            others.append((block, left))
    return [*((last[change], rows) for change, rows in joined.items() if rows), *others]


def _in_turn(statement: str) -> str:
    """The statement, which is to write nothing if the turn is another's."""
    of_rows = "each_row(:rows) AS j WHERE true"
    if of_rows in statement:
        return statement.replace(of_rows, f"each_row(:rows) AS j WHERE {MY_TURN}")
    return f"{statement} AND {MY_TURN}"
