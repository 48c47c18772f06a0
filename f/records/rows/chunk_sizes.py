"""How many rows one job of an import sends: the more rows a file has, the more, so that jobs stay few.

A job costs a second or two before it sends its first row. And all of an import's are iterations of one loop,
which Windmill counts in 16 bits: beyond MOST_CHUNKS it would let them loose all at once, or never. How many
rows are to come is not known while a file is read, so the size doubles with the number of chunks made.
"""

from __future__ import annotations

from typing import NamedTuple

MOST_CHUNKS = 65_000
USUAL_ROWS = 500
_USUAL_DOUBLES_EVERY = 100  # a million rows are some 430 jobs, not 2,000
_CHOSEN_DOUBLES_EVERY = 2_000  # as late as the bound allows, even for one row a job
# A job reads its chunk whole: some 20,000 rows of an address book, whatever was asked for.
_CHUNK_BYTES = 8_000_000
_BYTES_DOUBLE_EVERY = 8_000  # that is, not before 64 GB


class ChunkSizes(NamedTuple):
    """At most so many `rows` a chunk, twice as many after each `doubles_every` chunks; 0: always so many."""

    rows: int
    doubles_every: int = 0

    def most_rows(self, index: int) -> int:
        """Return the limit of the chunk with this index."""
        return self.rows << (index // self.doubles_every) if self.doubles_every else self.rows

    def most_bytes(self, index: int) -> int:
        """Return the size of its encoded records with which it is full."""
        return _CHUNK_BYTES << (index // _BYTES_DOUBLE_EVERY) if self.doubles_every else _CHUNK_BYTES

    def most(self, index: int) -> tuple[int, int]:
        """Return both limits of a chunk: its rows, and its bytes."""
        return self.most_rows(index), self.most_bytes(index)

    def growth(self, sizes: list[int]) -> str:
        """Return a sentence on chunks of these sizes if some are larger than asked for, else an empty one."""
        largest = max(sizes, default=0)
        if largest <= self.rows:
            return ""
        asked = f"{self.rows:,} {'row' if self.rows == 1 else 'rows'} a job"
        return (
            f"At {asked} this file would take {-(-sum(sizes) // self.rows):,} jobs. "
            f"So later jobs send more, up to {largest:,} rows, and there are {len(sizes):,}."
        )


def chunk_sizes(wanted: int | None) -> ChunkSizes:
    """Return the sizes for an import: from 500 rows on, or as `wanted` for as long as the bound allows."""
    if wanted is None:
        return ChunkSizes(USUAL_ROWS, _USUAL_DOUBLES_EVERY)
    return ChunkSizes(max(wanted, 1), _CHOSEN_DOUBLES_EVERY)
