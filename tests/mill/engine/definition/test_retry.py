from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mill.engine.definition.retry import MAX_WAIT, Retry, seconds_until_retry


@pytest.mark.parametrize(
    ("retry", "waits"),
    [
        (Retry(), []),
        (Retry(constant_attempts=2, constant_seconds=5), [5, 5]),
        (Retry(constant_attempts=1, constant_seconds=0), [0]),
        (Retry(exponential_attempts=3, exponential_seconds=2), [2, 4, 8]),
        (Retry(exponential_attempts=3, exponential_seconds=2, multiplier=3), [6, 12, 24]),
        (Retry(exponential_attempts=3, exponential_seconds=1, multiplier=4), [4, 4, 4]),
        (Retry(1, 7, 2, 2), [7, 4, 8]),
        (Retry(exponential_attempts=2, exponential_seconds=200), [200, MAX_WAIT]),
        (Retry(exponential_attempts=1, exponential_seconds=60_000, multiplier=9), [MAX_WAIT]),
        (Retry(constant_attempts=1, constant_seconds=60_000), [MAX_WAIT]),
    ],
)
def test_waits_follow_windmills_formula(retry: Retry, waits: list[int]) -> None:
    found = [seconds_until_retry(retry, failures) for failures in range(len(waits) + 1)]
    assert found == [*waits, None]


@pytest.mark.parametrize(("sign", "wait"), [(1, 129), (0, 71)])
def test_the_random_factor_moves_the_wait_either_way(sign: int, wait: int) -> None:
    draws = iter([29, sign])
    retry = Retry(exponential_attempts=1, exponential_seconds=100, random_factor=30)
    assert seconds_until_retry(retry, 0, lambda low, high: next(draws)) == wait


def test_the_random_factor_is_below_a_hundred_per_cent() -> None:
    asked: list[tuple[int, int]] = []

    def draw(low: int, high: int) -> int:
        asked.append((low, high))
        return high

    seconds_until_retry(Retry(exponential_attempts=1, exponential_seconds=9, random_factor=500), 0, draw)
    assert asked == [(0, 99), (0, 1)]


@given(
    st.builds(
        Retry,
        constant_attempts=st.integers(0, 5),
        constant_seconds=st.integers(0, 65_535),
        exponential_attempts=st.integers(0, 5),
        exponential_seconds=st.integers(0, 65_535),
        multiplier=st.integers(0, 65_535),
        random_factor=st.integers(0, 1_000),
    ),
    st.integers(0, 2_000),
)
def test_a_wait_is_never_negative_nor_above_six_hours(retry: Retry, failures: int) -> None:
    wait = seconds_until_retry(retry, failures)
    assert wait is None or 0 <= wait <= MAX_WAIT
    assert (wait is None) == (failures >= retry.attempts)
