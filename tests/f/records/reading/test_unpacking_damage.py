"""Containers that cannot or must not be read: each is answered with a sentence, in bounded time."""

from __future__ import annotations

import gzip
import io
import random
import struct
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress

import pytest

from f.connect.errors import FixInput
from f.records.containers.limits import LIMITS, Limits
from f.records.layout.bad_table import BadTable
from f.records.reading.table import read_table
from f.records.reading.unpacking import unpack
from tests.f.records.containers.workbooks import Raw, opened, rows_of, workbook, zipped

CSV = b"name,email\nAda,ada@example.com\n"
HEAD = ["name", "email"]
ADA = ["Ada", "ada@example.com"]


def encrypted() -> bytes:
    packed = bytearray(zipped({"a.csv": CSV}))
    packed[6] |= 1
    packed[packed.index(b"PK\x01\x02") + 8] |= 1
    return bytes(packed)


def with_method(method: int) -> bytes:
    packed = bytearray(zipped({"a.csv": CSV}))
    packed[8:10] = struct.pack("<H", method)
    place = packed.index(b"PK\x01\x02") + 10
    packed[place : place + 2] = struct.pack("<H", method)
    return bytes(packed)


def bad_checksum(packed: bytes, old: bytes) -> bytes:
    """A stored file of a zip with one byte changed."""
    assert old in packed
    return packed.replace(old, b"X" * len(old), 1)


