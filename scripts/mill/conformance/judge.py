"""Whether a run ended as the table says. Pure: values in, a difference out."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from mill.conformance.plans import placed_result
from mill.conformance.rules.case import Ending, ErrorsIn, IsError, IsPlainError

_SHOWN = 160
_SLACK = 0.25  # seconds a server may be early, as clocks round


@dataclass(frozen=True, slots=True)
class Ended:
    """How a job ended on the server, and how many seconds it took."""

    success: bool
    result: Any
    seconds: float


@dataclass(frozen=True, slots=True)
class Difference:
    """What the table says, and what the server did instead; both short."""

    expected: str
    got: str


def difference(expected: Ending, got: Ended, folder: str) -> Difference | None:
    """Return where the run differs from `expected`; None if it does not.

    Of the waits it is only held against a run that it was not too short: how long a busy server takes says
    nothing.
    """
    if got.success is not expected.success or not _holds(expected.result, got.result, folder):
        return Difference(
            _ending(expected.success, _told(expected.result)), _ending(got.success, _text(got.result))
        )
    if got.seconds < expected.waits - _SLACK:
        return Difference(f"waits of {expected.waits:g} s", f"all over after {got.seconds:.1f} s")
    return None


def same(one: Any, other: Any) -> bool:
    """Return whether two JSON values are equal: 1 and 1.0 are, 1 and true are not."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def shortened(text: str, longest: int = _SHOWN) -> str:
    """Return a text for a cell of a table."""
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 3]}..."


def _holds(expected: Any, result: Any, folder: str) -> bool:
    if isinstance(expected, IsError):
        return expected.holds_on_server(result)
    if callable(expected):
        try:
            return bool(expected(result))
        except (LookupError, TypeError, ValueError, AttributeError):  # a result of another shape
            return False
    return same(placed_result(expected, folder), result)


def _told(expected: Any) -> str:
    if isinstance(expected, IsError | ErrorsIn | IsPlainError):
        return str(expected)
    return "what the rule says" if callable(expected) else _text(expected)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _ending(success: bool, text: str) -> str:
    return shortened(f"{'success' if success else 'failure'}: {text}")
