"""What a provider lists and we have not: found, and taken in as if it had come.

A run can end anywhere. What it took in is kept, each under the key that its webhook has, so that the next run
goes on behind it, and a webhook that comes late is a repeat.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict

from f.connect.errors import ConnectError, FixInput, FixSettings, GiveUpRecord, TryLater
from f.connect.times import DAY_SECONDS, REAL, Clock, to_iso
from f.webhooks.healing.record import came_between, came_with, healed_of, told_of
from f.webhooks.inbox.inbox import Inbox
from f.webhooks.requests.refusal import RefuseRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from f.store.store import Store
    from f.webhooks.healing.listing import Listed, Listing
    from f.webhooks.healing.wanted import Wanted
    from f.webhooks.requests.event import IncomingEvent
    from f.webhooks.requests.source import Source

_AT_ONCE = 20  # events that are read before they are kept: no more than these are read again
_MOST_PAGES = 2000
_LONGEST_SECONDS = 900.0
_MOST_NAMED = 20
_MOST_FAILURES = 3  # of single events, after which it is the service that fails
_MARGIN = 60.0  # seconds at both ends of a page's time, where its neighbours' events may lie


class Healed(TypedDict):
    """What a look found. Each event that is `looked_at` is known, healed, too young, not read or left.

    `healed`: how many by type; in a dry run, would be. `not_read`: keys of those that the provider lists and
    does not show, and why. `left`: those for which there was no room. `complete`: nothing since then is
    missing any more, but for what is too young; else `open` says what may be.
    Times are ISO 8601; `oldest_looked_at` is empty where nothing was listed.
    """

    source: str
    since: str
    looked_at: int
    known: int
    healed: dict[str, int]
    too_young: int
    not_read: list[str]
    left: int
    pages: int
    oldest_looked_at: str
    complete: bool
    open: list[str]
    dry_run: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How far back, in seconds, and at what. `grace`: younger events, in seconds, may be on their way.

    `most`: how many to take in.
    """

    back: float
    grace: float
    wanted: Wanted
    most: int
    dry_run: bool = False


def look_of(*, hours: float, grace_minutes: float, wanted: Wanted, most: int, dry_run: bool = False) -> Look:
    """Return the look that a person asks for; FixInput if it is none."""
    asked: tuple[tuple[str, object, float], ...] = (
        ("hours", hours, 0.1),
        ("grace_minutes", grace_minutes, 0),
        ("most", most, 1),
    )
    for name, value, least in asked:
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value < 1e6:
            raise FixInput(f"{name} must be a number from {least} on.", code="bad_number")
    return Look(
        back=hours * 3600.0, grace=grace_minutes * 60.0, wanted=wanted, most=int(most), dry_run=dry_run
    )


@dataclass(slots=True)
class _Found:
    keys: set[str] = field(default_factory=set)
    is_ours: bool = False  # the provider itself has told us some of the list
    pages: int = 0
    known: int = 0
    too_young: int = 0
    healed: Counter[str] = field(default_factory=Counter)
    not_read: list[str] = field(default_factory=list)
    failures: int = 0
    left: int = 0
    oldest: float | None = None
    ended_by: str = ""


