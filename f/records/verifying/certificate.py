"""What an import's rows are when they are read back: the same, written otherwise, or not there. Pure.

A certificate is made of rows as they were sent and records as they are found. What could not be read, or is
not shown by the target, is said to be so and never counted as the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from f.records.planning.diff import Difference, as_text, differences
from f.records.rows.tally import mask
from f.records.target.values import leaves, value_at

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
# What became of the rows that were read back; they add up to `read`.
Counted = Literal["identical", "altered", "missing", "not_known"]
COUNTED: tuple[Counted, ...] = ("identical", "altered", "missing", "not_known")
MOST_EXAMPLES, MOST_LINES = 5, 100


class Example(TypedDict):
    """One altered value. Both texts are masked; the line leads to them."""

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
    """Counts rows as they are compared. `keep` gets those that the target was shown not to have."""

    target: Target
    keep: Callable[[Row], object]
    identical: int = 0
    altered: int = 0
    not_known: int = 0
    missing: int = 0
    missing_lines: list[int] = field(default_factory=list)
    _alterations: dict[tuple[str, Kind], Alteration] = field(default_factory=dict)
    _shown: Counter[str] = field(default_factory=Counter)
    _sent: Counter[str] = field(default_factory=Counter)

    @property
    def read(self) -> int:
        """How many rows were compared."""
        return self.identical + self.altered + self.not_known + self.missing

    def absent(self, row: Row) -> None:
        """Take a row that the target was shown not to have."""
        self.missing += 1
        if self.missing <= MOST_LINES:
            self.missing_lines.append(row.line)
        self.keep(row)

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
        differing = [*differences(shown, there.record), *_lost_zeros(shown, there.record)]
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
            seen["examples"].append({"line": line, "sent": mask(sent), "there": mask(there)})


def kind_of(sent: str, there: str) -> Kind:
    """Return what a target did to a value that is not as it was sent.

    Only what says the same to everybody is `normalised`: other case or spaces, a number with other zeros
    behind its point, digits with other signs around them. In doubt a value is `changed`.
    """
    one, other = _plain(sent), _plain(there)
    if one == other or _is_same_number(sent, there):
        return "normalised"
    return "truncated" if other and one.startswith(other) else "changed"


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


# A number as a decimal, and one as people dial it.
_DECIMAL = re.compile(r"[+-]?(?:0|[1-9]\d*)(?:\.\d+)?", re.ASCII)
_DIALLED = re.compile(r"[+(]?\d[\d\s()./-]*", re.ASCII)
_LEADING_ZERO = re.compile(r"0\d", re.ASCII)
_DIGITS = re.compile(r"\d+", re.ASCII)
_FEWEST_DIGITS = 7
_LONGEST_COUNTRY_CODE = 3


def _plain(text: str) -> str:
    """The text without case and spaces; letters with accents in one form."""
    return "".join(unicodedata.normalize("NFC", text).casefold().split())


def _is_same_number(sent: str, there: str) -> bool:
    """Whether both are one number: 12.50 and 12.5, or +49 30 1234567 and 030/1234567.

    A number that begins with a zero is no decimal: of a postcode or an id the zero is a part.
    """
    if _DECIMAL.fullmatch(sent) and _DECIMAL.fullmatch(there) and "." in sent + there:
        return Decimal(sent) == Decimal(there)
    if not (_DIALLED.fullmatch(sent) and _DIALLED.fullmatch(there)):
        return False
    groups, others = _DIGITS.findall(sent), _DIGITS.findall(there)
    one, other = "".join(groups), "".join(others)
    if min(len(one), len(other)) < _FEWEST_DIGITS:
        return False
    if not {sent[0], there[0]} & {"+", "("}:
        # 11/2/2024 and 1/12/2024 have the same digits too.
        return groups == others or (one == other and 1 in {len(groups), len(others)})
    # One of them may have a country code, the other a zero instead, or nothing.
    shorter, longer = sorted((one.lstrip("0"), other.lstrip("0")), key=len)
    more = len(longer) - len(shorter)
    return len(shorter) >= _FEWEST_DIGITS and more <= _LONGEST_COUNTRY_CODE and longer.endswith(shorter)


def _lost_zeros(sent: Mapping[str, Any], there: Mapping[str, Any]) -> Iterator[Difference]:
    """Yield digits such as a postcode's 01067 that the target keeps as a number: the zero is gone."""
    for path, text in leaves(sent):
        kept = value_at(there, path)
        is_number = isinstance(kept, int | float) and not isinstance(kept, bool)
        if is_number and isinstance(text, str) and _LEADING_ZERO.match(text):
            yield Difference(".".join(path), as_text(kept), text)


def _is_shown(record: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    above = value_at(record, path[:-1])
    return isinstance(above, Mapping) and path[-1] in above


def _put(record: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for step in path[:-1]:
        record = record.setdefault(step, {})
    record[path[-1]] = value
