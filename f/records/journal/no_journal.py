"""A journal for rows that nothing has to remember, as where a target itself tells what it has."""

# ruff: noqa: D102 - Journal says what the methods are for

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from f.records.journal.journal import MINE, Claim, Entry

if TYPE_CHECKING:
    from f.store.store import Permit


class NoJournal:
    """Remembers nothing: every row is new, and there is nothing to commit."""

    permit: Permit | None = None

    def look(self, entries: Sequence[Entry]) -> Mapping[str, Claim]:
        return {entry.key: MINE for entry in entries}

    def claim(self, entries: Sequence[Entry]) -> Mapping[str, Claim]:
        return self.look(entries)

    def record_sent(
        self, entries: Sequence[Entry], in_flight: float, job: str | None = None
    ) -> frozenset[str]:
        del in_flight, job
        return frozenset(entry.key for entry in entries)

    def record_outcomes(self, **outcomes: object) -> None:
        del outcomes

    def proof(self) -> str | None:
        return None

    def keep_proof(self, proof: str) -> None:
        del proof

    def now(self) -> float:
        return 0.0  # there is no `since` to compare it with
