"""One customer, looked up in the target as an import would look it up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

from f.connect.calls.message import Response
from f.connect.errors import ConnectError, FixInput
from f.customers.targets.customer_api import open_target
from f.records.rows.row import Found, Row
from f.records.sending.lookup import Answers, is_answer, kept_proof
from f.records.sending.session import open_import
from f.records.target.values import value_at
from f.tools.guards.data_of_others import DATA_NOTE, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from f.records.sending.session import Session
    from f.records.target.target import Lookup, Target

_LINE = 1
_LONGEST = 320  # characters of an address or id


class FoundCustomer(TypedDict):
    """`cannot_be_looked_up`: the target does not say, so there may be one. `data`: the fields asked for."""

    answer: Literal["found", "not_found", "cannot_be_looked_up"]
    id: str
    data: dict[str, str]
    data_note: str
    message: str


def find(
    api: Mapping[str, object],
    email: str,
    external_id: str,
    fields: Sequence[str],
    database: Mapping[str, object] | None,
) -> FoundCustomer:
    """Look one customer up, by whichever of the two the target can be asked by."""
    email, external_id = _checked("email", email), _checked("external_id", external_id)
    if not (email or external_id):
        raise FixInput("Give the customer's email or external_id.", code="no_customer")
    target = open_target(api)
    wanted = _wanted(target, fields)
    lookup = target.lookup
    if lookup is None:
        return _no_answer(f"{target.title} cannot be asked: its resource names no endpoints.lookup.")
    asked_by = lookup.asked_by(target) or ("email",)
    given = {"email": email, "external_id": external_id}
    if not any(given[name] for name in asked_by):
        raise FixInput(
            f"{target.title} can be asked by {' or '.join(asked_by)} only. Give that.",
            code="other_key_needed",
        )
    row = Row(
        _LINE, [], email or external_id, {"name": "-", "email": email} | _given("external_id", external_id)
    )
    with open_import(database, target, "look-up") as session:
        answers = _ask(row, target, lookup, [".".join(path) for path in wanted.values()], session)
    if found := answers.found.get(_LINE):
        return _found(found, wanted)
    if answers.is_absent(_LINE):
        return _answer("not_found", message=f"{target.title} has no such customer.")
    why = (
        answers.why.get(_LINE)
        or "its answer has not been seen yet to tell a customer that is there from none"
    )
    return _no_answer(f"{target.title} showed no such customer, which proves nothing: {why.rstrip('.')}.")


def _ask(row: Row, target: Target, lookup: Lookup, names: Sequence[str], session: Session) -> Answers:
    answers, proof = Answers(), target.proven.lookup or kept_proof(session.journal.proof(), target)
    for asked, result in session.client.send_many(lookup.lookups_for([row], target, names)):
        if isinstance(result, ConnectError):
            raise result
        assert isinstance(result, Response)
        if not is_answer(result):
            result.raise_for_status()
        answers.take(asked.context, lookup.read_lookup(result, asked.context, target, proof))
    return answers


def _checked(name: str, text: str) -> str:
    text = text.strip()
    if len(text) > _LONGEST or not text.isprintable():
        raise FixInput(f"{name} must be one line of at most {_LONGEST} characters.", code="bad_argument")
    return text


def _given(name: str, text: str) -> dict[str, str]:
    return {name: text} if text else {}


def _wanted(target: Target, fields: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return where each wanted field stands in the target's record; FixInput if it has no place."""
    known = sorted(target.fields.plain.keys() | target.fields.nested.keys())
    if unknown := [name for name in fields if name not in known]:
        raise FixInput(
            f"There is no field {', '.join(map(repr, unknown))} here. Fields: {', '.join(known)}.",
            code="unknown_field",
        )
    return {name: target.fields.path_of(name) or () for name in fields}


def _found(found: Found, wanted: Mapping[str, tuple[str, ...]]) -> FoundCustomer:
    values = {name: value_at(found.record, path) for name, path in wanted.items()}
    data = {name: shortened(value) for name, value in values.items() if value not in (None, "")}
    empty = sorted(wanted.keys() - data.keys())
    message = "There is one." + (f" Without a value: {', '.join(empty)}." if empty else "")
    if not wanted:
        message += " Its fields are returned if you name them in fields."
    return {"answer": "found", "id": found.id, "data": data, "data_note": DATA_NOTE, "message": message}


def _answer(answer: Literal["not_found", "cannot_be_looked_up"], message: str) -> FoundCustomer:
    return {"answer": answer, "id": "", "data": {}, "data_note": DATA_NOTE, "message": message}


def _no_answer(message: str) -> FoundCustomer:
    return _answer("cannot_be_looked_up", f"{message} So it is not known whether there is one.")
