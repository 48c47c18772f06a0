"""How a draft's file is read now: its beginning, its columns, and what is still to be asked."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, TypedDict

from f.connect.errors import FixInput
from f.customers.validation.customer_type import CUSTOMERS
from f.customers.validation.field_texts import field_infos
from f.desk.drafts.digest import LAYOUT
from f.desk.reading.choices import with_choices
from f.desk.reading.draft_file import how_to_read, source_of
from f.desk.reading.mappings import mapping_for, signature_of
from f.desk.reading.targets import list_targets
from f.records.reading.column_words import bare_titles, fold
from f.records.reading.opening import open_file
from f.records.reading.preview import preview
from f.records.reading.record_type import placed_title
from f.records.reading.table_validation import guesses_of
from f.records.rows.rejects_file import is_rejects_header, undo

if TYPE_CHECKING:
    from collections.abc import Sequence

    from f.customers.validation.field_texts import FieldInfo
    from f.desk.drafts.draft import Draft, Drafts, Settings
    from f.desk.reading.targets import TargetInfo
    from f.records.reading.opening import OpenFile
    from f.records.reading.preview import Preview
    from f.records.reading.unpacking import Part
    from f.store.store import Store

_SHOWN_ROWS = 50
_SAMPLES = 5
_LONGEST_CELL = 1_000  # characters that are shown
_MOST_PARTS = 500
_TABLES = (".csv", ".tsv", ".txt", ".xlsx", ".xlsm")
_FORGET = "forget_corrections"
# Other rows of the same file: what was said of a line or a column does not hold then.
_OTHER_ROWS = ("encoding", "delimiter", "sheet")


class Look(TypedDict):
    """A draft, how its file is read, its first rows as they stand, and what there is to choose from.

    `parts` are the sheets of a workbook, or the files of a zip, if there are several. Without a `preview` one
    of them has to be chosen first, by the setting `sheet`.
    """

    draft: Draft
    preview: Preview | None
    rows: list[list[str]]
    lines: list[int]
    header: list[str]
    fields: list[FieldInfo]
    targets: list[TargetInfo]
    mapping_from: str
    parts: list[Part]


def look(drafts: Drafts, id: str, version: int, changes: Mapping[str, Any]) -> Look:
    """Change what was chosen of a draft, and show how its file is read then.

    Where the file cannot be read with the change, that is raised and the draft stays as it was.
    """
    draft = drafts.expect(id, version) if changes else drafts.get(id)
    chosen = _changed(draft, changes)
    parts: list[Part] = []
    how = how_to_read(chosen["settings"])
    try:
        opened = open_file(source_of(draft), how, CUSTOMERS, tell_parts=parts.extend)
    except FixInput as error:
        if changes or error.code != "several_files":
            raise
        return _unread(draft, parts)
    header = _header(opened)
    if "mapping" not in changes and _differs(draft, chosen, LAYOUT):
        chosen = _with_mapping(chosen, _still_there(chosen["settings"]["mapping"], header))
    offered = chosen if "mapping" in changes else _offered(drafts.store, chosen, opened, header)
    shown = preview(opened, CUSTOMERS, offered["settings"]["mapping"], rows=_SAMPLES)
    kept = _keep(drafts, draft, offered, by_person=chosen != draft)
    rows = list(islice(opened.table.rows, _SHOWN_ROWS))
    is_rejects = is_rejects_header(opened.table.header)
    return {
        **_unread(kept, parts),
        "preview": shown,
        "rows": [_cells(undo(row.cells) if is_rejects else row.cells) for row in rows],
        "lines": [row.line for row in rows],
        "header": header,
        "mapping_from": kept["mapping_from"],
    }


def _unread(draft: Draft, parts: list[Part]) -> Look:
    """What there is to see before a file is read; no more, as long as one of several has to be named."""
    return {
        "draft": draft,
        "preview": None,
        "rows": [],
        "lines": [],
        "header": [],
        "fields": field_infos(),
        "targets": list_targets(),
        "mapping_from": "",
        "parts": _listed(parts),
    }


def _listed(parts: list[Part]) -> list[Part]:
    """The parts, if there is more than one: first those whose names are of tables."""
    ordered = sorted(parts, key=lambda part: not part["name"].casefold().endswith(_TABLES))
    return ordered[:_MOST_PARTS] if len(parts) > 1 else []


def _changed(draft: Draft, changes: Mapping[str, Any]) -> Draft:
    """A draft as a person wants it. Corrections of rows that the file does not have then are in the way."""
    if not isinstance(changes, Mapping):
        raise FixInput("changes has to be an object: settings by their names.", code="bad_settings")
    wanted = {name: value for name, value in changes.items() if name != _FORGET}
    chosen: Draft = {**draft, "settings": with_choices(draft["settings"], wanted)}
    if "mapping" in wanted:
        chosen["mapping_from"] = ""
    if not draft["corrections_file"]:
        return chosen
    if changes.get(_FORGET) is True:
        return {**chosen, "corrections": {}, "corrections_file": "", "left_out": []}
    if _differs(draft, chosen, _OTHER_ROWS):
        count = sum(draft["corrections"].values())
        raise FixInput(
            f"{count:,} corrections were made to the rows as they are read now, and other ones would be read "
            "then: give the corrections up first, or leave the setting as it is.",
            code="corrections_in_the_way",
        )
    return chosen


def _differs(draft: Draft, chosen: Draft, names: Sequence[str]) -> bool:
    before, after = dict(draft["settings"]), dict(chosen["settings"])
    return any(before[name] != after[name] for name in names)


def _header(opened: OpenFile) -> list[str]:
    header = opened.table.header
    return bare_titles(undo(header) if is_rejects_header(header) else header, CUSTOMERS)


def _still_there(mapping: Mapping[str, str], header: Sequence[str]) -> dict[str, str]:
    """What was said of columns that another header has as well."""
    there = {*header, *map(fold, header), *(placed_title(title, at) for at, title in enumerate(header))}
    return {title: field for title, field in mapping.items() if title in there or fold(title) in there}


def _with_mapping(draft: Draft, mapping: dict[str, str]) -> Draft:
    settings: Settings = {**draft["settings"], "mapping": mapping}
    return {**draft, "settings": settings}


def _offered(store: Store, draft: Draft, opened: OpenFile, header: Sequence[str]) -> Draft:
    """A draft with what was said of the columns of an earlier file, if nobody has said anything of this one.

    It is offered once for a header: who takes it back is not offered it again.
    """
    if draft["settings"]["mapping"] or not opened.table.dialect.has_header:
        return draft
    signature = signature_of(header)
    if signature == draft["mapping_offered"]:
        return draft
    mapping, origin = mapping_for(store, header)
    looked_up: Draft = {**draft, "mapping_offered": signature}
    try:
        guesses_of(opened.table, CUSTOMERS, mapping)
    except FixInput:
        return looked_up
    return {**_with_mapping(looked_up, mapping), "mapping_from": origin}


def _keep(drafts: Drafts, draft: Draft, wanted: Draft, *, by_person: bool) -> Draft:
    if by_person:
        return drafts.save(wanted)
    if wanted == draft:
        return draft
    # Nobody asked for what is offered: whoever changes the draft meanwhile goes first.
    return drafts.note(draft["id"], lambda now: wanted if now["revision"] == draft["revision"] else now)


def _cells(cells: Sequence[str]) -> list[str]:
    return [cell[:_LONGEST_CELL] for cell in cells]
