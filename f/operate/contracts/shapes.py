"""The shape of an answer: which fields it has and of which type, and nothing of what stands in them.

    {"id": "cus_1", "items": [{"price": 5}, {"price": null}]}
    ->  "": object   id: string   items: list   items[]: object   items[].price: integer|null

A shape is a table of paths. It is small, can be stored and shown, and holds no value of anybody. Names of
fields that look like data themselves, such as the keys of a table by e-mail address, all become `*`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

ABSENT = "absent"  # stands among the types of a field that is not always there
ANY = "any"
ROOT = ""
MANY = "*"

Shape = Mapping[str, frozenset[str]]

_ELEMENT = "[]"
_NAME = re.compile(r"(?!.*\d{4})[A-Za-z_$@][A-Za-z0-9_$-]{0,39}")  # no number of a customer or order
_MOST_NAMES = 100  # of an object; more is a table by key
_MOST_ELEMENTS = 100  # of a list that are looked at
_DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that is gone, or of another type. `was` and `now` are types as text."""

    path: str
    kind: Literal["lost", "type"]
    was: str
    now: str


def shape_of(value: Any) -> Shape:
    """Return the shape of a JSON value."""
    return _shape(value, _DEEPEST)


def parse_shape(fields: Mapping[str, str]) -> Shape:
    """Read a shape that is written down: types by path, several with a stroke between them."""
    return {path: frozenset(types.split("|")) for path, types in fields.items()}


def shape_text(shape: Shape) -> dict[str, str]:
    """Write a shape down as `parse_shape` reads it."""
    return {path: types_text(types) for path, types in sorted(shape.items())}


def types_text(types: Iterable[str]) -> str:
    """Return types as text, in an order of their own."""
    return "|".join(sorted(types))


def merge(one: Shape, other: Shape) -> Shape:
    """Return the shape that both have: a field that one of them knows to be missing is not always there."""
    merged: dict[str, frozenset[str]] = {}
    for path in one.keys() | other.keys():
        types = one.get(path, frozenset()) | other.get(path, frozenset())
        if is_missing(one, path) or is_missing(other, path):
            types |= {ABSENT}
        merged[path] = types
    return merged


def is_missing(shape: Shape, path: str) -> bool:
    """Return whether a field is not there, although the object it belongs to is.

    Of the elements of an empty list, and of the fields of what is null, nothing is known.
    """
    if path in shape or path == ROOT or path.endswith(_ELEMENT) or name_of(path) == MANY:
        return False
    return "object" in shape.get(parent_of(path), ())


def parent_of(path: str) -> str:
    """Return the path of what a field or element belongs to."""
    if path.endswith(_ELEMENT):
        return path.removesuffix(_ELEMENT)
    return path.rpartition(".")[0]


def name_of(path: str) -> str:
    """Return the name of a field within its object."""
    return path.rpartition(".")[2]


def differences(expected: Shape, seen: Shape) -> list[Difference]:
    """Return what of the expected is gone or of another type; nothing is said of what is new.

    What is expected is meant to the letter: `null` is a type, and a field of some elements alone is lost.
    """
    found = []
    for path in sorted(expected):
        was, now = expected[path], seen.get(path)
        if now is None:
            if ABSENT not in was and is_missing(seen, path):
                found.append(Difference(path, "lost", types_text(was), ABSENT))
        elif ABSENT in now and ABSENT not in was:
            found.append(Difference(path, "lost", types_text(was), types_text(now)))
        elif ANY not in was and not _admitted(was, now):
            found.append(Difference(path, "type", types_text(was - {ABSENT}), types_text(now)))
    return found


def changes_since(remembered: Shape, seen: Shape) -> list[Difference]:
    """Return what is gone, or has another type, against answers that were seen before.

    Milder than `differences`, as an answer shows what is and not what may be: a field that was or is null, a
    fraction where there were whole numbers, and a field that only some elements have are no changes.
    """
    milder = {path: _milder(types) for path, types in remembered.items()}
    seen_now = {path: types - {ABSENT} for path, types in seen.items()}
    return [
        replace(one, was=types_text(remembered[one.path] - {ABSENT})) for one in differences(milder, seen_now)
    ]


def _milder(types: frozenset[str]) -> frozenset[str]:
    if types <= {"null", ABSENT}:
        return frozenset({ANY, ABSENT})
    return types | {"null"} | ({"number"} if "integer" in types else frozenset())


def learn(remembered: Shape, seen: Shape, changed: Iterable[str] = ()) -> Shape:
    """Return what to remember from now on. What has `changed` stays as it was, until somebody accepts it."""
    kept = set(changed)
    learned = dict(merge(remembered, seen))
    for path in remembered:
        if any(path == one or _lies_in(path, one) for one in kept):
            learned[path] = remembered[path]
    for path in [one for one in learned if one not in remembered and any(_lies_in(one, way) for way in kept)]:
        del learned[path]
    return learned


def _admitted(was: frozenset[str], now: frozenset[str]) -> bool:
    return all(one in was or (one == "integer" and "number" in was) for one in now - {ABSENT})


def _lies_in(path: str, outer: str) -> bool:
    return outer == ROOT or path.startswith((f"{outer}.", f"{outer}{_ELEMENT}"))


def _shape(value: Any, depth: int) -> dict[str, frozenset[str]]:
    shape = {ROOT: frozenset({_type(value)})}
    if not depth:
        return shape
    if isinstance(value, Mapping):
        by_name = _named(value)
        for name, values in by_name.items():
            _put(shape, name, _together(_shape(one, depth - 1) for one in values))
    elif isinstance(value, list) and value:
        _put(shape, _ELEMENT, _together(_shape(one, depth - 1) for one in value[:_MOST_ELEMENTS]))
    return shape


def _named(value: Mapping[Any, Any]) -> dict[str, list[Any]]:
    """Return the values by the names that may be shown."""
    by_name: dict[str, list[Any]] = {}
    for key, inner in value.items():
        plain = isinstance(key, str) and len(value) <= _MOST_NAMES and _NAME.fullmatch(key)
        by_name.setdefault(key if plain else MANY, []).append(inner)
    return by_name


def _together(shapes: Iterable[Shape]) -> Shape:
    merged: Shape | None = None
    for one in shapes:
        merged = one if merged is None else merge(merged, one)
    assert merged is not None
    return merged


def _put(shape: dict[str, frozenset[str]], step: str, inner: Shape) -> None:
    for path, types in inner.items():
        joint = "" if not path or path.startswith(_ELEMENT) else "."
        shape[f"{step}{joint}{path}"] = types


_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),  # before int, which it is one of
    (int, "integer"),
    (float, "number"),
    (str, "string"),
    (list, "list"),
    (Mapping, "object"),
)


def _type(value: Any) -> str:
    if value is None:
        return "null"
    return next(name for kind, name in _TYPES if isinstance(value, kind))
