"""Keep whether an event of a vessel was told, so that no later run tells it again.

Takes what `f/notify/notify_event` returned, or its error. What reached a channel, or waits for the digest, is
told; what failed in a channel is told by a later run, in which the channels that had it are left out by their
dedupe key. After five runs it is given up. What no route wants, or nobody who has not opted out, is
`no_channel`: it is not told, and not tried again. A second run changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.vessels.watching.memory import Told


class Marked(TypedDict):
    """What became of an event, and why it was not told."""

    key: str
    event: str
    status: Told | Literal["no_channel"]
    detail: str


def main(
    event: dict,
    notification: dict | None = None,
    watch: str = "default",
    database: postgresql | None = None,
) -> Marked:
    from f.connect.errors import FixInput
    from f.store.stores import open_store
    from f.vessels.watching.memory import WatchMemory
    from f.vessels.watching.outcome import failure_in, reached

    key = str(event.get("key") or "")
    if not key:
        raise FixInput("The event has no key. Give one that find_vessel_events returned.", code="no_event")
    detail = failure_in(notification)
    with open_store(database, "vessels") as store:
        memory = WatchMemory(store, watch)
        status: Told | Literal["no_channel"] = "notified" if reached(notification) else "no_channel"
        if detail:
            status = memory.failed(key)
        else:
            memory.told(key)
    return {"key": key, "event": str(event.get("event")), "status": status, "detail": detail}
