"""What a look-up's reply proves. Pure.

An API that finds nothing, one that was asked at a wrong address, and one whose reply we cannot read look much
the same. So a reply may say "not there" only in the way in which this very look-up has said it of a record
that cannot be there, after it was seen to find one that is:

    {"data": [{"id": "7", "email": "ada@example.com"}]}    the record just made: the list is at `data`
    {"data": []}                                           a record never made: this is how absence looks

Any other reply, such as a list of other records by an API that ignores the filter, proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from f.records.rows.row import Found
from f.records.target.replies import body_of

if TYPE_CHECKING:
    from f.connect.calls.message import Response

_DEEPEST = 3  # objects around the records of a reply
_IDS = ("id", "uuid", "uid")
# How a reply that can be read ends in `form_of`.
_READABLE = (" list", " object", " null", " nothing", " nobody")
# Under this name a found record says when it was made, however the target calls it.
CREATED = "created_at"
# Where such APIs say when a record was made there.
_CREATED = ("created_at", "createdAt", "created", "date_created", "createdate")


@dataclass(frozen=True, slots=True)
class LookupProof:
    """How one look-up shows a record and its absence.

    `at` is the dotted path of the record, or of the list of records if `many`; "" is the whole reply. `id_at`
    is the field of a record that holds its id; empty if it shows none. `absent` is a form of `form_of`.
    `lag_seconds`: how long after it was made a record was found.
    """

    at: str
    many: bool
    id_at: str
    absent: str
    lag_seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return {
            "at": self.at,
            "many": self.many,
            "id_at": self.id_at,
            "absent": self.absent,
            "lag_seconds": round(self.lag_seconds, 3),
        }

    @classmethod
    def from_json(cls, value: Any) -> LookupProof | None:
        """Return the proof that `to_json` wrote; None for anything else."""
        if not isinstance(value, Mapping) or not isinstance(value.get("lag_seconds", 0.0), int | float):
            return None
        texts = [value.get(name) for name in ("at", "id_at", "absent")]
        if not all(isinstance(text, str) for text in texts) or not isinstance(value.get("many"), bool):
            return None
        at, id_at, absent = map(str, texts)
        return cls(at, value["many"], id_at, absent, float(value.get("lag_seconds", 0.0)))


class Sighting(NamedTuple):
    """A record in a reply: where it stands, and what it holds."""

    at: str
    many: bool
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LookupReading:
    """What one reply proves of the rows that were asked for: those found by line, and those not there.

    A row in neither stays in doubt; `why` says in words what was wrong with the reply.
    """

    found: dict[int, Found]
    absent: frozenset[int] = frozenset()
    why: str = ""


IsIt = Callable[[Mapping[str, Any]], bool]


def seen(response: Response, is_it: IsIt, proof: LookupProof | None = None) -> Sighting | None:
    """Return the first record of a success that is the one asked for; None if none is.

    It stands where `proof` says, or else anywhere. Without an id it is no record: some APIs send the question
    back with the answer.
    """
    if not response.success:
        return None
    for place in _places(body_of(response), "", _DEEPEST):
        if proof is not None and (place.at, place.many) != (proof.at, proof.many):
            continue
        if is_it(place.record) and (id_in(place.record, proof.id_at if proof else "")):
            return place
    return None


def id_in(record: Mapping[str, Any], name: str = "") -> str:
    """Return a record's id, from the field `name` or where ids usually stand; empty if there is none."""
    for one in (name,) if name else _IDS:
        value = record.get(one)
        if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
            return str(value)
    return ""


def created_in(record: Mapping[str, Any]) -> str:
    """Return when the target says that a record was made there; empty if it does not."""
    return next((str(record[name]) for name in _CREATED if isinstance(record.get(name), str)), "")


