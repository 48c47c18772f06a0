"""What an import's rows are when they are read back: the same, written otherwise, or not there. Pure.

A certificate is made of rows as they were sent and records as they are found. What could not be read, or is
not shown by the target, is said to be so and never counted as the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from f.records.planning.diff import as_text, differences
from f.records.target.values import is_other_text, leaves, value_at

if TYPE_CHECKING:
    from f.records.rows.row import Found, Row
    from f.records.target.target import Target
    from f.windmill.objects import FileRef

Kind = Literal["normalised", "truncated", "changed"]
KINDS: dict[Kind, str] = {
    "normalised": "the target writes it in its own way (case, spaces, signs)",
    "truncated": "the target keeps the beginning only",
    "changed": "another value",
}
MOST_EXAMPLES, MOST_LINES = 5, 100


class Example(TypedDict):
    """One altered value. `sent` and `there` are cut to a readable length."""

    line: int
    sent: str
    there: str


class Alteration(TypedDict):
    """One field that is not as it was sent, in one way, in so many rows."""

    field: str
    kind: Kind
    rows: int
    examples: list[Example]


class Certificate(TypedDict):
    """What was read back of an import.

    `eligible` rows are in the target by the import's own word, `read` of them were looked up; these are
    `identical`, `altered`, `missing` or `not_known`. `not_shown` are fields that no record showed. `missing`
    rows are in `file`, in the user's own columns, and the first of their lines in `missing_lines`. `message`
    is all of it in a sentence or two, or why there is no certificate.
    """

    eligible: int
    read: int
    identical: int
    altered: int
    missing: int
    not_known: int
    alterations: list[Alteration]
    not_shown: list[str]
    missing_lines: list[int]
    file: FileRef | None
    message: str


@dataclass(slots=True)
class Comparison:
    """Counts rows as they are compared. `missing` are those that the target was shown not to have."""

    target: Target
    identical: int = 0
    altered: int = 0
    not_known: int = 0
    missing: list[Row] = field(default_factory=list)
    _alterations: dict[tuple[str, Kind], Alteration] = field(default_factory=dict)
    _shown: Counter[str] = field(default_factory=Counter)
    _sent: Counter[str] = field(default_factory=Counter)

    @property
    def read(self) -> int:
        """How many rows were compared."""
        return self.identical + self.altered + self.not_known + len(self.missing)

    def found(self, row: Row, there: Found) -> None:
        """Compare a row with the record that the target has of it."""
        record = self.target.record_of(row)
        shown: dict[str, Any] = {}
        for path, value in leaves(record):
            name = ".".join(path)
            self._sent[name] += 1
            if _is_shown(there.record, path):
                self._shown[name] += 1
                _put(shown, path, value)
        differing = differences(shown, there.record)
        for one in differing:
            self._alter(row.line, one.field, one.after, one.before)
        if differing:
            self.altered += 1
        else:
            self.identical += 1

    def alterations(self) -> list[Alteration]:
        """Return them, the ones in most rows first."""
        return sorted(self._alterations.values(), key=lambda one: (-one["rows"], one["field"], one["kind"]))

    def not_shown(self) -> list[str]:
        """Return the fields that were sent and that no record showed."""
        return sorted(name for name in self._sent if not self._shown[name])

    def _alter(self, line: int, name: str, sent: str, there: str) -> None:
        kind = kind_of(sent, there)
        seen = self._alterations.setdefault(
            (name, kind), {"field": name, "kind": kind, "rows": 0, "examples": []}
        )
        seen["rows"] += 1
        if len(seen["examples"]) < MOST_EXAMPLES:
            seen["examples"].append({"line": line, "sent": _cut(sent), "there": _cut(there)})


def kind_of(sent: str, there: str) -> Kind:
    """Return what a target did to a value that is not as it was sent."""
    if not there:
        return "changed"
    if len(there) < len(sent) and sent.casefold().startswith(there.casefold()):
        return "truncated"
    if is_other_text(sent, there) and not _is_same_number(sent, there):
        return "changed"
    return "normalised"


def no_certificate(message: str) -> Certificate:
    """Return a certificate that says why there is none."""
    return {
        "eligible": 0,
        "read": 0,
        "identical": 0,
        "altered": 0,
        "missing": 0,
        "not_known": 0,
        "alterations": [],
        "not_shown": [],
        "missing_lines": [],
        "file": None,
        "message": message,
    }


def is_sound(certificate: Certificate) -> bool:
    """Return whether nothing is missing, and nothing altered beyond the target's own way of writing it."""
    kinds = {one["kind"] for one in certificate["alterations"]}
    return not certificate["missing"] and kinds <= {"normalised"}


def _is_same_number(sent: str, there: str) -> bool:
    """Whether two texts are one number, with a code before it and without."""
    one, other = ("".join(filter(str.isdigit, text)) for text in (sent, there))
    shorter, longer = sorted((one, other), key=len)
    return len(shorter) >= 7 and longer.endswith(shorter)


def _is_shown(record: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    above = value_at(record, path[:-1])
    return isinstance(above, Mapping) and path[-1] in above


def _put(record: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for step in path[:-1]:
        record = record.setdefault(step, {})
    record[path[-1]] = value


def _cut(text: str) -> str:
    text = as_text(text)
    return text if len(text) <= 80 else text[:79] + "…"
