"""From a file as it arrives to CSV bytes: gzip, a zip of one file, a sheet of an Excel workbook.

What is none of these passes unchanged. A zip needs random access, so it is copied to a temporary file
first; everything else streams. Nothing is held that grows with the file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain
from typing import IO, TYPE_CHECKING, TypedDict

from f.connect.errors import FixInput
from f.records.layout.bad_table import BadTable
from f.records.layout.notes import Note

if TYPE_CHECKING:
    from f.records.containers.limits import Limits
    from f.records.containers.sheet_csv import RowNumbers
    from f.records.containers.workbook import Sheet, SheetRows, Workbook
    from f.records.containers.zip_archive import ZipArchive
    from f.records.layout.row_judge import TableRow

_GZIP_START = b"\x1f\x8b"
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
_HEAD_BYTES = 8
_LOOKED_AT = 1 << 12  # of a zip, to call it by what it is where it can't be opened
_MOST_LISTED = 20
_HIDDEN = " (hidden)"  # behind the name of a sheet whose tab is not shown
_OFFICE = {
    "xl/workbook.bin": "an Excel binary workbook (.xlsb)",
    "word/": "a Word document",
    "ppt/": "a PowerPoint presentation",
}


class Part(TypedDict):
    """What may be named of a file: a sheet, or a file in a zip with the bytes that it is said to have."""

    name: str
    size: int | None


TellParts = Callable[[list[Part]], object]


def untold(_parts: list[Part]) -> None:
    """Stand for whoever need not know the parts."""


@dataclass(slots=True)
class Unpacked:
    """The CSV bytes of one file. `notes` and the lines of `renumbered` grow while `chunks` is read.

    `container` is what was unpacked, such as "xlsx" or "xlsx in zip", "" if nothing was. `part` is the sheet,
    or the file in a zip; `other_parts` those beside it. A sheet is UTF-8 with commas, whatever the file's
    encoding and delimiter are said to be: `is_sheet`.
    """

    title: str
    chunks: Iterator[bytes]
    part: str = ""
    other_parts: tuple[str, ...] = ()
    container: str = ""
    is_sheet: bool = False
    notes: list[Note] = field(default_factory=list)
    numbers: RowNumbers | None = None

    def row_at(self, line: int) -> int:
        """Return the row of the sheet that begins on a line of the CSV; of any other file, the line."""
        return line if self.numbers is None else self.numbers.row_at(line)

    def renumbered(self, rows: Iterator[TableRow]) -> Iterator[TableRow]:
        """Return a table's rows with the numbers that they have in the sheet."""
        return rows if self.numbers is None else _renumbered(rows, self.numbers)


def _renumbered(rows: Iterator[TableRow], numbers: RowNumbers) -> Iterator[TableRow]:
    for row in rows:
        # A cell of a sheet has borders of its own: no missing quote makes it swallow lines.
        fault = None if row.fault == "swallowed_lines" else row.fault
        if numbers or fault is not row.fault:
            yield row._replace(line=numbers.row_at(row.line), fault=fault)
        else:
            yield row


def unpack(
    source_chunks: Iterable[bytes],
    *,
    title: str,
    part: str = "",
    limits: Limits | None = None,
    tell_parts: TellParts = untold,
) -> Unpacked:
    """Return the file's CSV bytes. `part` names the sheet of a workbook, or the file in a zip.

    `tell_parts` is told what could be named; of a zip also where one has to be named and was not.

    Raises FixInput, here or while `chunks` is read: damaged_file, encrypted_file, unknown_compression,
    unpacks_too_large, row_too_large, nested_archive, several_files, empty_file, unknown_part, no_parts; and
    BadTable binary_file for a zip that is a document of another kind.
    """
    head, chunks = _peek(iter(source_chunks))
    outside = ""
    if head.startswith(_GZIP_START):
        from f.records.containers.gzip_stream import gunzip  # most files are not packed
        from f.records.containers.limits import LIMITS

        outside = "gzip"
        head, chunks = _peek(gunzip(chunks, limits or LIMITS))
        if head.startswith(_GZIP_START):
            raise _nested("gzip archive")
    if not head.startswith(_ZIP_STARTS):
        if part:
            raise _no_parts(outside)
        return Unpacked(title, chunks, container=outside)
    with ExitStack() as stack:
        archive = _spooled(chunks, stack, limits)
        if _is_workbook(archive):
            return _from_workbook(archive, title, part, stack, outside, tell_parts)
        if outside:
            raise _nested("zip archive")
        return _from_zip(archive, title, part, stack, tell_parts)


