"""The state of circuit breakers, in this process's memory or in a store that all jobs share.

Calls are counted in two half windows, the current and the one before it, so one row per key holds
everything. When the rate is reached the breaker opens for `reset_timeout`; then one call of the
whole fleet gets a lease to probe, and its end decides. A lease nobody returns runs out. It stands in the
row itself, not among those of `f.store.store`: state and lease change in one statement, and a call needs no
other.

A call that succeeds costs no statement. Each process counts for itself and looks at the shared row once a
second. While the rate looks bad, it tells the others of a failure at once, and sends nothing in the place of
that call before it has: whoever tells of the one that reaches `minimum_calls`, or of a later one, learns so.
To what is down, all of them together thus send `minimum_calls` - 1 at most that the row knows, and one for
each call that may be under way at once.
"""

# ruff: noqa: D102 - States says what its methods are for

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

from f.connect.errors import ConnectError
from f.connect.limits.background import background_of
from f.connect.times import DAY_SECONDS
from f.store.store import Look

if TYPE_CHECKING:
    from f.connect.integration import CircuitBreaker as Rule
    from f.connect.limits.background import Background
    from f.store.store import Row, Store, Values

LEASE_SECONDS = 60.0  # how long a probe may take before another may try
LOOK_SECONDS = 1.0  # how old what a process knows of the others may be
LONGEST_OPEN = DAY_SECONDS  # what lies further off is a clock that jumped

Status = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class State:
    """One key. Times are the store's; `open_until` 0 means closed, `probe` names who holds the lease."""

    half: float = 0.0  # when the current half window began
    calls: int = 0
    failures: int = 0
    calls_before: int = 0
    failures_before: int = 0
    open_until: float = 0.0
    lease_until: float = 0.0
    probe: str = ""


CLOSED = State()


def status_of(state: State, now: float) -> Status:
    """Return the name of the state at this time. Pure."""
    if not state.open_until or state.open_until > now + LONGEST_OPEN:
        return "closed"
    return "open" if state.open_until > now else "half_open"


def counted(state: State, rule: Rule, now: float, *, failed: bool) -> State:
    """Count one call of a closed breaker, and open it if the rate is reached. Pure."""
    half_length = rule.window / 2
    if 0 < state.half - now < half_length:  # others are ahead, see _LATER
        before, failures_before = state.calls_before + 1, state.failures_before + failed
        state = replace(state, calls_before=before, failures_before=failures_before)
    else:
        if not 0 <= now - state.half < half_length:
            recent = 0 <= now - state.half < rule.window
            state = State(
                half=now,
                calls_before=state.calls if recent else 0,
                failures_before=state.failures if recent else 0,
            )
        state = replace(state, calls=state.calls + 1, failures=state.failures + failed)
    if failed and _is_reached(state, rule):
        return State(open_until=now + rule.reset_timeout)
    return state


class States(Protocol):
    """Where the states of all keys are kept."""

    def first_look(self, key: str) -> Look | None:
        """Return what `read` would look at now, for who has more to look at; None if that is nothing."""

    def read(self, key: str) -> tuple[State, float]:
        """Return the state and the time it was read."""

    def lease(self, key: str, probe: str) -> bool:
        """Get the one probe of a half-open breaker."""

    def count(self, key: str, rule: Rule, *, failed: bool) -> None:
        """Count the outcome of a call that was let through while closed."""

    def probed(self, key: str, probe: str, open_for: float | None) -> None:
        """End a probe: close (0), open again for so many seconds, or only give the lease back (None)."""

    def open(self, key: str, seconds: float) -> None:
        """Open at once."""

    def close(self, key: str) -> None:
        """Close at once and forget what was counted."""


class MemoryStates:
    """States of one process."""

    def __init__(self, ticks: Callable[[], float]) -> None:
        self._ticks = ticks
        self._states: dict[str, State] = {}
        self._lock = threading.Lock()

    def first_look(self, key: str) -> Look | None:
        del key
        return None

    def read(self, key: str) -> tuple[State, float]:
        return self._states.get(key, CLOSED), self._ticks()

    def lease(self, key: str, probe: str) -> bool:
        with self._lock:
            state, now = self.read(key)
            if status_of(state, now) != "half_open" or state.lease_until > now:
                return False
            self._states[key] = replace(state, lease_until=now + LEASE_SECONDS, probe=probe)
            return True

    def count(self, key: str, rule: Rule, *, failed: bool) -> None:
        with self._lock:
            state, now = self.read(key)
            if status_of(state, now) == "closed":
                self._states[key] = counted(state, rule, now, failed=failed)

    def probed(self, key: str, probe: str, open_for: float | None) -> None:
        with self._lock:
            state, now = self.read(key)
            if state.probe != probe:
                return
            if open_for is None:
                self._states[key] = replace(state, lease_until=0.0, probe="")
            else:
                self._states[key] = State(open_until=now + open_for) if open_for else CLOSED

    def open(self, key: str, seconds: float) -> None:
        with self._lock:
            self._states[key] = State(open_until=self._ticks() + seconds)

    def close(self, key: str) -> None:
        with self._lock:
            self._states.pop(key, None)


