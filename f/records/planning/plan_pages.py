"""A stored plan a page at a time: what would become of each row, and which values would be replaced."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from typing import TYPE_CHECKING, TypedDict

from f.records.planning.plan_file import text_lines
from f.records.rows.rejects_file import unescape
from f.windmill.small_objects import stream_object

if TYPE_CHECKING:
    from f.records.planning.plan import Action
    from f.windmill.objects import FileRef


class FieldChange(TypedDict):
    """A value that an update would replace, as it is and as it would be."""

    field: str
    before: str
    after: str


class PlanRow(TypedDict):
    """What would become of a row. `id` is that of the record in the target, empty if it is not known."""

    line: int
    key: str
    action: str
    reason: str
    id: str
    changes: list[FieldChange]


def plan_page(file: FileRef, action: Action | None, offset: int, limit: int) -> list[PlanRow]:
    """Return up to `limit` rows of a plan from the `offset`th on, of one action if one is named.

    Values are as they are in the file, not masked. Reads the file up to there; FixInput if it is gone.
    """
    rows = (row for row in _rows(file) if action is None or row["action"] == action)
    return list(islice(rows, offset, offset + limit))


def _rows(file: FileRef) -> Iterator[PlanRow]:
    pieces = stream_object(file["s3"]) if "s3" in file else [file["content"].encode()]
    for _, lines in groupby(csv.DictReader(text_lines(pieces)), key=lambda line: line["line"]):
        yield _row(lines)


def _row(lines: Iterable[dict[str, str]]) -> PlanRow:
    """A row has a line for each value that would be replaced, else one without a field."""
    first, *others = lines
    changes = [
        FieldChange(field=unescape(line["field"]), before=unescape(line["from"]), after=unescape(line["to"]))
        for line in (first, *others)
        if line["field"]
    ]
    return {
        "line": int(first["line"]),
        "key": unescape(first["key"]),
        "action": first["action"],
        "reason": first["reason"],
        "id": unescape(first["id"]),
        "changes": changes,
    }
