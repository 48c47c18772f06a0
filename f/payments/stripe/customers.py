"""Customers: made once, changed, found. An e-mail address may belong to several; our external id to one.

https://docs.stripe.com/api/customers
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from f.connect.calls.reply_reader import id_of
from f.connect.errors import FixInput
from f.payments.stripe.account import MOST_AT_A_TIME, Outcome, Write
from f.payments.stripe.client import id_segment
from f.payments.stripe.fields import (
    EXTERNAL_ID,
    email_of,
    limit_of,
    metadata_in,
    metadata_of,
    object_in,
    said,
    span_of,
    text_in,
    when_of,
)

if TYPE_CHECKING:
    from f.payments.stripe.account import Account

_LONGEST_EXTERNAL_ID = 200
_SHOWN = 10
_CLEARABLE = frozenset({"name", "email", "phone", "description", "address", "external_id"})


class Customer(TypedDict):
    """A customer as Stripe has it. `created` is ISO 8601."""

    id: str
    name: str
    email: str
    phone: str
    external_id: str
    created: str
    livemode: bool
    metadata: dict[str, str]


class CustomerResult(TypedDict):
    """`outcome`: already_done if an earlier run made it."""

    outcome: Outcome
    id: str
    customer: Customer
    notices: list[str]


class FoundCustomers(TypedDict):
    """`id` is empty unless exactly one was found."""

    id: str
    count: int
    customers: list[Customer]
    notices: list[str]


class Customers(TypedDict):
    """`next` continues the list: give it as starting_after."""

    customers: list[Customer]
    count: int
    has_more: bool
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What a person enters of a customer; what is empty is left as it is."""

    name: str = ""
    email: str = ""
    phone: str = ""
    description: str = ""
    external_id: str = ""
    line1: str = ""
    line2: str = ""
    city: str = ""
    postal_code: str = ""
    state: str = ""
    country: str = ""
    metadata: Mapping[str, Any] | None = None

    def params(self) -> dict[str, Any]:
        """Return them in Stripe's words; FixInput says what does not fit."""
        country = said(self.country).upper()
        if country and not (len(country) == 2 and country.isascii() and country.isalpha()):
            raise FixInput("The country must be two letters, such as DE.", code="bad_country")
        address = {
            "line1": self.line1, "line2": self.line2, "city": self.city, "postal_code": self.postal_code,
            "state": self.state, "country": country,
        }  # fmt: skip
        metadata = metadata_of(self.metadata)
        if EXTERNAL_ID in metadata:
            raise FixInput(
                "external_id has an input of its own: give it there, not in metadata.", code="bad_metadata"
            )
        if self.external_id:
            metadata[EXTERNAL_ID] = external_id_of(self.external_id)
        params: dict[str, Any] = {
            "name": said(self.name),
            "email": email_of(self.email),
            "phone": said(self.phone),
            "description": said(self.description),
            "address": {name: said(value) for name, value in address.items() if said(value)},
            "metadata": metadata,
        }
        return {name: value for name, value in params.items() if value}


def external_id_of(text: str) -> str:
    """Return an external id that search can find; FixInput for one it cannot."""
    value = said(text)
    if not value or len(value) > _LONGEST_EXTERNAL_ID or not value.isprintable():
        raise FixInput(
            f"The external id must be one line of at most {_LONGEST_EXTERNAL_ID} characters.",
            code="bad_external_id",
        )
    return value


def create_customer(account: Account, details: Details) -> CustomerResult:
    """Make a customer, once for an external id: our own memory, Stripe's search and its lists know it.

    Search is late, and our memory ends after 30 days: together they leave no gap.
    """
    params = details.params()
    if not params:
        raise FixInput(
            "There is nothing of a customer here: give at least a name or an e-mail.", code="no_input"
        )
    key = ""
    if details.external_id:
        external_id = external_id_of(details.external_id)
        key = account.key("customer", external_id)
        known = _known(account, external_id, params.get("email"))
        if len(known) > 1:
            raise FixInput(
                f"Stripe has {len(known)} customers with this external id ({_ids(known)}). Merge them first.",
                code="several_customers",
            )
        if known:
            return _result(known[0], "already_done", details)
    made = account.write(
        Write(
            path="customers",
            collection="customers",
            kind="customer",
            noun="customer",
            params=params,
            key=key,
            remade=True,
        )
    )
    return _result(made.object, made.outcome, details)


def update_customer(
    account: Account, customer: str, details: Details, clear: Sequence[str] = ()
) -> CustomerResult:
    """Change what is given and empty what `clear` names. A second run changes nothing more."""
    path = f"customers/{id_segment(customer, 'cus_', 'customer')}"
    params = details.params()
    wrong = [name for name in clear if not isinstance(name, str) or name not in _CLEARABLE]
    if wrong:
        raise FixInput(f"These can be cleared: {', '.join(sorted(_CLEARABLE))}.", code="bad_field")
    both = [name for name in clear if name in params or (name == EXTERNAL_ID and said(details.external_id))]
    if both:
        raise FixInput(f"These are both given and cleared: {', '.join(both)}. Choose one.", code="bad_field")
    for name in clear:
        if name == EXTERNAL_ID:
            params["metadata"] = {**params.get("metadata", {}), EXTERNAL_ID: ""}
        else:
            params[name] = ""
    if not params:
        raise FixInput("There is nothing to change: give at least one field.", code="no_input")
    changed = account.write(
        Write(
            path=path,
            collection="customers",
            kind="customer",
            noun="change of a customer",
            params=params,
            target=said(customer),
            reached=lambda found: _has(found, params),
        )
    )
    return _result(changed.object, changed.outcome, Details())


