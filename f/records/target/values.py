"""Values in nested records, and when two texts are the same value written in two ways. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Path = tuple[str, ...]

_SIGNS = re.compile(r"[\W_]+")


def leaves(record: Mapping[str, Any], above: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield the values of a record that are not objects themselves, each with the path to it."""
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from leaves(value, (*above, name))
        else:
            yield (*above, name), value


def value_at(record: Any, path: Iterable[str]) -> Any:
    """Return the value at a path of nested objects; None if it is missing."""
    value = record
    for step in path:
        # A dict nearly always: to find out that it is a Mapping would cost ten times as much.
        value = value.get(step) if isinstance(value, dict) or isinstance(value, Mapping) else None  # noqa: SIM101 - see above
    return value


def shows_other_values(sent: Mapping[str, Any], there: Mapping[str, Any]) -> bool:
    """Return whether a record that is there has other values than were sent, as far as it shows them."""
    return any(
        is_other_text(text, shown)
        for path, text in leaves(sent)
        if isinstance(text, str) and isinstance(shown := value_at(there, path), str)
    )


def is_other_text(sent: str, there: str) -> bool:
    """Return whether two texts are two values, and not one that a target writes in its own way.

    Case, spaces and signs do not count, nor that one of them is cut off.
    """
    one, other = (_SIGNS.sub("", text).casefold() for text in (sent, there))
    return not (one.startswith(other) or other.startswith(one))
