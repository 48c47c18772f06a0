"""The rows that show a reason, as they stand in the file: for the page, which is a file for its reader.

Nothing of it goes into a result, a message or a log: there the examples stay masked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from f.connect.errors import ConnectError
from f.records.planning.plan_file import unmasked_examples
from f.records.rows.row_store import read_rows

if TYPE_CHECKING:
    from f.records.planning.plan import Change, Plan
    from f.records.reading.parsed import Parsed
    from f.records.rows.row_store import Created, StoredRows
    from f.records.rows.tally import Example, Reason

MOST_REPAIRS = 50  # shown; the rest is counted
_LONGEST = 120
_CELLS = 12


class Shown(NamedTuple):
    """A row of the file: its cells, and what was said of it."""

    cells: Sequence[str]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the page shows of the file itself, and of how it was understood.

    `rows` are by line; `repairs` are the first of `repaired` cells, which were read otherwise than written.
    """

    header: Sequence[str] = ()
    rows: Mapping[int, Shown] = field(default_factory=dict)
    changes: Sequence[Change] = ()
    repairs: Sequence[Mapping[str, Any]] = ()
    repaired: int = 0
    notes: Sequence[Mapping[str, Any]] = ()
    guesses: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def example(self, example: Example) -> str:
        """Return what stands in the file where the example is; masked if that is not known."""
        row, column = self.rows.get(example["line"]), example["column"]
        if row is None:
            return example["value"]
        if column is not None and column in self.header:
            at = self.header.index(column)
            value = row.cells[at].strip() if at < len(row.cells) else ""
            if value or example["value"]:
                return _cut(value) or example["value"]
        return _cut(" | ".join(row.cells[:_CELLS]))

    def detail(self, line: int) -> str:
        """Return what was said of this very row."""
        row = self.rows.get(line)
        return row.detail if row else ""


def collect(
    parsed: Parsed, created: Iterable[Created], reasons: Iterable[Reason], plan: Plan | None
) -> Evidence:
    """Gather the rows that the examples name, the repaired cells, and how the file was understood."""
    wanted = {example["line"] for reason in reasons for example in reason["examples"]}
    given: Mapping[str, Any] = parsed
    repairs: StoredRows | None = given.get("repairs")
    return Evidence(
        header=parsed["header"],
        rows=_rows_at(wanted, parsed, created),
        changes=_changes(plan),
        repairs=_first(read_rows(repairs), MOST_REPAIRS) if repairs else (),
        repaired=repairs["count"] if repairs else 0,
        notes=given.get("notes") or (),
        guesses=_by_column(given.get("guesses"), parsed["header"]),
    )


def _rows_at(wanted: set[int], parsed: Parsed, created: Iterable[Created]) -> dict[int, Shown]:
    """The rows at these lines; only chunks that hold one are read."""
    found: dict[int, Shown] = {}
    chunks = [
        chunk["rows"]
        for chunk in parsed["chunks"]
        if any(chunk["first_line"] <= line <= chunk["last_line"] for line in wanted)
    ]
    reported = [result["reported"] for result in created]
    for stored in (*parsed["refused"], *reported, *chunks):
        if wanted <= found.keys():
            break
        for record in read_rows(stored):
            if record["line"] in wanted and record["line"] not in found:
                found[record["line"]] = Shown(record["cells"], str(record.get("detail") or ""))
    return found


def _changes(plan: Plan | None) -> Sequence[Change]:
    """A page is worth more than its examples: if the plan's file cannot be read, they stay masked."""
    if plan is None:
        return ()
    try:
        return unmasked_examples(plan)
    except ConnectError:
        return plan["examples"]


def _first(records: Iterator[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    return list(islice(records, most))


def _by_column(guesses: Any, header: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    """The guesses under the names of their columns, whether they came as a list or by name."""
    if isinstance(guesses, Mapping):
        return {str(name): guess for name, guess in guesses.items() if isinstance(guess, Mapping)}
    listed = [guess for guess in guesses or () if isinstance(guess, Mapping)]
    return {
        str(guess.get("column") or header[guess["index"]]): guess
        for guess in listed
        if guess.get("column") or (isinstance(guess.get("index"), int) and guess["index"] < len(header))
    }


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
