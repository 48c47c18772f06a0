"""What is left: a target's calls of the day, its rate limit just now, and the messages agents may send."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from f.connect.client import Client
from f.connect.times import to_iso
from f.customers.targets.customer_api import open_target
from f.records.planning.quota import quotas_of
from f.records.sending.session import open_limits
from f.store.stores import open_store
from f.tools.effects.ledger import HOUR_SECONDS, Ledger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from f.records.target.target import Target
    from f.tools.guards.desk import Desk


class CallsLeft(TypedDict):
    """`says`: target - its own word, daily_limit - the setting of its resource. `renews_at`: ISO 8601."""

    says: str
    daily_limit: int
    left: int
    renews_at: str | None


class QuotaReport(TypedDict):
    """`calls_now`: what the rate limit lets through at once; None if there is no limit.

    `messages_left`: of send_once within the hour; `messages_renew_at`: when the next comes back.
    """

    target: str
    calls_today: list[CallsLeft]
    calls_now: int | None
    messages_left: int
    messages_an_hour: int
    messages_renew_at: str | None
    message: str


def quota_left(desk: Desk, name: str) -> QuotaReport:
    """Ask the target, the shared limits and the ledger."""
    database = desk.database()
    target = open_target(desk.target(name))
    calls = [
        CallsLeft(
            says=says,
            daily_limit=one.daily_limit,
            left=one.left,
            renews_at=None if one.renews_at is None else to_iso(one.renews_at),
        )
        for says, one in quotas_of(target, database).items()
    ]
    with open_store(database, "tools") as store:
        sent, first = Ledger(store).of_the_hour("send_once")
    most = desk.guards.max_per_hour
    return {
        "target": target.title,
        "calls_today": calls,
        "calls_now": _calls_now(target, database),
        "messages_left": max(0, most - sent),
        "messages_an_hour": most,
        "messages_renew_at": None if first is None else to_iso(first + HOUR_SECONDS),
        "message": _in_words(target, calls, max(0, most - sent)),
    }


def _calls_now(target: Target, database: Mapping[str, object] | None) -> int | None:
    if target.integration.rate_limit is None:
        return None
    with open_limits(database) as store, Client(target.integration, store) as client:
        return client.limiter.available()


def _in_words(target: Target, calls: list[CallsLeft], messages: int) -> str:
    known = [f"{one['left']:,} of {one['daily_limit']:,} calls today ({one['says']})" for one in calls]
    left = (
        f"{target.title}: {', '.join(known)}."
        if known
        else f"{target.title} does not say how many calls are left."
    )
    return f"{left} Agents may send {messages:,} more messages within the hour."
