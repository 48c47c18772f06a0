"""Schemes that sign the body as it came, with the time beside it or without: an HMAC-SHA256 in a header.

Where no time is signed, whoever has seen one request can send it again for ever: that the delivery's id was
seen before is then all that stops it, and no scheme here signs the id. Slack and Stripe carry theirs in the
body.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from f.webhooks.verifying.evidence import (
    MOST_SIGNATURES,
    base64_bytes,
    check_hmac,
    check_time,
    header_of,
    hex_bytes,
    invalid,
)
from f.webhooks.verifying.keys import shared_key

if TYPE_CHECKING:
    from f.webhooks.requests.request import WebhookRequest
    from f.webhooks.requests.source import Source

_ITEM_NAME = re.compile(r"[A-Za-z0-9_-]+")
_SECONDS_DIGITS, _MILLISECONDS_DIGITS = 10, 13  # of each time from 2001 to 2286


def check_stripe(request: WebhookRequest, source: Source, now: float) -> None:
    """Stripe-Signature: t=<seconds>,v1=<hex>[,v1=<hex>...] of `<t>.<body>`.

    Only v1 counts: v0 is what Stripe makes for test events, and counting it would let an old scheme in.
    https://docs.stripe.com/webhooks#verify-manually
    """
    name = "stripe-signature"
    items = [item.partition("=") for item in header_of(request, name).split(",")]
    if not all(equals and value and _ITEM_NAME.fullmatch(key) for key, equals, value in items):
        raise invalid(f"{name} is not a list of name=value")
    times = [value for key, _, value in items if key == "t"]
    if len(times) != 1:
        raise invalid(f"{name} has {len(times)} times t, and there must be one")
    given = [value for key, _, value in items if key == "v1"]
    if not 1 <= len(given) <= MOST_SIGNATURES:
        raise invalid(f"{name} has {len(given)} signatures v1, and 1 to {MOST_SIGNATURES} are looked at")
    signatures = [hex_bytes(value, f"{name} v1") for value in given]
    check_time(times[0], f"{name} t", now, source.tolerance)
    check_hmac(_keys(source), [times[0].encode() + b"." + request.body], signatures)


def check_slack(request: WebhookRequest, source: Source, now: float) -> None:
    """X-Slack-Signature: v0=<hex> of `v0:<X-Slack-Request-Timestamp, in seconds>:<body>`.

    https://docs.slack.dev/authentication/verifying-requests-from-slack
    """
    name, time_name = "x-slack-signature", "x-slack-request-timestamp"
    signature = _prefixed_hex(header_of(request, name), name, "v0=")
    time = header_of(request, time_name)
    check_time(time, time_name, now, source.tolerance)
    check_hmac(_keys(source), [b"v0:" + time.encode() + b":" + request.body], [signature])


def check_generic(request: WebhookRequest, source: Source, now: float) -> None:
    """x-webhook-signature: <hex> or sha256=<hex>, in any case, of `<x-webhook-timestamp>.<body>`.

    The time is in seconds if it has 10 digits, in milliseconds if it has 13, and refused otherwise. As its
    text is what was signed, nobody can turn one into the other. x-webhook-id, -event, -source and -retry are
    not signed: the body ought to say what matters.
    """
    name, time_name = "x-webhook-signature", "x-webhook-timestamp"
    signature = hex_bytes(header_of(request, name).lower().removeprefix("sha256="), name)
    time = header_of(request, time_name)
    if len(time) not in {_SECONDS_DIGITS, _MILLISECONDS_DIGITS}:
        raise invalid(f"{time_name} has neither 10 digits (seconds) nor 13 (milliseconds)")
    per_second = 1 if len(time) == _SECONDS_DIGITS else 1000
    check_time(time, time_name, now, source.tolerance, per_second=per_second)
    check_hmac(_keys(source), [time.encode() + b"." + request.body], [signature])


def check_github(request: WebhookRequest, source: Source, now: float) -> None:  # noqa: ARG001 - no time is signed
    """X-Hub-Signature-256: sha256=<hex> of the body. The older X-Hub-Signature (SHA-1) never counts.

    GitHub signs no time, no X-GitHub-Delivery and no X-GitHub-Event: a body once seen can be sent again, also
    as another kind of event.
    https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
    """
    name = "x-hub-signature-256"
    signature = _prefixed_hex(header_of(request, name), name, "sha256=")
    check_hmac(_keys(source), [request.body], [signature])


def check_shopify(request: WebhookRequest, source: Source, now: float) -> None:  # noqa: ARG001 - no time is signed
    """X-Shopify-Hmac-Sha256: <base64> of the body.

    Shopify signs no time, no X-Shopify-Webhook-Id, no topic and no shop: a body once seen can be sent again,
    also under another topic.
    https://shopify.dev/docs/apps/build/webhooks/subscribe/https
    """
    name = "x-shopify-hmac-sha256"
    check_hmac(_keys(source), [request.body], [base64_bytes(header_of(request, name), name)])


def _prefixed_hex(text: str, name: str, prefix: str) -> bytes:
    if not text.startswith(prefix):
        raise invalid(f"{name} does not begin with {prefix}")
    return hex_bytes(text.removeprefix(prefix), name)


def _keys(source: Source) -> list[bytes]:
    return [shared_key(secret) for secret in source.secrets]
