"""A dead letter handled again, once: a replay is recorded with its event, where a repeated call finds it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from f.connect.errors import FixInput, TryLater
from f.store.stores import open_store
from f.tools.effects.ledger import Effect, Ledger
from f.tools.effects.once_only import Acted, Write, checked_key, once_only
from f.webhooks.inbox.listing import Listing
from f.webhooks.inbox.replaying import Order, Replays
from f.webhooks.inbox.storage_keys import StorageKeys
from f.webhooks.inbox.waking import ask_for_dispatch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from f.store.store import Store
    from f.tools.effects.written import Written
    from f.tools.guards.desk import Desk

TOOL = "replay_dead_letter"
_LONGEST_NOTE = 300


@dataclass(frozen=True, slots=True)
class ReplayOrder:
    """Which event, and why, for whoever reads its history."""

    event_id: str
    note: str = ""


def replay(desk: Desk, once_key: str, order: ReplayOrder) -> Written:
    """Have it handled again, once. FixInput for what is refused."""
    once_key, event_id = checked_key(once_key), order.event_id.strip()
    if not event_id or not event_id.isprintable():
        raise FixInput("Give event_id as list_dead_letters shows it.", code="no_event")
    if len(order.note) > _LONGEST_NOTE or not order.note.isprintable():
        raise FixInput(f"note must be one line of at most {_LONGEST_NOTE} characters.", code="bad_argument")
    database = desk.database()
    with open_store(database, "tools") as tools, open_store(database, "webhooks") as store:

        def act(effect: Effect, in_doubt: bool) -> Acted:
            found = _recorded(store, effect) if in_doubt else None
            return found or _replay(store, effect, order.note.strip(), database)

        arguments = {"event_id": event_id, "note": order.note}
        return once_only(Ledger(tools), once_key, Write(TOOL, arguments, act, {"event_id": event_id}))


def look_up(desk: Desk, effect: Effect) -> Acted | None:
    """Return the replay if it was recorded; None if it was not, so that nothing was done."""
    with open_store(desk.database(), "webhooks") as store:
        return _recorded(store, effect)


def _replay(store: Store, effect: Effect, note: str, database: Mapping[str, object] | None) -> Acted:
    [found] = Listing(store).named([effect.kept["event_id"]])
    if found.state != "dead":
        return Acted(
            "refused", f"Event {found.event.id} is no dead letter: it is {found.state}. Nothing was done."
        )
    who = os.environ.get("WM_EMAIL") or os.environ.get("WM_USERNAME") or "unknown"
    done = Replays(store, StorageKeys()).replay([found], Order(who=who, note=_note(effect, note)))
    [plan] = done.plans
    if plan.outcome != "replayed":
        why = f"{plan.why} Nothing was done."
        if plan.outcome == "left":
            raise TryLater(why, code="still_running")
        return Acted("refused", why)
    if done.wake:
        ask_for_dispatch(database)
    return _acted("done", found.event.id, [task.route for task in plan.tasks])


def _recorded(store: Store, effect: Effect) -> Acted | None:
    """Return what an earlier call has done, by the mark it left in the event's history."""
    try:
        [found] = Listing(store).named([effect.kept["event_id"]])
    except FixInput:  # it was purged since, or never there
        return None
    for one in Replays(store, StorageKeys()).of(found.event.id):
        if one.note.startswith(_note(effect, "")):
            return _acted("confirmed", found.event.id, list(one.routes))
    return None


def _note(effect: Effect, note: str) -> str:
    return f"[by an AI agent, {effect.mark}] {note}"


def _acted(status: str, event: str, routes: list[str]) -> Acted:
    result = {"event_id": event, "handlers": routes}
    message = "Its handlers are started again within a minute. list_dead_letters shows it again if they fail."
    return Acted("done" if status == "done" else "confirmed", message, result)
