"""HubSpot contacts, one a request: the requests, and what the replies mean.

https://developers.hubspot.com/docs/api-reference/crm-contacts-v3
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from f.connect.message import Request, Response
from f.customers.customer import Customer, with_split_name
from f.customers.outcome import CustomerRow, RowOutcome
from f.customers.replies import object_of, refusal
from f.customers.target import Kind, Target

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


def requests_for(rows: Sequence[CustomerRow], target: Target) -> Iterator[Request]:
    """One create a row. HubSpot has no idempotency keys; its unique e-mail makes a second create a 409."""
    for row in rows:
        yield Request(
            method="POST",
            path=target.endpoint,
            json={"properties": _properties(row.customer, target)},
            # A repeated create of an e-mail that is there answers 409, so repeating makes no second contact.
            repeatable=True,
            endpoint="contacts",
            context=(row,),
        )


def outcomes_from(response: Response, rows: Sequence[CustomerRow]) -> list[RowOutcome]:
    """A 409 names the contact that is there: "Contact already exists. Existing ID: N"."""
    body = object_of(response)
    if response.success:
        end = RowOutcome("created", id=str(body.get("id") or "") or None)
    elif response.status == 409:
        found = _EXISTING_ID.search(str(body.get("message", "")))
        end = RowOutcome.because("already_exists", id=found.group(1) if found else None)
    else:
        end = refusal(response)
    return [end] * len(rows)


def update_for(row: CustomerRow, existing_id: str, target: Target) -> Request:
    """Setting the same properties twice changes nothing."""
    return Request(
        method="PATCH",
        path=f"{target.endpoint}/{existing_id}",
        json={"properties": _properties(row.customer, target)},
        repeatable=True,
        endpoint="contact",
        context=(row,),
    )


def _properties(customer: Customer, target: Target) -> dict[str, Any]:
    """HubSpot keeps names in two properties; a row with one name is split at its last word."""
    return target.render(with_split_name(customer))


HUBSPOT = Kind(
    name="hubspot",
    fields=_FIELDS,
    keeps_custom=False,
    # Dated paths replace /crm/v3 over time: a resource may name its own.
    endpoint="/crm/v3/objects/contacts",
    has_idempotency_keys=False,
    requests_for=requests_for,
    outcomes_from=outcomes_from,
    update_for=update_for,
)
