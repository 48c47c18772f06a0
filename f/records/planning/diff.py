"""What differs between a record as it would be sent and the one in the target. Pure.

Both are objects in the target's own names, which may be nested. What is not sent is not a difference: an
update would leave it alone.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from f.records.target.replies import value_at

Path = tuple[str, ...]


class Difference(NamedTuple):
    """A value that an update would replace. A dot in `field` leads into a nested object."""

    field: str
    before: str
    after: str


def leaves(record: Mapping[str, Any], above: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield the values of a record that are not objects themselves, each with the path to it."""
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from leaves(value, (*above, name))
        else:
            yield (*above, name), value


def differences(
    sent: Mapping[str, Any], there: Mapping[str, Any], caseless: Container[Path | None] = ()
) -> list[Difference]:
    """Return the leaves of `sent` that differ in `there`; those in `caseless` without regard to case."""
    found = []
    for path, value in leaves(sent):
        before, after = value_at(there, path), as_text(value)
        if not _same(before, after, caseless=path in caseless):
            found.append(Difference(".".join(path), as_text(before), after))
    return found


def as_text(value: Any) -> str:
    """Return a value as one would write it in a cell."""
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def _same(there: Any, text: str, *, caseless: bool) -> bool:
    """What an API keeps as a number or as yes and no was text when it was sent."""
    kept = as_text(there)
    if isinstance(there, int | float) and not isinstance(there, bool):
        return kept == text or _number(kept) == _number(text) is not None
    if caseless or isinstance(there, bool):
        return kept.casefold() == text.casefold()
    return _lines(kept) == _lines(text)


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n")
