"""Stripe customers, one a request: the requests, and what the replies mean.

Stripe takes any number of customers with one e-mail address. What tells one of ours from every other is
`metadata.external_id`: the row's external id, or its address in lower case. A list by address shows what was
made a moment ago; a search, which also finds a customer whose address was changed since, lags behind.
https://docs.stripe.com/api/customers, https://docs.stripe.com/metadata, https://docs.stripe.com/search
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from f.connect.calls.message import Request, Response
from f.connect.errors import ConnectError, OutcomeUnknown, TryLater
from f.connect.times import to_iso
from f.payments.stripe.client import integration_of
from f.payments.stripe.form import encode
from f.payments.stripe.replies import refusal
from f.records.rows.outcome import RowOutcome
from f.records.rows.row import CUSTOM, Found
from f.records.target.applied import effect_of, unclear
from f.records.target.lookup_proof import CREATED, LookupProof, LookupReading
from f.records.target.replies import dicts, object_of, unreadable
from f.records.target.replies import refusal as rejected
from f.records.target.target import BaseKind, Lookup, OnDuplicate, Target, Traits

if TYPE_CHECKING:
    from f.records.rows.row import Row
    from f.records.target.field_names import FieldNames

_METADATA, _EXTERNAL_ID = "metadata", "external_id"
# What has no field of Stripe's travels as metadata.
_FIELDS = {
    "name": "name",
    "email": "email",
    "phone": "phone",
    "company": "business_name",
    "street": "address.line1",
    "city": "address.city",
    "state": "address.state",
    "postal_code": "address.postal_code",
    "country": "address.country",
    "notes": "description",
    **{
        name: f"{_METADATA}.{name}"
        for name in ("external_id", "first_name", "last_name", "job_title", "website")
    },
}
# Longest values in characters; a longer one is refused. Every other text may have 5,000.
_LONGEST = {"name": 256, "email": 512, "phone": 20, "business_name": 150}
_LONGEST_TEXT = 5000
_MOST_KEYS, _LONGEST_KEY, _LONGEST_VALUE = 50, 40, 500
# The most customers a list shows: more than that with one address cannot be told apart by it.
_MOST_LISTED = 100
_REPLAYED = "Idempotent-Replayed"
# A resource without a key gets as far as Stripe, which refuses it; until then it has a sandbox's limits.
_NO_KEY = "sk_test_none"


class Stripe(BaseKind, Lookup):
    """Requests and replies of Stripe, which knows a repeated request by its key, for a day."""

    name = "stripe"
    endpoint = "/v1/customers"
    fields: Mapping[str, str] = _FIELDS
    traits = Traits(
        keeps_custom=True,
        has_idempotency_keys=True,
        shares_host=True,
        known_by="its idempotency key",
    )
    created_field = CREATED
    rows_per_lookup = 1

    @property
    def lookup(self) -> Lookup:
        """Itself."""
        return self

    @property
    def proving(self) -> None:
        """None: what Stripe answers is documented."""
        return None

    def connection(self, api: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return Stripe's address, its version and its limits: 25 requests a second for each endpoint.

        In a sandbox that is the limit of all of them together. FixSettings for a key that can do nothing.
        """
        signed_in = api.get("authentication")
        token = signed_in.get("token") if isinstance(signed_in, Mapping) else None
        account = integration_of({"token": token or _NO_KEY, "base_url": api.get("base_url")})
        own = account.endpoint_limits.get("customers")
        limits = {"customers": own, "customer": own, "customer_lookup": own}
        limits["search"] = account.endpoint_limits.get("search") if own else None
        return {
            "base_url": account.base_url,
            "default_headers": dict(account.default_headers),
            "rate_limit": account.rate_limit and dataclasses.asdict(account.rate_limit),
            "endpoint_limits": {name: dataclasses.asdict(one) for name, one in limits.items() if one},
            "retry": {
                "retry_on_status_codes": account.retry.retry_on_status_codes,
                "advice_header": account.retry.advice_header,
            },
        }

    def render(self, record: Mapping[str, Any], names: FieldNames) -> dict[str, Any]:
        """Return the record as Stripe's parameters; what Stripe has no field for goes into `metadata`."""
        custom = record.get(CUSTOM) or {}
        named = {name: text for name, text in custom.items() if names.path_of(name) is not None}
        values = {name: text for name, text in record.items() if name != CUSTOM}
        params = names.render(values, named)
        unnamed = {name: text for name, text in custom.items() if name not in named}
        metadata = {**unnamed, **params.get(_METADATA, {})}
        metadata.setdefault(_EXTERNAL_ID, record.get(_EXTERNAL_ID) or record["email"].casefold())
        return {**params, _METADATA: metadata}

    def requests_for(
        self, rows: Sequence[Row], target: Target, on_duplicate: OnDuplicate
    ) -> Iterator[Request]:
        """Yield one POST a row; the same content for the same target has the same idempotency key."""
        del on_duplicate
        for row in rows:
            params = target.record_of(row)
            yield Request(
                method="POST",
                path=target.endpoint,
                data=dict(encode(params)),
                idempotency_key=target.key_of(params, row.generation),
                # Within one call the key is minutes old, and Stripe keeps it for a day.
                repeatable=target.sends_keys,
                endpoint="customers",
                context=(row,),
            )

    def outcomes_from(self, response: Response, rows: Sequence[Row], target: Target) -> list[RowOutcome]:
        """Return what a reply means for its row.

        {"id": "cus_1", "object": "customer"}, or an error; under a key that came before, the reply of then.
        """
        return [_outcome(response, row, target) for row in rows]

    def update_for(self, row: Row, existing_id: str, target: Target) -> Request:
        """Return a POST to the customer: setting the same values twice is harmless.

        It has no key: one made of the content would have Stripe ignore a value that is set back to what it
        was a day ago.
        """
        return Request(
            method="POST",
            path=f"{target.endpoint}/{existing_id}",
            data=dict(encode(target.record_of(row))),
            repeatable=True,
            endpoint="customer",
            context=(row,),
        )

    def refusal_before_sending(self, row: Row, target: Target) -> RowOutcome | None:
        """Refuse what Stripe would refuse, or what a form cannot say: nothing is cut off silently."""
        record = target.record_of(row)
        for name, value in record.items():
            if name != _METADATA and (why := _too_long(name, value)):
                return RowOutcome.because("too_long", why)
        return _wrong_metadata(record[_METADATA])

    def can_look_up(self, target: Target) -> bool:
        """Return True: every row has an address, and an id of ours."""
        del target
        return True

    def looks_first(self, target: Target, on_duplicate: OnDuplicate) -> bool:
        """Return True: Stripe takes a second customer with the same values."""
        del target, on_duplicate
        return True

    def asked_by(self, target: Target) -> tuple[str, ...]:
        """Return the e-mail: the list is by address, and the search alone lags behind."""
        del target
        return ("email",)

    def lookups_for(self, rows: Sequence[Row], target: Target, names: Sequence[str]) -> Iterator[Request]:
        """Yield the list by address, in both spellings as Stripe compares by case, and the search by id.

        The search is for a customer whose address was changed since, or was spelled in a third way.
        """
        del names
        for row in rows:
            address = row.record["email"]
            for spelling in dict.fromkeys((address, address.lower())):
                params = {"email": spelling, "limit": _MOST_LISTED}
                yield _read(target.endpoint, params, "customer_lookup", row)
            wanted = json.dumps(_id_of(row, target), ensure_ascii=False)
            query = {"query": f'{_METADATA}["{_EXTERNAL_ID}"]:{wanted}', "limit": _MOST_LISTED}
            yield _read(f"{target.endpoint}/search", query, "search", row)

    def read_lookup(
        self, response: Response, rows: Sequence[Row], target: Target, _: LookupProof | None
    ) -> LookupReading:
        """Return the oldest customer with the row's id; not there, if a whole list shows none.

        {"object": "list", "data": [{"id": "cus_1", "metadata": {"external_id": "7"}}], "has_more": false}

        What a search does not show may only be too new for it: the list, asked as well, decides that.
        """
        [row] = rows
        body = object_of(response)
        data = body.get("data")
        if not response.success or body.get("object") not in {"list", "search_result"} or data is None:
            if response.request.endpoint == "search" and 400 <= response.status < 500:
                # Not every account can search. The list decides.
                return LookupReading({}, frozenset({row.line}))
            return LookupReading({}, why=f"Stripe answered {response.status} without a list.")
        wanted = _id_of(row, target)
        ours = [one for one in dicts(data) if _external_id(one) == wanted and isinstance(one.get("id"), str)]
        if ours:
            return LookupReading({row.line: _found(ours[-1])})
        if body.get("has_more") is not False:
            return LookupReading({}, why=f"Stripe has over {_MOST_LISTED} customers with this address.")
        return LookupReading({}, frozenset({row.line}))

    def repeats_safely(self, target: Target, on_duplicate: OnDuplicate) -> bool:
        """Return False: after a day Stripe has forgotten the key of a row and would make it again."""
        del target, on_duplicate
        return False


