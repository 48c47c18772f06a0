"""Middleware: nobody gets what happened in Stripe's test mode.

For an endpoint that is told of both, as that of a Connect platform is. Events of others, and those of Stripe
that do not say their mode, go through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from f.webhooks.requests.event import Event


def middleware(event: Event) -> Event | None:
    """Return the event; None if it is one of Stripe's test mode."""
    body = event["body"]
    is_test = event["kind"] == "stripe" and isinstance(body, dict) and body.get("livemode") is False
    return None if is_test else event
