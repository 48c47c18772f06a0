"""A Stripe account as the connection layer sees it, and how its requests are written.

https://docs.stripe.com/api, https://docs.stripe.com/rate-limits
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypedDict
from urllib.parse import quote

from f.connect.calls.message import Request
from f.connect.errors import FixInput, FixSettings
from f.connect.integration import BearerToken, Integration, RateLimit, Retry
from f.payments.stripe.form import encode

BASE_URL = "https://api.stripe.com"
API_VERSION = "2026-10-28.endive"
KEY_SECONDS = 23 * 3600.0  # Stripe keeps an idempotency key for at least 24 hours

_ID = re.compile(r"[A-Za-z0-9_.-]{1,255}")
_TIMEOUT = 80.0  # seconds, as in Stripe's own libraries: a bank may take its time
_TEST = ("sk_test_", "rk_test_")
_LIVE = ("sk_live_", "rk_live_")
_PER_ENDPOINT = RateLimit(max_requests=25)
_SEARCH = RateLimit(max_requests=20)
_ENDPOINTS = (
    *("customers", "payment_intents", "subscriptions", "refunds", "invoice_payments", "charges"),
    *("invoices", "prices", "products", "events"),
)
# Too many requests, and objects or keys that are in use: Stripe's body tells them apart.
_READ_BY_US = frozenset({409, 429})
# 409: another request holds the same key. What it did is told when it is done, so asking again is right.
_AGAIN = (408, 409, 425, 429, 500, 502, 503, 504)


class stripe(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """A Stripe account: its secret or restricted key. `base_url` is for stand-ins."""

    token: str
    base_url: str


def integration_of(resource: Mapping[str, Any]) -> Integration:
    """Return the account as the connection layer sees it; FixSettings for what is missing or wrong."""
    token = str(resource.get("token") or "").strip()
    if not token:
        raise _bad_token("has no token. Give a secret key (sk_...)")
    if token.startswith("pk_"):
        raise _bad_token(
            "has a publishable key (pk_...), which can do none of this. Give a secret key (sk_...) or a "
            "restricted one (rk_...)"
        )
    if not token.isascii() or not token.isprintable() or " " in token:
        raise _bad_token("has a token that is not a key. Copy it again")
    is_test = is_test_key(resource)
    # An endpoint's own limit takes the place of the account's. In a sandbox the two are the same, so one
    # limit over all endpoints keeps both.
    own = {} if is_test else dict.fromkeys(_ENDPOINTS, _PER_ENDPOINT)
    return Integration(
        name="stripe",
        base_url=str(resource.get("base_url") or BASE_URL).strip(),
        authentication=BearerToken(token=token),
        default_headers={"Stripe-Version": API_VERSION},
        rate_limit=RateLimit(max_requests=25 if is_test else 100),
        endpoint_limits={**own, "search": _SEARCH},
        retry=Retry(retry_on_status_codes=_AGAIN, advice_header="Stripe-Should-Retry"),
        timeout=_TIMEOUT,
    )


def _bad_token(what: str) -> FixSettings:
    return FixSettings(f"The Stripe resource {what}.", code="bad_settings")


def is_test_key(resource: Mapping[str, Any]) -> bool:
    """Return whether the account's key is of a sandbox: what it makes is not real."""
    return str(resource.get("token") or "").strip().startswith(_TEST)


def is_live_key(resource: Mapping[str, Any]) -> bool:
    """Return whether the account's key moves real money. Some keys, as an organization's, do not say."""
    return str(resource.get("token") or "").strip().startswith(_LIVE)


def read_request(path: str, params: Mapping[str, Any] | None = None) -> Request:
    """Return the request that reads `/v1/<path>`."""
    return Request(
        method="GET",
        path=f"/v1/{path}",
        params=dict(encode(params)) if params else None,
        endpoint=_endpoint(path),
        caller_reads=_READ_BY_US,
    )


def write_request(path: str, params: Mapping[str, Any], mark: str, *, method: str = "POST") -> Request:
    """Return the request that writes to `/v1/<path>`; `mark` is its idempotency key.

    Without one Stripe does not know a second sending for the first's. A DELETE needs none: it has its effect
    once by nature, and Stripe ignores a key there.
    """
    return Request(
        method=method,
        path=f"/v1/{path}",
        data=dict(encode(params)) or None,
        idempotency_key=mark if method == "POST" else None,
        endpoint=_endpoint(path),
        caller_reads=_READ_BY_US,
    )


def id_segment(value: str, prefix: str, what: str) -> str:
    """Return an id for a path; FixInput unless it looks like one of Stripe's of this kind."""
    text = str(value or "").strip()
    if not text:
        raise FixInput(
            f"No {what} was given: enter its id{f' ({prefix}...)' if prefix else ''}.", code="no_id"
        )
    if not text.startswith(prefix) or not _ID.fullmatch(text):
        begins = f" that begins with {prefix}" if prefix else ""
        raise FixInput(f"The {what} must be an id{begins}. Copy it from Stripe's dashboard.", code="bad_id")
    return quote(text, safe="")


def _endpoint(path: str) -> str:
    """Return what limits, metrics and errors call the endpoint: Stripe counts by the kind of object."""
    return "search" if path.endswith("/search") else path.partition("/")[0]
