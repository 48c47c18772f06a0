"""A customer API that takes JSON customers, one a request or several: the requests, and what replies mean.

The rules are RFC 9110's, plus habits of such APIs where the resource declares nothing else: the new id stands
in `id`, `data.id` or the Location header, and a customer that exists already answers 409, with its id in
`existing_id`: an `id` in an error is as often the request's. A batch is `{"customers": [...]}` and its reply
`{"results": [{"status", "id" or "existing_id", "message"}]}` in the order of the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from f.connect.calls.message import Request, Response
from f.customers.validation.fields import FIELDS
from f.records.rows.outcome import RowOutcome
from f.records.target.applied import denies, effect_of, unclear
from f.records.target.lookup_proof import CREATED, LookupProof, LookupReading, learn, read_one, seen
from f.records.target.replies import explanation, object_of, refusal, refusal_of_batch, unreadable
from f.records.target.target import BaseKind, Lookup, OnDuplicate, Proving, Target, Traits
from f.records.target.values import shows_other_values, value_at

if TYPE_CHECKING:
    from f.records.rows.row import Row


class Generic(BaseKind):
    """Requests and replies of such an API, whose own names are ours. It looks customers up one by one."""

    name = "generic"
    endpoint = "/customers"
    fields: Mapping[str, str] = {name: name for name in FIELDS}
    traits = Traits(
        keeps_custom=True,
        has_idempotency_keys=True,
        known_by="its e-mail or external id",
        caseless=frozenset({"email"}),
    )
    created_field = CREATED
    rows_per_lookup = 1

    @property
    def lookup(self) -> Lookup:
        """Itself: whether a resource names a place to look customers up, `can_look_up` says."""
        return self

    def requests_for(
        self, rows: Sequence[Row], target: Target, on_duplicate: OnDuplicate
    ) -> Iterator[Request]:
        """Yield one POST a row, or one a batch; the same content for the same target has the same key."""
        repeatable = target.repeats_safely(on_duplicate)
        if target.batch_endpoint is None:
            for row in rows:
                record = target.record_of(row)
                # By case alone two rows do not differ, so neither do their keys.
                key = target.key_of(target.caseless(record), row.generation)
                yield _post(target, target.endpoint, record, (row,), key, repeatable=repeatable)
            return
        left = iter(rows)
        while group := tuple(islice(left, target.rows_per_request)):
            body = {"customers": [target.record_of(row) for row in group]}
            key = target.key_of(body, sum(row.generation for row in group))
            yield _post(target, target.batch_endpoint, body, group, key, repeatable=repeatable)

    def outcomes_from(self, response: Response, rows: Sequence[Row], target: Target) -> list[RowOutcome]:
        """Return what a reply means for its rows. 401 and 403 never come here: they stop the run."""
        results = object_of(response).get("results")
        if response.success and isinstance(results, list) and target.batch_endpoint is not None:
            if len(results) != len(rows) or not all(isinstance(result, dict) for result in results):
                return [unreadable(response)] * len(rows)
            return [_result(result, target) for result in results]
        if len(rows) > 1:
            outcome = unreadable(response) if response.success else refusal_of_batch(response)
            return [outcome] * len(rows)
        return [_outcome(response, row, target) for row in rows]

    def update_for(self, row: Row, existing_id: str, target: Target) -> Request:
        """Bring an existing customer up to date; setting the same values twice is harmless."""
        path, _, query = target.endpoint.partition("?")
        return Request(
            method="PATCH",
            path=f"{path}/{quote(existing_id, safe='')}" + (f"?{query}" if query else ""),
            json=target.record_of(row),
            repeatable=True,
            not_applied=target.replies.not_applied_on,
            endpoint="customer",
            context=(row,),
        )

    def can_look_up(self, target: Target) -> bool:
        """Return whether the resource names a place to look customers up, and sends what to know them by."""
        return target.lookup_endpoint is not None and target.fields.path_of(_asked_by(target)) is not None

    def asked_by(self, target: Target) -> tuple[str, ...]:
        """Return the field that the look-up's address is filled with."""
        return (_asked_by(target),)

    def lookups_for(self, rows: Sequence[Row], target: Target, _: Sequence[str]) -> Iterator[Request]:
        """Yield GETs at the resource's endpoint, with `{email}` and `{external_id}` filled in.

        Such APIs answer with whole customers, whichever fields are wanted. Some keep addresses in lower case
        and compare by case: one that is written otherwise is asked for in both spellings.
        """
        assert target.lookup_endpoint is not None
        for row in rows:
            known_by = row.record.get(_asked_by(target))
            if not known_by:
                continue
            email = row.record["email"]
            for spelling in dict.fromkeys((email, email.lower())):
                path = target.lookup_endpoint.replace("{email}", quote(spelling, safe=""))
                path = path.replace("{external_id}", quote(row.record.get("external_id", ""), safe=""))
                yield Request(method="GET", path=path, endpoint="customer_lookup", context=(row,))

    def read_lookup(
        self, response: Response, rows: Sequence[Row], target: Target, proof: LookupProof | None
    ) -> LookupReading:
        """Return the customer whose value under the mapped name is the row's, or what the reply proves."""
        [row] = rows
        found, is_absent, why = read_one(response, _is_it(row, target, _asked_by(target)), proof)
        there = {row.line: found} if found else {}
        return LookupReading(there, frozenset({row.line} if is_absent else ()), why)

    @property
    def proving(self) -> Proving:
        """Itself: such APIs say "not there" in as many ways as there are of them."""
        return self

    def never_made(self, row: Row) -> Row:
        """Return a customer with an address and an id that nobody has."""
        from f.customers.targets.never_made import never_made  # needed once for a target

        return never_made(row)

    def prove(
        self, made: Row, remote_id: str | None, replies: tuple[Response, Response], lag: float, target: Target
    ) -> LookupProof | str:
        """Return where records stand in the replies and how absence looks, or why that is not known."""
        found, absent = replies
        return learn(found, _is_it(made, target, _asked_by(target)), remote_id, absent, lag)

    def repeats_safely(self, target: Target, _: OnDuplicate) -> bool:
        """Return False: what such an API does with a repeated customer is not known before it was tried."""
        del target
        return False

    def looks_first(self, target: Target, on_duplicate: OnDuplicate) -> bool:
        """Return whether a check has seen no refusal of a customer that is there, but can tell who is not.

        Without a check, such an API is taken at its word: who is there answers 409.
        """
        del on_duplicate
        refuses = target.proven.repeats == "record" or target.proven.exists_status is not None
        return not refuses and target.proven.lookup is not None and self.can_look_up(target)


