"""The counts of an import or of a dry run as one table, the same wherever it is shown. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from f.records.planning.plan import WOULD
from f.records.rows.outcome import MEANING, OUTCOMES, Outcome

_PLANNED = tuple(WOULD)
_COLOUR: dict[str, Outcome] = {**dict(zip(_PLANNED, OUTCOMES, strict=True)), **{one: one for one in OUTCOMES}}
_SPOKEN = {
    "would_create": "would be created",
    "would_update": "would be updated",
    "would_leave": "would be left as they are",
    "would_refuse": "would be refused",
    "would_hold": "would be held back",
    "not_known": "not known",
}


class CountRow(NamedTuple):
    """How many rows there are under a name. `colour` is the outcome whose colour it has."""

    name: str
    rows: int
    meaning: str
    colour: Outcome


def count_table(counts: Mapping[str, int]) -> list[CountRow]:
    """Return what `counts` says beside its `rows`, to which these add up, in the order to be shown."""
    names = _PLANNED if _PLANNED[0] in counts else OUTCOMES
    meanings: Mapping[str, str] = WOULD if names is _PLANNED else {one: MEANING[one] for one in OUTCOMES}
    return [CountRow(label(name), counts[name], meanings[name], _COLOUR[name]) for name in names]


def colour_of(name: str) -> str:
    """Return the outcome in whose colour a reason is shown; a warning has none and keeps its name."""
    return _COLOUR.get(name, name)


def label(name: str) -> str:
    """Return a name of `counts` as a person reads it."""
    return name.replace("_", " ")


def in_words(counts: Mapping[str, int]) -> str:
    """Return the counts that are not zero, in words: 3 created, 1 invalid."""
    names = [name for name in counts if name != "rows"]
    return ", ".join(f"{counts[name]} {_SPOKEN.get(name, name)}" for name in names if counts[name])