def stored(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()


BOOK = workbook(Contacts=[HEAD, ADA])
REFUSED: dict[str, tuple[bytes, str, str]] = {
    "an encrypted zip": (encrypted(), "encrypted_file", "zip archive is protected by a password"),
    "an unknown method": (with_method(9), "unknown_compression", "method 9"),
    "an empty zip": (zipped({}), "empty_file", "holds no file"),
    "a zip of a system's files": (zipped({"__MACOSX/a": b"x"}), "empty_file", "holds no file"),
    "a zip in a zip": (zipped({"a.zip": zipped({"a.csv": CSV})}), "nested_archive", "zip archive: unpack it"),
    "a gzip in a zip": (zipped({"a.csv.gz": gzip.compress(CSV)}), "nested_archive", "gzip archive: unpack"),
    "a zip in a gzip": (gzip.compress(zipped({"a.csv": CSV})), "nested_archive", "zip archive: unpack it"),
    "a gzip in a gzip": (gzip.compress(gzip.compress(CSV)), "nested_archive", "gzip archive: unpack it"),
    "a cut gzip": (gzip.compress(CSV)[:-4], "damaged_file", "gzip archive is damaged or was not transferred"),
    "a gzip with a wrong checksum": (
        gzip.compress(CSV)[:-8] + b"abcd" + gzip.compress(CSV)[-4:],
        "damaged_file",
        "a checksum is wrong",
    ),
    "a gzip with something behind it": (gzip.compress(CSV) + b"more", "damaged_file", "cannot be read"),
    "a cut zip": (zipped({"a.csv": CSV})[:-30], "damaged_file", "zip archive is damaged or was not"),
    "a zip with a wrong checksum": (
        bad_checksum(stored("a.csv", CSV), b"ada@"),
        "damaged_file",
        "a checksum is wrong",
    ),
    "a cut workbook": (BOOK[:-100], "damaged_file", "Excel workbook is damaged or was not transferred"),
    "an opendocument sheet": (
        zipped({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b"<x/>"}),
        "binary_file",
        ".ods",
    ),
    "a binary workbook": (
        zipped({"[Content_Types].xml": b"", "xl/workbook.bin": b""}),
        "binary_file",
        ".xlsb",
    ),
    "a word document": (
        zipped({"[Content_Types].xml": b"", "word/document.xml": b""}),
        "binary_file",
        "Word",
    ),
    "a numbers document": (zipped({"Index/Document.iwa": b"", "Data/x": b""}), "binary_file", "Numbers"),
    "a sheet that is no XML": (Raw("<row><c></row>").bytes(), "damaged_file", "its XML cannot be read"),
    "a document type": (
        Raw(more={"xl/workbook.xml": '<!DOCTYPE x [<!ENTITY a "b">]><workbook/>'}).bytes(),
        "damaged_file",
        "document type",
    ),
    "rows out of order": (
        Raw('<row r="2"><c><v>1</v></c></row><row r="1"><c><v>1</v></c></row>').bytes(),
        "damaged_file",
        "row 1 follows row 2",
    ),
    "a row beyond a sheet": (
        Raw('<row r="1048577"><c><v>1</v></c></row>').bytes(),
        "damaged_file",
        "row 1048577",
    ),
    "a cell beyond a sheet": (
        Raw('<row><c r="XFE1"><v>1</v></c></row>').bytes(),
        "damaged_file",
        "outside of the sheet",
    ),
    "a cell twice": (
        Raw('<row><c r="A1"><v>1</v></c><c r="A1"><v>2</v></c></row>').bytes(),
        "damaged_file",
        "has a cell twice",
    ),
    "a cell in a cell": (Raw("<row><c><c><v>1</v></c></c></row>").bytes(), "damaged_file", "lies in another"),
    "a text that is not there": (
        Raw('<row><c t="s"><v>7</v></c></row>').bytes(),
        "damaged_file",
        "a text that",
    ),
    "no sheets": (Raw(more={"xl/workbook.xml": "<workbook/>"}).bytes(), "empty_file", "no sheet with cells"),
    "a missing sheet": (Raw(target="worksheets/9.xml").bytes(), "damaged_file", "sheets/9.xml is missing"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_read_is_answered_with_a_sentence(case: str) -> None:
    content, code, said = REFUSED[case]
    with pytest.raises(FixInput) as refused:
        rows_of(content)
    assert (refused.value.code, said in str(refused.value)) == (code, True), str(refused.value)
    assert "example.com" not in str(refused.value)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    ("content", "said"),
    [(CSV, "this file is neither"), (gzip.compress(CSV), "this file is a gzip archive")],
    ids=["csv", "gzip"],
)
def test_a_sheet_cannot_be_named_where_there_is_none(content: bytes, said: str) -> None:
    with pytest.raises(FixInput, match=said) as refused:
        opened(content, "Contacts")
    assert refused.value.code == "no_parts"


def test_a_file_that_is_not_in_the_zip_is_answered_with_those_there_are() -> None:
    for files in ({"a.csv": CSV}, {"a.csv": CSV, "b.csv": CSV}):
        with pytest.raises(
            FixInput, match=rf"no file 'c.csv' in the zip archive\. There are: {', '.join(files)}\."
        ):
            opened(zipped(files), "c.csv")


def test_a_protected_workbook_is_named() -> None:
    """Excel wraps it into the format of old workbooks."""
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(BadTable, match=r"an Excel workbook protected by a password.*take the password off"):
        read_table(opened(content).chunks)


# Bombs

SMALL = Limits(
    unpacked_bytes=2_000_000,
    ratio=100,
    ratio_from=1_000_000,
    directory_bytes=10_000,
    field_chars=1000,
    row_chars=10_000,
    strings=100,
    markup_bytes=100_000,
)
ZEROS = bytes(1_500_000)


def cells(count: int) -> str:
    return "".join(f'<c t="inlineStr"><is><t>{"x" * 900}</t></is></c>' for _ in range(count))


REPEATED = "<row>" + '<c t="s"><v>0</v></c>' * 9 + "</row>"
BOMBS: dict[str, tuple[Callable[[], bytes], str]] = {
    "a gzip of zeros": (lambda: gzip.compress(ZEROS), "more than 100 times its size"),
    "a gzip of more than is read": (lambda: gzip.compress(bytes(3_000_000), 0), "more than 2 MB"),
    "a zip of zeros": (lambda: zipped({"a.csv": ZEROS}), "more than 100 times its size"),
    "a workbook of zeros": (lambda: Raw("0" * 1_500_000).bytes(), "has a text of many megabytes"),
    "many files": (lambda: zipped({f"{number:0100}": b"" for number in range(100)}), "lists files on 0 MB"),
    "a long tag": (lambda: Raw(f'<row x="{"y" * 300_000}"/>').bytes(), "has a tag of many megabytes"),
    "a long comment": (lambda: Raw(f"<!--{'y' * 300_000}-->").bytes(), "has a tag of many megabytes"),
    "deep elements": (lambda: Raw("<a>" * 1000).bytes(), "nested without end"),
    "a long cell": (
        lambda: Raw(f'<row><c t="str"><v>{"x" * 2000}</v></c></row>').bytes(),
        "more text than is read",
    ),
    "a long row": (lambda: Raw(f"<row>{cells(20)}</row>").bytes(), "more text than is read"),
    "a long shared text": (
        lambda: Raw(shared=f"<si><t>{'x' * 2000}</t></si>").bytes(),
        "over 1,000 characters",
    ),
    "many shared texts": (lambda: Raw(shared="<si/>" * 200).bytes(), "more than 100 texts"),
    "one text in every cell": (
        lambda: Raw(REPEATED * 1000, shared=f"<si><t>{'x' * 999}</t></si>").bytes(),
        "holds more than 2 MB of text",
    ),
}


@pytest.mark.parametrize("case", BOMBS)
def test_a_file_that_unpacks_without_measure_is_given_up(case: str) -> None:
    make, said = BOMBS[case]
    with pytest.raises(FixInput) as refused:
        list(unpack([make()], title="bomb", limits=SMALL).chunks)
    assert refused.value.code in {"unpacks_too_large", "row_too_large", "damaged_file"}
    assert said in str(refused.value)


def test_entities_cannot_multiply() -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    sheet = f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]><worksheet><sheetData>&l9;</sheetData></worksheet>'
    began = time.monotonic()
    with pytest.raises(FixInput, match="document type"):
        rows_of(Raw(more={"xl/worksheets/sheet1.xml": sheet}).bytes())
    assert time.monotonic() - began < 2


def test_the_limits_leave_room_for_what_people_have() -> None:
    assert LIMITS.unpacked_bytes >= 1_000_000_000
    assert LIMITS.ratio >= 100


# Damage by chance

SOUND = {
    "gzip": gzip.compress(CSV * 50),
    "zip": zipped({"a.csv": CSV * 50}),
    "stored zip": stored("a.csv", CSV * 50),
    "workbook": workbook(Contacts=[HEAD, *[ADA] * 50], Other=[["x"]]),
    "raw workbook": Raw(
        REPEATED * 5, formats=["yyyy-mm-dd"], shared="<si><t>a</t></si>", before='<dimension ref="A1:B2"/>'
    ).bytes(),
    "workbook in a zip": zipped({"a.xlsx": workbook(Contacts=[HEAD, ADA])}),
    "stored workbook": stored("x", b""),
}
with zipfile.ZipFile(file := io.BytesIO(), "w") as _unpacked:
    for _name, _text in Raw(REPEATED * 5, shared="<si><t>a</t></si>").parts().items():
        _unpacked.writestr(_name, _text)
SOUND["stored workbook"] = file.getvalue()


def read_whole(content: bytes) -> None:
    """Read a file as an import does."""
    unpacked = opened(content)
    table = read_table(unpacked.chunks, delimiter="," if unpacked.is_sheet else None)
    for _ in unpacked.renumbered(table.rows):
        pass


def damaged_at_random(content: bytes, chance: random.Random) -> bytes:
    """Cut off, or with some bytes changed, left out or doubled."""
    data = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 8])):
        if not data:
            break
        place = chance.randrange(len(data))
        match chance.randrange(5):
            case 0:
                data[place] ^= 1 << chance.randrange(8)
            case 1:
                data[place] = chance.randrange(256)
            case 2:
                del data[place : place + chance.choice([1, 2, 30])]
            case 3:
                data[place:place] = data[place : place + chance.choice([1, 4, 30])]
            case _:
                del data[max(place, 12) :]
    return bytes(data)


@pytest.mark.parametrize("kind", SOUND)
def test_whatever_is_damaged_ends_in_a_sentence(kind: str) -> None:
    """A checksum that nobody looks at lets some damage through, as values; no damage raises anything else."""
    chance = random.Random(kind)
    refused = 0
    for _ in range(250):
        began = time.monotonic()
        with suppress(FixInput):
            read_whole(damaged_at_random(SOUND[kind], chance))
            refused -= 1
        refused += 1
        assert time.monotonic() - began < 5
    assert refused > 100


@pytest.mark.parametrize("kind", SOUND)
def test_a_file_that_is_cut_off_anywhere_is_refused(kind: str) -> None:
    content = SOUND[kind]
    for length in range(4, len(content), max(len(content) // 60, 1)):
        with pytest.raises(FixInput):
            read_whole(content[:length])
