"""What stands now and is no count: open breakers, dead letters, targets that take nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from f.operate.alerts.looking import dead_letters, open_circuits
from f.records.sending.pauses import paused_targets

if TYPE_CHECKING:
    from f.store.store import Store


def read_gauges(stores: Iterable[Store]) -> dict[str, float]:
    """Return the gauges by their name."""
    circuits = letters = paused = 0
    for store in stores:
        circuits += len(open_circuits(store))
        letters += sum(dead_letters(store).values())
        paused += len(paused_targets(store))
    return {
        "millwright_circuits_open": circuits,
        "millwright_webhook_dead_letters": letters,
        "millwright_targets_paused": paused,
    }
