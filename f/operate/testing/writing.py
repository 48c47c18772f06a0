"""One record made, read back, changed and removed: whether an API writes what it is told to. Pure.

    create -> read back -> update -> read again -> delete -> is it gone

Each is a check of its own. The record is nobody's ("Millwright check, may be deleted", an address below
example.com). Whatever else fails, it is removed if the API lets it; what remains is named.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from f.connect.calls.message import Request
from f.connect.calls.reply_reader import id_of
from f.connect.errors import ConnectError, OutcomeUnknown
from f.connect.pagination import at
from f.connect.redact import mask_text
from f.operate.contracts.known_calls import collection_of
from f.operate.testing.verdicts import Check, Steps, Verdict, failed, passed, skip, skipped, told

if TYPE_CHECKING:
    from f.connect.calls.message import Response

NAME, CHANGED = "Millwright check, may be deleted", "Millwright check, changed, may be deleted"
_GONE = frozenset({404, 410})
_NO_DELETE = frozenset({404, 405, 501})

CANNOT_BE_TAKEN_BACK: Mapping[str, str] = {
    "slack": "A message would be read by people: send_slack_message posts one where you say.",
    "slack_webhook": "A message would be read by people: send_slack_message posts one where you say.",
    "twilio": "A text message cannot be taken back: send_sms sends one where you say.",
    "sendgrid": "An e-mail cannot be taken back: send_email sends one where you say.",
    "resend": "An e-mail cannot be taken back: send_email sends one where you say.",
    "graphql": "Which mutation makes a record, only you know: run_mutation sends one.",
    "vessey": "Vessey is only read.",
    "github": "Of GitHub only deliveries of webhooks are used; nothing is written.",
    "jwt_issuer": "A token that is refreshed is used up.",
    "oauth_app": "A token is only given to a person who consents.",
    "s3": "upload_file, head_file and delete_file of f/files try an object whose key you choose.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """How records of one API are written. `shows`: where an answer has the field that is changed."""

    path: str
    body: Callable[[str], dict[str, Any]]  # of a record with this name
    shows: str
    value: str = NAME
    changed: str = CHANGED
    is_form: bool = False
    update_method: str = "PATCH"
    keyed: bool = False
    id_at: tuple[str, ...] = ("id", "data.id", "Id")
    read_params: Mapping[str, str] | None = None
    deleted_at: str = ""  # where an answer about a record that was removed says so


def writing_of(kind: str, resource: Mapping[str, Any], mark: str) -> Writing | None:
    """Return how a kind of service is written to; None if it is not known. `mark` makes the record new."""
    email = f"millwright-check-{mark}@example.com"
    if kind in {"stripe", "customers/stripe"}:
        return Writing(
            path="/v1/customers",
            body=lambda name: {"name": name, "email": email},
            shows="name",
            is_form=True,
            update_method="POST",
            keyed=True,
            deleted_at="deleted",
        )
    if kind == "customers/hubspot":
        return Writing(
            path=collection_of(resource),
            body=lambda name: {"properties": {"email": email, "lastname": name}},
            shows="properties.lastname",
            read_params={"properties": "lastname"},
        )
    if kind == "customers/salesforce":
        return Writing(
            path=collection_of(resource),
            body=lambda name: {"LastName": name, "Email": email},
            shows="LastName",
        )
    if kind == "customers/generic":
        return Writing(
            path=collection_of(resource),
            body=lambda name: {"name": name, "email": email},
            shows="name",
            keyed=True,
        )
    return None


def writing_of_sample(list_path: str, sample: Mapping[str, Any], id_at: str) -> Writing:
    """Return how an API of one's own is written to: the sample as it is, then with its first text changed."""
    first = next((name for name, value in sample.items() if isinstance(value, str)), "")

    def body(name: str) -> dict[str, Any]:
        return {**sample, first: name} if first and name == CHANGED else dict(sample)

    value = str(sample.get(first, ""))
    return Writing(
        path=list_path.partition("?")[0].rstrip("/"),
        body=body,
        shows=first,
        value=value,
        id_at=(id_at, "data.id"),
    )


@dataclass(slots=True)
class _Record:
    """The record under way, from one check to the next."""

    id: str = ""
    may_be_there: bool = False


def writing_checks(writing: Writing, mark: str) -> Iterator[Check]:
    """Yield the checks, to be made in their order."""
    record = _Record()
    yield Check(
        group="writing",
        name="a record is created",
        expects="2xx and the new record's id",
        steps=lambda: _create(writing, record, mark),
    )
    yield Check(
        group="writing",
        name="it is read back",
        expects="the record with what was sent",
        steps=lambda: _read(writing, record, writing.value),
    )
    yield Check(
        group="writing",
        name="it is updated",
        expects="2xx, and the change when it is read again",
        steps=lambda: _update(writing, record, mark),
    )
    yield Check(
        group="writing",
        name="it is deleted",
        expects="2xx, and 404 when it is read again",
        steps=lambda: _delete(writing, record),
    )


