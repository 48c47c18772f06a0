"""What a preprocessor says of itself: which part of a request becomes which input, and what is answered.

A module says so in one of two constants. INPUTS_FROM names where all inputs of the form are taken from:

    INPUTS_FROM = ("json", "query", "text/csv")    # JSON fields, the query, or a body that is the file itself

HTTP says more, for a route by the name of its trigger, for all of them by "*", for the webhook by "webhook":

    HTTP = {
        "*": {
            "path": {"id": "customer_id"},                      # of the path: becomes the input customer_id
            "query": {"known": {"input": "emails", "type": "string", "description": "Separated by commas."}},
            "headers": {"X-Attempt": "attempt"},
            "body": {"application/json": {"input": "customer"}},
            "replies": {"409": {"description": "There is such a customer.", "schema": {"type": "object"}}},
        },
        "webhook": {"inputs_from": ("json",), "without": ("as_reply",)},
    }

`without` names inputs that a request cannot give. An input's own schema and description hold unless others
are given. `input` may lead into one: request.body. `signed_as` names the type of the resources that say how
requests are signed; the last parameter of the path names one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mill.errors import MillError
from mill.openapi.reading.schemas import Json
from mill.repository.constants import NotWrittenOut, constant
from mill.repository.workspace import hint

WEBHOOK = "webhook"
ANY = "*"
_PLACES = ("path", "query", "headers")
_KEYS = (*_PLACES, "body", "replies", "inputs_from", "without", "signed_as")


@dataclass(frozen=True, slots=True)
class Door:
    """One way in. `inputs_from`: "json" and "query" if all inputs are taken from there, and media types.

    Of `path`, `query`, `headers` and `body` (by media type) the values are schema words, with `input` beside.
    """

    path: Mapping[str, Json] = field(default_factory=dict)
    query: Mapping[str, Json] = field(default_factory=dict)
    headers: Mapping[str, Json] = field(default_factory=dict)
    body: Mapping[str, Json] = field(default_factory=dict)
    replies: Mapping[str, Json] = field(default_factory=dict)
    inputs_from: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    signed_as: str = ""


UNKNOWN = Door()


def read_doors(code: str, path: str, schema: Json) -> dict[str, Door]:
    """Return the doors that a module describes, by name. MillError for a description that is wrong."""
    try:
        inputs_from, described = constant(code, "INPUTS_FROM"), constant(code, "HTTP")
    except NotWrittenOut as error:
        raise MillError(
            f"{path}: HTTP and INPUTS_FROM must be written out, and {error} is no literal."
        ) from error
    doors = {ANY: Door(inputs_from=tuple(inputs_from))} if inputs_from else {}
    if described is None:
        return doors
    if not isinstance(described, dict):
        raise MillError(f"{path}: HTTP must be a dict, by the name of the trigger, * or {WEBHOOK}.")
    return {**doors, **{name: _door(path, name, fields, schema) for name, fields in described.items()}}


def door_for(doors: Mapping[str, Door], name: str) -> Door:
    """Return the door of a trigger's name or of WEBHOOK; what is said of all routes is no webhook's.

    INPUTS_FROM is said of both.
    """
    if name in doors:
        return doors[name]
    every = doors.get(ANY, UNKNOWN)
    return every if name != WEBHOOK or every.inputs_from else UNKNOWN


def _door(path: str, name: str, fields: Any, schema: Json) -> Door:
    where = f"{path}: HTTP, {name}"
    if not isinstance(fields, dict):
        raise MillError(f"{where}: must be a dict with some of {', '.join(_KEYS)}.")
    for key in fields:
        if key not in _KEYS:
            raise MillError(f"{where}: has no use for {key}.{hint(key, _KEYS)}")
    parts = {
        place: {one: _spec(f"{where}, {place}, {one}", spec, schema) for one, spec in of_place.items()}
        for place in (*_PLACES, "body")
        if isinstance(of_place := fields.get(place, {}), dict)
    }
    replies = {
        str(status): reply if isinstance(reply, dict) else {"description": str(reply)}
        for status, reply in fields.get("replies", {}).items()
    }
    return Door(
        **parts,
        replies=replies,
        inputs_from=tuple(fields.get("inputs_from", ())),
        without=tuple(fields.get("without", ())),
        signed_as=str(fields.get("signed_as", "")),
    )


def _spec(where: str, spec: Any, schema: Json) -> Json:
    """Return schema words with the input's own below them; MillError for an input that is not there."""
    own: Json = {"input": spec} if isinstance(spec, str) else dict(spec)
    if "input" not in own:
        return own
    properties, leading = schema.get("properties", {}), str(own["input"]).partition(".")
    if leading[0] not in properties:
        raise MillError(f"{where}: there is no input {leading[0]}.{hint(leading[0], properties)}")
    if leading[1]:
        return own
    declared = properties[leading[0]]
    if "type" in own:  # as text, another thing than the input
        return {**{key: declared[key] for key in ("title", "description") if key in declared}, **own}
    return {**declared, **own}
