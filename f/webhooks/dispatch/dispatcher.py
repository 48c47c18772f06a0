"""One run of the dispatcher: settle, route, start, until nothing is left or its time is used up.

    take the lease -> clear the mark that a run is asked for -> work -> give the lease back -> look for a mark

Whoever finds the lease taken leaves the mark where it is and goes: the one that has the lease looks for it
after it has given the lease back. So an event that arrives at any moment finds somebody, and nobody waits.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING

from f.connect.times import REAL
from f.store.store import Permit, release, take
from f.webhooks.dispatch.planning import route_new
from f.webhooks.dispatch.report import DispatchReport, Tally
from f.webhooks.dispatch.settling import settle
from f.webhooks.dispatch.shift import Shift
from f.webhooks.dispatch.sources import Sources
from f.webhooks.dispatch.starting import BATCH, start_due
from f.webhooks.inbox.inbox import Inbox
from f.webhooks.inbox.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from f.connect.times import Clock
    from f.store.store import Store
    from f.webhooks.dispatch.middleware import Chain
    from f.webhooks.dispatch.routing_resource import Routing

LEASE = "webhook dispatch"
LEASE_SECONDS = 30.0
_SETTLED_FIRST = 200  # jobs; what is new is not to wait for more
_ALL = 1_000_000
_LEAST_AGE = 1.0  # seconds of a job before the run that started it asks for it


class Dispatcher:
    """Works on the events of a store until its `seconds` are used up, or `most` were routed or started."""

    def __init__(
        self, store: Store, routing: Routing, chain: Chain, *, most: int, seconds: float, clock: Clock = REAL
    ) -> None:
        self._store = store
        self._routing = routing
        self._chain = chain
        self._clock = clock
        self._left = most
        self._settle_end = clock.ticks() + seconds / 3
        self._end = clock.ticks() + seconds
        self._tally = Tally()

    def run(self, ask_for_another: Callable[[], bool]) -> DispatchReport:
        """Do what there is to do. `ask_for_another` starts a run for what is left, if it can."""
        inbox, work, sources = Inbox(self._store), Work(self._store), Sources()
        holder, seen = secrets.token_hex(8), set[str]()
        progress = 0
        while True:
            lease = take(self._store, LEASE, holder, LEASE_SECONDS)
            if lease is None:
                return self._tally.report(busy=True, more=False)
            shift = Shift(
                store=self._store,
                work=work,
                routing=self._routing,
                chain=self._chain,
                sources=sources,
                tally=self._tally,
                lease=lease,
                permit=Permit(self._store, lease, LEASE_SECONDS),
                clock=self._clock,
                is_over=self._is_over,
            )
            try:
                inbox.clear_wake()
                progress += self._work(shift, seen)
            finally:
                release(self._store, lease)
            if self._is_over():
                # Without progress another run would find the same, and so would the next; but for an event
                # that came meanwhile, whose own run has found this one at work and gone.
                more = (progress > 0 or inbox.is_wanted()) and ask_for_another()
                return self._tally.report(busy=False, more=more)
            if not inbox.is_wanted():
                return self._tally.report(busy=False, more=False)

    def _work(self, shift: Shift, seen: set[str]) -> int:
        """Work until nothing is to be done; return how much was."""
        done = settle(replace(shift, is_over=self._is_settle_over), _SETTLED_FIRST, seen)
        while not self._is_over():
            faults = len(shift.sources.faults)
            moved = self._routed(shift)
            moved += self._started(shift)
            if not moved and len(shift.sources.faults) == faults:
                break
            done += moved
        return done + settle(shift, _ALL, seen, least_age=_LEAST_AGE)

    def _routed(self, shift: Shift) -> int:
        """Route as many events as one batch takes, so that it is filled."""
        routed = 0
        while routed < BATCH and not self._is_over() and (more := route_new(shift, self._left)):
            routed += more
        return routed

    def _started(self, shift: Shift) -> int:
        started = start_due(shift, self._left) if not self._is_over() else 0
        self._left -= started
        return started

    def _is_settle_over(self) -> bool:
        """Whether what is new has waited long enough for what runs: Windmill may be slow to answer."""
        return self._is_over() or self._clock.ticks() >= self._settle_end

    def _is_over(self) -> bool:
        return self._left <= 0 or self._clock.ticks() >= self._end
