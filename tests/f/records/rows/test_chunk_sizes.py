"""How large the chunks of an import are: as asked for while they are few, larger before they are too many."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f.records.rows.chunk_sizes import MOST_CHUNKS, ChunkSizes, chunk_sizes
from f.records.rows.row_spool import ChunkWriter

WINDMILL_COUNTS = 2**16  # iterations of a parallel loop
ASKED_FOR = st.none() | st.integers(1, 100_000)
TEN_TERABYTES = 10**13


def chunks_of(sizes: ChunkSizes, rows: int, row_bytes: int) -> int:
    """How many chunks so many rows of this length make, counted without making them."""
    count = 0
    while rows > 0:
        # A chunk is closed by the row that fills it.
        size = min(sizes.most_rows(count), -(-sizes.most_bytes(count) // row_bytes))
        alike = min(every - count % every for every in (sizes.doubles_every or 1, 1_000))
        made = min(alike, -(-rows // size))
        rows, count = rows - made * size, count + made
    return count


@given(ASKED_FOR, st.integers(0, TEN_TERABYTES), st.integers(1, 100_000))
def test_no_file_makes_more_chunks_than_windmill_can_count(
    asked_for: int | None, file_bytes: int, row_bytes: int
) -> None:
    rows = file_bytes // row_bytes
    assert chunks_of(chunk_sizes(asked_for), rows, row_bytes) <= MOST_CHUNKS < WINDMILL_COUNTS


@given(st.integers(1, 2_000), st.integers(1, 300), st.integers(1, 40))
def test_the_writer_makes_chunks_of_these_sizes(rows: int, first: int, doubles_every: int) -> None:
    sizes, made = ChunkSizes(first, doubles_every), list[int]()
    writer = ChunkWriter(sizes, lambda _first, _last, lines: made.append(len(lines)))
    for line in range(1, rows + 1):
        writer.add({"line": line})
    writer.close()
    assert sum(made) == rows
    assert len(made) == chunks_of(sizes, rows, 11)
    assert all(count == sizes.most_rows(index) for index, count in enumerate(made[:-1]))


@given(st.integers(1, 100_000), st.integers(1, 2_000))
def test_what_was_asked_for_holds_for_the_first_two_thousand_jobs(asked_for: int, index: int) -> None:
    assert chunk_sizes(asked_for).most_rows(index - 1) == asked_for


@pytest.mark.parametrize(
    ("rows", "chunks"),
    [(50_000, 100), (100_000, 150), (1_000_000, 432), (10_000_000, 943), (100_000_000, 5_443)],
)
def test_where_nothing_was_asked_for_large_files_are_few_jobs(rows: int, chunks: int) -> None:
    assert chunks_of(chunk_sizes(None), rows, 400) == chunks


def test_larger_chunks_are_never_made_in_silence() -> None:
    sizes, made = ChunkSizes(2, 2), list[int]()
    writer = ChunkWriter(sizes, lambda _first, _last, lines: made.append(len(lines)))
    for line in range(1, 15):
        writer.add({"line": line})
        assert bool(sizes.growth(made)) == (max(made, default=0) > 2)
    writer.close()
    assert made == [2, 2, 4, 4, 2]
    assert sizes.growth(made) == (
        "At 2 rows a job this file would take 7 jobs. So later jobs send more, up to 4 rows, and there are 5."
    )
