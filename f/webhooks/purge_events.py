"""Remove old events of webhooks: first the bodies, much later what else is known of them.

The body of an event goes after `keep_days`, that of a dead letter after `keep_dead_days`; then it cannot be
replayed any more. The rest goes `forget_days` after the event was last told: until then it is known if its
provider tells it again. What is still to be handled stays, however old it is.

`about` does something else: it empties every event in which this text stands, such as an e-mail address,
whatever its age. Events whose body cannot be opened are counted by source. The text stands among this job's
inputs, until Windmill forgets the job.

Returns counts. It ends after four minutes; `complete` says whether there is more. A second run goes on, and
finds nothing more where all is done.
"""

from __future__ import annotations

from typing import TypedDict

from f.store.database import postgresql


class PurgeReport(TypedDict):
    """How many bodies were emptied and events forgotten, or, with `about`, erased; or would be.

    `waiting`: have the text, but are still to be handled; `unreadable`: could not be opened, by source.
    """

    dry_run: bool
    emptied: int
    forgotten: int
    erased: int
    waiting: int
    unreadable: dict[str, int]
    complete: bool
    message: str


def main(
    keep_days: float = 30,
    keep_dead_days: float = 90,
    forget_days: float = 400,
    about: str = "",
    dry_run: bool = False,
    database: postgresql | None = None,
) -> PurgeReport:
    from f.store.stores import open_store
    from f.webhooks.inbox.erasing import Erased, erase
    from f.webhooks.inbox.retention import Days, Purged, Retention
    from f.webhooks.inbox.storage_keys import StorageKeys

    days = Days(keep=keep_days, keep_dead=keep_dead_days, forget=forget_days)
    purged, erased = Purged(), Erased()
    with open_store(database, "webhooks") as store:
        retention = Retention(store)
        if about:
            erased = erase(store, about, StorageKeys(), retention, dry_run=dry_run)
        else:
            purged = retention.purge(days, dry_run=dry_run)
    report: PurgeReport = {
        "dry_run": dry_run,
        "emptied": purged.emptied,
        "forgotten": purged.forgotten,
        "erased": erased.erased,
        "waiting": erased.waiting,
        "unreadable": erased.unreadable,
        "complete": purged.complete and erased.complete,
        "message": "",
    }
    report["message"] = _message(report)
    print(report["message"])
    return report


def _message(report: PurgeReport) -> str:
    would = "would be" if report["dry_run"] else "were"
    removed = f"{report['emptied']} bodies and {report['forgotten']} events {would} removed"
    said = [f"{removed}, {report['erased']} events {would} erased."]
    if report["waiting"]:
        said.append(
            f"{report['waiting']} more have the text and are still to be handled: run it again later."
        )
    if report["unreadable"]:
        sources = ", ".join(f"{number} of {name}" for name, number in sorted(report["unreadable"].items()))
        said.append(
            f"Bodies that could not be opened may have the text: {sources}. Put the storage_key of then into "
            "the source's resource and run it again, or purge them by age."
        )
    if not report["complete"]:
        said.append("There is more: run it again.")
    return " ".join(said)
