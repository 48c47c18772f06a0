"""The text of a spreadsheet's cell, as a person would have typed it. Pure.

A cell holds a number and a format; a date is the number of days since the turn of 1900 or of 1904, shown as
a date by its format alone. Formats are in ECMA-376 part 1, 18.8.30.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache

# Zeros, such as "00000" of postcodes, are the digits that a number is filled up to.
Kind = str  # "number", "date", "time", "duration" or zeros

_LONGEST_INTEGER = 21  # digits written out; beyond it no number is a number of anything
_DAY_MS = 86_400_000
_LAST_DAY = 2_958_466  # the day after 9999-12-31, counted from 1900
_DAYS_TO_1904 = 1462

# Formats that every workbook has without naming them: 27 to 36 and 50 to 58 are dates in East Asian ones.
_BUILT_IN: dict[int, Kind] = {
    **dict.fromkeys([14, 15, 16, 17, 22, *range(27, 32), *range(34, 37), *range(50, 59)], "date"),
    **dict.fromkeys([18, 19, 20, 21, 32, 33, 45, 47], "time"),
    46: "duration",
}
_NOT_SHOWN = re.compile(r'"[^"]*"?|\\.|[_*].|\[(?!(?:h+|m+|s+)\])[^\]]*\]', re.IGNORECASE | re.DOTALL)
_FRACTION = re.compile(r"([s\]])[.,]0+")  # of a second: the one place of digits in a time
_PLACES = re.compile(r"[0#?]")
_HALF_DAY = re.compile(r"am/pm|a/p")
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_GENERAL = frozenset({"general", "standard", "estándar", "@"})
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_EDGE = 60  # the serial of 29 February 1900, a day that Lotus 1-2-3 invented and Excel keeps


def kind_of(number_format: int, code: str | None) -> Kind:
    """Return what a format makes of a number; `code` is the format's own text, where the workbook has one."""
    if code is None:
        return _BUILT_IN.get(number_format, "number")
    shown = _NOT_SHOWN.sub("", code).partition(";")[0].lower().strip()
    shown = _FRACTION.sub(r"\1", shown)
    if shown in _GENERAL or _PLACES.search(shown):
        return "number" if len(shown) < 2 or shown.strip("0") else shown
    if _ELAPSED.search(shown):
        return "duration"
    letters = set(_HALF_DAY.sub("", shown))
    if letters & set("dyj") or "mmm" in shown:
        return "date"
    if letters & set("hs"):
        return "time"
    return "date" if "m" in letters else "number"


def number_text(text: str) -> str:
    """Return a stored number as the shortest text for it: no exponent, no tail beyond Excel's 15 digits.

    Whole numbers that are written out keep all their digits: other programs store more than 15 of them.
    """
    if text.isascii() and text.isdigit() and (text[0] != "0" or text == "0"):
        return text
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit():
        return str(int(text)) if len(digits) < 1000 else text
    if not _NUMBER.fullmatch(text):
        return text  # some exporters write text where a number belongs
    rounded = f"{float(text):.15g}"
    if "e" not in rounded:
        return text if rounded.endswith("inf") else "0" if rounded == "-0" else rounded
    mantissa, _, exponent = rounded.partition("e")
    return _written_out(mantissa, int(exponent)) or f"{mantissa}E{int(exponent):+d}"


def _written_out(mantissa: str, exponent: int) -> str | None:
    if abs(exponent) > _LONGEST_INTEGER:
        return None
    sign = "-" if mantissa.startswith("-") else ""
    whole, _, fraction = mantissa.removeprefix("-").partition(".")
    digits = whole + fraction
    if exponent < 0:
        return f"{sign}0.{'0' * (-exponent - 1)}{digits}"
    return f"{sign}{digits.ljust(exponent + 1, '0')}"  # 15 digits and an exponent: no fraction is left


@lru_cache(maxsize=4096)  # the same days come again and again
def dated_text(text: str, kind: Kind, *, from_1904: bool) -> str:
    """Return a stored number as ISO 8601: a date, a time or both; a duration as hours, minutes, seconds.

    What no calendar holds stays a number.
    """
    days = float(text) if _NUMBER.fullmatch(text) else -1
    if not 0 <= days < _LAST_DAY or (total := round(days * _DAY_MS)) == _LAST_DAY * _DAY_MS:
        return number_text(text)
    if kind == "duration":
        return _clock(total)
    if from_1904:
        if kind == "time" and days < 1:
            return _clock(total)
        total += _DAYS_TO_1904 * _DAY_MS
        return _moment(total) if total < _LAST_DAY * _DAY_MS else number_text(text)
    if days < 1:
        return _clock(total) if total else "00:00:00" if kind == "time" else number_text(text)
    return _moment(total)


def _moment(total: int) -> str:
    """Milliseconds since the eve of 1900, in Excel's count of days."""
    day, rest = divmod(total, _DAY_MS)
    if day == _EDGE:
        date = "1900-02-29"
    else:
        eve = datetime(1899, 12, 31 if day < _EDGE else 30)  # noqa: DTZ001 - a sheet knows of no time zone
        date = (eve + timedelta(days=day)).date().isoformat()
    return f"{date}T{_clock(rest)}" if rest else date


def _clock(total: int) -> str:
    seconds, thousandths = divmod(total, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    rest = f".{thousandths:03}" if thousandths else ""
    return f"{hours:02}:{minutes:02}:{seconds:02}{rest}"


def iso_text(text: str) -> str:
    """Return a date that is stored as ISO 8601 text; midnight is left out."""
    date, mark, clock = text.strip().partition("T")
    return date if mark and not clock.strip("0:.Z") else text.strip()


def plain_text(text: str) -> str:
    """Return text with what XML cannot hold unescaped: _x000D_ is a carriage return. Breaks become LF."""
    if "_x" in text:
        text = _ESCAPED.sub(_unescape, text)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _unescape(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    return "" if code == 0 or 0xD800 <= code <= 0xDFFF else chr(code)


def column_of(letters: str) -> int:
    """Return the column of letters such as AB, from 0; -1 if they are none of a sheet's 16,384."""
    if not 1 <= len(letters) <= 3 or not letters.isascii() or not letters.isalpha():
        return -1
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1 if number <= 16_384 else -1
