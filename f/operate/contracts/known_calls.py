"""Which harmless calls of a service are known, beside its canary: a list, and a read of what is not there.

By kind of service: the resource type, and of customer APIs the kind of target, such as `customers/hubspot`.
Nothing here sends. A call changes nothing at the service, whatever it answers.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# annotated-types==0.8.0
# anyio==4.16.0
# certifi==2026.10.18
# cffi==2.1.1
# charset-normalizer==3.5.2
# cryptography==50.0.2
# h11==0.16.0
# httpcore==1.0.9
# httpx==0.28.1
# idna==3.20
# psycopg-binary==3.3.9
# psycopg[binary]==3.3.9
# pycparser==3.12
# pydantic==2.14.3
# pydantic-core==2.50.4
# requests==2.34.2
# typing-extensions==4.16.0
# typing-inspection==0.4.5
# urllib3==2.8.0
# wmill==1.850.0

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from f.connect.calls.message import Request
from f.connect.pagination import by_cursor, by_link

if TYPE_CHECKING:
    from f.connect.pagination import Pager
    from f.records.target.target import Target

Resource = Mapping[str, Any]

NOBODY = "millwright-no-such-id"
_REFUSED = frozenset({401, 403, 404})  # statuses whose answer is to be read, not only its status


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCalls:
    """`page`: asks for a list, so many items a page; they are at `items_at`, and `id_at` tells them apart.

    `missing`: reads what is certainly not there. `refused_with`: the statuses that documents name for that;
    none if they name none. `versions`: lists the versions of the API that are still offered.
    """

    page: Callable[[Resource, int], Request] | None = None
    items_at: str = ""
    id_at: str = "id"
    pager: Callable[[], Pager] | None = None
    missing: Callable[[Resource], Request] | None = None
    refused_with: frozenset[int] = frozenset()
    versions: Callable[[Resource], Request] | None = None


def kind_in(resource_type: str, resource: Resource) -> str:
    """Return the kind of service: the resource type, or the kind of customer API."""
    if resource_type != "customer_api":
        return resource_type
    return f"customers/{resource.get('kind') or 'generic'}"


def calls_of(kind: str) -> KnownCalls:
    """Return the calls that are known of a kind of service; none of one that is not known."""
    return _KNOWN.get(kind, KnownCalls())


def _read(path: str, endpoint: str, params: Mapping[str, Any] | None = None) -> Request:
    return Request(method="GET", path=path, params=params, endpoint=endpoint, caller_reads=_REFUSED)


def _target(resource: Resource) -> Target:
    from f.customers.targets.customer_api import open_target  # what checks of no customer API need not load

    return open_target({name: value for name, value in resource.items() if name != "proven"})


def collection_of(resource: Resource) -> str:
    """Return the path below which a customer API has its records."""
    return _target(resource).endpoint.partition("?")[0].rstrip("/")


def _object_root(resource: Resource) -> str:
    from f.customers.targets.salesforce_bulk import places

    return places(_target(resource))[0]


def _object_name(resource: Resource) -> str:
    from f.customers.targets.salesforce_bulk import places

    return places(_target(resource))[1]


def _salesforce_page(resource: Resource, size: int) -> Request:
    del size  # Salesforce's pages have 200 records at least: one record is all that is asked for
    query = {"q": f"SELECT Id FROM {_object_name(resource)} LIMIT 1"}  # noqa: S608 - a name that was checked
    return _read(f"{_object_root(resource)}/query", "query", query)


def _stripe_page(_: Resource, size: int) -> Request:
    return _read("/v1/customers", "customers", {"limit": size})


def _stripe_pager() -> Pager:
    """Stripe's next page begins after the last id of this one, while has_more says there is one."""

    def following(response: Any) -> Request | None:
        body = response.json
        if not isinstance(body, dict) or not body.get("has_more") or not body.get("data"):
            return None
        last = body["data"][-1].get("id")
        return Request(
            method="GET",
            path=response.request.path,
            params={**(response.request.params or {}), "starting_after": last},
            endpoint="customers",
        )

    return following