class Healer:
    """Heals one source from one list. `wake` is called when events are there that nobody dispatches yet."""

    def __init__(
        self, store: Store, source: Source, listing: Listing, wake: Callable[[], object], clock: Clock = REAL
    ) -> None:
        if source.kind != listing.kind:
            raise FixInput(
                f"The source {source.name} is of the kind {source.kind}, and the account is of "
                f"{listing.service}. Give the account that belongs to it.",
                code="wrong_kind",
            )
        self._store, self._inbox = store, Inbox(store)
        self._source, self._listing = source, listing
        self._wake, self._clock = wake, clock

    def heal(self, look: Look) -> Healed:
        """Look and take in; an error says how many were taken in before it."""
        now, ends_at = self._store.now(), self._clock.ticks() + _LONGEST_SECONDS
        since = now - min(look.back, self._listing.keeps)
        found = _Found()
        try:
            for page in self._listing.pages(since):
                found.pages += 1
                self._look_at(page, look, (since, now), found)
                if found.left:
                    found.ended_by = f"No more than {look.most} are taken in at once, and more are missing."
                elif found.pages >= _MOST_PAGES or self._clock.ticks() > ends_at:
                    found.ended_by = f"The list is too long for one run, of {found.pages} pages."
                if found.ended_by:
                    break
        except ConnectError as error:
            error.args = (f"{error} Before that, {_summary(found)}.",)
            raise
        return self._report(look, since, found)

    def _look_at(self, page: Sequence[Listed], look: Look, span: tuple[float, float], found: _Found) -> None:
        since, now = span
        fresh = {
            one.key: one
            for one in reversed(page)
            if one.at >= since and one.key not in found.keys and look.wanted.has(one.type)
        }
        if not fresh:
            return
        known = self._inbox.known(self._source.name, list(fresh))
        if self._listing.by_id:
            known |= told_of(self._store, self._source.name, list(fresh.values()), since)
        oldest = min(one.at for one in fresh.values())
        found.oldest = oldest if found.oldest is None else min(found.oldest, oldest)
        missing = [one for key, one in fresh.items() if key not in known]
        ripe = [one for one in missing if one.at <= now - look.grace]
        # What an earlier run took in from a list says nothing for that list.
        found.is_ours = found.is_ours or bool(known - healed_of(self._store, self._source.name, list(known)))
        if ripe and not found.is_ours:
            self._refuse_strangers(list(fresh.values()))
        found.keys.update(fresh)
        found.known += len(known)
        found.too_young += len(missing) - len(ripe)
        found.left = max(0, len(ripe) - (look.most - found.healed.total()))
        # What is left is older, for the next run to find behind what is known then.
        self._take_in(sorted(ripe, key=lambda one: one.at)[found.left :], look, found)

    def _refuse_strangers(self, page: Sequence[Listed]) -> None:
        """Refuse a list of which we were told nothing, though we were told others of its kind and time.

        It is another account's, another webhook's, or one whose events have other ids when they are told. But
        several webhooks may tell one source, and all of one of them may have been lost.
        """
        times = [one.at for one in page]
        after, before = min(times) + _MARGIN, max(times) - _MARGIN
        if self._listing.by_id or before <= after:
            return
        header = self._listing.header
        if header is not None and came_with(self._store, self._source.name, *header):
            return
        if came_between(self._store, self._source.name, {one.type for one in page}, after, before):
            raise FixSettings(
                f"The source {self._source.name} has received none of the events that "
                f"{self._listing.service} lists, and others of these types at that time. So the list is not "
                "what this source is told: check that account and webhook are its own. Nothing was taken in.",
                code="other_account",
            )

    def _take_in(self, missing: Sequence[Listed], look: Look, found: _Found) -> None:
        for start in range(0, len(missing), _AT_ONCE):
            block = missing[start : start + _AT_ONCE]
            if look.dry_run:
                found.healed.update(one.type for one in block)
                continue
            events = [event for one in block if (event := self._read(one, found)) is not None]
            if not events:
                continue
            received = self._inbox.receive(self._source, events, origin="healed")
            if received.wake:
                self._wake()
            if received.repeated:  # it came by itself in the meantime
                ours = healed_of(self._store, self._source.name, [event.key for event in events])
                found.known += len(events) - len(ours)
                events = [event for event in events if event.key in ours]
            found.healed.update(event.type for event in events)

    def _read(self, listed: Listed, found: _Found) -> IncomingEvent | None:
        try:
            return self._listing.event(listed, self._source)
        except (GiveUpRecord, RefuseRequest, TryLater) as error:
            found.failures += isinstance(error, TryLater)
            if isinstance(error, TryLater) and not self._is_about_one(error, found):
                raise
            why = error.reason if isinstance(error, RefuseRequest) else str(error)
        found.not_read.append(f"{listed.key} ({listed.type}): {why}")
        return None

    def _is_about_one(self, error: TryLater, found: _Found) -> bool:
        """Return whether the service fails at one event, behind which there may be others."""
        return (error.status or 0) >= 500 and found.failures < _MOST_FAILURES

    def _report(self, look: Look, since: float, found: _Found) -> Healed:
        still_open = list(_open(self._listing, look, found))
        return {
            "source": self._source.name,
            "since": to_iso(since),
            "looked_at": len(found.keys),
            "known": found.known,
            "healed": dict(sorted(found.healed.items())),
            "too_young": found.too_young,
            "not_read": found.not_read[:_MOST_NAMED],
            "left": found.left,
            "pages": found.pages,
            "oldest_looked_at": "" if found.oldest is None else to_iso(found.oldest),
            "complete": not still_open,
            "open": still_open,
            "dry_run": look.dry_run,
        }


def _open(listing: Listing, look: Look, found: _Found) -> Iterator[str]:
    if look.back > listing.keeps:
        days = listing.keeps / DAY_SECONDS
        yield f"{listing.service} is not asked for what is older than {days:.1f} days."
    if found.ended_by:
        yield f"{found.ended_by} Run it again."
    if found.not_read:
        yield f"{len(found.not_read)} events are listed and could not be read."


def _summary(found: _Found) -> str:
    return f"{len(found.keys)} events were looked at and {found.healed.total()} of them taken in"