def learn(
    found: Response, is_it: IsIt, known_id: str | None, absent: Response, lag: float
) -> LookupProof | str:
    """Return what two replies prove together: one for a record just made, one for a record never made.

    `known_id`: the made record's id, if its making told. `lag`: seconds until it was found. Returns a
    sentence instead if they prove nothing.
    """
    place = _made_record(found, is_it, known_id)
    if place is None:
        return f"The look-up did not find a record that had just been made ({form_of(found, '')})."
    form = form_of(absent, place.at)
    if form.endswith(" records"):
        return "The look-up lists other records than the one it is asked for: it ignores the filter."
    if form == form_of(found, place.at):
        return f"The look-up answers for a record that was never made as for one that is there ({form})."
    if not form.endswith(_READABLE):
        return f"The look-up answers for a record that was never made with something unreadable ({form})."
    return LookupProof(place.at, place.many, _id_field(place.record, known_id), form, max(0.0, lag))


def read_one(response: Response, is_it: IsIt, proof: LookupProof | None) -> tuple[Found | None, bool, str]:
    """Return the record if the reply shows it, whether the reply proves it absent, and else why not."""
    place = seen(response, is_it, proof)
    if place is not None:
        record_id = id_in(place.record, proof.id_at if proof else "")
        return Found(record_id, {**place.record, CREATED: created_in(place.record)}), False, ""
    if proof is None:
        form = form_of(response, "")
        return None, False, f"It did not show the record ({form}), and was never seen to find one."
    form = form_of(response, proof.at)
    if form == proof.absent:
        return None, True, ""
    return None, False, f"Its answer ({form}) is not how it says that a record is not there ({proof.absent})."


def seems_empty(response: Response) -> bool:
    """Return whether a reply may well mean "not there": a 404 without a page, or JSON with an empty list."""
    body = body_of(response)
    if response.status == 404:
        return not response.body.strip() or body is not None
    return response.success and _lists(body, _DEEPEST) == [[]]


def _lists(body: Any, depth: int) -> list[list[Any]]:
    if isinstance(body, list):
        return [body]
    if not isinstance(body, Mapping) or not depth:
        return []
    return [found for value in body.values() for found in _lists(value, depth - 1)]


def form_of(response: Response, at: str) -> str:
    """Return the status and what stands at a path of the reply, such as `200 list` for an empty list.

    `records` is a list that is not empty, `nothing` a JSON body without that path, `nobody` no body at all.
    """
    if not response.body.strip():
        return f"{response.status} nobody"
    body = body_of(response)
    if body is None and response.body.strip() != b"null":
        kind = response.headers.get("Content-Type", "no content type").split(";")[0].strip().lower()
        return f"{response.status} {kind[:40]}"
    value, is_there = _value_at(body, at)
    if not is_there:
        return f"{response.status} nothing"
    if isinstance(value, list):
        return f"{response.status} {'records' if value else 'list'}"
    if value is None:
        return f"{response.status} null"
    return f"{response.status} {'object' if isinstance(value, Mapping) else 'value'}"


def _made_record(response: Response, is_it: IsIt, known_id: str | None) -> Sighting | None:
    if not response.success:
        return None
    places = [place for place in _places(body_of(response), "", _DEEPEST) if is_it(place.record)]
    with_id = [place for place in places if _id_field(place.record, known_id)]
    return with_id[0] if with_id else None


def _places(body: Any, at: str, depth: int) -> Iterator[Sighting]:
    """Every object of a reply, and of its lists, that may be a record; the outer ones first."""
    if isinstance(body, list):
        yield from (Sighting(at, True, one) for one in body if isinstance(one, Mapping))
        return
    if not isinstance(body, Mapping):
        return
    yield Sighting(at, False, body)
    if depth:
        for name, value in body.items():
            yield from _places(value, f"{at}.{name}" if at else str(name), depth - 1)


def _value_at(body: Any, at: str) -> tuple[Any, bool]:
    value = body
    for step in at.split(".") if at else ():
        if not isinstance(value, Mapping) or step not in value:
            return None, False
        value = value[step]
    return value, True


def _id_field(record: Mapping[str, Any], known_id: str | None) -> str:
    """The field that holds the id we were told, or else where ids usually stand."""
    if known_id:
        for name, value in record.items():
            if isinstance(value, str | int) and not isinstance(value, bool) and str(value) == known_id:
                return name
    return next((name for name in _IDS if id_in(record, name)), "")