def _twilio(resource: Resource, rest: str) -> str:
    from urllib.parse import quote  # of Twilio alone

    return f"/2010-04-01/Accounts/{quote(str(resource.get('accountSid')), safe='', errors='replace')}/{rest}"


def _operation(resource: Resource, document: str) -> Request:
    from f.graphql.transport.client import integration_of, request_of

    request = request_of(integration_of(resource)[1], {"query": document})
    request.endpoint, request.caller_reads = "no such field", _REFUSED
    return request


def _object(resource: Resource) -> Request:
    from f.files.s3.client import bucket_of

    return _read(bucket_of(resource).path(NOBODY), "no such object")


def _empty_mail(_: Resource) -> Request:
    """Return a mail to nobody, from nobody, about nothing: no read, but what is sent goes to nobody."""
    return Request(
        method="POST", path="/mail/send", json={}, endpoint="empty mail", reads=True, caller_reads=_REFUSED
    )


_STRIPE = KnownCalls(
    page=_stripe_page,
    items_at="data",
    pager=_stripe_pager,
    missing=lambda _: _read("/v1/customers/cus_millwright_none", "no such customer"),
    refused_with=frozenset({404}),
)

_KNOWN: Mapping[str, KnownCalls] = {
    "stripe": _STRIPE,
    "customers/stripe": _STRIPE,
    "customers/hubspot": KnownCalls(
        page=lambda resource, size: _read(collection_of(resource), "contacts", {"limit": size}),
        items_at="results",
        pager=lambda: by_cursor("paging.next.after", "after"),
        missing=lambda resource: _read(f"{collection_of(resource)}/0", "no such contact"),
        refused_with=frozenset({404}),
    ),
    "customers/salesforce": KnownCalls(
        page=_salesforce_page,
        items_at="records",
        id_at="Id",
        missing=lambda resource: _read(f"{collection_of(resource)}/003000000000000AAA", "no such contact"),
        refused_with=frozenset({404}),
        versions=lambda _: _read("/services/data", "versions"),
    ),
    "customers/generic": KnownCalls(
        missing=lambda resource: _read(f"{collection_of(resource)}/{NOBODY}", "no such customer")
    ),
    "integration": KnownCalls(missing=lambda _: _read(f"/{NOBODY}", "no such path")),
    "slack": KnownCalls(
        missing=lambda _: _read("/conversations.history", "no such channel", {"channel": "C0000000000"}),
        refused_with=frozenset({200}),
    ),
    "twilio": KnownCalls(
        page=lambda resource, size: _read(_twilio(resource, "Messages.json"), "messages", {"PageSize": size}),
        items_at="messages",
        id_at="sid",
        pager=lambda: by_link("next_page_uri"),
        missing=lambda resource: _read(_twilio(resource, f"Messages/SM{'0' * 32}.json"), "no such message"),
        refused_with=frozenset({404}),
    ),
    "sendgrid": KnownCalls(missing=_empty_mail, refused_with=frozenset({400})),
    "resend": KnownCalls(
        missing=lambda _: _read("/emails/00000000-0000-4000-8000-000000000000", "no such mail"),
        # 401: a key that may only send is told so, in the same shape.
        refused_with=frozenset({401, 404, 422}),
    ),
    "github": KnownCalls(
        # No name of an owner begins with a stroke.
        missing=lambda _: _read("/repos/-/-", "no such repository"),
        refused_with=frozenset({404}),
    ),
    "vessey": KnownCalls(
        page=lambda _, size: _read("vessels", "search", {"limit": size}),
        items_at="data",
        id_at="vessel_id",
        pager=lambda: by_cursor("next_cursor", "cursor"),
        missing=lambda _: _read("vessels/9999993", "no such vessel"),
        refused_with=frozenset({404}),
    ),
    "graphql": KnownCalls(
        missing=lambda resource: _operation(resource, "{ millwrightNoSuchField }"),
        refused_with=frozenset({200, 400, 422}),
    ),
    "s3": KnownCalls(missing=_object, refused_with=frozenset({404})),
}
