"""What an import promises for the case of a crash or a lost answer, in sentences for the report. Pure.

A promise rests on what was measured at the target, on what its API documents of itself, or on nothing but our
own doing. What the settings merely say is not promised.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from f.records.target.target import JournalKind, OnDuplicate, Target

_CHECK = " Run check_target on the resource to find out whether more can be promised."


def guarantee_of(
    target: Target,
    journal: JournalKind = "file",
    on_duplicate: OnDuplicate = "skip",
    *,
    lookup_shown: bool = False,
) -> str:
    """Return what holds for every row. `lookup_shown`: an import has seen what absence looks like here."""
    if target.kind.repeats_safely(target, on_duplicate):
        return (
            f"Exactly once: the target itself tells a repeated row by {target.kind.traits.known_by}, so it "
            "is not created twice."
        )
    if target.proven.repeats == "record":
        return (
            f"Exactly once: a check{_on(target)} showed that this target makes no second record of a "
            "repeated row."
        )
    if journal == "none":
        return (
            "At least once: nothing remembers which rows were sent, so a run after a crash may create some "
            "of them again. Give a journal."
        )
    where = _where(journal)
    if target.obeys_keys:
        return (
            "Exactly once: every row carries an idempotency key, and a check"
            f"{_on(target)} showed that this target obeys it. A key is relied on for "
            f"{target.key_seconds / 3600:g} hours; a row in doubt for longer is "
            f"{'looked up' if target.can_ask else 'not sent again'}. Until it is answered it is reported as "
            f"unknown.{where}"
        )
    if target.can_ask and (lookup_shown or target.proves_absence):
        return (
            "Exactly once: the journal knows which rows were sent, and a row whose answer was lost is looked "
            f"up before it is sent again, once no request can be under way any more ({target.in_flight:g} "
            f"seconds). What the look-up does not tell is reported as unknown and not sent again.{where}"
        )
    return (
        "At most once: the journal knows which rows were sent, and a row whose answer was lost is reported "
        f"as unknown and not sent again.{where}{_CHECK}"
    )


def _on(target: Target) -> str:
    day = target.proven.checked_at[:10]
    return f" on {day}" if day else ""


def _where(journal: JournalKind) -> str:
    if journal != "file":
        return ""
    return (
        " This holds for runs on one machine, as the journal is a file of it: a run on another worker does "
        "not know what was sent, and may send it again. Where there are several workers, make the "
        "workspace's data table (wmill datatable create), or give a postgresql resource as journal."
    )
