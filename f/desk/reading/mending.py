"""What people change of a file's rows, added to what they changed before, and taken back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypedDict

import orjson

from f.connect.errors import ConnectError, FixInput
from f.desk.drafts.digest import LAYOUT, check_digest_of, digest_of
from f.desk.drafts.draft import folder_of
from f.desk.reading.desk_rows import corrections_of, desk_rows
from f.desk.reading.paging import at_lines, originals
from f.desk.reading.row_index import index_of
from f.records.reading.corrections import MOST_CORRECTIONS, MOST_EXCLUDED, Corrections
from f.windmill.small_objects import delete_all, write_small

if TYPE_CHECKING:
    from f.desk.drafts.draft import Draft, Drafts
    from f.desk.reading.desk_rows import DeskRow
    from f.desk.reading.paging import Record
    from f.desk.reading.row_index import RowIndex

_MOST_LINES = 1_000  # that one call may name: each of them is judged while a person waits


class CellChange(TypedDict):
    """A cell and its new text; line and column count from 1."""

    line: int
    column: int
    value: str


class Changes(TypedDict):
    """What a person changes at once. `undo` gives back rows as the file has them."""

    cells: Sequence[Mapping[str, Any]]
    rows: Sequence[Mapping[str, Any]]
    alike: Sequence[Mapping[str, Any]]
    exclude: Sequence[int]
    include: Sequence[int]
    undo: Sequence[int]


def correct(drafts: Drafts, id: str, version: int, changes: Changes) -> tuple[Draft, list[DeskRow]]:
    """Keep what a person changed; return the draft, and the rows that were named as they stand now."""
    draft = drafts.expect(id, version)
    index = index_to_mend(draft)
    lines = _lines(changes)
    records = at_lines(index, lines)
    _refuse_missing(lines, records)
    corrections = corrections_of(draft)
    before = originals(index, lines)
    _check_texts(changes)
    _add(corrections, changes, {line: before.get(line, records[line])["cells"] for line in lines})
    corrections.check_columns(len(index["header"]))
    kept = keep_corrections(drafts, draft, corrections)
    return kept, desk_rows(kept, index, corrections, [records[line] for line in sorted(records)])


def index_to_mend(draft: Draft) -> RowIndex:
    """Return the index of the last check; FixInput if the file is read in another way by now."""
    index = index_of(draft)
    settings: dict[str, Any] = dict(draft["settings"])
    if any(index["reading"][name] != settings[name] for name in LAYOUT):
        raise FixInput(
            "The file is read in another way since its rows were checked: check it again, then change them.",
            code="not_checked",
        )
    return index


def _lines(changes: Changes) -> list[int]:
    for kind, given in changes.items():
        if not isinstance(given, list):
            raise _bad(f"{kind} has to be a list.")
    named = [_number(change, "line") for change in (*changes["cells"], *changes["rows"])]
    named += [_whole(line, "line") for key in ("exclude", "include", "undo") for line in changes[key]]
    lines = sorted(set(named))
    if len(lines) > _MOST_LINES:
        raise FixInput(
            f"{len(lines):,} rows were named at once, and {_MOST_LINES:,} at most are taken: send them in "
            "several steps.",
            code="too_many_rows",
        )
    return lines


def _number(change: object, name: str) -> int:
    if not isinstance(change, Mapping):
        raise _bad("A change has to be an object with its line.")
    return _whole(change.get(name), name)


def _whole(value: object, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise _bad(f"The {name} of a change has to be a whole number from 1 on.")
    return value


def _check_texts(changes: Changes) -> None:
    """Refuse what would be refused once the corrections are read again."""
    Corrections.from_json(
        {
            "cells": [
                [change["line"], change.get("column"), change.get("value")] for change in changes["cells"]
            ],
            "rows": [[change["line"], change.get("cells")] for change in changes["rows"]],
            "alike": [
                [_number(change, "column"), change.get("from"), change.get("to")]
                for change in changes["alike"]
            ],
        }
    )


def _bad(message: str) -> FixInput:
    return FixInput(message, code="bad_corrections")


def _refuse_missing(lines: Sequence[int], records: Mapping[int, Record]) -> None:
    missing = [line for line in lines if line not in records]
    if missing:
        raise FixInput(
            f"No row of the file begins on line {missing[0]}: look at the rows again.", code="no_such_row"
        )


def _add(corrections: Corrections, changes: Changes, original: Mapping[int, list[str]]) -> None:
    for line in changes["undo"]:
        corrections.rows.pop(line, None)
        corrections.cells.pop(line, None)
        corrections.excluded.discard(line)
    for change in changes["rows"]:
        corrections.rows[change["line"]] = change["cells"]
        corrections.cells.pop(change["line"], None)
    for change in changes["cells"]:
        _set_cell(corrections, change, original[change["line"]])
    for change in changes["alike"]:
        _set_alike(corrections, change)
    corrections.excluded.update(changes["exclude"])
    corrections.excluded.difference_update(changes["include"])


def _set_cell(corrections: Corrections, change: Mapping[str, Any], original: Sequence[str]) -> None:
    """A cell that is as it was is no correction."""
    line, index, text = change["line"], change["column"] - 1, change["value"]
    cells = corrections.cells.setdefault(line, {})
    base = corrections.rows.get(line, original)
    if index < len(base) and base[index] == text:
        cells.pop(index, None)
    else:
        cells[index] = text
    if not cells:
        del corrections.cells[line]


def _set_alike(corrections: Corrections, change: Mapping[str, Any]) -> None:
    """Texts that became `from` by an earlier change of this kind become `to` as well."""
    index, old, new = change["column"] - 1, change["from"], change["to"]
    texts = corrections.alike.setdefault(index, {})
    for text in [text for text, became in texts.items() if became == old]:
        texts[text] = new
    texts[old] = new
    corrections.alike[index] = {text: became for text, became in texts.items() if text != became}
    if not corrections.alike[index]:
        del corrections.alike[index]


def keep_corrections(drafts: Drafts, draft: Draft, corrections: Corrections) -> Draft:
    """Keep what people changed, over what they changed before, and return the draft with it.

    Under a name of its own: a run that was started with the ones before still finds those.
    """
    counts = corrections.counts()
    taken_out = counts.get("excluded", 0)
    if sum(counts.values()) - taken_out > MOST_CORRECTIONS or taken_out > MOST_EXCLUDED:
        raise FixInput(
            f"At most {MOST_CORRECTIONS:,} corrections of a file are kept, and {MOST_EXCLUDED:,} rows that "
            "are left out: mend all alike, or correct the file itself.",
            code="too_many_corrections",
        )
    old = draft["corrections_file"]
    path = folder_of(draft, f"corrections-{corrections.digest()[:16]}.json") if corrections else ""
    if path and path != old:
        write_small(path, orjson.dumps(corrections.to_json()))
    try:
        kept = drafts.save({**draft, "corrections": counts, "corrections_file": path})
    except FixInput:
        if path and path != old:
            _forget(path)
        raise
    used = {run["digest"] for run in draft["runs"].values()} & {digest_of(draft), check_digest_of(draft)}
    # An import that has not ended may have been started with them, though other things were chosen since.
    importing = any("ended" not in run for kind, run in draft["runs"].items() if kind in ("plan", "apply"))
    if old and old != path and not used and not importing:
        _forget(old)
    return kept


def _forget(path: str) -> None:
    try:
        delete_all([path])
    except ConnectError:
        print("An object with corrections is left; it is deleted with the import.")
