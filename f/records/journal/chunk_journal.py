"""The journal of one chunk of a file: in blocks while that is possible, else by rows."""

# ruff: noqa: D102 - Journal says what the methods are for

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import orjson

from f.records.journal.blocks import Append, FilePart, append, open_chunk, unpack
from f.records.journal.journal import MINE, Claim, Entry
from f.records.journal.row_journal import Change, RowJournal, numbers

if TYPE_CHECKING:
    from f.records.journal.owner import Owner
    from f.store.store import Store


class ChunkJournal(RowJournal):
    """A RowJournal for a job that sends nothing but the rows of one chunk, each of them once.

    While it may write blocks, nothing is known of its rows, so all of them are its own.
    """

    def __init__(self, store: Store, target: str, import_id: str, owner: Owner, part: FilePart) -> None:
        super().__init__(store, target, import_id, owner)
        self._part = part
        self._writes_blocks: bool | None = None  # not asked yet
        self._blocks = 0  # that were written, and are not in rows yet

    def claim(self, entries: Sequence[Entry]) -> Mapping[str, Claim]:
        if self._writes_blocks is None:
            self._writes_blocks = open_chunk(self.store, self._of_chunk(self.now()))
        if not self._writes_blocks:
            return super().claim(entries)
        return dict.fromkeys((entry.key for entry in entries), MINE)

    def release(self) -> None:
        held = [Append("in_doubt", [(key,) for key in self._held])]
        if not self._held or not self._append(self.now(), held):
            super().release()

    def _write_sent(
        self, at: float, entries: Sequence[Entry], in_flight: float, job: str | None
    ) -> frozenset[str]:
        if self._append(at, [Append("sent", entries, in_flight, job)]):
            return frozenset(entry.key for entry in entries)
        return super()._write_sent(at, entries, in_flight, job)

    def _write_outcomes(self, at: float, changes: Sequence[Change], counts: Counter[str]) -> None:
        if not self._append(at, [Append(*change) for change in changes], counts):
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

    def _of_chunk(self, at: float) -> dict[str, object]:
        return {**self._values(at), "reading": self._part.reading, "chunk": self._part.chunk}
