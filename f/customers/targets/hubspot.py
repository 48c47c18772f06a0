"""HubSpot contacts in batches: the requests, and what the replies mean.

https://developers.hubspot.com/docs/api-reference/crm-contacts-v3
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from f.connect.calls.message import Request, Response
from f.connect.times import DAY_SECONDS, parse_iso
from f.customers.targets.contacts import ContactKind, values_of
from f.records.rows.outcome import RowOutcome
from f.records.target.lookup_proof import LookupProof, LookupReading
from f.records.target.replies import (
    dicts,
    explanation,
    found_by_key,
    object_of,
    refusal,
    refusal_of_batch,
    unreadable,
)
from f.records.target.target import OnDuplicate, QuotaLeft, Target, Traits

if TYPE_CHECKING:
    from f.records.rows.row import Row

_FIELDS = {
    "first_name": "firstname",
    "last_name": "lastname",
    "email": "email",
    "phone": "phone",
    "company": "company",
    "job_title": "jobtitle",
    "website": "website",
    "street": "address",
    "city": "city",
    "state": "state",
    "postal_code": "zip",
    "country": "country",
}
_EXISTING_ID = re.compile(r"Existing ID:\s*(\d+)")
_NOT_THERE = "OBJECT_NOT_FOUND"
# The most inputs a batch endpoint takes.
_MOST = 100
_NOT_APPLIED = frozenset({423, 429, 477})
# https://developers.hubspot.com/docs/api-reference/legacy/account/account-information/get-usage-details
_USAGE = "/account-info/v3/api-usage/daily/private-apps"


class Hubspot(ContactKind):
    """Requests and replies of HubSpot, which knows a contact by its e-mail address or a unique property."""

    name = "hubspot"
    # Dated paths such as /crm/objects/2026-03/contacts replace /crm/v3: a resource may name its own.
    endpoint = "/crm/v3/objects/contacts"
    fields: Mapping[str, str] = _FIELDS
    traits = Traits(
        shares_host=True,
        own_batches=True,
        rows_per_request=_MOST,
        most_rows_per_request=_MOST,
        upserts=True,
        own_settings=frozenset({"id_property"}),
        # A locked contact (423), and HubSpot moving an account to another data centre (477).
        retry_also_on=(423, 477),
        known_by="its e-mail or external id",
        caseless=frozenset({"email"}),
    )
    created_field = "createdate"
    rows_per_lookup = _MOST

    def requests_for(
        self, rows: Sequence[Row], target: Target, on_duplicate: OnDuplicate
    ) -> Iterator[Request]:
        """Yield batches of creates, or of upserts by e-mail if existing contacts are to be updated.

        Only with a trace id of its own on every input does HubSpot apply the good rows beside a bad one.
        """
        verb = "upsert" if on_duplicate == "update" else "create"
        left = iter(rows)
        while group := tuple(islice(left, target.rows_per_request)):
            yield Request(
                method="POST",
                path=f"{target.endpoint}/batch/{verb}",
                json={"inputs": [_input(row, target, verb) for row in group]},
                # A contact's e-mail is unique, so what is repeated creates no second one.
                repeatable=True,
                not_applied=_NOT_APPLIED,
                endpoint="contacts",
                context=group,
            )

    def outcomes_from(self, response: Response, rows: Sequence[Row], _: Target) -> list[RowOutcome]:
        """Return the outcomes, joined to their rows by trace id: results and errors come in any order."""
        body = object_of(response)
        if not response.success:
            return [_refusal(response) if len(rows) == 1 else refusal_of_batch(response)] * len(rows)
        outcomes = dict(map(_applied, dicts(body.get("results"))))
        for error in dicts(body.get("errors")):
            outcomes.update(dict.fromkeys(_traces(error), _failed(error)))
        return [outcomes.get(str(row.line)) or unreadable(response) for row in rows]

    def update_for(self, row: Row, existing_id: str, target: Target) -> Request:
        """Return a PATCH: setting the same properties twice changes nothing."""
        return Request(
            method="PATCH",
            path=f"{target.endpoint}/{existing_id}",
            json={"properties": target.record_of(row)},
            repeatable=True,
            not_applied=_NOT_APPLIED,
            endpoint="contact",
            context=(row,),
        )

    def refusal_before_sending(self, row: Row, target: Target) -> RowOutcome | None:
        """Refuse a row without the key of an upsert. HubSpot's limits of length are above an import's."""
        name = _key_property(target)
        return None if target.record_of(row).get(name) else RowOutcome.because("missing_required", name)

    def looks_first(self, target: Target, on_duplicate: OnDuplicate) -> bool:
        """Return False: a second contact with the same key is refused."""
        del target, on_duplicate
        return False

    def repeats_safely(self, target: Target, on_duplicate: OnDuplicate) -> bool:
        """Return True: a contact's e-mail is unique, so what is repeated creates no second one."""
        del target, on_duplicate
        return True

    def asked_by(self, target: Target) -> tuple[str, ...]:
        """Return the e-mail, or our id if the resource names the property that holds it."""
        return ("external_id",) if target.options.get("id_property", "email") != "email" else ("email",)

    def lookups_for(self, rows: Sequence[Row], target: Target, names: Sequence[str]) -> Iterator[Request]:
        """Yield reads by e-mail, or by the property of upserts. Not the search: its index lags behind."""
        key = _key_property(target)
        left = iter(rows)
        while group := tuple(islice(left, _MOST)):
            yield Request(
                method="POST",
                path=f"{target.endpoint}/batch/read",
                json={
                    "idProperty": key,
                    "properties": list(dict.fromkeys((key, *names))),
                    "inputs": [{"id": value} for value in values_of(group, target, key).values()],
                },
                repeatable=True,
                not_applied=_NOT_APPLIED,
                endpoint="contact_lookup",
                context=group,
            )

    def read_lookup(
        self, response: Response, rows: Sequence[Row], target: Target, _: LookupProof | None
    ) -> LookupReading:
        """Return contacts by their key, without regard to case: HubSpot keeps e-mails in lower case.

        `{"results": [{"id", "properties"}], "errors": [{"category": "OBJECT_NOT_FOUND"}]}`: a reply of
        another shape, or with other errors, proves nothing.
        """
        body, key = object_of(response), _key_property(target)
        results, errors = body.get("results"), dicts(body.get("errors"))
        if not response.success or not isinstance(results, list) or len(dicts(results)) != len(results):
            return LookupReading({}, why=f"HubSpot answered {response.status} without a list of results.")
        lines = {value.casefold(): line for line, value in values_of(rows, target, key).items()}
        records = [(result.get("id"), _properties(result)) for result in dicts(results)]
        found = found_by_key(lines, ((values.get(key), remote_id, values) for remote_id, values in records))
        if any(error.get("category") != _NOT_THERE for error in errors):
            return LookupReading(found, why=explanation(errors))
        return LookupReading(found, frozenset(lines.values()) - found.keys())

    def quota_request(self, _: Target) -> Request:
        """Ask for the calls of all private apps of the account, which share one quota."""
        return Request(method="GET", path=_USAGE, endpoint="usage")

    def quota_in(self, response: Response, now: float) -> QuotaLeft | None:
        """Read the usage, which may be minutes old; the headers of the reply, if there are any, are not."""
        for usage in dicts(object_of(response).get("results")):
            limit, used = usage.get("usageLimit"), usage.get("currentUsage")
            if isinstance(limit, int) and isinstance(used, int):
                remaining = response.headers.get("X-HubSpot-RateLimit-Daily-Remaining", "")
                left = min(limit - used, int(remaining)) if remaining.isdecimal() else limit - used
                return QuotaLeft(limit, max(0, left), _next_reset(usage.get("resetsAt"), now))
        return None


