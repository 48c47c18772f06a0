"""Bodies: what form they come in, and what is believed of their text."""

from __future__ import annotations

import hashlib
import json
import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from f.connect.redact import well_formed_json
from f.webhooks.requests.refusal import RefuseRequest
from f.webhooks.requests.request import FORM, JSON, MOST_FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from f.webhooks.requests.request import WebhookRequest
    from f.webhooks.requests.source import Kind

UNTYPED = "untyped"  # an event whose sender does not say what it is: kept, and found by this name

_TAKES_FORMS = frozenset({"slack", "twilio", "github"})
# Windmill reads no JSON deeper than 128, and a handler gets ours inside of other objects.
_DEEPEST = 100
# Twilio SendGrid's batches are below 1 MB, and HubSpot's have at most 100 entries.
_MOST_ENTRIES = 5000
_LONGEST_ID = 255
_LONGEST_TYPE = 200
_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/ -]*")
_ID = re.compile(r"[A-Za-z0-9_.:~+/=|-]+")
_EARLIEST, _LATEST = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (2000, 2100))
_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")


def require_content_type(kind: Kind, request: WebhookRequest) -> None:
    """Refuse a body of a form that this provider does not send."""
    taken = (JSON, FORM) if kind in _TAKES_FORMS else (JSON,)
    if request.content_type() not in taken:
        raise RefuseRequest("wrong_type", f"the content type is not {' or '.join(taken)}")


def is_form(request: WebhookRequest) -> bool:
    """Return whether the body is a web form."""
    return request.content_type() == FORM


def form_of(request: WebhookRequest) -> dict[str, str | list[str]]:
    """Return the fields of a form; one that is there several times has a list."""
    fields: dict[str, str | list[str]] = {}
    try:  # as it was read when its signature was checked
        pairs = request.form()
    except ValueError as error:
        raise bad_body(f"the form is not UTF-8, or has more than {MOST_FIELDS} fields") from error
    for name, value in pairs:
        before = fields.get(name)
        fields[name] = (
            value if before is None else [*(before if isinstance(before, list) else [before]), value]
        )
    return fields


def json_of(body: bytes | str) -> Any:
    """Return a body as JSON: no NaN, no number beyond all measure, at most 100 levels.

    Of two members with one name the last counts, as it does in the SDKs of all providers. Half of a character
    is replaced: no database and no other job would take it.
    """
    text = body if isinstance(body, str) else _text(body)
    try:
        value = json.loads(text, parse_constant=_no_number, parse_float=_float)
    except (ValueError, RecursionError) as error:
        raise bad_body("the body is not valid JSON") from error
    if text.count("{") + text.count("[") > _DEEPEST and _is_deeper(value):
        raise bad_body(f"the JSON has more than {_DEEPEST} levels")
    return well_formed_json(value) if _HALF_CHARACTER.search(text) else value


def object_of(body: bytes | str) -> dict[str, Any]:
    """Return a body that is a JSON object."""
    value = json_of(body)
    if not isinstance(value, dict):
        raise bad_body("the JSON is no object")
    return value


def entries_of(body: bytes) -> list[dict[str, Any]]:
    """Return the objects of a JSON array; one object stands for an array of it."""
    value = json_of(body)
    entries = [value] if isinstance(value, dict) else value
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise bad_body("the JSON is no array of objects")
    if len(entries) > _MOST_ENTRIES:
        raise bad_body(f"the array has more than {_MOST_ENTRIES} entries")
    return entries


def bad_body(reason: str) -> RefuseRequest:
    """Return the refusal of a body that is signed, and is not what this provider sends."""
    return RefuseRequest("bad_body", reason)


def hash_of(body: bytes) -> str:
    """Return what stands in for the id of a body."""
    return hashlib.sha256(body).hexdigest()


def hash_of_entry(entry: dict[str, Any], *without: str) -> str:
    """Return the same for an entry of an array, whatever the order of its members."""
    kept = {name: value for name, value in entry.items() if name not in without}
    return hash_of(json.dumps(kept, sort_keys=True, separators=(",", ":")).encode())


def type_of(*said: object) -> str:
    """Return the first of these that is fit to be an event's type."""
    for one in said:
        if isinstance(one, str) and len(one) <= _LONGEST_TYPE and _TYPE.fullmatch(one):
            return one
    return UNTYPED


def id_of(said: object) -> str:
    """Return an id as text, "" if it is none: too long, or with signs that no provider puts into one.

    What stands in a header is seldom signed, so that only what can do no harm is taken.
    """
    if isinstance(said, int) and not isinstance(said, bool):
        said = str(said) if abs(said) < 1 << 63 else ""
    taken = isinstance(said, str) and len(said) <= _LONGEST_ID and _ID.fullmatch(said)
    return str(said) if taken else ""


def key_of_id(said: str) -> str:
    """Return the key of the event with this id, which the sender alone chooses: any text, "" if it sent none.

    One that is no plain id is hashed: left out, two events that are equal but for their ids would be one.
    """
    return id_of(said) or (hash_of(said.encode("utf-8", "surrogatepass")) if said else "")


def seconds_of(said: object, *, per_second: int = 1) -> float | None:
    """Return a time in seconds, None if it is none of this century."""
    if isinstance(said, str) and len(said) < 20 and said.isascii() and said.isdigit():
        said = int(said)
    if not isinstance(said, int | float) or isinstance(said, bool):
        return None
    # Not divided first: JSON can say a number that no division takes.
    return said / per_second if _EARLIEST * per_second <= said < _LATEST * per_second else None


def headers_of(request: WebhookRequest, *names: str) -> dict[str, str]:
    """Return those of a request's headers that a person may want to see, without what is no plain id.

    `names` are of the provider; the program that sent it is always among them.
    """
    kept = {name: id_of(request.header(name)) for name in names}
    agent = request.header("user-agent")
    if agent.isascii() and agent.isprintable() and not agent.startswith("$"):
        kept["user-agent"] = agent[:_LONGEST_TYPE]
    return {name: value for name, value in kept.items() if value}


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise bad_body("the body is not UTF-8") from error


def _no_number(_: str) -> NoReturn:
    raise ValueError


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError
    return number


def _is_deeper(value: Any) -> bool:
    """Walk level by level: a walk that calls itself could end as the parser did not."""
    level = [value]
    for _ in range(_DEEPEST):
        level = [child for parent in level for child in _children(parent) if isinstance(child, dict | list)]
    return bool(level)


def _children(value: Any) -> Iterator[Any]:
    return iter(value.values() if isinstance(value, dict) else value if isinstance(value, list) else ())