def find_customers(account: Account, customer: str, email: str, external_id: str) -> FoundCustomers:
    """Find by exactly one of these. Of an e-mail address there may be several, which is no error."""
    given = [name for name, value in _named(customer, email, external_id) if said(value)]
    if len(given) != 1:
        raise FixInput("Give one of these: customer (id), email, external_id.", code="no_input")
    notices: list[str] = []
    if said(customer):
        path = f"customers/{id_segment(customer, 'cus_', 'customer')}"
        found = [account.read(path, "customer")]
        if found[0].get("deleted") is True:
            raise FixInput("This customer was deleted in Stripe.", code="deleted")
    elif said(email):
        page = account.listed("customers", {"email": email_of(email)}, MOST_AT_A_TIME)
        found = page.objects
        if not found:
            notices.append("Stripe compares e-mail addresses letter by letter: try other capitals.")
        if page.has_more:
            notices.append(f"There are more than these {len(found)}.")
    else:
        found = _searched(account, external_id_of(external_id))
        notices.append("Search does not know what was written within the last minute.")
    if len(found) > 1:
        notices.append(f"{len(found)} customers fit ({_ids(found)}): choose one by its id.")
    return {
        "id": id_of(found[0].get("id")) if len(found) == 1 else "",
        "count": len(found),
        "customers": [customer_of(one) for one in found],
        "notices": notices,
    }


def list_customers(
    account: Account, email: str, created_from: str, created_until: str, limit: int, starting_after: str
) -> Customers:
    """Return customers, newest first."""
    after = id_segment(starting_after, "cus_", "customer") if said(starting_after) else ""
    params = {"email": email_of(email) or None, "created": span_of(created_from, created_until)}
    page = account.listed("customers", params, limit_of(limit), after)
    found = [customer_of(one) for one in page.objects]
    return {
        "customers": found,
        "count": len(found),
        "has_more": page.has_more,
        "next": found[-1]["id"] if found and page.has_more else "",
    }


def customer_of(found: Mapping[str, Any]) -> Customer:
    """Return what we tell of a customer."""
    return {
        "id": id_of(found.get("id")),
        "name": text_in(found.get("name")),
        "email": text_in(found.get("email")),
        "phone": text_in(found.get("phone")),
        "external_id": metadata_in(found).get(EXTERNAL_ID, ""),
        "created": when_of(found.get("created")),
        "livemode": found.get("livemode") is True,
        "metadata": {name: value for name, value in metadata_in(found).items() if name != EXTERNAL_ID},
    }


def _known(account: Account, external_id: str, email: str | None) -> list[dict[str, Any]]:
    """Return the customers with an external id. A list by address shows what search does not know yet."""
    found = _searched(account, external_id)
    if found or not email:
        return found
    same = account.listed("customers", {"email": email}, MOST_AT_A_TIME).objects
    return [one for one in same if _has_id(one, external_id)]


def _searched(account: Account, external_id: str) -> list[dict[str, Any]]:
    """Return what search knows of an external id. It takes A1 for a1, and may show one of a minute ago."""
    return [one for one in account.search("customers", _query(external_id)) if _has_id(one, external_id)]


def _has_id(found: Mapping[str, Any], external_id: str) -> bool:
    return object_in(found.get("metadata")).get(EXTERNAL_ID) == external_id


def _named(customer: str, email: str, external_id: str) -> tuple[tuple[str, str], ...]:
    return (("customer", customer), ("email", email), ("external_id", external_id))


def _query(external_id: str) -> str:
    """Return the search for it: https://docs.stripe.com/search#search-query-language."""
    escaped = external_id.replace("\\", "\\\\").replace("'", "\\'")
    return f"metadata['{EXTERNAL_ID}']:'{escaped}'"


def _ids(found: Sequence[Mapping[str, Any]]) -> str:
    ids = [id_of(one.get("id")) for one in found]
    return ", ".join(ids[:_SHOWN]) + (", ..." if len(ids) > _SHOWN else "")


def _has(found: Mapping[str, Any], params: Mapping[str, Any]) -> bool:
    """Return whether an object has these values; one that is cleared is None, or not there."""
    return all(
        _has(object_in(found.get(name)), value)
        if isinstance(value, Mapping)
        else (found.get(name) or "") == value
        for name, value in params.items()
    )


def _result(found: Mapping[str, Any], outcome: Outcome, details: Details) -> CustomerResult:
    notices = []
    email = text_in(found.get("email"))
    if outcome == "already_done" and details.email and email != said(details.email):
        notices.append(
            "This customer is there with another e-mail address. Use update_customer to change it."
        )
    return {
        "outcome": outcome,
        "id": id_of(found.get("id")),
        "customer": customer_of(found),
        "notices": notices,
    }
