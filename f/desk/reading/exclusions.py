"""Rows that are left out of an import together, as they have the same reason; and taken in again together."""

from __future__ import annotations

import secrets
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

import orjson

from f.connect.errors import ConnectError, FixInput
from f.desk.drafts.draft import folder_of
from f.desk.drafts.run_records import read_json
from f.desk.reading.desk_rows import corrections_of, desk_rows
from f.desk.reading.mending import index_to_mend, keep_corrections
from f.desk.reading.paging import with_reason
from f.windmill.small_objects import delete_all, write_small

if TYPE_CHECKING:
    from collections.abc import Iterator

    from f.desk.drafts.draft import Draft, Drafts, LeftOut
    from f.desk.reading.row_index import RowIndex
    from f.records.reading.corrections import Corrections

_JUDGED_TOGETHER = 1_000


class Exclusion(NamedTuple):
    """A draft, how many rows are concerned, and the name of the step that has left them out, if one has."""

    draft: Draft
    rows: int
    step: str = ""


def exclude_reason(drafts: Drafts, draft: Draft, reason: str, *, dry_run: bool) -> Exclusion:
    """Leave out every row that the check has found with this reason and that has it still; or count them."""
    index, corrections = index_to_mend(draft), corrections_of(draft)
    lines = list(_lines_with(draft, index, corrections, reason))
    if dry_run:
        return Exclusion(draft, len(lines))
    if not lines:
        return Exclusion(draft, 0)
    step = f"{reason}-{secrets.token_hex(4)}"
    left_out: LeftOut = {
        "id": step,
        "reason": reason,
        "message": index["texts"][reason][0],
        "rows": len(lines),
        "s3": folder_of(draft, f"left_out-{step}.json"),
    }
    corrections.excluded.update(lines)
    write_small(left_out["s3"], orjson.dumps(lines))
    noted: Draft = {**draft, "left_out": [*draft.get("left_out", []), left_out]}
    try:
        kept = keep_corrections(drafts, noted, corrections)
    except FixInput:
        with suppress(ConnectError):  # else it is deleted with the draft
            delete_all([left_out["s3"]])
        raise
    return Exclusion(kept, len(lines), step)


def include_again(drafts: Drafts, draft: Draft, step: str, *, dry_run: bool) -> Exclusion:
    """Take in again what a step has left out, and nothing that was left out otherwise; or count the rows."""
    index_to_mend(draft)
    known = {one["id"]: one for one in draft.get("left_out", [])}
    left_out = known.pop(step, None)
    if left_out is None:
        raise FixInput(
            "These rows were taken in again already: look at the rows as they are now.", code="no_such_step"
        )
    corrections = corrections_of(draft)
    lines = corrections.excluded.intersection(read_json(left_out["s3"]))
    if dry_run:
        return Exclusion(draft, len(lines))
    corrections.excluded -= lines
    noted: Draft = {**draft, "left_out": list(known.values())}
    return Exclusion(keep_corrections(drafts, noted, corrections), len(lines))


def _lines_with(draft: Draft, index: RowIndex, corrections: Corrections, reason: str) -> Iterator[int]:
    """The lines of rows with this reason that are not left out yet.

    A row that a person has mended since the check is judged as it is now.
    """
    records = (one for one in with_reason(index, reason) if one["line"] not in corrections.excluded)
    if not corrections and not index["originals"]:
        yield from (record["line"] for record in records)
        return
    while together := list(islice(records, _JUDGED_TOGETHER)):
        for row in desk_rows(draft, index, corrections, together):
            if any(problem["code"] == reason for problem in row["problems"]):
                yield row["line"]