def _outcome(response: Response, row: Row, target: Target) -> RowOutcome:
    body = object_of(response)
    if not response.success:
        return _refused(response)
    made = body.get("id")
    if effect_of(response, target.replies) != "applied" or body.get("object") != "customer":
        return unreadable(response)
    if not isinstance(made, str) or _external_id(body) != _id_of(row, target):
        return unreadable(response)
    is_old = response.headers.get(_REPLAYED, "").lower() == "true" and response.attempts == 1
    if is_old and response.request.idempotency_key == target.key_of(target.record_of(row), row.generation):
        # An earlier run made it, and the look-up before this request did not show it: it may be gone again.
        return unclear(response, "in_doubt")
    return RowOutcome("created", id=made)


def _refused(response: Response) -> RowOutcome:
    error: ConnectError = refusal(response)
    if isinstance(error, OutcomeUnknown):
        return unclear(response, "in_doubt")
    if error.code == "idempotency_error":  # in Stripe's own words: a row has no request_key
        return rejected(response)
    code = "service_unavailable" if isinstance(error, TryLater) else "rejected_by_api"
    return RowOutcome.because(code, f"{response.status} {error}")


def _read(path: str, params: Mapping[str, Any], endpoint: str, row: Row) -> Request:
    return Request(method="GET", path=path, params=dict(encode(params)), endpoint=endpoint, context=(row,))


