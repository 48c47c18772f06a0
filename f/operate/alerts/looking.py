"""One look at everything that people should hear of: what was counted, what is open, what waits.

A store that cannot be read makes a problem of the look, and says nothing of what lies in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from f.connect.errors import ConnectError
from f.connect.limits.circuit_states import LONGEST_OPEN
from f.operate.alerts.findings import (
    Thresholds,
    of_calls,
    of_circuits,
    of_dead_letters,
    of_pauses,
    window_of,
)
from f.operate.metrics.counts import read_integrations
from f.records.sending.pauses import paused_targets
from f.webhooks.inbox.listing import Listing
from f.webhooks.inbox.selection import Selection

if TYPE_CHECKING:
    from f.connect.metrics import Counters
    from f.operate.alerts.findings import Finding
    from f.operate.alerts.memory import Memory
    from f.store.store import Store

_CIRCUITS = "connect_circuit"
_OPEN = f"""SELECT key FROM {_CIRCUITS} WHERE open_until > :now AND open_until <= :latest
    ORDER BY key"""  # noqa: S608 - made of constants
_EVENTS = "webhook_event"


@dataclass
class Look:
    """What was found, and what of it the next look compares with."""

    findings: list[Finding] = field(default_factory=list)
    windows: dict[str, dict[str, Any]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def look(
    stores: Iterable[Store], memory: Memory, now: float, limits: Thresholds, most_seconds: float
) -> Look:
    """Return the findings of all but the credentials, which cost calls. Changes nothing."""
    found, listed = Look(), list(stores)
    try:
        totals = read_integrations(listed)
        found.windows = _windows(found, totals, memory, now, limits, most_seconds)
    except ConnectError as error:
        found.problems.append(str(error))
        found.windows = memory.windows
    for store in listed:
        try:
            found.findings += of_circuits(open_circuits(store))
            found.findings += of_pauses(paused_targets(store))
            found.findings += of_dead_letters(dead_letters(store))
        except ConnectError as error:
            if str(error) not in found.problems:
                found.problems.append(str(error))
    return found


def _windows(
    found: Look,
    totals: Mapping[str, Counters],
    memory: Memory,
    now: float,
    limits: Thresholds,
    most_seconds: float,
) -> dict[str, dict[str, Any]]:
    """Judge each integration by its calls since its window began, and return the windows of the next look.

    A window goes on until it has enough calls, or is too long for what it says to be about now.
    """
    windows = {}
    for name, counters in totals.items():
        begun = memory.windows.get(name)
        if begun is None:
            windows[name] = {"at": now, "totals": counters}
            continue
        window = window_of(begun["totals"], counters, now - begun["at"], limits.slow_seconds)
        findings = of_calls(name, window, limits)
        found.findings += findings
        is_over = window.calls >= limits.minimum_calls or now - begun["at"] >= most_seconds
        windows[name] = {"at": now, "totals": counters} if is_over else begun
    return windows


def open_circuits(store: Store) -> list[str]:
    """Return the keys of the breakers that let no call through now."""
    if not store.columns(_CIRCUITS):
        return []
    now = store.now()
    rows = store.execute(_OPEN, {"now": now, "latest": now + LONGEST_OPEN})
    return [str(key) for (key,) in rows]


def dead_letters(store: Store) -> dict[str, int]:
    """Return how many dead letters of webhooks there are, by source."""
    if not store.columns(_EVENTS):
        return {}
    counts: dict[str, int] = {}
    for one in Listing(store).counts(Selection(state="dead")):
        counts[one["source"]] = counts.get(one["source"], 0) + one["dead"]
    return counts
