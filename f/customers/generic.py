"""A customer API that takes one JSON customer a request: the requests, and what the replies mean.

The rules are RFC 9110's, plus two habits of such APIs: the new id stands in `id`, `data.id` or the
Location header, and a customer that exists already answers 409.
"""

from collections.abc import Iterator, Sequence

from f.connect.message import Request, Response
from f.customers.customer import FIELDS
from f.customers.outcome import CustomerRow, RowOutcome
from f.customers.replies import object_of, refusal
from f.customers.target import Kind, Target

# 503 says that the service could not handle the request at all (RFC 9110 section 15.6.4), so like
# 429 it leaves nothing behind and the row is safe to feed again.
_NOT_APPLIED = frozenset({429, 503})


def requests_for(rows: Sequence[CustomerRow], target: Target) -> Iterator[Request]:
    """One POST a row; its key repeats whenever the same row meets the same target."""
    for row in rows:
        record = target.render(row.customer)
        yield Request(
            method="POST",
            path=target.endpoint,
            json=record,
            idempotency_key=target.key_of(record),
            not_applied=_NOT_APPLIED,
            endpoint="customers",
            context=(row,),
        )


def outcomes_from(response: Response, rows: Sequence[CustomerRow]) -> list[RowOutcome]:
    """What a reply means for the rows of its request. 401 and 403 never come here: they end the run."""
    if response.success:
        end = RowOutcome("created", id=_id_in(response))
    elif response.status == 409:
        end = RowOutcome.because("already_exists", id=_id_in(response))
    else:
        end = refusal(response)
    return [end] * len(rows)


def update_for(row: CustomerRow, existing_id: str, target: Target) -> Request:
    """The request that brings an existing customer up to date; setting the same values twice is harmless."""
    path, _, query = target.endpoint.partition("?")
    return Request(
        method="PATCH",
        path=f"{path}/{existing_id}" + (f"?{query}" if query else ""),
        json=target.render(row.customer),
        repeatable=True,
        not_applied=_NOT_APPLIED,
        endpoint="customer",
        context=(row,),
    )


def _id_in(response: Response) -> str | None:
    body = object_of(response)
    data = body.get("data")
    nested = data.get("id") if isinstance(data, dict) else None
    for found in (body.get("existing_id"), body.get("id"), nested):
        if isinstance(found, str | int):
            return str(found)
    location = response.headers.get("Location")
    return location.rstrip("/").rsplit("/", 1)[-1] if location else None


GENERIC = Kind(
    name="generic",
    fields={name: name for name in FIELDS},
    keeps_custom=True,
    endpoint="/customers",
    has_idempotency_keys=True,
    requests_for=requests_for,
    outcomes_from=outcomes_from,
    update_for=update_for,
)
