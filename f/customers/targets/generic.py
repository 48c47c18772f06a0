"""A customer API that takes JSON customers, one a request or several: the requests, and what replies mean.

The rules are RFC 9110's, plus two habits of such APIs: the new id stands in `id`, `data.id` or the
Location header, and a customer that exists already answers 409. A batch is `{"customers": [...]}` and its
reply `{"results": [{"status", "id" or "existing_id", "message"}]}` in the order of the batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import quote

from f.connect.calls.message import Request, Response
from f.customers.validation.fields import FIELDS
from f.records.rows.outcome import RowOutcome
from f.records.rows.row import Found, Row
from f.records.target.replies import body_of, explanation, object_of, refusal, refusal_of_batch, unreadable
from f.records.target.target import BaseKind, Lookup, OnDuplicate, Target, Traits

# 503 says that the service could not handle the request at all (RFC 9110 section 15.6.4), so like
# 429 it leaves nothing behind and the row is safe to import again.
_NOT_APPLIED = frozenset({429, 503})
# Where such APIs put the customers a query found.
_LISTS = ("data", "results", "items", "customers")


class Generic(BaseKind):
    """Requests and replies of such an API, whose own names are ours. It looks customers up one by one."""

    name = "generic"
    endpoint = "/customers"
    fields: Mapping[str, str] = {name: name for name in FIELDS}
    traits = Traits(
        keeps_custom=True,
        has_idempotency_keys=True,
        own_settings=frozenset({"unique_email"}),
        known_by="its e-mail or external id",
        caseless=frozenset({"email"}),
    )
    created_field = ""
    rows_per_lookup = 1

    @property
    def lookup(self) -> Lookup:
        """Itself: whether a resource names a place to look customers up, `can_look_up` says."""
        return self

    def requests_for(self, rows: Sequence[Row], target: Target, _: OnDuplicate) -> Iterator[Request]:
        """Yield one POST a row, or one a batch; the same content for the same target has the same key."""
        if target.batch_endpoint is None:
            for row in rows:
                yield _post(target, target.endpoint, target.record_of(row), (row,))
            return
        left = iter(rows)
        while group := tuple(islice(left, target.rows_per_request)):
            body = {"customers": [target.record_of(row) for row in group]}
            yield _post(target, target.batch_endpoint, body, group)

    def outcomes_from(self, response: Response, rows: Sequence[Row]) -> list[RowOutcome]:
        """Return what a reply means for its rows. 401 and 403 never come here: they stop the run."""
        body = object_of(response)
        results = body.get("results")
        if response.success and isinstance(results, list):
            if len(results) != len(rows) or not all(isinstance(result, dict) for result in results):
                return [unreadable(response)] * len(rows)
            return [_result(result) for result in results]
        if len(rows) > 1:
            outcome = unreadable(response) if response.success else refusal_of_batch(response)
        elif response.success:
            outcome = RowOutcome("created", id=_id_in(body, response.headers))
        elif response.status == 409:
            outcome = RowOutcome.because("already_exists", id=_id_in(body, response.headers))
        else:
            outcome = refusal(response)
        return [outcome] * len(rows)

    def update_for(self, row: Row, existing_id: str, target: Target) -> Request:
        """Bring an existing customer up to date; setting the same values twice is harmless."""
        path, _, query = target.endpoint.partition("?")
        return Request(
            method="PATCH",
            path=f"{path}/{quote(existing_id, safe='')}" + (f"?{query}" if query else ""),
            json=target.record_of(row),
            repeatable=True,
            not_applied=_NOT_APPLIED,
            endpoint="customer",
            context=(row,),
        )

    def can_look_up(self, target: Target) -> bool:
        """Return whether the resource names a place to look customers up."""
        return target.lookup_endpoint is not None

    def lookups_for(self, rows: Sequence[Row], target: Target, _: Sequence[str]) -> Iterator[Request]:
        """Yield one GET a row at the resource's endpoint, with `{email}` and `{external_id}` filled in.

        Such APIs answer with whole customers, whichever fields are wanted.
        """
        assert target.lookup_endpoint is not None
        for row in rows:
            path = target.lookup_endpoint.replace("{email}", quote(row.record["email"], safe=""))
            path = path.replace("{external_id}", quote(row.record.get("external_id", ""), safe=""))
            yield Request(method="GET", path=path, endpoint="customer_lookup", context=(row,))

    def found_in(self, response: Response, rows: Sequence[Row], _: Target) -> dict[int, Found]:
        """Return the reply's first customer that has no other e-mail address; nothing for a 404."""
        body, row = body_of(response), rows[0]
        listed = (
            next((body[name] for name in _LISTS if name in body), [body]) if isinstance(body, dict) else body
        )
        for found in listed if isinstance(listed, list) else [listed]:
            if not response.success or not isinstance(found, Mapping):
                continue
            email, remote_id = found.get("email"), _id_of(found)
            if remote_id is not None and (not isinstance(email, str) or email.casefold() == row.key):
                return {row.line: Found(remote_id, found)}
        return {}

    def repeats_safely(self, target: Target, _: OnDuplicate) -> bool:
        """Return whether, by the resource, the API refuses a second customer with the same e-mail."""
        return _is_known_by_email(target)

    def looks_first(self, target: Target, on_duplicate: OnDuplicate) -> bool:
        """Return False: a customer that is there already answers 409."""
        del target, on_duplicate
        return False


def _post(target: Target, path: str, body: Any, rows: tuple[Row, ...]) -> Request:
    return Request(
        method="POST",
        path=path,
        json=body,
        idempotency_key=target.key_of(body),
        repeatable=True if _is_known_by_email(target) else None,
        not_applied=_NOT_APPLIED,
        endpoint="customers",
        context=rows,
    )


def _result(result: Mapping[str, Any]) -> RowOutcome:
    """One row's part of a batch's reply."""
    status, remote_id = result.get("status"), _id_of(result)
    if status == 409:
        return RowOutcome.because("already_exists", id=remote_id)
    if isinstance(status, int) and 200 <= status < 300:
        return RowOutcome("created", id=remote_id)
    if status in _NOT_APPLIED:
        return RowOutcome.because("service_unavailable", explanation(result))
    if isinstance(status, int) and 400 <= status < 500:
        return RowOutcome.because("rejected_by_api", f"{status} {explanation(result)}".strip())
    return RowOutcome.because("answer_lost", explanation(result))


def _id_in(body: Mapping[str, Any], headers: Mapping[str, str]) -> str | None:
    data = body.get("data")
    found = _id_of(body) or (_id_of(data) if isinstance(data, dict) else None)
    location = headers.get("Location")
    return found or (location.rstrip("/").rsplit("/", 1)[-1] if location else None)


def _id_of(record: Mapping[str, Any]) -> str | None:
    for name in ("existing_id", "id"):
        remote_id = record.get(name)
        if isinstance(remote_id, (str, int)):
            return str(remote_id)
    return None


def _is_known_by_email(target: Target) -> bool:
    return bool(target.options.get("unique_email", False))


GENERIC = Generic()
