"""Why a handler failed, and when it is run again."""

from __future__ import annotations

from typing import Any

import pytest

from f.webhooks.dispatch.failures import failure_in, is_final, wait_before
from f.webhooks.dispatch.routing_resource import Retry


def test_each_wait_is_three_times_the_one_before_up_to_the_longest() -> None:
    waits = [wait_before(attempt, Retry(), None, 1.0) for attempt in range(1, 10)]
    assert waits == [60, 180, 540, 1620, 4860, 14_580, 21_600, 21_600, 21_600]
    assert [wait_before(attempt, Retry(), None, 0.0) for attempt in (1, 2)] == [30, 90]
    assert wait_before(50, Retry(first_seconds=1e-3, longest_seconds=1e300), None, 1.0) < 1e25


@pytest.mark.parametrize(("after", "wait"), [(None, 60), (1, 60), (600, 600), (99_999, 21_600)])
def test_what_a_service_asks_for_is_kept_to(after: float | None, wait: float) -> None:
    assert wait_before(1, Retry(), after, 1.0) == wait


@pytest.mark.parametrize(
    ("result", "error", "code", "after"),
    [
        ({"error": {"name": "TryLater", "extra": {"code": "busy", "retry_after": 9}}}, "TryLater", "busy", 9),
        ({"error": {"name": "TryLater", "extra": {"retry_after": True}}}, "TryLater", "", None),
        ({"error": {"name": "TryLater", "extra": {"retry_after": -1}}}, "TryLater", "", None),
        ({"error": {"name": "TryLater", "extra": {"retry_after": 10**400}}}, "TryLater", "", 1e9),
        ({"error": {"name": "TryLater", "extra": {"retry_after": float("nan")}}}, "TryLater", "", None),
        ({"error": {"name": "KeyError", "message": "'x'", "extra": 3}}, "KeyError", "", None),
        ({"error": "text"}, "Failed", "", None),
        ({"wm_failure": "x", "error": {"name": "ManualFailure", "message": "x"}}, "ManualFailure", "", None),
        (None, "Failed", "", None),
        ([1], "Failed", "", None),
    ],
)  # fmt: skip
def test_whatever_a_job_returned_there_is_a_failure(
    result: Any, error: str, code: str, after: float | None
) -> None:
    failure, asked = failure_in(result)
    assert (failure.error, failure.code, asked) == (error, code, after)
    assert failure.hint


def test_nothing_personal_and_nothing_long_is_kept_of_a_message() -> None:
    failure, _ = failure_in({"error": {"name": "E", "message": "mail to ada@example.com " + "x" * 10_000}})
    assert "example" not in failure.message
    assert len(failure.message) <= 500


@pytest.mark.parametrize(
    ("name", "final"),
    [("GiveUpRecord", True), ("FixInput", True), ("FixSettings", False), ("KeyError", False)],
)
def test_what_was_refused_for_good_is_not_run_again(name: str, final: bool) -> None:
    failure, _ = failure_in({"error": {"name": name, "message": ""}})
    assert is_final(failure) is final
