"""What programs did to a cell on its way: unseen characters, Excel's text signs, a wrong decoding. Pure.

A repair is made only where one reading is possible. Each has a code, and the cell before and after is shown.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from itertools import filterfalse
from typing import NamedTuple

# ruff: noqa: RUF001 - characters that look like others

# Pasted with a value and never part of it: zero-width space, soft hyphen, marks and embeddings of direction,
# a stray byte order mark. U+202E, which turns a text round, is not among them: what a person read
# of such a text is not what it says, so a row with it is refused.
_UNSEEN = "\u00ad\u180e\u200b\u200e\u200f\u202a-\u202d\u2060\u2066-\u2069\ufeff"
_INVISIBLE = re.compile(f"[{_UNSEEN}]")
# These two join letters in scripts from Arabic to those of India, and emoji; among Latin letters they are
# dirt.
_JOINERS = re.compile("[\u200c\u200d]")
_JOINED_SCRIPTS = re.compile("[\u0590-\u1fff\u2190-\U0010ffff]")
_EDGE_JOINERS = "\u200c\u200d"
# Spaces that are not the space: no-break, figure, narrow.
_SPACES = re.compile("[\u00a0\u2007\u202f]")

# ="0123" is how a CSV file keeps Excel from making a number of a text; an apostrophe does so in a cell.
_FORMULA_TEXT = re.compile(r'="([^"]*)"')
_APOSTROPHE = re.compile(r"'(?=[\d+=(])")

_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]{1,30}|#\d{2,7}|#[xX][0-9A-Fa-f]{2,6});")

# UTF-8 that was read as Windows-1252: a leading byte as a letter, and what follows as signs. A cell is mended
# only if all of it goes back into bytes that are UTF-8: a real accent beside a plain letter is no UTF-8, so a
# cell with one is never touched. ftfy mends more by weighing what is likely; here a wrong repair is worse
# than none, and it would be one more dependency of every job that reads.
_MISREAD = re.compile(
    "[\u00c2-\u00f4][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a"
    "\u20ac\u2122]"
)
_DEEPEST = 3  # decodings one over another
# Before a no-break space the letter can be real: IRM\u00c3 JOANA in capitals.
_REAL_BEFORE_SPACE = re.compile("(?<![a-z])\u00c3\u00a0")

# Words of programs for no value. The first are nobody's name and nobody's text.
_NEVER_A_VALUE = frozenset(
    ["\\N", "#N/A", "#N/V", "#NV", "#NULL!", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NUM!", "#BEZUG!",
     "#WERT!", "#ZAHL!", "#N/D", "#¡VALOR!", "#¡REF!", "<NULL>", "<null>", "(NULL)", "(null)", "[NULL]",
     "[null]", "<NA>"]
)  # fmt: skip
_SIGNS = frozenset(["-", "--", "---", "–", "—", "N/A", "n/a", "N/a", "n.a.", "N.A."])
# Somebody is called Null, Nan or None, so these are no value only where nobody's name stands.
_WORDS = frozenset(
    ["NULL", "null", "Null", "NONE", "none", "None", "NaN", "nan", "NAN", "undefined", "nil", "NIL"]
)
EMPTY_WORDS = _NEVER_A_VALUE | _SIGNS | _WORDS

# What spreadsheets make of a long number: digits are lost for good, or a point is added.
_LOST = re.compile(r"[+-]?\d(?:[.,]\d+)?[eE]\+\d{2,3}")
_WITH_POINT = re.compile(r"(\+?\d{3,})[.,]0")

# One look at many cells, with spaces around each: no repair is due if nothing of this is there.
_SUSPECT = re.compile(rf"""="|\s'[\d+=(]|{_ENTITY.pattern}|\d[eE]\+\d\d""")


class Repaired(NamedTuple):
    """A cell's text as it should be, and the codes of what was done, in order."""

    text: str
    codes: tuple[str, ...]


def repair(cell: str, *, entities: bool = True) -> Repaired:
    """Return a cell without what programs put into it; `entities`: `&uuml;` is not the field's text."""
    if cell.isascii() and "&" not in cell and cell.lstrip()[:1] not in {"'", "="}:
        return Repaired(cell, ())
    codes: list[str] = []
    text = cell

    def now(code: str, changed: str) -> None:
        nonlocal text
        if changed != text:
            text = changed
            codes.append(code)

    now("mojibake", _read_right(text))
    now("invisible_characters", _without_unseen(text))
    now("excel_text", _without_text_signs(text))
    if entities and _ENTITY.search(text):
        now("html_entities", _unescaped(text))
    return Repaired(text, tuple(codes))


def is_no_value(text: str, *, words: bool, signs: bool) -> bool:
    """Return whether a text stands for no value; of `words` (null) and `signs` (n/a, -) some are values."""
    if text not in EMPTY_WORDS:
        return False
    return text in _NEVER_A_VALUE or (text in _WORDS and words) or (text in _SIGNS and signs)


def has_lost_digits(text: str) -> bool:
    """Return whether a text is a number that a spreadsheet has rounded: 4.14155E+11."""
    return _LOST.fullmatch(text) is not None


def without_point(text: str) -> str:
    """Return a number of digits without the `.0` that a program put behind it."""
    found = _WITH_POINT.fullmatch(text)
    return found[1] if found else text


def needs_no_repair(texts: Iterable[str], joined: str) -> bool:
    """Return whether `repair` would change none of these texts, nor one be rounded.

    `joined` are the same by, and in, spaces. It may be wrong about a text that needs none. Texts that are not
    printable are not for it to judge.
    """
    if not joined.isascii() and _MISREAD.search(" ".join(filterfalse(str.isascii, texts))):
        return False
    if (
        '="' in joined
        or " '" in joined
        or "E+" in joined
        or "e+" in joined
        or ("&" in joined and ";" in joined)
    ):
        return _SUSPECT.search(joined) is None
    return True


def _without_unseen(text: str) -> str:
    if text.isascii():
        return text
    text = _SPACES.sub(" ", _INVISIBLE.sub("", text)).strip(_EDGE_JOINERS)
    return text if _JOINED_SCRIPTS.search(_JOINERS.sub("", text)) else _JOINERS.sub("", text)


def _without_text_signs(text: str) -> str:
    stripped = text.strip()
    if found := _FORMULA_TEXT.fullmatch(stripped):
        return found[1]
    return stripped[1:] if _APOSTROPHE.match(stripped) else text


def _unescaped(text: str) -> str:
    """What a web page shows; left alone if that is no plain text."""
    plain = html.unescape(text)
    return plain if plain.isprintable() and "<" not in plain and not _ENTITY.search(plain) else text


def _read_right(text: str) -> str:
    for _ in range(_DEEPEST):
        if text.isascii() or not _MISREAD.search(text) or _REAL_BEFORE_SPACE.search(text):
            break
        try:
            right = _as_bytes(text).decode("utf-8")
        except UnicodeError:
            break
        if not right.replace("\n", " ").replace("\r", " ").replace("\u00a0", " ").isprintable():
            break
        text = right
    return text


def _as_bytes(text: str) -> bytes:
    """The bytes that Windows-1252 or Latin-1 makes this text of: they differ in what 80 to 9F are."""
    return b"".join(
        bytes([ord(char)]) if "\x80" <= char <= "\x9f" else char.encode("cp1252") for char in text
    )
