"""What AIS says by numbers, and what it says by leaving one out.

ITU-R M.1371: a transponder that does not know a value sends one outside its range, such as latitude 91. Each
such value reads as None here. A value outside its range that stands for nothing is a fault: it reads as None
as well, and a sentence says so. Values are as decoders of AIS give them: degrees, knots, metres, and degrees
a minute for the rate of turn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from f.connect.calls.reply_reader import line_of


@dataclass(frozen=True, slots=True)
class Rule:
    """A number's range, the value that says "not available", and half of the step between two values."""

    least: float
    most: float
    missing: float
    tolerance: float
    whole: bool = False


RULES: dict[str, Rule] = {
    "lat": Rule(-90, 90, 91, 1e-6),
    "lon": Rule(-180, 180, 181, 1e-6),
    "sog": Rule(0, 102.2, 102.3, 0.01),  # 102.2 is that or more
    "cog": Rule(0, 359.9, 360, 0.01),
    "heading": Rule(0, 359, 511, 0, whole=True),
    "rot": Rule(-709, 709, -128, 0),  # 126 steps are 708.7 degrees a minute
    "draught": Rule(0.1, 25.5, 0, 0.01),  # 25.5 is that or more
}
_NO_INDICATOR = 127  # turning faster than 5 degrees in 30 s, told by no indicator: a direction, not a rate

STATUSES = (
    "under way using engine", "at anchor", "not under command", "restricted manoeuvrability",
    "constrained by draught", "moored", "aground", "engaged in fishing", "under way sailing",
    "reserved (high-speed craft)", "reserved (wing in ground)", "towing astern",
    "pushing ahead or towing alongside", "reserved", "AIS-SART active",
)  # fmt: skip
_NOT_DEFINED = 15


def read_number(name: str, value: object, faults: list[str]) -> float | None:
    """Return a value by its rule; None if it is not available, or not valid, which adds a fault."""
    rule = RULES[name]
    number = _number(name, value, faults)
    if number is None or abs(number - rule.missing) <= rule.tolerance:
        return None
    if not rule.least <= number <= rule.most:
        faults.append(f"{name} {number:g} lies outside {rule.least:g} to {rule.most:g} and was left out.")
        return None
    if rule.whole and number != int(number):
        faults.append(f"{name} {number:g} is not a whole number and was left out.")
        return None
    return int(number) if rule.whole else number


def read_rate_of_turn(value: object, faults: list[str]) -> float | None:
    """Return degrees a minute, to the right above 0; None where a ship has no indicator that measures it."""
    rate = read_number("rot", value, faults)
    return None if rate is not None and abs(rate) == _NO_INDICATOR else rate


def read_status(value: object, faults: list[str]) -> str | None:
    """Return what a navigational status means; None for 15, "not defined"."""
    number = _number("nav_status", value, faults)
    if number is None or number == _NOT_DEFINED:
        return None
    if number not in range(len(STATUSES)):
        faults.append(f"nav_status {number:g} is not a status and was left out.")
        return None
    return STATUSES[int(number)]


def status_number(name: str) -> int | None:
    """Return the number of a status as `read_status` names it; None if there is no such."""
    return STATUSES.index(name) if name in STATUSES else None


def read_text(name: str, value: object, faults: list[str]) -> str | None:
    """Return a text of a ship's crew; None if it is empty. AIS fills the space behind one with `@`."""
    if value is None:
        return None
    if not isinstance(value, str):
        faults.append(f"{name} is not a text and was left out.")
        return None
    # Behind the first @ stands nothing that was meant: older transponders leave rests of former names there.
    return line_of(value.partition("@")[0]) or None


def _number(name: str, value: Any, faults: list[str]) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        faults.append(f"{name} is not a number and was left out.")
        return None
    if abs(value) > 1e12 or not math.isfinite(value):
        faults.append(f"{name} is not a number and was left out.")
        return None
    return float(value)
