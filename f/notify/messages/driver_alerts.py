"""Messages to drivers, by kind: sentences over the data of the shift, the issue or the route."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from f.connect.errors import FixInput
from f.notify.messages.message import value_of

# Said after the opening, in this order, where they are given.
_SENTENCES: Mapping[str, str] = {
    "new_route": "New route: {}.",
    "vehicle": "Vehicle: {}.",
    "place": "Place: {}.",
    "time": "Time: {}.",
    "eta": "New arrival time: {}.",
    "reason": "Reason: {}.",
    "action": "What to do: {}.",
    "deadline": "Deadline: {}.",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of message. The first of the `openings` whose fields are all there begins it.

    `aliases`: other names that a field goes by, beside those of every kind.
    """

    openings: Mapping[tuple[str, ...], str]
    aliases: Mapping[str, str] = field(default_factory=dict)


_ALIASES: Mapping[str, str] = {"driver_name": "driver", "location": "place"}
KINDS: Mapping[str, Kind] = {
    "shift_reminder": Kind(
        {
            ("driver", "starts_at", "place"): "Hello {driver}, your shift starts {starts_at} at {place}.",
            ("driver", "starts_at"): "Hello {driver}, your shift starts {starts_at}.",
        },
        {"time": "starts_at", "start_time": "starts_at"},
    ),
    "compliance_alert": Kind(
        {
            ("driver", "issue"): "{driver}, please act: {issue}.",
            ("driver", "action"): "{driver}, please act: {action}.",
        },
        {"issue_description": "issue"},
    ),
    "route_update": Kind(
        {
            ("driver", "change"): "{driver}, your route has changed: {change}.",
            ("driver", "new_route"): "{driver}, your new route is {new_route}.",
            ("driver", "place"): "{driver}, your route has changed.",
            ("driver", "eta"): "{driver}, your route has changed.",
            ("driver", "action"): "{driver}, your route has changed.",
        }
    ),
}


def driver_text(kind: str, data: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Return the text of a kind, and the fields of the data that it has no sentence for.

    FixInput names a field that is missing, or that is given under two names with two values.
    """
    made = KINDS.get(kind)
    if made is None:
        raise FixInput(f"Unknown kind of message. Use one of: {', '.join(KINDS)}.", code="bad_choice")
    if not isinstance(data, Mapping):
        raise FixInput("data must be an object of fields, such as driver.", code="bad_data")
    values = _values(kind, {**_ALIASES, **made.aliases}, data)
    found = next((one for one in made.openings.items() if all(name in values for name in one[0])), None)
    if found is None:
        raise FixInput(_missing(kind, made, values), code="missing_field")
    names, opening = found
    said = {name for name in names if f"{{{name}}}" in opening}
    more = [
        sentence.format(values[name])
        for name, sentence in _SENTENCES.items()
        if name in values and name not in said
    ]
    unused = [name for name in values if name not in said and name not in _SENTENCES]
    filled = opening.format(**{name: values[name] for name in said})
    return " ".join([filled, *more]), unused


def _values(kind: str, aliases: Mapping[str, str], data: Mapping[str, Any]) -> dict[str, str]:
    """Return what is given, as text without its full stop, under our names."""
    values: dict[str, str] = {}
    for given, value in data.items():
        name, text = aliases.get(given, given), value_of(value).rstrip(" .")
        if text and values.get(name, text) != text:
            raise FixInput(
                f"A {kind} has two values for {name}, which also goes by {given}: give one.",
                code="two_values",
            )
        if text:
            values[name] = text
    return values


def _missing(kind: str, made: Kind, values: Mapping[str, str]) -> str:
    """Name what is missing: the driver, or one of the fields that the message can begin with."""
    other = {own: alias for alias, own in {**made.aliases, **_ALIASES}.items()}

    def named(name: str) -> str:
        return f"{name} (or {other[name]})" if name in other else name

    if "driver" not in values:
        return f"A {kind} lacks {named('driver')}. Give it in the data."
    beginnings = list(dict.fromkeys(names[1] for names in made.openings))
    return f"A {kind} lacks {' or '.join(named(name) for name in beginnings)}. Give it in the data."
