"""The journal of one chunk of a file: in blocks while that is possible, else by rows."""

# ruff: noqa: D102 - Journal says what the methods are for

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

import orjson

from f.records.journal.blocks import APPLIED, Append, FilePart, append, open_chunk, unpack
from f.records.journal.journal import MINE, Claim, Entry
from f.records.journal.row_journal import Change, RowJournal, Values, numbers

if TYPE_CHECKING:
    from f.records.journal.owner import Owner
    from f.store.store import Store


_NUMBER = itemgetter(0)
_WORTH_A_BLOCK = 100  # rows: a statement more, and a line more in the table


class ChunkJournal(RowJournal):
    """A RowJournal for a job that sends nothing but the rows of one chunk, each of them once.

    While it may write blocks, nothing is known of its rows, so all of them are its own.
    """

    def __init__(self, store: Store, target: str, import_id: str, owner: Owner, part: FilePart) -> None:
        super().__init__(store, target, import_id, owner)
        self._part = part
        self._writes_blocks: bool | None = None  # not asked yet
        self._blocks = 0  # that were written, and are not in rows yet
        self._places = _Places()

    def claim(self, entries: Sequence[Entry]) -> Mapping[str, Claim]:
        if self._writes_blocks is None:
            self._writes_blocks = open_chunk(self.store, self._of_chunk(self.now()))
        if not self._writes_blocks:
            return super().claim(entries)
        return dict.fromkeys((entry.key for entry in entries), MINE)

    def release(self) -> None:
        held = [Append("in_doubt", [list(self._held)])]
        if not self._held or not self._append(self.now(), held):
            super().release()

    def _write_sent(
        self, at: float, entries: Sequence[Entry], in_flight: float, job: str | None
    ) -> frozenset[str]:
        if not entries:
            return frozenset()
        block, columns = self._blocks, tuple(zip(*entries, strict=True))
        if not self._append(at, [Append("sent", columns, in_flight, job)]):
            return super()._write_sent(at, entries, in_flight, job)
        self._places.add(block, columns[0])
        return frozenset(columns[0])

    def _write_outcomes(self, at: float, changes: Sequence[Change], counts: Counter[str]) -> None:
        recorded = changes if self._writes_blocks else ()
        blocks = [block for change in recorded for block in self._places.leave(*change)]
        if not self._append(at, blocks, counts):
            super()._write_outcomes(at, changes, counts)

    def _append(self, at: float, appends: Sequence[Append], counts: Mapping[str, int] | None = None) -> bool:
        """Write blocks; False if that is not possible, and what was written before stands in rows by now."""
        if not self._writes_blocks or not appends:
            self._unpack()
            return False
        counted = orjson.dumps(sorted(numbers(counts))).decode() if counts else None
        number = self._blocks
        self._blocks += len(appends)  # also if it is not known whether they were written
        self._writes_blocks = append(self.store, self._of_chunk(at), number, appends, counted)
        if not self._writes_blocks:
            self._unpack()
        return self._writes_blocks

    def _unpack(self) -> None:
        """Bring into rows what this job has written in blocks, if it may write no more."""
        if self._blocks and not self._writes_blocks:
            unpack(self.store, self._target)
            self._blocks = 0
            self._places = _Places()

    def _of_chunk(self, at: float) -> dict[str, object]:
        return {**self._values(at), "reading": self._part.reading, "chunk": self._part.chunk}


class _Places:
    """Where those rows of a job stand that have no outcome yet: in which block of sent rows, and where."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}  # by key: rows are numbered through all blocks, as they are sent
        self._firsts: list[tuple[int, int]] = []  # of each block its first row's number, and its own
        self._count = 0

    def add(self, block: int, keys: Sequence[str]) -> None:
        """Take note of a block of sent rows. One that was sent before stands there no more."""
        first, self._count = self._count, self._count + len(keys)
        self._firsts.append((first, block))
        self._numbers.update(zip(keys, range(first, self._count), strict=True))

    def leave(self, change: str, rows: Sequence[Values]) -> Iterator[Append]:
        """Yield what is recorded of rows, which have an outcome now.

        Keys and contents of applied ones stand where they were sent: a row's entry is the same all its life.
        """
        numbers = [self._numbers.pop(str(row[0]), -1) for row in rows]
        if change == "done":
            if numbers != sorted(numbers):
                rows = [rows[at] for at in sorted(range(len(rows)), key=numbers.__getitem__)]
                numbers.sort()
            rows = yield from self._leave_applied(numbers, rows)
        if rows:
            yield Append(change, tuple(zip(*rows, strict=True)))

    def _leave_applied(
        self, numbers: Sequence[int], rows: Sequence[Values]
    ) -> Generator[Append, None, Sequence[Values]]:
        """Yield blocks of applied rows, whose numbers rise; return those that are not worth a block.

        Each is of one sent block: where one row is a request, there is a sent block for a few of them.
        """
        end, rest = 0, list[Values]()
        while end < len(numbers):
            begin, after = end, bisect_right(self._firsts, numbers[end], key=_NUMBER)
            is_last = after == len(self._firsts)
            end = len(numbers) if is_last else bisect_left(numbers, self._firsts[after][0], begin)
            if after == 0 or end - begin < _WORTH_A_BLOCK:
                rest += rows[begin:end]
            else:
                first, block = self._firsts[after - 1]
                places = _in_sequence([number - first for number in numbers[begin:end]])
                _, _, *outcome = zip(*rows[begin:end], strict=True)
                yield Append(APPLIED, [places, *outcome], as_sent=block)
        return rest


def _in_sequence(numbers: list[int]) -> Sequence[int]:
    """Rising numbers, as a range if none is left out."""
    run = range(numbers[0], numbers[-1] + 1)
    return run if len(run) == len(numbers) else numbers
