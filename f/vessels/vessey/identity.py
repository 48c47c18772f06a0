"""What a ship is known by: its IMO number, for life, and its MMSI, while it sails under one flag.

IMO resolution A.1117(30): seven digits, the last of which checks the six before it. ITU-R M.585: nine digits.
"""

from __future__ import annotations

import re

from f.connect.errors import FixInput

_PREFIX = re.compile(r"\s*(?:IMO)?[\s:.#-]*(.*?)\s*", re.IGNORECASE | re.DOTALL)
_WEIGHTS = (7, 6, 5, 4, 3, 2)
_LONGEST_SHOWN = 12  # digits; what else was given may be anything, and is not repeated


def imo_of(text: object) -> str:
    """Return an IMO number as seven digits, given with or without `IMO` before it.

    FixInput says what is wrong: how many digits, or which check digit was expected. What was given is quoted
    only if it is digits.
    """
    if isinstance(text, bool) or not isinstance(text, str | int):
        raise FixInput("The IMO number must be text or a number, such as 9074729.", code="bad_imo")
    match = _PREFIX.fullmatch(str(text))
    digits = match.group(1) if match else ""
    if not digits:
        raise FixInput("No IMO number: give one such as 9074729.", code="bad_imo")
    if not (digits.isascii() and digits.isdigit()):
        raise FixInput("The IMO number must be seven digits, such as IMO 9074729.", code="bad_imo")
    if len(digits) != 7:
        raise FixInput(
            f"The IMO number {digits[:_LONGEST_SHOWN]} has {len(digits)} digits; it must have seven.",
            code="bad_imo",
        )
    expected = check_digit(digits[:6])
    if digits[6] != expected:
        raise FixInput(
            f"{digits} is not an IMO number: after {digits[:6]} the check digit must be {expected}, "
            f"not {digits[6]}. One of the digits is mistyped.",
            code="bad_imo",
        )
    return digits


def check_digit(first_six: str) -> str:
    """Return the last digit of the sum of the six digits, weighted from 7 down to 2."""
    return str(sum(int(digit) * weight for digit, weight in zip(first_six, _WEIGHTS, strict=True)) % 10)


def read_imo(value: object, faults: list[str]) -> str | None:
    """Return the IMO number that a reply states; None for 0, which is "not available", or with a fault."""
    if value in (None, "", 0) and not isinstance(value, bool):
        return None
    try:
        return imo_of(value)
    except FixInput:
        faults.append("imo is not an IMO number and was left out.")
        return None


def read_mmsi(value: object, faults: list[str]) -> str | None:
    """Return the MMSI that a reply states as nine digits; None for 0, or with a fault."""
    if value in (None, "", 0) and not isinstance(value, bool):
        return None
    text = "" if isinstance(value, bool) or not isinstance(value, str | int) else str(value)
    if len(text) != 9 or not (text.isascii() and text.isdigit()):
        faults.append("mmsi does not have nine digits and was left out.")
        return None
    return text