TABLE = """CREATE TABLE IF NOT EXISTS connect_circuit (
    key TEXT PRIMARY KEY, half DOUBLE PRECISION NOT NULL, calls INTEGER NOT NULL, failures INTEGER NOT NULL,
    calls_before INTEGER NOT NULL, failures_before INTEGER NOT NULL, open_until DOUBLE PRECISION NOT NULL,
    lease_until DOUBLE PRECISION NOT NULL, probe TEXT NOT NULL)"""
READ = """SELECT half, calls, failures, calls_before, failures_before, open_until, lease_until, probe
    FROM connect_circuit WHERE key = :key"""
LEASE = """UPDATE connect_circuit SET lease_until = :until, probe = :probe
    WHERE key = :key AND open_until > 0 AND open_until <= :now AND lease_until <= :now RETURNING key"""
# `:at` is when the calls were made. Others may have begun another half window since, also after this job's
# `:now`: it waits for its turn at the row after that, or its clock is behind theirs. Only a half window that
# lies further ahead than it is long is of a clock that was set back meanwhile, and makes way.
_SAME = "(r.half <= :at AND :at - r.half < :window / 2)"
_RECENT = "(r.half <= :at AND :at - r.half < :window)"
_LATER = "(r.half > :at AND r.half - :now < :window / 2)"
_BEFORE = f"({_LATER} AND r.half - :at < :window / 2)"
COUNT = f"""INSERT INTO connect_circuit AS r VALUES (:key, :at, :calls, :failed, 0, 0, 0, 0, '')
    ON CONFLICT (key) DO UPDATE SET
    half = CASE WHEN {_SAME} OR {_LATER} THEN r.half ELSE :at END,
    calls = CASE WHEN {_SAME} THEN r.calls + :calls WHEN {_LATER} THEN r.calls ELSE :calls END,
    failures = CASE WHEN {_SAME} THEN r.failures + :failed WHEN {_LATER} THEN r.failures ELSE :failed END,
    calls_before = CASE WHEN {_BEFORE} THEN r.calls_before + :calls
        WHEN {_SAME} OR {_LATER} THEN r.calls_before WHEN {_RECENT} THEN r.calls ELSE 0 END,
    failures_before = CASE WHEN {_BEFORE} THEN r.failures_before + :failed
        WHEN {_SAME} OR {_LATER} THEN r.failures_before WHEN {_RECENT} THEN r.failures ELSE 0 END,
    open_until = 0
    WHERE r.open_until = 0 OR r.open_until > :now + {LONGEST_OPEN}
    RETURNING half, calls, failures, calls_before, failures_before, open_until, lease_until, probe
    """  # noqa: S608 - made of constants of this file
PROBED = """UPDATE connect_circuit SET
    half = 0, calls = 0, failures = 0, calls_before = 0, failures_before = 0,
    open_until = :open_until, lease_until = 0, probe = '' WHERE key = :key AND probe = :probe"""
GIVE_BACK = "UPDATE connect_circuit SET lease_until = 0, probe = '' WHERE key = :key AND probe = :probe"
OPEN = """INSERT INTO connect_circuit AS r VALUES (:key, 0, 0, 0, 0, 0, :open_until, 0, '')
    ON CONFLICT (key) DO UPDATE SET half = 0, calls = 0, failures = 0, calls_before = 0, failures_before = 0,
    open_until = :open_until, lease_until = 0, probe = ''"""
CLOSE = "DELETE FROM connect_circuit WHERE key = :key"


@dataclass(slots=True)
class _View:
    """What one process knows of a key: the row as last seen and its own calls since, told or not."""

    state: State = CLOSED
    looked: float = 0.0  # when it saw the row; 0: never
    is_told: bool = True  # see background.Known
    rule: Rule | None = None
    calls: int = 0  # its own, which the row does not count yet
    failures: int = 0
    counted: float = 0.0  # when it counted the last of them

    def see(self, state: State) -> None:
        """Take note of the row, beside which this process's own calls count."""
        calls, failures = state.calls + self.calls, state.failures + self.failures
        self.state = replace(state, calls=calls, failures=failures)


def _state_in(rows: list[Row]) -> State:
    return State(*rows[0]) if rows else CLOSED


