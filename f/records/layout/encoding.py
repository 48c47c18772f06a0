"""What a file's bytes are: a binary format by its magic number, or text in which encoding.

UTF-8 and UTF-16 prove themselves. What is neither is read as Windows-1252 (of which Latin-1 text is a
part) if the result looks like Western European words, and refused otherwise: the statistical detectors
mistake cp1252 for cp1250 on lists of names, and a wrong guess would write garbled names into the target.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from typing import NamedTuple

from f.records.layout.bad_table import BadTable

UNDECODABLE = "\udc80"  # stands in decoded text for bytes that are none; no text has this character

_ON_ERROR = "millwright_mark"


class Encoding(NamedTuple):
    """A Python codec's name, and how many bytes of byte order mark stand before the text."""

    name: str
    bom: int


_AS_TABLE = "open it there and save it as an Excel workbook (.xlsx) or as CSV UTF-8"
_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")  # Excel wraps a protected .xlsx into the older format

# (magic number, what the file is, what to do), from the formats' own specifications.
_BINARY: tuple[tuple[bytes, str, str], ...] = (
    (_OLD_OFFICE, "an old Excel workbook (.xls), or one protected by a password", _AS_TABLE),
    (b"%PDF-", "a PDF document", "export the table itself as CSV UTF-8"),
    (b"\x1f\x8b", "a gzip archive", "unpack it first"),
    (b"BZh91AY&SY", "a bzip2 archive", "unpack it first"),
    (b"\xfd7zXZ\x00", "an xz archive", "unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive", "unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it first"),
    (b"Rar!\x1a\x07", "a RAR archive", "unpack it first"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image", "hand over the table as CSV UTF-8"),
    (b"\xff\xd8\xff", "a JPEG image", "hand over the table as CSV UTF-8"),
    (b"GIF87a", "a GIF image", "hand over the table as CSV UTF-8"),
    (b"GIF89a", "a GIF image", "hand over the table as CSV UTF-8"),
    (b"SQLite format 3\x00", "an SQLite database", "export the table as CSV UTF-8"),
    (b"PAR1\x15", "a Parquet file", "export the table as CSV UTF-8"),
)

_MARKUP: tuple[tuple[re.Pattern[bytes], str], ...] = (
    (
        re.compile(rb"<!doctype html|<html", re.IGNORECASE),
        "a web page, often the sign-in page of an export link",
    ),
    (re.compile(rb"<\?xml"), "an XML document"),
    (re.compile(rb"\{\\rtf"), "a rich text document"),
    (re.compile(rb'\{\s*"|\[\s*[\[{]'), "JSON"),
)

_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark its own begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\x1a\x1b"))
_MOST_CONTROLS = 0.02  # of a text file's bytes; compressed data has a tenth

_UTF8_SEQUENCE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_CUT_CHARACTER = re.compile(rb"[\xc2-\xf4][\x80-\xbf]{0,2}\Z")

# Signs that bytes read as Windows-1252 are another code page: a symbol inside a word (Polish l with stroke
# is a superscript 3), a capital inside a word (Mac e with acute is a Z with caron), or a row of accents
# (Cyrillic, Greek, Chinese).
_SYMBOLS = (
    "\u00a1-\u00bf\u00d7\u00f7\u20ac\u201a\u0192\u201e\u2020\u2021\u02c6\u2030\u2039\u2022\u02dc\u2122\u203a"
)
_CAPITALS = "\u00c0-\u00d6\u00d8-\u00de\u0152\u0160\u0178\u017d"
_MISREAD = re.compile(
    f"[{_SYMBOLS}](?<=[A-Za-z].)(?=[A-Za-z])"
    f"|[{_CAPITALS}](?<=[a-z].)|[{_CAPITALS}](?<=[A-Z].)(?=[a-z])"
    "|[^\\x00-\\x7f]{4,}"
)
_MOST_MISREAD = 0.2
_NOT_ASCII = re.compile("[^\\x00-\\x7f]")

# Text encodings to Python, of domain names.
_OF_NAMES = ("idna", "punycode")

# Turkish misread looks Icelandic (eth, thorn and y with acute), but has no other acute and no ash.
_ICELANDIC = frozenset("\u00d0\u00de\u00dd\u00f0\u00fe\u00fd")
_ACUTES = frozenset("\u00c1\u00c9\u00cd\u00d3\u00da\u00c6\u00e1\u00e9\u00ed\u00f3\u00fa\u00e6")
_FEW_ICELANDIC = 0.25


def find_encoding(sample: bytes, named: str | None, *, complete: bool) -> Encoding:
    """Return the encoding of a file that begins with `sample`; `complete`: the sample is all of it.

    A byte order mark wins over `named`, and `named` over what the bytes look like.
    Raises BadTable: binary_file, not_a_table, unknown_encoding.
    """
    codec = _named(named) if named else None
    _refuse_other_formats(sample)
    for mark, name in _BOMS:
        if sample.startswith(mark):
            return Encoding(name, len(mark))
    if codec in {"utf-16", "utf-32"}:  # Python wants a mark then; who writes none is mostly Windows
        return Encoding(_utf16(sample) or f"{codec}-le", 0)
    if codec:
        return Encoding(codec, 0)
    _refuse_binary(sample)
    if b"\0" in sample:
        if wide := _utf16(sample):
            return Encoding(wide, 0)
        sample = sample.replace(b"\0", b"")  # a stray one says nothing of the bytes around it
    if _is_utf8(sample if complete else _CUT_CHARACTER.sub(b"", sample)):
        return Encoding("utf-8", 0)
    if _is_western(sample):
        return Encoding("cp1252", 0)
    message = (
        "The file is neither UTF-8 nor Western European (Windows-1252) text: save it as CSV UTF-8, "
        "or name its encoding, such as windows-1250, windows-1251, shift_jis or gb18030."
    )
    raise BadTable(message, code="unknown_encoding")


class TextStream:
    """Decoded text, one string per block of bytes; `UNDECODABLE` stands where bytes are not text.

    `failed` says that the codec itself gave up: what was handed out before is all that can be read.
    """

    def __init__(self, blocks: Iterator[bytes], encoding: str) -> None:
        self._blocks = blocks
        self.encoding = encoding
        self.failed = False

    def __iter__(self) -> Iterator[str]:
        codecs.register_error(_ON_ERROR, _mark)
        decoder = codecs.getincrementaldecoder(self.encoding)(errors=_ON_ERROR)
        first = True
        for block in self._with_end():
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeError:  # some codecs ask no handler
                self.failed = True
                return
            yield text.lstrip("\ufeff") if first else text  # some exporters write the mark twice
            first = False

    def _with_end(self) -> Iterator[bytes]:
        yield from self._blocks
        yield b""


def is_shifted(text: str) -> bool:
    """Return whether UTF-16 was read from the middle of a character on, to its end: a byte is missing.

    Then each letter of ASCII, and each break, is a character whose lower half is zero.
    """
    return UNDECODABLE in text and sum(not ord(char) & 0xFF for char in text) * 2 > len(text)


def _mark(error: UnicodeError) -> tuple[str, int]:
    """Let decoding go on after bytes that are no text."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return UNDECODABLE, error.end


def _named(name: str) -> str:
    try:
        # Unlike codecs.lookup this refuses codecs that are not text, such as hex.
        io.TextIOWrapper(io.BytesIO(), encoding=name)
        codecs.getincrementaldecoder(name)(errors="replace").decode(b"\xff")
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        codec = ""
    if not codec or codec in _OF_NAMES:
        message = (
            "The encoding that was named is not a known one: use utf-8, utf-16, windows-1252, or another of "
            "Python's text encodings."
        )
        raise BadTable(message, code="unknown_encoding")
    return codec


def _refuse_other_formats(sample: bytes) -> None:
    if sample.startswith(b"PK\x03\x04"):
        raise _binary(*_zip_kind(sample))
    if sample.startswith(_OLD_OFFICE) and _ENCRYPTED in sample:
        raise _binary(
            "an Excel workbook protected by a password",
            "in Excel, take the password off (File, Info, Protect Workbook), save it",
        )
    for magic, kind, remedy in _BINARY:
        if sample.startswith(magic):
            raise _binary(kind, remedy)
    text = sample.removeprefix(codecs.BOM_UTF8).lstrip()
    for pattern, kind in _MARKUP:
        if pattern.match(text):
            message = (
                f"This is {kind}, not a table of comma-separated values: export the records as CSV UTF-8."
            )
            raise BadTable(message, code="not_a_table", line=1)


def _refuse_binary(sample: bytes) -> None:
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    if controls > max(8, len(sample) * _MOST_CONTROLS) and not _utf16(sample):
        raise _binary("a binary file", "export the records as CSV UTF-8")


def _zip_kind(sample: bytes) -> tuple[str, str]:
    if b"xl/" in sample or b"[Content_Types].xml" in sample:
        return "an Excel workbook (.xlsx)", "in Excel, save it as CSV UTF-8"
    if b"opendocument.spreadsheet" in sample:
        return "an OpenDocument spreadsheet (.ods)", _AS_TABLE
    return "a zip archive", "unpack it first"


def _binary(kind: str, remedy: str) -> BadTable:
    return BadTable(f"This is {kind}, not CSV: {remedy} and try again.", code="binary_file")


def _utf16(sample: bytes) -> str | None:
    """UTF-16 without a mark: the zero halves of its ASCII characters all lie on one side."""
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if max(even, odd) * 8 < len(sample) or min(even, odd) * 8 > max(even, odd):
        return None
    name = "utf-16-le" if odd > even else "utf-16-be"
    try:
        text = codecs.getincrementaldecoder(name)().decode(sample)
    except UnicodeDecodeError:
        return None
    return name if "\n" in text or "\r" in text else None  # without, it is one zero byte in a short file


def _decodes(sample: bytes, name: str) -> bool:
    try:
        sample.decode(name)
    except UnicodeDecodeError:
        return False
    return True


def _is_utf8(sample: bytes) -> bool:
    """Whether it is UTF-8, or was before it was damaged or cut: other text has hardly a valid sequence."""
    if _decodes(sample, "utf-8"):
        return True
    outside = len(sample.translate(None, bytes(range(128))))
    inside = sum(map(len, _UTF8_SEQUENCE.findall(sample)))
    return inside * 2 >= outside


def _is_western(sample: bytes) -> bool:
    if not _decodes(sample, "cp1252"):  # five bytes have no character there
        return False
    text = sample.decode("cp1252")
    high = _NOT_ASCII.findall(text)
    icelandic = sum(character in _ICELANDIC for character in high)
    if icelandic > len(high) * _FEW_ICELANDIC and not _ACUTES.intersection(high):
        return False
    return sum(map(len, _MISREAD.findall(text))) <= len(high) * _MOST_MISREAD
