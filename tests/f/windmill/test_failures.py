"""What a failed job's result says, in every shape that Windmill gives it."""

from __future__ import annotations

from typing import Any

import pytest

from f.windmill.failures import Failure, failure_in

OURS = {"name": "FixInput", "message": "No.", "stack": "...", "extra": {"code": "plan_outdated"}}


@pytest.mark.parametrize(
    ("result", "failure"),
    [
        ({"error": OURS}, Failure("FixInput", "No.", "plan_outdated")),
        ({"error": {"name": "FixInput", "message": "No.", "code": "x"}}, Failure("FixInput", "No.", "x")),
        (
            {"error": {"name": "Canceled", "message": "by ada", "canceler": "ada"}},
            Failure("Canceled", "by ada"),
        ),
        (
            {
                "error": {
                    "name": "ExecutionErr",
                    "message": "exit code 1, last log lines:\nb\nkilled",
                    "exit_code": 1,
                }
            },
            Failure("ExecutionErr", "killed"),
        ),
        ({"error": "a text alone"}, Failure("", "a text alone")),
        ([{"counts": {}}, {"error": OURS}], Failure("FixInput", "No.", "plan_outdated")),
        ({"error": {"message": None}}, Failure("", "no reason was given")),
        ([{"counts": {}}], Failure("", "no reason was given")),
        (None, Failure("", "no reason was given")),
    ],
    ids=["ours", "reported", "cancelled", "died", "text", "loop", "empty", "no error", "nothing"],
)
def test_a_failure_has_a_sentence_and_a_code(result: Any, failure: Failure) -> None:
    assert failure_in(result) == failure
