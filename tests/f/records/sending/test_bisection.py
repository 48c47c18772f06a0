"""Finding the guilty rows of a refused batch."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f.records.sending.bisection import Bisection


def hunt(rows: Sequence[int], guilty: set[int], calls: int) -> tuple[set[int], set[int], set[int], int]:
    """Send halves until nothing is left: which rows went through, which were found, which given up; calls."""
    bisection, made = Bisection(calls), 0
    applied: set[int] = set()
    found: set[int] = set()
    given_up: set[int] = set()
    batches: list[Sequence[int]] = [rows]
    while batches:
        batch = batches.pop()
        made += 1
        bad = guilty & set(batch)
        if not bad:
            applied |= set(batch)
        elif len(batch) == 1:
            found |= bad
        else:
            halves = bisection.halves(batch)
            given_up |= set() if halves else set(batch)
            batches += halves
    return applied, found, given_up, made


@pytest.mark.parametrize(("size", "most"), [(2, 2), (100, 14), (200, 16)])
def test_one_guilty_row_costs_two_calls_a_halving(size: int, most: int) -> None:
    for guilty in range(size):
        applied, found, given_up, made = hunt(range(size), {guilty}, 1000)
        assert (found, given_up, len(applied)) == ({guilty}, set(), size - 1)
        assert made - 1 <= most


@given(size=st.integers(1, 200), guilty=st.sets(st.integers(0, 199)), calls=st.integers(0, 60))
def test_every_row_ends_once_and_the_calls_are_bounded(size: int, guilty: set[int], calls: int) -> None:
    applied, found, given_up, made = hunt(range(size), guilty, calls)
    assert sorted([*applied, *found, *given_up]) == list(range(size))
    assert made <= calls + 1
    assert not applied & guilty