def not_asked() -> Check:
    """Return the checks that were not asked for, as one."""
    return skip(
        "writing",
        "create, read back, update, delete",
        "one record, gone in the end",
        "Not asked for: with write one record is made and removed again.",
    )


def not_known(kind: str) -> Check:
    """Return the checks that cannot be made, as one, with the reason."""
    why = CANNOT_BE_TAKEN_BACK.get(
        kind, "Give list_path and sample, the fields of one record that may be made and removed."
    )
    return skip("writing", "create, read back, update, delete", "one record, gone in the end", why)


def _create(writing: Writing, record: _Record, mark: str) -> Steps:
    answer = yield _write("POST", writing.path, writing, writing.value, f"millwright check {mark} create")
    record.may_be_there = not isinstance(answer, ConnectError) or isinstance(answer, OutcomeUnknown)
    if isinstance(answer, ConnectError):
        return failed(mask_text(str(answer)), _remaining(writing, record))
    if not answer.success:
        record.may_be_there = False
        return failed(f"Refused: {told(answer)}.")
    record.id = _id(answer, writing)
    if not record.id:
        return failed(f"No id in the answer: {told(answer)}.", _remaining(writing, record))
    return passed(f"Status {answer.status}, with an id.")


def _read(writing: Writing, record: _Record, value: str) -> Steps:
    if not record.id:
        return skipped("Nothing was created.")
    answer = yield _one(writing, record)
    if isinstance(answer, ConnectError) or not answer.success:
        return failed(told(answer))
    return passed("As it was sent.") if _shows(answer, writing, value) else failed(_differs(writing))


def _update(writing: Writing, record: _Record, mark: str) -> Steps:
    if not record.id:
        return skipped("Nothing was created.")
    path = f"{writing.path}/{quote(record.id, safe='')}"
    answer = yield _write(
        writing.update_method, path, writing, writing.changed, f"millwright check {mark} update"
    )
    if isinstance(answer, ConnectError) or not answer.success:
        return failed(told(answer))
    again = yield _one(writing, record)
    if isinstance(again, ConnectError) or not again.success:
        return failed(f"Read again: {told(again)}")
    return (
        passed("Changed, and read so.")
        if _shows(again, writing, writing.changed)
        else failed(_differs(writing))
    )


def _delete(writing: Writing, record: _Record) -> Steps:
    if not record.id:
        return skipped("Nothing was created.")
    answer = yield Request(
        method="DELETE",
        path=f"{writing.path}/{quote(record.id, safe='')}",
        endpoint="check record",
        caller_reads=_NO_DELETE,
    )
    if isinstance(answer, ConnectError) or not answer.success:
        remaining = _remaining(writing, record)
        if not isinstance(answer, ConnectError) and answer.status in _NO_DELETE:
            return Verdict("skipped", f"The API does not delete ({told(answer)}).", remaining)
        return failed(told(answer), remaining)
    again = yield _one(writing, record)
    if not isinstance(again, ConnectError) and _is_gone(again, writing):
        return passed("Gone.")
    return failed(f"Read again: {told(again)}", _remaining(writing, record))


def _is_gone(again: Response, writing: Writing) -> bool:
    return again.status in _GONE or bool(writing.deleted_at and at(_body(again), writing.deleted_at) is True)


def _write(method: str, path: str, writing: Writing, name: str, key: str) -> Request:
    body = writing.body(name)
    return Request(
        method=method,
        path=path,
        json=None if writing.is_form else body,
        data=body if writing.is_form else None,
        idempotency_key=key.replace(" ", "-") if writing.keyed and method == "POST" else None,
        endpoint="check record",
        caller_reads=frozenset({401, 403, 404, 405, 409, 422}),
    )


def _one(writing: Writing, record: _Record) -> Request:
    return Request(
        method="GET",
        path=f"{writing.path}/{quote(record.id, safe='')}",
        params=writing.read_params,
        endpoint="check record",
        caller_reads=_GONE,
    )


def _body(answer: Response) -> Any:
    """Return the body; None if it cannot be read, which is for the check to say: the record may be there."""
    try:
        return answer.json
    except (ConnectError, RecursionError):
        return None


def _id(answer: Response, writing: Writing) -> str:
    body = _body(answer)
    return next((found for place in writing.id_at if (found := id_of(at(body, place)))), "")


def _shows(answer: Response, writing: Writing, value: str) -> bool:
    if not writing.shows:
        return True
    body = _body(answer)
    return value in (at(body, writing.shows), at(body, f"data.{writing.shows}"))


def _differs(writing: Writing) -> str:
    return f"The field {writing.shows} is not what was sent."


def _remaining(writing: Writing, record: _Record) -> str:
    if not record.may_be_there:
        return ""
    what = f"the record {record.id}" if record.id else f"a record named {writing.value!r}"
    return f"May remain: {what} below {writing.path}. Remove it by hand."