def _input(row: Row, target: Target, verb: str) -> dict[str, Any]:
    one: dict[str, Any] = {"properties": target.record_of(row), "objectWriteTraceId": str(row.line)}
    if verb == "upsert":
        name = _key_property(target)
        one |= {"idProperty": name, "id": one["properties"][name]}
    return one


def _key_property(target: Target) -> str:
    """What tells a contact from every other."""
    return str(target.options.get("id_property", "email"))


def _applied(result: Mapping[str, Any]) -> tuple[str, RowOutcome]:
    """`new` comes with upserts and tells a created contact from an updated one."""
    remote_id = str(result.get("id") or "") or None
    outcome = RowOutcome("updated" if result.get("new") is False else "created", id=remote_id)
    return str(result.get("objectWriteTraceId")), outcome


def _traces(error: Mapping[str, Any]) -> list[str]:
    context = error.get("context")
    found = context.get("objectWriteTraceId", []) if isinstance(context, dict) else []
    return [str(trace) for trace in (found if isinstance(found, list) else [found])]


def _failed(error: Mapping[str, Any]) -> RowOutcome:
    if error.get("category") == "CONFLICT":
        return RowOutcome.because("already_exists", id=_existing_id(error))
    return RowOutcome.because("rejected_by_api", explanation(error))


def _refusal(response: Response) -> RowOutcome:
    """A 409 names the contact that is there: "Contact already exists. Existing ID: N"."""
    existing = _existing_id(object_of(response))
    if response.status == 409 and existing:
        return RowOutcome.because("already_exists", id=existing)
    return refusal(response)


def _existing_id(error: Mapping[str, Any]) -> str | None:
    found = _EXISTING_ID.search(str(error.get("message", "")))
    return found.group(1) if found else None


def _properties(result: Mapping[str, Any]) -> Mapping[str, Any]:
    values = result.get("properties")
    return values if isinstance(values, dict) else {}


def _next_reset(text: Any, now: float) -> float | None:
    """The quota renews at the same time every day; a reset that has been is followed by another."""
    at = parse_iso(text)
    return None if at is None else at + max(0, math.floor((now - at) / DAY_SECONDS) + 1) * DAY_SECONDS


KIND = Hubspot()
