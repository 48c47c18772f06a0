"""Numbers a person gives, held to what makes sense: a form says so too, but plain Python has no form."""

from __future__ import annotations

from f.connect.errors import FixInput


def whole(name: str, value: object, most: int, least: int = 1) -> int:
    """Return a whole number in its range; FixInput if it is not."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise FixInput(f"{name} must be a whole number from {least:,} to {most:,}.", code="bad_input")
    return value


def seconds(name: str, value: object, *, per: float = 1.0) -> float:
    """Return a span in seconds, given in units of `per` seconds; FixInput if it is not one."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 10**9:
        raise FixInput(f"{name} must be a number from 0.", code="bad_input")
    return value * per