class SqlStates:
    """States all processes of a store share.

    Every statement is one row's change, so none needs a transaction.
    """

    def __init__(self, store: Store, background: Background) -> None:
        self._store, self._background = store, background
        self._views: dict[str, _View] = {}
        self._lock, self._telling = threading.Lock(), threading.Lock()
        store.create(TABLE, durable=False)

    def first_look(self, key: str) -> Look | None:
        now = self._store.now()
        if self._view(key).looked:
            return None

        def take(rows: list[Row]) -> None:
            with self._lock:
                view = self._views[key]
                if not view.looked:  # else another look has told its calls meanwhile, and knows better
                    view.looked = now
                    view.see(_state_in(rows))

        return Look((READ, {"key": key}), take)

    def read(self, key: str) -> tuple[State, float]:
        """Return the state as this process knows it; the row is looked at before the first call."""
        view, now = self._views.get(key), self._store.now()
        if view is not None and 0 <= now - view.looked < LOOK_SECONDS:
            return view.state, now
        if view is None or not view.looked:
            self._look(key)
        else:
            view.looked = now  # whoever comes meanwhile goes by what is known
            self._background.run(lambda: self._look(key))
        return self._view(key).state, now

    def lease(self, key: str, probe: str) -> bool:
        now = self._store.now()
        values = {"key": key, "now": now, "until": now + LEASE_SECONDS, "probe": probe}
        if not self._store.execute(LEASE, values):
            self._look(key)
            return False
        with self._lock:
            state = self._views[key].state
            self._views[key] = _View(replace(state, lease_until=now + LEASE_SECONDS, probe=probe), now)
        return True

    def count(self, key: str, rule: Rule, *, failed: bool) -> None:
        now = self._store.now()
        with self._lock:
            view = self._views.setdefault(key, _View())
            if status_of(view.state, now) != "closed":
                return
            view.state, view.rule = counted(view.state, rule, now, failed=failed), rule
            view.calls += 1
            view.failures += failed
            view.counted = now
            is_open = view.state.open_until > 0
        if is_open:
            self.open(key, rule.reset_timeout)
        elif failed and _looks_bad(view.state, rule):
            self._background.run(lambda: self._tell(key))

    def probed(self, key: str, probe: str, open_for: float | None) -> None:
        now = self._store.now()
        values: dict[str, object] = {"key": key, "probe": probe}
        if open_for is None:
            after, sql = replace(self._view(key).state, lease_until=0.0, probe=""), GIVE_BACK
        else:
            after, sql = State(open_until=now + open_for) if open_for else CLOSED, PROBED
            values["open_until"] = after.open_until
        self._set(key, after, sql, values, probe)

    def open(self, key: str, seconds: float) -> None:
        until = self._store.now() + seconds
        self._set(key, State(open_until=until), OPEN, {"key": key, "open_until": until})

    def close(self, key: str) -> None:
        self._set(key, CLOSED, CLOSE, {"key": key})

    def _set(self, key: str, state: State, sql: str, values: Values, probe: str | None = None) -> None:
        """Know it from now on, and have the row say so; with a `probe` only while that holds the lease."""
        view = _View(state, self._store.now(), is_told=False)
        with self._lock:
            if probe is None or self._views[key].state.probe == probe:
                self._views[key] = view
        self._background.tell(view, lambda: self._store.execute(sql, values))

    def _view(self, key: str) -> _View:
        with self._lock:
            return self._views.setdefault(key, _View())

    def _tell(self, key: str) -> None:
        """Return when no failure of this process is left that others could not know of."""
        with self._telling:
            if self._view(key).failures:  # else another thread has just told of this one too
                self._exchange(key)

    def _look(self, key: str) -> None:
        with self._telling:
            self._exchange(key)

    def _exchange(self, key: str) -> None:
        """Tell the row of this process's own calls, and learn of those of the others."""
        with self._lock:
            view, now = self._views.setdefault(key, _View()), self._store.now()
            calls, failures, rule, counted_at = view.calls, view.failures, view.rule, view.counted
            was_told = view.is_told
            view.calls, view.failures = 0, 0
        try:
            rows = self._told(key, calls, failures, rule, now, counted_at)
        except ConnectError:
            with self._lock:  # they are told the next time
                view.calls, view.failures = view.calls + calls, view.failures + failures
            raise
        state = _state_in(rows)
        with self._lock:
            # What was counted here meanwhile is told the next time. A view that was replaced knows better.
            # So does one whose word was on its way to the row: what was read may be the row before it.
            view.looked = now
            if not was_told:
                return
            view.see(state)
        is_recent = rule is not None and 0 <= now - counted_at < rule.window
        if is_recent and failures and rule is not None and not state.open_until and _is_reached(state, rule):
            self.open(key, rule.reset_timeout)

    def _told(
        self, key: str, calls: int, failures: int, rule: Rule | None, now: float, counted_at: float
    ) -> list[Row]:
        """Add what this process has counted to the row, and return the row as it is then."""
        rows: list[Row] = []
        if calls and rule is not None:
            # They are of the second after the last look, which may be long ago: that is their half window.
            values = {
                "key": key, "now": now, "at": counted_at,
                "calls": calls, "failed": failures, "window": rule.window,
            }  # fmt: skip
            rows = self._store.execute(COUNT, values)
        return rows or self._store.execute(READ, {"key": key})  # nothing to tell, or it is open


def _totals(state: State) -> tuple[int, int]:
    return state.calls + state.calls_before, state.failures + state.failures_before


def _is_reached(state: State, rule: Rule) -> bool:
    return _totals(state)[0] >= rule.minimum_calls and _looks_bad(state, rule)


def _looks_bad(state: State, rule: Rule) -> bool:
    calls, failures = _totals(state)
    return failures >= rule.failure_rate * calls


def states_of(store: Store) -> States:
    """Return the breaker states that live in `store`."""
    background = background_of(store)

    def make() -> States:
        return MemoryStates(store.ticks) if store.in_memory else SqlStates(store, background)

    return store.shared("circuit", make)
