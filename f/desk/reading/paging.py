"""Pages of the rows of a checked file: those that need attention, all, those of some lines.

Without a column and a search text a page costs the blocks that it lies in. With them every block has to be
read that may have such a row, some at a time: memory does not grow with the file.
"""

# extra_requirements:
# orjson==3.13.0

from __future__ import annotations

import heapq
from bisect import bisect_left
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from f.desk.reading.row_index import EXCLUDED, read_blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from f.desk.reading.row_index import Block, RowIndex

_BLOCKS_AT_ONCE = 8
_LINES_AT_ONCE = 1_000

Record = dict[str, Any]  # of a chunk, or of a block of rows that need attention


class Page(NamedTuple):
    """Some rows, and how many there are in all."""

    total: int
    records: list[Record]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which rows are asked for: with this code, with a problem in this column (from 1), with this text."""

    code: str = ""
    column: int = 0
    search: str = ""

    @property
    def by_cells(self) -> bool:
        """Whether only the rows themselves tell whether they are wanted."""
        return bool(self.column or self.search)

    def count_in(self, block: Block) -> int:
        """Return how many rows of a block that needs attention have the code."""
        codes = block.get("codes", {})
        return codes.get(self.code, 0) if self.code else block["count"] - codes.get(EXCLUDED, 0)

    def fits(self, record: Record) -> bool:
        """Return whether a row that needs attention is wanted."""
        if self.code != record["code"] and (self.code or record["code"] == EXCLUDED):
            return False
        if self.column and not any(column == self.column for _, column, *_ in record["problems"]):
            return False
        return self.holds(record)

    def holds(self, record: Record) -> bool:
        """Return whether a cell of the row has the text, whatever its case."""
        text = self.search.casefold()
        return not text or any(text in cell.casefold() for cell in record["cells"])


def attention(index: RowIndex, wanted: Wanted, offset: int, limit: int) -> Page:
    """Return rows that are not sent as they are, without those that a person took out unless asked for."""
    blocks = [block for block in index["attention"] if wanted.count_in(block)]
    if wanted.by_cells:
        return _scanned(filter(wanted.fits, _records(blocks)), offset, limit)
    total = sum(map(wanted.count_in, blocks))
    needed, skipped = _overlapping(blocks, wanted.count_in, offset, limit)
    fitting = (record for record in _records(needed) if wanted.fits(record))
    return Page(total, list(islice(fitting, skipped, skipped + limit)))


def with_reason(index: RowIndex, code: str) -> Iterator[Record]:
    """Yield all rows of the check whose first problem has this code; few blocks are in memory at any time."""
    blocks = [block for block in index["attention"] if block.get("codes", {}).get(code)]
    return (record for record in _records(blocks) if record["code"] == code)


def every(index: RowIndex, wanted: Wanted, offset: int, limit: int) -> Page:
    """Return rows of the file in its order, whatever became of them."""
    if wanted.search:
        merged = heapq.merge(_records(index["chunks"]), _records(index["attention"]), key=_line)
        return _scanned(filter(wanted.holds, merged), offset, limit)
    end = min(offset + limit, index["rows"])
    before, refused = _refused_between(index["attention"], offset, end)
    count = max(end - offset, 0) - len(refused)
    needed, skipped = _overlapping(index["chunks"], _count, offset - before, count)
    valid = list(islice(_records(needed), skipped, skipped + count))
    return Page(index["rows"], sorted([*valid, *refused], key=_line))


def at_lines(index: RowIndex, lines: Sequence[int]) -> dict[int, Record]:
    """Return the rows that begin on these lines, by line; a line on which none begins is left out."""
    found: dict[int, Record] = {}
    for blocks in (index["attention"], index["chunks"]):
        found.update(_found(blocks, [line for line in lines if line not in found]))
    return found


def originals(index: RowIndex, lines: Sequence[int]) -> dict[int, Record]:
    """Return those of these rows that people had changed before the check, as the file has them."""
    return _found(index["originals"], lines)


def of_lines(
    index: RowIndex, lines: Sequence[int], offset: int, limit: int, fits: Callable[[Record], bool] | None
) -> Page:
    """Return rows of these lines, in ascending order; with `fits` only some, for which all are read."""
    if fits is None:
        found = at_lines(index, lines[offset : offset + limit])
        return Page(len(lines), [found[line] for line in sorted(found)])

    def fitting() -> Iterator[Record]:
        for start in range(0, len(lines), _LINES_AT_ONCE):
            found = at_lines(index, lines[start : start + _LINES_AT_ONCE])
            yield from (found[line] for line in sorted(found) if fits(found[line]))

    return _scanned(fitting(), offset, limit)


def _found(blocks: Sequence[Block], lines: Iterable[int]) -> dict[int, Record]:
    """Blocks may span each other's lines, but not those of their own kind."""
    lasts = [block["last"] for block in blocks]
    by_block: dict[int, set[int]] = {}
    for line in lines:
        place = bisect_left(lasts, line)
        if place < len(blocks) and blocks[place]["first"] <= line:
            by_block.setdefault(place, set()).add(line)
    places = sorted(by_block)
    found: dict[int, Record] = {}
    for start in range(0, len(places), _BLOCKS_AT_ONCE):
        some = places[start : start + _BLOCKS_AT_ONCE]
        for place, records in zip(some, read_blocks([blocks[place] for place in some]), strict=True):
            found.update({record["line"]: record for record in records if record["line"] in by_block[place]})
    return found


def _refused_between(blocks: Sequence[Block], first: int, end: int) -> tuple[int, list[Record]]:
    """Return how many rows before the row `first` are not valid, and those of them from there to `end`."""
    before = sum(block["count"] for block in blocks if block["last_row"] < first)
    needed = [block for block in blocks if block["last_row"] >= first and block["first_row"] < end]
    between = []
    for record in _records(needed):
        if record["row"] < first:
            before += 1
        elif record["row"] < end:
            between.append(record)
    return before, between


def _overlapping(
    blocks: Sequence[Block], count: Callable[[Block], int], offset: int, limit: int
) -> tuple[list[Block], int]:
    """Return the blocks in which the rows from `offset` on lie, and how many rows to skip of the first."""
    needed: list[Block] = []
    start = 0
    skipped = 0
    for block in blocks:
        end = start + count(block)
        if end > offset and start < offset + limit:
            skipped = skipped if needed else offset - start
            needed.append(block)
        start = end
    return needed, skipped


def _records(blocks: Sequence[Block]) -> Iterator[Record]:
    """Yield the rows of blocks; few blocks are in memory at any time."""
    for start in range(0, len(blocks), _BLOCKS_AT_ONCE):
        for records in read_blocks(blocks[start : start + _BLOCKS_AT_ONCE]):
            yield from records


def _scanned(records: Iterable[Record], offset: int, limit: int) -> Page:
    total, page = 0, []
    for record in records:
        if offset <= total < offset + limit:
            page.append(record)
        total += 1
    return Page(total, page)


def _count(block: Block) -> int:
    return block["count"]


def _line(record: Record) -> int:
    line: int = record["line"]
    return line
