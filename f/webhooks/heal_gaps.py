"""Find what a provider has told and we have not heard, and take it in as if it had come.

Compares the provider's own list (Stripe: events; GitHub: deliveries of a webhook; Twilio: messages) with what
the source has received. What is missing is kept with the origin `healed`, and handled like any other event;
if it comes after all, it is a repeat. A second run finds it there and takes in nothing.

Give one account. Returns what was found; an error says how much was taken in before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.notify.texts.client import twilio
    from f.payments.stripe.client import stripe
    from f.store.store import Store
    from f.webhooks.healing.github_deliveries import github
    from f.webhooks.healing.healer import Healed
    from f.webhooks.healing.listing import Listing
    from f.webhooks.healing.wanted import Wanted
    from f.webhooks.requests.source import Source


def main(
    source: str,
    stripe: stripe | None = None,
    github: github | None = None,
    repository: str = "",
    hook_id: int = 0,
    twilio: twilio | None = None,
    hours: float = 24,
    event_types: list[str] | None = None,
    routing: str = "f/webhooks/routing",
    dry_run: bool = False,
    grace_minutes: float = 10,
    most: int = 1000,
    database: postgresql | None = None,
) -> Healed:
    from f.connect.errors import FixInput
    from f.store.stores import open_store
    from f.webhooks.dispatch.routing_resource import path_of, routing_at
    from f.webhooks.healing.github_deliveries import hook_path
    from f.webhooks.healing.healer import Healer, look_of
    from f.webhooks.healing.wanted import named, routed
    from f.webhooks.inbox.waking import ask_for_dispatch

    if sum(account is not None for account in (stripe, github, twilio)) != 1:
        raise FixInput("Give one account: stripe, github or twilio.", code="no_account")
    told = _source(source)
    look = look_of(
        hours=hours,
        grace_minutes=grace_minutes,
        wanted=named(event_types) or routed(told.name, routing_at(path_of(routing))),
        most=most,
        dry_run=dry_run,
    )
    with open_store(database, "webhooks", durable=True) as store:
        account = (stripe, github, hook_path(repository, hook_id) if github else "", twilio)
        with _listing(store, look.wanted, *account) as listing:
            healed = Healer(store, told, listing, lambda: ask_for_dispatch(database)).heal(look)
    taken = sum(healed["healed"].values())
    print(f"{healed['looked_at']} events looked at, {healed['known']} known, {taken} healed")
    return healed


def _source(name: str) -> Source:
    from f.connect.errors import FixInput
    from f.webhooks.requests.refusal import RefuseRequest
    from f.webhooks.requests.registry import source_at

    try:
        return source_at(name)
    except RefuseRequest as error:
        raise FixInput(
            f"There is no webhook source f/webhooks/{name}: {error.reason}.", code="unknown_source"
        ) from error


@contextmanager
def _listing(
    store: Store,
    wanted: Wanted,
    stripe: stripe | None,
    github: github | None,
    hook: str,
    twilio: twilio | None,
) -> Iterator[Listing]:
    from f.connect.client import Client
    from f.notify.texts.client import integration_of as twilio_integration
    from f.payments.stripe.account import open_account
    from f.webhooks.healing.github_deliveries import GithubDeliveries
    from f.webhooks.healing.github_deliveries import integration_of as github_integration
    from f.webhooks.healing.stripe_events import StripeEvents
    from f.webhooks.healing.twilio_messages import TwilioMessages

    if stripe is not None:
        with open_account(stripe, store) as account:
            yield StripeEvents(account, wanted)
    elif github is not None:
        with Client(github_integration(github), store) as client:
            yield GithubDeliveries(client, hook)
    elif twilio is not None:
        with Client(twilio_integration(twilio), store) as client:
            yield TwilioMessages(client, twilio["accountSid"], wanted)
