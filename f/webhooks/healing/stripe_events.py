"""Stripe's list of events, of the last 30 days.

https://docs.stripe.com/api/events/list. An event is rendered in the API version of the account when it
happened; an endpoint with a version of its own is told it in that one. `delivery_success` says whether Stripe
got an answer, and not whether we have kept anything: it is not asked.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

from f.connect.calls.reply_reader import id_of
from f.connect.errors import FixSettings, TryLater
from f.connect.times import DAY_SECONDS
from f.payments.stripe.account import MOST_AT_A_TIME
from f.webhooks.healing.listing import Listed, as_told
from f.webhooks.requests.request import JSON

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from f.payments.stripe.account import Account
    from f.webhooks.healing.wanted import Wanted
    from f.webhooks.requests.event import IncomingEvent
    from f.webhooks.requests.source import Source

_MOST_TYPES = 20  # that the list can be asked for
_END_OF_TIME = 1e11  # seconds; years have four digits until then


class StripeEvents:
    """The list of one account."""

    kind: Literal["stripe"] = "stripe"
    service = "Stripe"
    by_id = False
    header = None
    # An hour less, so that no page is to begin behind an event that has just gone.
    keeps = 30 * DAY_SECONDS - 3600

    def __init__(self, account: Account, wanted: Wanted) -> None:
        self._account = account
        self._types = list(wanted.exact) if len(wanted.exact) <= _MOST_TYPES else []

    def pages(self, since: float) -> Iterator[list[Listed]]:
        """Walk the list. What happens meanwhile stands before its start and is for the next look."""
        params = {"created": {"gte": int(since)}, "types": self._types or None}
        after, seen = "", set[str]()
        while True:
            page = self._account.listed("events", params, MOST_AT_A_TIME, after)
            yield [_listed(event) for event in page.objects]
            if not page.has_more:
                return
            after = id_of(page.objects[-1].get("id"))
            if after in seen:
                raise FixSettings("Stripe's list of events leads back to its start.", code="pages_repeat")
            seen.add(after)

    def event(self, listed: Listed, source: Source) -> IncomingEvent:
        """Return the event, which the list has whole."""
        return as_told(source, listed, JSON, json.dumps(listed.item).encode())


def _listed(event: Mapping[str, Any]) -> Listed:
    key, name, created = id_of(event.get("id")), event.get("type"), event.get("created")
    if isinstance(created, bool) or not isinstance(created, int) or not 0 < created < _END_OF_TIME:
        created = None
    if not key or not isinstance(name, str) or created is None:
        raise TryLater(
            "Stripe's list has an event without id, type or time. Try again later.", code="unreadable_reply"
        )
    return Listed(key=key, type=name, at=float(created), provider_id=key, item=event)
