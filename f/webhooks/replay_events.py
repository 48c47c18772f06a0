"""Have events handled again: dead letters, events that no route wanted, or any that the filter selects.

Handlers that have not succeeded are started anew, with all their attempts before them; `routes` names some of
them, and `include_done` also repeats what has succeeded. An event that was never handed to a handler is
routed by today's routing. A handler that runs just now is left alone, and named.

`changes` is a JSON merge patch (RFC 7396) to the body of one event: handlers get the changed body from then
on. `as_received` takes all changes back. Who asked, when, the note and the change are kept with the event.
`dry_run` only says what would be done. A second run does it once more for what has failed again meanwhile.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, TypedDict

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.store.store import Store
    from f.webhooks.inbox.listing import Found
    from f.webhooks.inbox.replaying import Planned, Replayed
    from f.webhooks.inbox.selection import Selection
    from f.webhooks.inbox.waking import Dispatch

_MOST = 10_000
_MOST_LISTED = 500
_PAGE = 500


class ReplayedEvent(TypedDict):
    """What was done with an event. `routes`: started anew, none if the event is routed anew.

    `running`: left alone; `why`: nothing was done.
    """

    id: str
    source: str
    type: str
    provider_id: str
    outcome: Literal["replayed", "left", "purged"]
    routes: list[str]
    running: list[str]
    why: str


class ReplayReport(TypedDict):
    """Counts of events. `tasks`: handlers started anew; `more`: the filter selects more than `most`.

    `dispatch`: whether a job that starts them was asked for, by this job or another just before; `by
    schedule`: they start within a minute.
    """

    dry_run: bool
    replayed: int
    left: int
    purged: int
    tasks: int
    events: list[ReplayedEvent]
    events_left_out: int
    more: bool
    dispatch: Dispatch


def main(
    events: list[str] | None = None,
    state: Literal["", "dead", "waiting", "new", "unhandled", "dropped", "done"] = "",
    source: str = "",
    type: str = "",
    error: str = "",
    since: str = "",
    until: str = "",
    routes: list[str] | None = None,
    include_done: bool = False,
    changes: dict | None = None,
    as_received: bool = False,
    note: str = "",
    dry_run: bool = False,
    most: int = 1000,
    database: postgresql | None = None,
) -> ReplayReport:
    from f.connect.errors import FixInput
    from f.store.stores import open_store
    from f.webhooks.inbox.replaying import Order, Replays
    from f.webhooks.inbox.selection import selection_of
    from f.webhooks.inbox.storage_keys import StorageKeys
    from f.webhooks.inbox.waking import ask_for_dispatch

    if not 1 <= most <= _MOST:
        raise FixInput(f"most is {most}, and must be from 1 to {_MOST}.", code="bad_argument")
    order = Order(
        who=os.environ.get("WM_EMAIL") or os.environ.get("WM_USERNAME") or "unknown",
        note=note,
        routes=tuple(routes or ()),
        include_done=include_done,
        changes=changes,
        as_received=as_received,
    )
    with open_store(database, "webhooks") as store:
        selection = selection_of(
            store, state=state, source=source, type=type, error=error, since=since, until=until
        )
        found = _named(store, events, selection) if events else _selected(store, selection, most + 1)
        done = Replays(store, StorageKeys()).replay(found[:most], order, dry_run=dry_run)
    dispatch: Dispatch = "not needed" if dry_run or not done.is_written() else "asked for"
    if done.wake:
        dispatch = ask_for_dispatch(database)
    report = _report(done, dry_run=dry_run, more=len(found) > most, dispatch=dispatch)
    print(f"{report['replayed']} events {'would be' if dry_run else 'are'} handled again")
    return report


def _named(store: Store, names: list[str], selection: Selection) -> list[Found]:
    from f.connect.errors import FixInput
    from f.webhooks.inbox.listing import Listing

    if not selection.is_empty():
        raise FixInput("Give events, or a filter that selects them, and not both.", code="bad_argument")
    found = Listing(store).named([name.strip() for name in names])
    purged = [one.event.id for one in found if not one.event.body]
    if purged:
        raise FixInput(
            f"The body of {', '.join(purged[:5])} was purged, so there is nothing left to hand to a handler. "
            "Have the provider send it again, under another id.",
            code="purged",
        )
    return found


def _selected(store: Store, selection: Selection, most: int) -> list[Found]:
    from f.connect.errors import FixInput
    from f.webhooks.inbox.listing import Found, Listing

    if selection.is_empty():
        raise FixInput(
            "Say which events: their ids, or a filter such as state: dead for all dead letters.",
            code="bad_argument",
        )
    listing, found = Listing(store), list[Found]()
    while len(found) < most:
        page = listing.page(selection, min(_PAGE, most - len(found)), found[-1] if found else None)
        if not page:
            break
        found += page
    return found


def _report(done: Replayed, *, dry_run: bool, more: bool, dispatch: Dispatch) -> ReplayReport:
    outcomes = [plan.outcome for plan in done.plans]
    return {
        "dry_run": dry_run,
        "replayed": outcomes.count("replayed"),
        "left": outcomes.count("left"),
        "purged": outcomes.count("purged"),
        "tasks": sum(len(plan.tasks) for plan in done.plans if plan.outcome == "replayed"),
        "events": [_event(plan) for plan in done.plans[:_MOST_LISTED]],
        "events_left_out": len(done.plans[_MOST_LISTED:]),
        "more": more,
        "dispatch": dispatch,
    }


def _event(plan: Planned) -> ReplayedEvent:
    return {
        "id": plan.event.id,
        "source": plan.event.source,
        "type": plan.event.type,
        "provider_id": plan.event.provider_id,
        "outcome": plan.outcome,
        "routes": [task.route for task in plan.tasks],
        "running": list(plan.running),
        "why": plan.why,
    }
