"""Text from outside as values: JSON as RFC 8259 and Windmill read it, and whole numbers."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

DEEPEST = 128  # Windmill's own limit: https://docs.rs/serde_json
_MOST_DIGITS = 308  # of a whole number in JSON: a float can hold as many
_DIGITS_IN_SQLITE = 18
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")
_LARGE_NUMBER = re.compile(r"[eE]\+?0*\d{3}|\d{200}")  # without one, no number in a text can be too large


def loads(text: str | bytes) -> Any:
    """Return the value. Raises ValueError, whose text says what is wrong, for all that is not plain JSON.

    A number has to exist, a character to be whole, and the depth to be one that others can walk.
    """
    if isinstance(text, bytes):
        text = _decoded(text)
    numbers: dict[str, Any] = {"parse_float": _float, "parse_int": _int} if _LARGE_NUMBER.search(text) else {}
    try:
        value = json.loads(text, parse_constant=_no_number, **numbers)
    except RecursionError:
        raise ValueError(_too_deep()) from None
    if text.count("[") + text.count("{") > DEEPEST and _is_deeper(value, DEEPEST):
        raise ValueError(_too_deep())
    if _HALF_CHARACTER.search(text):
        _check_characters(value)
    return value


def whole_number(text: str) -> int | None:
    """Return the number that plain digits write, None for anything else. SQLite holds no larger ones."""
    if not (text.isascii() and text.isdigit()) or len(text) > _DIGITS_IN_SQLITE:
        return None
    return int(text)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"it is not UTF-8 (byte {error.start})") from None


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text[:40]} is larger than any number here")
    return number


def _int(text: str) -> int:
    if len(text.lstrip("-")) > _MOST_DIGITS:
        raise ValueError(f"a number has {len(text):,} digits")
    return int(text)


def _is_deeper(value: Any, depth: int) -> bool:
    """Walk level by level: a walk that calls itself would end as the parser does not."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(depth):
        level = [
            child
            for parent in level
            for child in (parent.values() if isinstance(parent, dict) else parent)
            if isinstance(child, dict | list)
        ]
    return bool(level)


def _check_characters(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("a text has half a character (a lone surrogate)") from None


def _too_deep() -> str:
    return f"it is nested too deeply, more than {DEEPEST} levels"
