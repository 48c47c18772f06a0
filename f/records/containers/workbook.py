"""An Excel workbook (.xlsx, .xlsm): its sheets, and the rows of one of them. ECMA-376, SpreadsheetML.

A workbook is a zip archive of XML parts. Which part is what is said by relationships, not by names:
_rels/.rels names the workbook, xl/_rels/workbook.xml.rels its sheets, styles and shared texts.

Why no library reads it, measured with 200,000 rows of 8 cells: calamine holds a sheet as a dense grid
(138 MB, here 21), so that two cells far apart end the whole process, and it reads #N/A as nothing; openpyxl
takes more than twice as long, and refuses the styles that some exporters write.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from f.connect.errors import FixInput
from f.records.containers.limits import damaged
from f.records.containers.markup import Attributes, Handler, parse, relationship_id
from f.records.containers.shared_strings import SharedStrings
from f.records.containers.sheet import SheetHandler
from f.records.containers.styles import Styles
from f.records.containers.zip_archive import shown_name

if TYPE_CHECKING:
    from f.records.containers.zip_archive import ZipArchive

CONTENT_TYPES = "[Content_Types].xml"
_ROOT = "_rels/.rels"
_MOST_SHEETS = 10_000


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet: its name on the tab, its part of the archive, and whether its tab is hidden."""

    name: str
    part: str
    hidden: bool


class Workbook:
    """The worksheets of an open archive. `texts` is an empty file for what they share."""

    def __init__(self, archive: ZipArchive, texts: IO[bytes]) -> None:
        self.archive, self.what = archive, archive.what
        part = self._related("", _ROOT).first("/officeDocument") or "xl/workbook.xml"
        folder, name = posixpath.split(part)
        related = self._related(folder, f"{folder}/_rels/{name}.rels")
        listed = _Sheets()
        self._parse(part, listed)
        self.from_1904 = listed.from_1904
        self.sheets = [
            Sheet(title, target, hidden)
            for title, key, hidden in listed.found
            if (target := related.target(key, "/worksheet"))
        ]
        if not self.sheets:
            raise FixInput(f"The {self.what} has no sheet with cells.", code="empty_file")
        self._styles = Styles()
        if styles := related.first("/styles"):
            self._parse(styles, self._styles, required=False)
        self._strings = SharedStrings(self.what, texts, archive.limits)
        if strings := related.first("/sharedStrings"):
            self._parse(strings, self._strings, required=False)
        self._strings.close_writing()

    def find(self, name: str) -> Sheet | None:
        """Return the sheet of that name, whatever its case, or None."""
        wanted = name.strip().casefold()
        exact = [sheet for sheet in self.sheets if sheet.name == name]
        alike = [sheet for sheet in self.sheets if sheet.name.strip().casefold() == wanted]
        return next(iter(exact + alike), None)

    def first_with_rows(self) -> Sheet | None:
        """Return the first sheet with a value whose tab is not hidden, or None."""
        return next((sheet for sheet in self.sheets if not sheet.hidden and self.has_rows(sheet)), None)

    def has_rows(self, sheet: Sheet) -> bool:
        """Return whether any cell of the sheet has a value."""
        return next(self.open(sheet), None) is not None

    def open(self, sheet: Sheet) -> SheetRows:
        """Return the sheet's rows, to be iterated once."""
        handler = SheetHandler(
            f"sheet {shown_name(sheet.name)!r} of the {self.what}",
            self._strings,
            self._styles,
            from_1904=self.from_1904,
            limits=self.archive.limits,
        )
        return SheetRows(self, sheet, handler)

    def parse_sheet(self, sheet: Sheet, handler: SheetHandler) -> Iterator[None]:
        """Read a sheet's part with the handler, pausing after each piece."""
        return parse(self.archive.read(self._stored(sheet.part)), handler, self.what, self.archive.limits)

    def _related(self, folder: str, part: str) -> _Relationships:
        related = _Relationships(folder)
        self._parse(part.lstrip("/"), related, required=False)
        return related

    def _parse(self, part: str, handler: Handler, *, required: bool = True) -> None:
        """Some writers name parts that they do not write: what needs one finds it missing later."""
        if required or self.archive.find(part):
            for _ in parse(self.archive.read(self._stored(part)), handler, self.what, self.archive.limits):
                pass

    def _stored(self, part: str) -> str:
        stored = self.archive.find(part)
        if stored is None:
            raise damaged(self.what, f"its part {shown_name(part)} is missing")
        return stored


class SheetRows:
    """Rows of one sheet: numbers from 1 and cells as texts; rows without any value are left out."""

    def __init__(self, workbook: Workbook, sheet: Sheet, handler: SheetHandler) -> None:
        self.unevaluated, self.merged = handler.unevaluated, handler.merged
        self._rows = _rows(workbook.parse_sheet(sheet, handler), handler)

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        return self._rows

    def __next__(self) -> tuple[int, list[str]]:
        return next(self._rows)


def _rows(pauses: Iterator[None], handler: SheetHandler) -> Iterator[tuple[int, list[str]]]:
    for _ in pauses:
        yield from handler.take()


class _Relationships(Handler):
    """<Relationship Id="rId1" Type=".../worksheet" Target="worksheets/sheet1.xml"/>, by id."""

    def __init__(self, folder: str) -> None:
        super().__init__()
        self.folder = folder
        self.found: dict[str, tuple[str, str]] = {}  # id: type, part

    def start(self, name: str, attributes: Attributes) -> None:
        if name != "Relationship" or len(self.found) >= _MOST_SHEETS or "Target" not in attributes:
            return
        if attributes.get("TargetMode") == "External":
            return
        target = attributes["Target"].replace("\\", "/")
        path = target if target.startswith("/") else f"{self.folder}/{target}"
        part = posixpath.normpath(path).lstrip("/")
        self.found[attributes.get("Id", "")] = (attributes.get("Type", ""), part)

    def first(self, kind: str) -> str | None:
        """Return the part of the first relationship whose type ends like this."""
        return next((part for each, part in self.found.values() if each.endswith(kind)), None)

    def target(self, key: str, kind: str) -> str | None:
        """Return the part that an id names, if it is of this kind: a chart has a tab as well."""
        each, part = self.found.get(key, ("", ""))
        return part if each.endswith(kind) else None


class _Sheets(Handler):
    """<sheet name="Orders" state="hidden" r:id="rId1"/>, in the order of their tabs."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, bool]] = []  # name, id, hidden
        self.from_1904 = False

    def start(self, name: str, attributes: Attributes) -> None:
        if name == "sheet" and len(self.found) < _MOST_SHEETS:
            hidden = attributes.get("state", "visible") != "visible"
            self.found.append((attributes.get("name", ""), relationship_id(attributes), hidden))
        elif name == "workbookPr":
            self.from_1904 = attributes.get("date1904", "0") in {"1", "true", "on"}
