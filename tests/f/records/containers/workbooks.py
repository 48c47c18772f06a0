"""Workbooks made of raw XML, as writers other than Excel make them, and the rows that come out of a file."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import openpyxl

from f.records.reading.unpacking import Unpacked, unpack

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def relationships(*targets: tuple[str, str, str]) -> str:
    rows = "".join(
        f'<Relationship Id="{key}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for key, kind, target in targets
    )
    return f'<Relationships xmlns="{_PACKAGE}">{rows}</Relationships>'


@dataclass
class Raw:
    """A workbook of one sheet, part by part; `more` adds parts or replaces them."""

    rows: str = ""  # what <sheetData> holds
    formats: Sequence[str] = ()  # of the styles 1, 2, ...
    shared: str = ""
    properties: str = ""
    target: str = "worksheets/sheet1.xml"
    namespace: str = MAIN
    before: str = ""  # between <worksheet> and <sheetData>
    more: Mapping[str, str] = field(default_factory=dict)

    def parts(self) -> dict[str, str]:
        space = f'xmlns="{self.namespace}"'
        codes = "".join(
            f'<numFmt numFmtId="{164 + index}" formatCode="{code}"/>'
            for index, code in enumerate(self.formats)
        )
        styles = "".join(f'<xf numFmtId="{164 + index}"/>' for index in range(len(self.formats)))
        return {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": relationships(("a", "officeDocument", "xl/workbook.xml")),
            "xl/workbook.xml": f'<workbook {space} xmlns:r="{_OFFICE}">{self.properties}'
            '<sheets><sheet name="Rows" sheetId="1" r:id="rId1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": relationships(
                ("rId1", "worksheet", self.target),
                ("rId2", "styles", "styles.xml"),
                ("rId3", "sharedStrings", "sharedStrings.xml"),
            ),
            "xl/styles.xml": f"<styleSheet {space}><numFmts>{codes}</numFmts>"
            "<cellStyleXfs><xf/><xf/></cellStyleXfs>"
            f'<cellXfs><xf numFmtId="0"/>{styles}</cellXfs></styleSheet>',
            "xl/sharedStrings.xml": f"<sst {space}>{self.shared}</sst>",
            "xl/worksheets/sheet1.xml": f"<worksheet {space}>{self.before}<sheetData>{self.rows}</sheetData>"
            "</worksheet>",
            **self.more,
        }

    def bytes(self) -> bytes:
        return zipped({name: text.encode() for name, text in self.parts().items()})


def zipped(files: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def workbook(**sheets: Iterable[Sequence[Any]]) -> bytes:
    """A workbook as openpyxl writes it."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    return saved(book)


def saved(book: openpyxl.Workbook) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def opened(content: bytes, part: str = "", size: int = 1000) -> Unpacked:
    chunks = (content[start : start + size] for start in range(0, len(content), size))
    return unpack(chunks, title="file", part=part)


def text_of(content: bytes, part: str = "") -> str:
    return b"".join(opened(content, part).chunks).decode("utf-8-sig")


def rows_of(content: bytes, part: str = "") -> list[list[str]]:
    """The rows of a file; blank ones are empty lists."""
    return list(csv.reader(io.StringIO(text_of(content, part), newline="")))
