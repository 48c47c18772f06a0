"""Counts per reason with the first examples, in memory that does not grow with the file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NotRequired, TypedDict

from f.records.rows.outcome import REASONS, ReasonText

_EXAMPLES = 3


class Example(TypedDict):
    """One row that shows a reason. `value` is masked: enough to find the fault, not to know the person.

    `after`, masked as well, is what was made of the value where something was.
    """

    line: int
    column: str | None
    value: str
    after: NotRequired[str]


class Reason(TypedDict):
    """Why rows have their outcome, with how many and the first of them.

    `outcome` is one of an import, `warning`, or one of those that a plan has in their place.
    """

    outcome: str
    code: str
    message: str
    hint: str
    rows: int
    examples: list[Example]


@dataclass(slots=True)
class Tally:
    """Counts rows under reason codes; `texts` has what a person reads of each."""

    texts: Mapping[str, ReasonText] = field(default_factory=lambda: REASONS)
    reasons: dict[str, Reason] = field(default_factory=dict)

    def add(self, code: str, line: int, column: str | None, value: str, after: str = "") -> None:
        """Count a row under a reason code."""
        text = self.texts[code]
        reason = self.reasons.setdefault(
            code,
            {
                "outcome": text.outcome or "warning",
                "code": code,
                "message": text.message,
                "hint": text.hint,
                "rows": 0,
                "examples": [],
            },
        )
        reason["rows"] += 1
        if len(reason["examples"]) < _EXAMPLES:
            example = Example(line=line, column=column, value=mask(value))
            reason["examples"].append({**example, "after": mask(after)} if after else example)

    def note(self, code: str, line: int | None, rows: int) -> None:
        """Count what was noticed of a file: so many rows from `line` on. Without a text it is no reason."""
        if rows and line and code in self.texts:
            self.add(code, line, None, "")
            self.reasons[code]["rows"] += rows - 1


def mask(value: str) -> str:
    """Return enough of a value to find it in the file, not enough to know the person."""
    value = value.strip()
    if len(value) <= 2:
        return value
    return f"{value[:2]}… ({len(value)} characters)"
