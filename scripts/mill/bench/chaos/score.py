"""What happened on a course, and whether it may be so."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Score:
    """Counts of one course, or of all."""

    files: int = 0
    kills: int = 0
    stops: int = 0  # lives that were stopped until another had taken over
    caught: int = 0  # rows that a kill caught between intent and outcome
    rows: int = 0
    lost: int = 0
    twice: int = 0
    untrue: int = 0  # rows whose reported outcome or guarantee the ledger contradicts
    examples: list[str] = field(default_factory=list)  # a few sentences on what is untrue

    def add(self, other: Score) -> None:
        """Count another's in."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def is_wrong(self) -> bool:
        """Return whether anything is as it must not be."""
        return bool(self.lost or self.twice or self.untrue)