def _post(
    target: Target, path: str, body: Any, rows: tuple[Row, ...], key: str | None, *, repeatable: bool
) -> Request:
    return Request(
        method="POST",
        path=path,
        json=body,
        idempotency_key=key,
        repeatable=repeatable,
        not_applied=target.replies.not_applied_on,
        endpoint="customers",
        context=rows,
    )


def _outcome(response: Response, row: Row, target: Target) -> RowOutcome:
    """What the reply to a single row says."""
    effect = effect_of(response, target.replies)
    if effect == "applied" and response.status == 200 and _shows_another(response, row, target):
        return RowOutcome.because("already_exists", id=_created_id(response, target))
    if effect == "applied":
        return RowOutcome("created", id=_created_id(response, target))
    if effect != "not_applied":
        return unclear(response, effect)
    if response.status in {409, target.proven.exists_status}:
        return RowOutcome.because("already_exists", id=_existing_id(object_of(response), target))
    return refusal(response)


def _shows_another(response: Response, row: Row, target: Target) -> bool:
    """Whether a 200 shows the customer with other values than were sent: it was there, and was left as it is.

    What the target has only written otherwise (case, spaces, signs, a shortened text) is not another value.
    """
    place = seen(response, _is_it(row, target, "email"))
    return place is not None and shows_other_values(target.record_of(row), place.record)


def _result(result: Mapping[str, Any], target: Target) -> RowOutcome:
    """One row's part of a batch's reply."""
    status = result.get("status")
    if not isinstance(status, int):
        return RowOutcome.because("answer_lost", explanation(result))
    if status == 409:
        return RowOutcome.because("already_exists", id=_existing_id(result, target))
    if status in {200, 201, 204} and not denies(result):
        return RowOutcome("created", id=_text(value_at(result, _steps(target.replies.created_id or "id"))))
    if status in target.replies.not_applied_on:
        return RowOutcome.because("service_unavailable", explanation(result))
    if 400 <= status < 500 and status != 408:
        return RowOutcome.because("rejected_by_api", f"{status} {explanation(result)}".strip())
    return RowOutcome.because("answer_lost", explanation(result))


def _created_id(response: Response, target: Target) -> str | None:
    body, declared = object_of(response), target.replies.created_id
    if declared:
        return _text(value_at(body, _steps(declared)))
    location = response.headers.get("Location")
    last = urlsplit(location).path.rstrip("/").rpartition("/")[2] if location else ""
    return _text(body.get("id")) or _text(value_at(body, ("data", "id"))) or last or None


def _existing_id(body: Mapping[str, Any], target: Target) -> str | None:
    where = target.replies.existing_id or target.proven.existing_id or "existing_id"
    return _text(value_at(body, _steps(where)))


def _asked_by(target: Target) -> str:
    """Our field that the look-up's address is filled with."""
    return "email" if "{email}" in (target.lookup_endpoint or "") else "external_id"


def _is_it(row: Row, target: Target, name: str) -> Callable[[Mapping[str, Any]], bool]:
    """Whether a record is the row's: by the value under the name that the resource's mapping gives it."""
    path, wanted = target.fields.path_of(name) or (), str(row.record.get(name, ""))

    def is_it(record: Mapping[str, Any]) -> bool:
        value = _text(value_at(record, path))
        if value is None or not wanted:
            return False
        return value.casefold() == wanted.casefold() if name == "email" else value == wanted

    return is_it


@cache
def _steps(path: str) -> tuple[str, ...]:
    return tuple(path.split("."))


def _text(value: Any) -> str | None:
    return (
        str(value) if isinstance(value, str | int) and not isinstance(value, bool) and value != "" else None
    )


KIND = Generic()