def _id_of(row: Row, target: Target) -> str:
    return str(target.record_of(row)[_METADATA][_EXTERNAL_ID])


def _external_id(customer: Mapping[str, Any]) -> Any:
    metadata = customer.get(_METADATA)
    return metadata.get(_EXTERNAL_ID) if isinstance(metadata, Mapping) else None


def _found(customer: Mapping[str, Any]) -> Found:
    made = customer.get("created")
    at = to_iso(made) if isinstance(made, int) and not isinstance(made, bool) else ""
    return Found(customer["id"], {**customer, CREATED: at})


def _too_long(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return next((why for inner, one in value.items() if (why := _too_long(f"{name}.{inner}", one))), "")
    longest = _LONGEST.get(name, _LONGEST_TEXT)
    return f"{name}: {len(value)} characters, at most {longest}." if len(value) > longest else ""


def _wrong_metadata(metadata: Mapping[str, Any]) -> RowOutcome | None:
    if len(metadata) > _MOST_KEYS:
        return RowOutcome.because(
            "too_long",
            f"{len(metadata)} columns without a field of Stripe's, at most {_MOST_KEYS}: leave some out.",
        )
    for name, value in metadata.items():
        if "[" in name or "]" in name or not name:
            return RowOutcome.because(
                "invalid_value", f"The column {name!r} has square brackets in its name; metadata takes none."
            )
        if len(name) > _LONGEST_KEY:
            return RowOutcome.because(
                "too_long",
                f"The column name {name[:60]!r} has {len(name)} characters, at most {_LONGEST_KEY}.",
            )
        if len(value) > _LONGEST_VALUE:
            return RowOutcome.because(
                "too_long", f"{name}: {len(value)} characters, at most {_LONGEST_VALUE}."
            )
    return None


KIND = Stripe()
