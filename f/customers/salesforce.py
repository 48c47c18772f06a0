"""Salesforce contacts, one a request: the requests, and what the replies mean.

https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/dome_sobject_create.htm
"""

from collections.abc import Iterator, Sequence
from typing import Any

from f.connect.message import Request, Response
from f.customers.customer import with_split_name
from f.customers.outcome import CustomerRow, RowOutcome
from f.customers.replies import body_of, explanation, object_of, refusal
from f.customers.target import Kind, Target

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
_DUPLICATE_CODES = {"DUPLICATES_DETECTED", "DUPLICATE_VALUE"}


def requests_for(rows: Sequence[CustomerRow], target: Target) -> Iterator[Request]:
    """One create a row. Salesforce offers no idempotency key, so a lost answer is never repeated."""
    for row in rows:
        yield Request(
            method="POST",
            path=target.endpoint,
            json=target.render(with_split_name(row.customer)),
            endpoint="contacts",
            context=(row,),
        )


def outcomes_from(response: Response, rows: Sequence[CustomerRow]) -> list[RowOutcome]:
    """Errors come as a list of {errorCode, message, fields}."""
    codes = {error.get("errorCode") for error in _errors(response)}
    if response.success:
        end = RowOutcome("created", id=object_of(response).get("id"))
    elif codes & _DUPLICATE_CODES:
        end = RowOutcome.because("already_exists", explanation(body_of(response)), id=_matched_id(response))
    else:
        end = refusal(response)
    return [end] * len(rows)


def update_for(row: CustomerRow, existing_id: str, target: Target) -> Request:
    """Setting the same fields twice changes nothing."""
    return Request(
        method="PATCH",
        path=f"{target.endpoint}/{existing_id}",
        json=target.render(with_split_name(row.customer)),
        repeatable=True,
        endpoint="contact",
        context=(row,),
    )


def _errors(response: Response) -> list[dict[str, Any]]:
    body = body_of(response)
    return [error for error in body if isinstance(error, dict)] if isinstance(body, list) else []


def _matched_id(response: Response) -> str | None:
    """The record a duplicate rule matched, where the reply names exactly one."""
    ids = {
        match.get("record", {}).get("Id")
        for error in _errors(response)
        for result in error.get("duplicateResult", {}).get("matchResults", [])
        for match in result.get("matchRecords", [])
    } - {None}
    return ids.pop() if len(ids) == 1 else None


SALESFORCE = Kind(
    name="salesforce",
    fields=_FIELDS,
    keeps_custom=False,
    endpoint="/services/data/v64.0/sobjects/Contact",
    has_idempotency_keys=False,
    requests_for=requests_for,
    outcomes_from=outcomes_from,
    update_for=update_for,
)
