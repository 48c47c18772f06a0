"""Where the rows of a checked file lie, so that a page of them costs the objects that it is in, and no more.

A check leaves its objects below `desk/<id>/check-<digest>/`: `parsed.json` is the Parsed, `index.json` is
this index, and the rows lie in blocks beside them, or inside the index if they are few.
"""

# extra_requirements:
# orjson==3.13.0

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import orjson

from f.connect.errors import FixInput
from f.desk.drafts.draft import refuse_cleared
from f.desk.drafts.run_records import read_json
from f.records.rows.row_store import inline_records
from f.windmill.small_objects import read_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from f.desk.drafts.draft import Draft
    from f.records.rows.row_store import StoredRows

INDEX, PARSED = "index.json", "parsed.json"
BLOCK_ROWS = 500
EXCLUDED = "excluded"

# What is kept of a problem: its code, the column (from 1; 0 is the row), the detail, and what is suggested.
Problem = tuple[str, int, str, str | None]


class Block(TypedDict):
    """Rows that lie together. `first` and `last` are lines of the user's file.

    Of rows that need attention there is also which rows of the file they are (`first_row`, `last_row`, from
    0), and how many have which code as the first thing that is wrong with them.
    """

    count: int
    first: int
    last: int
    s3: NotRequired[str]
    records: NotRequired[list[dict[str, Any] | str]]
    first_row: NotRequired[int]
    last_row: NotRequired[int]
    codes: NotRequired[dict[str, int]]


class RowIndex(TypedDict):
    """All that is needed to find rows. `chunks` has the valid ones, `attention` the others, with why.

    `header` has the titles as the user's file has them, `titles` with what the cells had decided of them.
    `originals` has the rows that people changed as the file has them. `reading` is how the file was read, by
    the draft's settings; `texts` has the message and the hint of each code, `objects` what the check left.
    """

    reading: dict[str, Any]
    header: list[str]
    titles: list[str]
    encoding: str
    texts: dict[str, list[str]]
    rows: int
    chunks: list[Block]
    attention: list[Block]
    originals: list[Block]
    repairs: StoredRows | None
    objects: list[str]


def index_path(parsed_path: str) -> str:
    """Return where the index lies that belongs to a Parsed."""
    return f"{parsed_path.removesuffix(PARSED)}{INDEX}"


def read_index(parsed_path: str) -> RowIndex:
    """Return the index of a check; FixInput if it is gone."""
    index: RowIndex = read_json(index_path(parsed_path))
    return index


def index_of(draft: Draft) -> RowIndex:
    """Return the index of a draft's last check; FixInput if there was none."""
    refuse_cleared(draft)
    checked = draft["checked"]
    if checked is None:
        raise FixInput("The rows were not checked yet: check the file first.", code="not_checked")
    return read_index(checked["s3"])


def read_blocks(blocks: Sequence[Block]) -> list[list[dict[str, Any]]]:
    """Return the records of each block; those that are objects are read at once."""
    contents = iter(read_all([block["s3"] for block in blocks if "s3" in block]))
    return [
        [orjson.loads(line) for line in next(contents).splitlines()]
        if "s3" in block
        else list(inline_records(block["records"]))
        for block in blocks
    ]