def _peek(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the first bytes, and all chunks."""
    head: list[bytes] = []
    while sum(map(len, head)) < _HEAD_BYTES and (chunk := next(chunks, None)) is not None:
        head.append(chunk)
    return b"".join(head), chain(head, chunks)


def _no_parts(outside: str) -> FixInput:
    kind = "a gzip archive, which holds a single file" if outside else "neither"
    return FixInput(
        f"The input sheet names a sheet of a workbook or a file in a zip archive, and this file is {kind}: "
        "leave it empty.",
        code="no_parts",
    )


def _nested(kind: str) -> FixInput:
    return FixInput(
        f"The archive holds another one, a {kind}: unpack it, and import the table that is in it.",
        code="nested_archive",
    )


def _spooled(chunks: Iterable[bytes], stack: ExitStack, limits: Limits | None) -> ZipArchive:
    """Open a zip on this machine's disk; `stack` closes and removes it."""
    from f.records.containers.limits import LIMITS  # most files are not packed
    from f.records.containers.zip_archive import ZipArchive

    file = _temporary(stack)
    for chunk in chunks:
        file.write(chunk)
    file.seek(0)
    start = file.read(_LOOKED_AT)
    what = "Excel workbook" if b"xl/" in start or b"[Content_Types].xml" in start else "zip archive"
    return ZipArchive(file, what, limits or LIMITS)


def _temporary(stack: ExitStack) -> IO[bytes]:
    file: IO[bytes] = tempfile.TemporaryFile(prefix="import-")  # noqa: SIM115 - closed with the stack
    return stack.enter_context(file)


def _is_workbook(archive: ZipArchive) -> bool:
    """Whether a zip is an Excel workbook. Raises BadTable for a document of another kind."""
    names = archive.names()
    if "mimetype" in names and (b"opendocument" in b"".join(archive.read("mimetype"))):
        raise _another_document("an OpenDocument file, such as a spreadsheet (.ods)")
    if "[Content_Types].xml" not in names:
        if any(name.endswith(".iwa") or name == "Index.zip" for name in names):
            raise _another_document("an Apple Numbers or Pages document")
        return False
    for start, kind in _OFFICE.items():
        if any(name.startswith(start) for name in names):
            raise _another_document(kind)
    return True


def _another_document(kind: str) -> BadTable:
    return BadTable(
        f"This is {kind}, not CSV: open it there and save the table as an Excel workbook (.xlsx) or as CSV "
        "UTF-8, and try again.",
        code="binary_file",
    )


def _from_zip(
    archive: ZipArchive, title: str, part: str, stack: ExitStack, tell_parts: TellParts
) -> Unpacked:
    documents = archive.documents()
    if len(documents) > 1:  # whose sheets cannot be named then
        tell_parts([{"name": each, "size": archive.said_size(each)} for each in documents])
        tell_parts = untold
    name, inner = _document(documents, part)
    others = tuple(_shown(each) for each in documents if each != name)
    head, chunks = _peek(archive.read(name))
    if head.startswith(_GZIP_START):
        raise _nested("gzip archive")
    if head.startswith(_ZIP_STARTS):
        workbook = _spooled(chunks, stack, archive.limits)
        if not _is_workbook(workbook):
            raise _nested("zip archive")
        unpacked = _from_workbook(workbook, title, inner, stack, "zip", tell_parts)
        unpacked.part = f"{_shown(name)}, {unpacked.part}"
    elif inner:
        raise _unknown_part(inner, "file", "zip archive", [_shown(each) for each in documents])
    else:
        unpacked = Unpacked(title, _held(chunks, stack), _shown(name), container="zip")
    if others:
        unpacked.other_parts += others
        unpacked.notes.append(Note("other_files", None, _not_read(_shown(name), "file", others)))
    return unpacked


def _document(names: list[str], part: str) -> tuple[str, str]:
    """Return the file to read, and what is left to be named inside it."""
    if not names:
        raise FixInput("The zip archive holds no file: choose another one.", code="empty_file")
    if part in names:  # also where a folder has another file of that name
        return part, ""
    wanted = part.strip().casefold()
    named = [name for name in names if wanted in {name.casefold(), name.rpartition("/")[2].casefold()}]
    if part and len(named) == 1:
        return named[0], ""
    if len(names) == 1:
        return names[0], part
    shown = [_shown(name) for name in names]
    if part:
        raise _unknown_part(part, "file", "zip archive", shown)
    raise FixInput(
        f"The zip archive holds {len(names)} files: {_listed(shown)}. Name the one to import in the input "
        "sheet, or pack it alone.",
        code="several_files",
    )


def _from_workbook(
    archive: ZipArchive, title: str, part: str, stack: ExitStack, outside: str, tell_parts: TellParts
) -> Unpacked:
    # Imported here, for most files are CSV and a job pays for each module.
    from f.records.containers.sheet_csv import RowNumbers, sheet_csv
    from f.records.containers.workbook import Workbook

    archive.what = "Excel workbook"
    workbook = Workbook(archive, _temporary(stack))
    sheet = _sheet(workbook, part)
    there = [
        each
        for position, each in enumerate(workbook.sheets)
        if each is sheet or position >= _MOST_LISTED or workbook.has_rows(each)
    ]
    tell_parts([{"name": each.name, "size": None} for each in there])
    others = [_tab(each) for each in there if each is not sheet]
    numbers, rows = RowNumbers(), workbook.open(sheet)
    notes: list[Note] = []
    if others:
        notes.append(Note("other_sheets", None, _not_read(_shown(sheet.name), "sheet", others)))
    csv = chain(sheet_csv(rows, numbers, archive.what, archive.limits), _noticed(rows, notes))
    return Unpacked(
        title,
        _held(csv, stack),
        _shown(sheet.name),
        tuple(others),
        f"xlsx in {outside}" if outside else "xlsx",
        is_sheet=True,
        notes=notes,
        numbers=numbers,
    )


def _sheet(workbook: Workbook, name: str) -> Sheet:
    """Return the sheet of that name, or the first with rows. Raises FixInput if there is none."""
    shown = [_tab(each) for each in workbook.sheets]
    if name:
        sheet = workbook.find(name)
        if sheet is None:
            raise _unknown_part(name, "sheet", "workbook", shown)
        return sheet
    sheet = workbook.first_with_rows()
    if sheet is None:
        raise FixInput(
            f"No sheet that the workbook shows has a value in it; there are {_listed(shown)}. Choose another "
            "file, or name a hidden sheet in the input sheet.",
            code="empty_file",
        )
    return sheet


def _tab(sheet: Sheet) -> str:
    return f"{_shown(sheet.name)}{_HIDDEN}" if sheet.hidden else _shown(sheet.name)


def _noticed(rows: SheetRows, notes: list[Note]) -> Iterator[bytes]:
    """Once the rows are read: say of formulas that nobody has calculated, and of merged rows. Yields none."""
    found = rows.unevaluated
    if found.cells:
        cells = "1 cell holds" if found.cells == 1 else f"{found.cells:,} cells hold"
        text = (
            f"{cells} a formula without its result, the first in row {found.row}: read as empty. Open the "
            "workbook in Excel, save it, and import it again."
        )
        notes.append(Note("formula_without_result", found.row, text))
    merged = rows.merged
    if merged.groups:
        text = (
            f"Cells are merged over several rows, the first from row {merged.row} on: only the first "
            "of the rows has the value, the others are read as empty there. If they need it, unmerge and "
            "fill the cells, and import the file again."
        )
        notes.append(Note("merged_rows", merged.row, text))
    yield from ()


def _held(chunks: Iterator[bytes], stack: ExitStack) -> Iterator[bytes]:
    """Hand over the files that `chunks` reads: they are closed when it ends or is given up."""

    def read(files: ExitStack) -> Iterator[bytes]:
        with files:
            yield b""
            yield from chunks

    held = read(stack.pop_all())
    next(held)  # a generator that was never begun would not close them
    return held


def _unknown_part(name: str, kind: str, container: str, there: list[str]) -> FixInput:
    return FixInput(
        f"There is no {kind} {_shown(name)!r} in the {container}. There are: {_listed(there)}.",
        code="unknown_part",
    )


def _not_read(name: str, kind: str, others: Iterable[str]) -> str:
    return (
        f"The {kind} {name!r} was read. Not read: {_listed(list(others))}. To import another one, name it in "
        "the input sheet."
    )


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:_MOST_LISTED])
    return shown if len(names) <= _MOST_LISTED else f"{shown} and {len(names) - _MOST_LISTED:,} more"


def _shown(name: str) -> str:
    from f.records.containers.zip_archive import shown_name  # loaded once it is called

    return shown_name(name)
