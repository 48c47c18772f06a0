"""Tell the channels of a routing what happened at Stripe: paid, declined, subscribed, ended.

A handler of webhook events. What the event says of the object is not believed: it is fetched, so events may
come late, twice and in any order. Each change is told once in 30 days, whatever the routing's own time for
that. The job fails if a channel was not reached; a second run tells that channel alone. Of other types it
says that it does not handle them.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# annotated-types==0.8.0
# dnspython==2.9.2
# email-validator==2.4.0
# jinja2==3.1.6
# markupsafe==3.0.4
# phonenumbers==9.0.43
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-inspection==0.4.5

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.notify.dispatch.router import EventResult
    from f.notify.dispatch.routing_resource import notification_routing
    from f.payments.stripe.account import Account
    from f.payments.stripe.client import stripe
    from f.webhooks.handlers.stripe_change import StripeChange


class StripeEventResult(TypedDict, total=False):
    """`outcome`: told, also if an earlier run told all channels; no_news and not_handled: `detail` says why.

    `object` and `key`: what changed, and what it is told once by. Of a failed one `told` says which channels
    were reached, and `wm_failure`, which makes the job fail, which were not.
    """

    outcome: Literal["told", "failed", "no_news", "not_handled"]
    type: str
    object: str
    key: str
    detail: str
    told: EventResult
    wm_failure: str


def main(
    event: dict,
    stripe: stripe,
    routing: notification_routing,
    database: postgresql | None = None,
) -> StripeEventResult:
    from f.notify.dispatch.router import notify
    from f.notify.dispatch.routing_resource import read_routing
    from f.payments.stripe.account import open_account
    from f.store.sent_keys import KEEP_SECONDS
    from f.store.stores import open_store
    from f.webhooks.handlers.stripe_change import check_mode, other_mode, read_change
    from f.webhooks.handlers.stripe_news import NoNews, news_of

    change = read_change(event)
    result: StripeEventResult = {"outcome": "not_handled", "type": change.type, "object": change.object_id}
    if change.kind is None:
        result["detail"] = "There is nothing to tell of this type. Leave it out of the routing."
        return _said(result)
    check_mode(change, stripe)
    checked = read_routing(routing).model_copy(update={"dedupe_seconds": KEEP_SECONDS})
    with (
        open_store(database, "payments") as store,
        open_account(stripe, store, headers=change.headers) as account,
    ):
        found = _fetch(account, change)
    if found.get("livemode") is not change.livemode:
        raise other_mode(change)
    news = news_of(change, found)
    if isinstance(news, NoNews):
        return _said({**result, "outcome": "no_news", "detail": news.reason})
    with open_store(database, "notify") as store:
        told = notify(news.event, news.data, checked, store, dedupe_key=news.key)
    done: StripeEventResult = {**result, "outcome": "told", "key": news.key, "detail": "", "told": told}
    if failure := _failure_of(told):
        done |= {"outcome": "failed", "wm_failure": failure}
    return _said(done)


def _fetch(account: Account, change: StripeChange) -> dict[str, object]:
    from f.payments.stripe.invoices import read_invoice, read_invoice_of
    from f.payments.stripe.payments import read_payment
    from f.payments.stripe.subscriptions import read_subscription

    match change.kind:
        case "payment_intent":
            return read_payment(account, change.object_id, ("latest_charge",))
        case "subscription":
            return read_subscription(account, change.object_id)
        case "invoice":
            return read_invoice(account, change.object_id)
        case _:
            return read_invoice_of(account, change.object_id)


def _failure_of(told: EventResult) -> str:
    """Return which channels were not reached; the others know, and are not told again."""
    channels = told["channels"].items()
    lost = [f"{name}: {one['detail']}" for name, one in channels if one["status"] in {"failed", "unknown"}]
    return f"Not every channel was reached. {' '.join(lost)}" if lost else ""


def _said(result: StripeEventResult) -> StripeEventResult:
    told = result.get("told")
    title = told["title"] if told else ""
    counts = (told["counts"] or "no route for it") if told else ""
    parts = (result["outcome"], result["type"], result["object"], title, counts, result["detail"])
    print(" ".join(str(part) for part in parts if part))
    return result
