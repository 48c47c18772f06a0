"""What `mill bench reader --pollock` runs in the workspace's root: each file's score, as JSON.

`python pollock_worker.py DIR`. The published Pollock benchmark: polluted CSV files beside what they mean.

Its folder has `polluted_files/csv` with some 2,300 files, each one table with one thing wrong, and
`polluted_files/clean` with what each of them means. Each file gives up to ten points: one if it is loaded at
all, and precision, recall and F1 of its header cells, its records (cells joined) and its cells. The simple
score is the mean over all files; the weighted one uses `pollock_weights.json`, which counts how often a
pollution was found in published files.

A record of joined cells looks the same after a shift, so there is a check of our own: each row of a file is
compared cell by cell with the clean file. It is equal, or refused with a reason, or the file has a note that
tells of it; else it was changed silently, which is never right.
"""

from __future__ import annotations

import csv
import json
import math
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from f.records.reading.table import BadTable, Table, read_table

_COUNTED_AS_EMPTY = {"empty_file"}  # what a file without a byte is: read, and nothing in it
_TELLS_OF_ROWS = {"quote_in_cell", "single_quotes", "mostly_undecodable", "trailing_delimiters"}


@dataclass(slots=True)
class FileScore:
    """One file: its points, 10 at most, its weight, and what became of its rows."""

    name: str
    weight: float
    points: float = 0.0
    refused_as: str = ""
    rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("equal", "refused", "noted"), 0))
    silently_changed: int = 0
    silently_lost: int = 0


def score_folder(files: Path, weights: dict[str, float]) -> Iterator[FileScore]:
    """Yield the score of each polluted file, each read with no parameter given."""
    for path in sorted((files / "csv").glob("*.csv")):
        clean = files / "clean" / path.name
        if clean.is_file():
            score = FileScore(path.name, weights.get(path.name, 0.0))
            yield _score(score, path.read_bytes(), _read_clean(clean))


def _read_clean(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def _score(score: FileScore, data: bytes, clean: list[list[str]]) -> FileScore:
    try:
        table = read_table([data])
        rows = list(table.rows)
    except BadTable as error:
        score.refused_as = error.code or "refused"
        if error.code in _COUNTED_AS_EMPTY:
            score.points = _points([], clean)
        return score
    header = [list(table.header)] if table.dialect.has_header else []
    loaded = [*header, *(_without_break(row.cells) for row in rows)]
    score.points = _points(loaded, clean)
    good = [row.cells for row in rows if not row.fault]
    again = next((row.line for row in rows if row.fault == "repeated_header"), math.inf)
    score.rows["refused"] = len(rows) - len(good)
    below = sum(row.line > again for row in rows if not row.fault)
    _compare(score, table, good, clean[len(header) :], below)
    return score


def _without_break(cells: list[str]) -> list[str]:
    """A refused row's last cell may carry the line's end, which a file of rejects would not."""
    return [*cells[:-1], cells[-1].rstrip("\r\n")] if cells else cells


def _points(loaded: list[list[str]], clean: list[list[str]]) -> float:
    """One for loading, and nine measures; a file that means nothing is matched by anything."""
    if not clean:
        return 10.0
    header = _overlap([_normal(cell) for cell in clean[0]], [_normal(c) for row in loaded[:1] for c in row])
    records = _overlap([_record(row) for row in clean[1:]], [_record(row) for row in loaded[1:]])
    cells = _overlap([cell for row in clean for cell in row], [cell for row in loaded for cell in row])
    return 1.0 + header + records + cells


def _overlap(expected: Sequence[str], loaded: Sequence[str]) -> float:
    """The sum of precision, recall and their harmonic mean, of two multisets."""
    if not expected:
        return 3.0
    common = (Counter(expected) & Counter(loaded)).total()
    if not common:
        return 0.0
    one, other = common / len(expected), common / len(loaded)
    return one + other + 2 * one * other / (one + other)


def _record(row: list[str]) -> str:
    return "".join(map(_normal, row))


_WHOLE = re.compile(r"[+-]?\d+")
_DECIMAL = re.compile(r"[+-]?\d*\.\d+|[+-]?\d+\.\d*")


def _normal(cell: str) -> str:
    """A cell as the benchmark compares it: letters' case and the writing of numbers do not matter.

    It also reads dates, times and prices as such. We do not: what is read here is compared as it is written.
    """
    text = cell.strip()
    if _WHOLE.fullmatch(text):
        return str(int(text))
    if _DECIMAL.fullmatch(text):
        return str(float(text))
    return cell.lower()


def _compare(
    score: FileScore, table: Table, good: list[list[str]], clean: list[list[str]], below: int
) -> None:
    """Match the good rows to the clean ones; what matches none was changed.

    The last `below` of them stand under a second header, whose refusal tells of them.
    """
    told = any(note.code in _TELLS_OF_ROWS for note in table.notes)
    stopped = any(note.code in {"second_table", "skipped_lines"} for note in table.notes)
    left = Counter(map(tuple, clean))
    for number, cells in enumerate(good):
        key = tuple(cells)
        if left[key]:
            left[key] -= 1
            score.rows["equal"] += 1
        elif told or number >= len(good) - below:
            score.rows["noted"] += 1
        else:
            score.silently_changed += 1
    missing = left.total() - score.rows["refused"] - score.rows["noted"] - score.silently_changed
    if missing > 0 and not stopped:
        score.silently_lost = missing


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    read = json.loads((folder / "pollock_weights.json").read_bytes())
    json.dump([asdict(score) for score in score_folder(folder / "polluted_files", read)], sys.stdout)
