"""Salesforce's record ids: a prefix of the object, a number in base 62, three letters that tell the case."""

from __future__ import annotations

CONTACT, JOB, QUERY = "003", "750", "01g"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_WIDTH = 12


def to_id(prefix: str, number: int) -> str:
    """Return the id of 18 characters."""
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    text = prefix + digits.rjust(_WIDTH, "0")
    return text + _suffix(text)


def from_id(prefix: str, text: str) -> int | None:
    """Return the number in an id of 15 or 18 characters; None for what is not an id of this prefix."""
    short = text[:15]
    if len(text) not in {15, 18} or not short.startswith(prefix) or not set(short) <= set(_DIGITS):
        return None
    if len(text) == 18 and text[15:] != _suffix(short):
        return None
    number = 0
    for digit in short[3:]:
        number = number * 62 + _DIGITS.index(digit)
    return number


def _suffix(short: str) -> str:
    """Return one letter for five characters: which of them are capitals, the first in the lowest bit."""
    return "".join(
        _SUFFIX[sum(1 << place for place, letter in enumerate(short[start : start + 5]) if letter.isupper())]
        for start in (0, 5, 10)
    )
