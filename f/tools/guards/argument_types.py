"""Whether arguments are of the kind the form says: Windmill hands over whatever it was sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

from f.connect.errors import FixInput


def check_types(expected: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """FixInput for the first argument that is something else than its annotation says."""
    for name, kind in expected.items():
        if name in given and (should := _mismatch(kind, given[name])):
            raise FixInput(f"{name} must be {should}.", code="bad_argument")


def _mismatch(kind: Any, value: Any) -> str:
    """Return what the value should be; empty if it is that."""
    if kind is str:
        return "" if isinstance(value, str) else "a text"
    if kind is int:
        return "" if isinstance(value, int) and not isinstance(value, bool) else "a whole number"
    if get_origin(kind) is Literal:
        choices = get_args(kind)
        return "" if value in choices else f"one of {', '.join(map(str, choices))}"
    if value is None or (isinstance(value, list) and all(isinstance(one, str) for one in value)):
        return ""
    return "a list of texts"
