"""Events to send: one file each below flows/data/webhooks, named by provider and type."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mill.errors import MillError
from mill.repository.workspace import hint
from mill.senders.signing import Kind

FOLDER = Path("flows", "data", "webhooks")


def types(root: Path, kind: Kind) -> list[str]:
    """Return the types of which there is a sample; Shopify's topics have a stroke, which no file name has."""
    names = sorted(
        file.name.removesuffix(".json").split(".", 1)[1] for file in (root / FOLDER).glob(f"{kind}.*.json")
    )
    return [name.replace("_", "/") if kind == "shopify" else name for name in names]


def sample(root: Path, kind: Kind, event_type: str) -> Any:
    """Return the body of the sample; MillError where there is none, or it is no JSON."""
    known = types(root, kind)
    if event_type not in known:
        there = f"There are: {', '.join(known)}." if known else f"{FOLDER} has none of {kind}."
        raise MillError(f"There is no sample {event_type} of {kind}.{hint(event_type, known)} {there}")
    file = root / FOLDER / f"{kind}.{event_type.replace('/', '_') if kind == 'shopify' else event_type}.json"
    try:
        return json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise MillError(f"{file} cannot be read as JSON: {error}") from error


def with_fields(content: Any, assignments: Sequence[str]) -> Any:
    """Return the body with values put in: `data.object.amount=500`, `0.email=anna@example.com`.

    A value is JSON if it can be read as such, else it is a text. MillError says which name leads nowhere.
    """
    for assignment in assignments:
        name, separator, text = assignment.partition("=")
        if not separator or not name:
            raise MillError(f"--field takes NAME=VALUE, such as data.object.amount=500, not {assignment!r}.")
        *way, last = name.split(".")
        place = content
        for step in way:
            place = _entered(place, step, name)
        _put(place, last, _value(text), name)
    return content


def _entered(place: Any, step: str, name: str) -> Any:
    if isinstance(place, dict) and step in place:
        return place[step]
    if isinstance(place, list) and step.isdecimal() and int(step) < len(place):
        return place[int(step)]
    raise MillError(f"--field {name}: there is no {step} in the event.{_there(place, step)}")


def _put(place: Any, last: str, value: Any, name: str) -> None:
    if isinstance(place, dict):
        place[last] = value
    elif isinstance(place, list) and last.isdecimal() and int(last) < len(place):
        place[int(last)] = value
    else:
        raise MillError(f"--field {name}: nothing can be put at {last}.{_there(place, last)}")


def _there(place: Any, step: str) -> str:
    if isinstance(place, dict):
        return hint(step, place) + f" There are: {', '.join(place)}."
    if isinstance(place, list):
        return f" It is a list there, of {len(place)}; say which by its number, from 0."
    return " There is a plain value."


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
