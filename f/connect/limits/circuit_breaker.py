"""Stops calling what is down: closed, open, half-open, decided by the failure rate over a window.

Calls are counted in two half windows, the current and the one before it, so one row per key holds
everything. When the rate is reached the breaker opens for `reset_timeout`; then one call of the
whole fleet gets a lease to probe, and its end decides. A lease nobody returns runs out. It stands in the
row itself, not among those of `f.store.store`: state and lease change in one statement, and a call needs no
other.
"""

# ruff: noqa: D102 - States says what its methods are for

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Protocol

from f.connect.errors import TryLater
from f.connect.times import DAY_SECONDS

if TYPE_CHECKING:
    from f.connect.integration import CircuitBreaker as Rule
    from f.store.store import Store

LEASE_SECONDS = 60.0  # how long a probe may take before another may try
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
    if not 0 <= now - state.half < half_length:
        recent = 0 <= now - state.half < rule.window
        state = State(
            half=now,
            calls_before=state.calls if recent else 0,
            failures_before=state.failures if recent else 0,
        )
    state = replace(state, calls=state.calls + 1, failures=state.failures + failed)
    calls, failures = state.calls + state.calls_before, state.failures + state.failures_before
    if failed and calls >= rule.minimum_calls and failures >= rule.failure_rate * calls:
        return State(open_until=now + rule.reset_timeout)
    return state


class States(Protocol):
    """Where the states of all keys are kept."""

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
_SAME = "(r.half <= :now AND :now - r.half < :window / 2)"
_RECENT = "(r.half <= :now AND :now - r.half < :window)"
COUNT = f"""INSERT INTO connect_circuit AS r VALUES (:key, :now, 1, :failed, 0, 0, 0, 0, '')
    ON CONFLICT (key) DO UPDATE SET
    half = CASE WHEN {_SAME} THEN r.half ELSE :now END,
    calls = CASE WHEN {_SAME} THEN r.calls + 1 ELSE 1 END,
    failures = CASE WHEN {_SAME} THEN r.failures + :failed ELSE :failed END,
    calls_before = CASE WHEN {_SAME} THEN r.calls_before WHEN {_RECENT} THEN r.calls ELSE 0 END,
    failures_before = CASE WHEN {_SAME} THEN r.failures_before WHEN {_RECENT} THEN r.failures ELSE 0 END,
    open_until = 0
    WHERE r.open_until = 0 OR r.open_until > :now + {LONGEST_OPEN}
    RETURNING calls + calls_before, failures + failures_before"""  # noqa: S608 - made of constants of this file
PROBED = """UPDATE connect_circuit SET
    half = 0, calls = 0, failures = 0, calls_before = 0, failures_before = 0,
    open_until = :open_until, lease_until = 0, probe = '' WHERE key = :key AND probe = :probe"""
GIVE_BACK = "UPDATE connect_circuit SET lease_until = 0, probe = '' WHERE key = :key AND probe = :probe"
OPEN = """INSERT INTO connect_circuit AS r VALUES (:key, 0, 0, 0, 0, 0, :open_until, 0, '')
    ON CONFLICT (key) DO UPDATE SET half = 0, calls = 0, failures = 0, calls_before = 0, failures_before = 0,
    open_until = :open_until, lease_until = 0, probe = ''"""
CLOSE = "DELETE FROM connect_circuit WHERE key = :key"


class SqlStates:
    """States all processes of a store share.

    Every statement is one row's change, so none needs a transaction.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        store.create(TABLE, durable=False)

    def read(self, key: str) -> tuple[State, float]:
        rows = self._store.execute(READ, {"key": key})
        return State(*rows[0]) if rows else CLOSED, self._store.now()

    def lease(self, key: str, probe: str) -> bool:
        now = self._store.now()
        values = {"key": key, "now": now, "until": now + LEASE_SECONDS, "probe": probe}
        return bool(self._store.execute(LEASE, values))

    def count(self, key: str, rule: Rule, *, failed: bool) -> None:
        values = {"key": key, "now": self._store.now(), "failed": int(failed), "window": rule.window}
        rows = self._store.execute(COUNT, values)
        if (
            failed
            and rows
            and rows[0][0] >= rule.minimum_calls
            and rows[0][1] >= rule.failure_rate * rows[0][0]
        ):
            self.open(key, rule.reset_timeout)

    def probed(self, key: str, probe: str, open_for: float | None) -> None:
        if open_for is None:
            self._store.execute(GIVE_BACK, {"key": key, "probe": probe})
            return
        open_until = self._store.now() + open_for if open_for else 0.0
        self._store.execute(PROBED, {"key": key, "probe": probe, "open_until": open_until})

    def open(self, key: str, seconds: float) -> None:
        self._store.execute(OPEN, {"key": key, "open_until": self._store.now() + seconds})

    def close(self, key: str) -> None:
        self._store.execute(CLOSE, {"key": key})


def states_of(store: Store) -> States:
    """Return the breaker states that live in `store`."""

    def make() -> States:
        return MemoryStates(store.ticks) if store.in_memory else SqlStates(store)

    return store.shared("circuit", make)


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to make one call, to be given back with `record`. `probe`: the lease of a half-open breaker."""

    probe: str = ""


class Breaker:
    """The breaker of one key.

    `admit` before a call, `record` after it; `record(None)` for one that was cancelled.
    """

    def __init__(self, key: str, rule: Rule, store: Store) -> None:
        self.key, self._rule = key, rule
        self._states = states_of(store)

    def admit(self) -> Permit:
        """Let a call through, or raise TryLater (code `circuit_open`) without sending anything."""
        state, now = self._states.read(self.key)
        status = status_of(state, now)
        if status == "closed":
            return Permit()
        if status == "half_open":
            permit = Permit(secrets.token_hex(8))
            if self._states.lease(self.key, permit.probe):
                return permit
        left = max(state.open_until, state.lease_until) - now
        raise TryLater(
            f"{self.key} has failed too often lately; nothing was sent. Try again in {max(1.0, left):.0f} s.",
            code="circuit_open",
            retry_after=max(1.0, left),
        )

    def record(self, permit: Permit, *, failed: bool | None) -> None:
        """Record whether the call failed; None counts as neither and only gives a probe's lease back."""
        if permit.probe:
            open_for = None if failed is None else self._rule.reset_timeout if failed else 0.0
            self._states.probed(self.key, permit.probe, open_for)
        elif failed is not None:
            self._states.count(self.key, self._rule, failed=failed)

    def trip(self) -> None:
        """Open at once, for `reset_timeout`."""
        self._states.open(self.key, self._rule.reset_timeout)

    def reset(self) -> None:
        """Close at once."""
        self._states.close(self.key)

    def status(self) -> Status:
        """Return what a call would meet now."""
        return status_of(*self._states.read(self.key))
