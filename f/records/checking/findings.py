"""What a check of a target has found out, in rows for people, and the whole result."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypedDict


class Finding(TypedDict):
    """One aspect of a target: what was found, and what that means for an import."""

    aspect: str
    found: str
    meaning: str


class Remaining(TypedDict):
    """A record that the check made and could not remove: its id, what it is known by, and why it is there."""

    id: str
    record: str
    why: str


class CheckResult(TypedDict):
    """The result of a check.

    `proven` is what belongs into the resource under this name; None if nothing was written, so that nothing
    was measured.
    """

    target: str
    wrote: bool
    findings: list[Finding]
    proven: dict[str, Any] | None
    guarantee_before: str
    guarantee_after: str
    remaining: list[Remaining]
    requests: int


@dataclass(slots=True)
class Findings:
    """Findings in the order in which they were made."""

    rows: list[Finding] = field(default_factory=list)

    def add(self, aspect: str, found: str, meaning: str) -> None:
        """Note a finding; the log has it at once, whatever comes after."""
        self.rows.append({"aspect": aspect, "found": found, "meaning": meaning})
        print(f"{aspect}: {found}. {meaning}")
