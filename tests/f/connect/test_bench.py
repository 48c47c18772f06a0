"""What the bench calls a figure is one."""

from __future__ import annotations

import pytest

from mill.bench.connect import _over, _ratio


@pytest.mark.parametrize(
    ("due", "over"),
    [
        ([0.0] * 120, 0),
        ([0.0] * 121, 1),
        ([0.0] * 60 + [0.5] * 70, 10),
        ([0.0] * 120 + [1.0] * 120, 0),
        ([], 0),
    ],
)
def test_tokens_beyond_limit_and_burst_are_counted_in_the_worst_window(due: list[float], over: int) -> None:
    assert _over(due) == over


def test_a_ratio_is_our_time_over_theirs_round_by_round() -> None:
    assert _ratio([100.0, 200.0, 50.0], [50.0, 100.0, 50.0]) == 2.0
