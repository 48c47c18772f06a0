"""Salesforce contacts in collections: the requests, and what the replies mean.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_sobjects_collections.htm
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from f.connect.calls.message import Request, Response
from f.connect.errors import FixSettings
from f.customers.targets.contacts import ContactKind, values_of
from f.customers.targets.salesforce_bulk import BULK, failure_of, places, upsert_key
from f.records.rows.outcome import RowOutcome
from f.records.target.lookup_proof import LookupProof, LookupReading
from f.records.target.replies import (
    body_of,
    dicts,
    explanation,
    found_by_key,
    object_of,
    refusal,
    refusal_of_batch,
    unreadable,
)
from f.records.target.target import Bulk, OnDuplicate, QuotaLeft, Target, Traits

if TYPE_CHECKING:
    from f.records.rows.row import Row

# Standard fields of Contact; it has none for a company name (that is the Account's).
_FIELDS = {
    "first_name": "FirstName",
    "last_name": "LastName",
    "email": "Email",
    "phone": "Phone",
    "job_title": "Title",
    "street": "MailingStreet",
    "city": "MailingCity",
    "state": "MailingState",
    "postal_code": "MailingPostalCode",
    "country": "MailingCountry",
    "notes": "Description",
}
# Longest values of Contact's standard fields, in characters; a longer one is answered STRING_TOO_LONG.
# https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_contact.htm
MAX_LENGTH = {
    "FirstName": 40,
    "LastName": 80,
    "Email": 80,
    "Phone": 40,
    "Title": 128,
    "MailingStreet": 255,
    "MailingCity": 40,
    "MailingState": 80,
    "MailingPostalCode": 20,
    "MailingCountry": 80,
    "Description": 32_000,
}
# The most records a collection takes, and the e-mails that fit into the address of a query.
_MOST, _MOST_ASKED = 200, 50
_NOT_APPLIED = frozenset({429})
# A field, or one of a related record's. What a query selects cannot be quoted: nothing else may stand there.
_FIELD = re.compile(r"[A-Za-z]\w*(?:\.[A-Za-z]\w*)*", re.ASCII)


class Salesforce(ContactKind):
    """Requests and replies of Salesforce, which knows a contact by an external id, if it has one."""

    name = "salesforce"
    endpoint = "/services/data/v64.0/sobjects/Contact"
    fields: Mapping[str, str] = _FIELDS
    traits = Traits(
        own_batches=True,
        rows_per_request=_MOST,
        most_rows_per_request=_MOST,
        upserts=True,
        own_settings=frozenset({"external_id_field", "bulk_from"}),
        known_by="its e-mail or external id",
        caseless=frozenset({"email"}),
    )
    created_field = "CreatedDate"
    rows_per_lookup = _MOST_ASKED

    @property
    def bulk(self) -> Bulk:
        """Ingest jobs."""
        return BULK

    def requests_for(
        self, rows: Sequence[Row], target: Target, on_duplicate: OnDuplicate
    ) -> Iterator[Request]:
        """Yield collections of creates, or of upserts if existing contacts are to be updated.

        Rows of one company go together: two writers under the same parent lock each other out.
        """
        root, object_name = places(target)
        key = upsert_key(target) if on_duplicate == "update" else None
        left = iter(sorted(rows, key=lambda row: row.record.get("company", "")))
        while group := tuple(islice(left, target.rows_per_request)):
            records = [{"attributes": {"type": object_name}, **target.record_of(row)} for row in group]
            yield Request(
                method="PATCH" if key else "POST",
                path=f"{root}/composite/sobjects/{object_name}/{key}"
                if key
                else f"{root}/composite/sobjects",
                json={"allOrNone": False, "records": records},
                repeatable=target.repeats_safely(on_duplicate),
                not_applied=_NOT_APPLIED,
                endpoint="contacts",
                context=group,
            )

    def outcomes_from(self, response: Response, rows: Sequence[Row], _: Target) -> list[RowOutcome]:
        """Return one result a row, in the order of the request; `created` comes with upserts.

        An error of the request as a whole is a list of {errorCode, message, fields}.
        """
        results = dicts(body_of(response))
        if response.success:
            if len(results) != len(rows):
                return [unreadable(response)] * len(rows)
            return [_result(result) for result in results]
        if len(rows) > 1:
            return [refusal_of_batch(response)] * len(rows)
        codes = {str(error.get("errorCode")) for error in results}
        return [failure_of(codes, results, _matched_id(results)) or refusal(response)]

    def update_for(self, row: Row, existing_id: str, target: Target) -> Request:
        """Return a PATCH: setting the same fields twice changes nothing."""
        return Request(
            method="PATCH",
            path=f"{target.endpoint}/{existing_id}",
            json=target.record_of(row),
            repeatable=True,
            not_applied=_NOT_APPLIED,
            endpoint="contact",
            context=(row,),
        )

    def refusal_before_sending(self, row: Row, target: Target) -> RowOutcome | None:
        """Check required fields and lengths: a row is then refused in words of its own, not of a bulk job."""
        record = target.record_of(row)
        for name in dict.fromkeys(("LastName", upsert_key(target))):
            if not record.get(name):
                return RowOutcome.because("missing_required", name)
        for name, value in record.items():
            longest = MAX_LENGTH.get(name)
            if longest is not None and isinstance(value, str) and len(value) > longest:
                return RowOutcome.because("too_long", f"{name}: {len(value)} characters, at most {longest}.")
        return None

    def stop_code(self, response: Response) -> str | None:
        """Return the code for a 403 that says that the calls of the day are used up."""
        return "quota_used_up" if b"REQUEST_LIMIT_EXCEEDED" in response.body else None

    def asked_by(self, target: Target) -> tuple[str, ...]:
        """Return the e-mail, or our id if the resource names the field that holds it."""
        return ("email",) if upsert_key(target) == "Email" else ("external_id",)

    def lookups_for(self, rows: Sequence[Row], target: Target, names: Sequence[str]) -> Iterator[Request]:
        """Yield SOQL queries by e-mail, which every row has, or by the external id of upserts."""
        root, object_name = places(target)
        key = upsert_key(target)
        columns = ", ".join(dict.fromkeys(("Id", *map(_plain, (key, *names)))))
        left = iter(rows)
        while group := tuple(islice(left, _MOST_ASKED)):
            values = ", ".join(map(_quoted, values_of(group, target, key).values()))
            yield Request(
                method="GET",
                path=f"{root}/query",
                params={"q": f"SELECT {columns} FROM {object_name} WHERE {key} IN ({values})"},  # noqa: S608 - values are quoted by SOQL's rules, names are plain
                endpoint="contact_lookup",
                context=group,
            )

    def read_lookup(
        self, response: Response, rows: Sequence[Row], target: Target, _: LookupProof | None
    ) -> LookupReading:
        """Return contacts by their key without regard to case; of several with one key, the first listed.

        `{"totalSize": 1, "done": true, "records": [...]}`: a reply of another shape, or one that is not the
        whole answer, proves nothing of those it does not name.
        """
        body, key = object_of(response), upsert_key(target)
        lines = {value.casefold(): line for line, value in values_of(rows, target, key).items()}
        records = dicts(body.get("records")) if response.success else []
        found = found_by_key(lines, ((record.get(key), record.get("Id"), record) for record in records))
        if not response.success or body.get("done") is not True or body.get("totalSize") != len(records):
            return LookupReading(found, why=f"Salesforce answered {response.status} without a whole result.")
        return LookupReading(found, frozenset(lines.values()) - found.keys())

    def looks_first(self, target: Target, on_duplicate: OnDuplicate) -> bool:
        """Return whether a repeat would make a second contact: Salesforce takes two with one e-mail."""
        return not target.repeats_safely(on_duplicate)

    def repeats_safely(self, target: Target, on_duplicate: OnDuplicate) -> bool:
        """Return True for upserts, which find what they wrote.

        An external id need not be unique: only a check of this org shows that a second create is refused.
        """
        del target
        return on_duplicate == "update"

    def quota_request(self, target: Target) -> Request:
        """Ask for the org's limits: https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_limits.htm."""
        return Request(method="GET", path=f"{places(target)[0]}/limits", endpoint="limits")

    def quota_in(self, response: Response, now: float) -> QuotaLeft | None:
        """Return the calls left. They are counted over the last 24 hours: no time renews them all at once."""
        del now
        requests = object_of(response).get("DailyApiRequests")
        if isinstance(requests, dict):
            limit, left = requests.get("Max"), requests.get("Remaining")
            if isinstance(limit, int) and isinstance(left, int) and limit > 0:
                return QuotaLeft(limit, max(0, left))
        return None


def _result(result: Mapping[str, Any]) -> RowOutcome:
    if result.get("success") is True:
        return RowOutcome("updated" if result.get("created") is False else "created", id=result.get("id"))
    errors = dicts(result.get("errors"))
    codes = {str(error.get("statusCode")) for error in errors}
    named = explanation(errors) or "no reason given"
    return failure_of(codes, errors, None) or RowOutcome.because(
        "rejected_by_api", f"{' '.join(sorted(codes))} {named}".strip()
    )


def _matched_id(errors: Sequence[Mapping[str, Any]]) -> str | None:
    """The record a duplicate rule matched, if the reply names exactly one."""
    ids = {
        match.get("record", {}).get("Id")
        for error in errors
        for result in error.get("duplicateResult", {}).get("matchResults", [])
        for match in result.get("matchRecords", [])
    } - {None}
    return ids.pop() if len(ids) == 1 else None


def _plain(name: str) -> str:
    if _FIELD.fullmatch(name) is None:
        raise FixSettings(
            f"The resource's mapping or external_id_field names {name!r}, which is not a field of "
            "Salesforce. Give its API name, such as Region__c.",
            code="bad_mapping",
        )
    return name


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


KIND = Salesforce()
