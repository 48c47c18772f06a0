from __future__ import annotations

from typing import Any

import pytest

from mill.conformance.judge import Difference, Ended, difference, same
from mill.conformance.plans import EXPRESSIONS, FLOWS, VALUES, all_plans, placed, placed_result
from mill.conformance.rules.case import Ending, error, errors_in


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (None, False, False),
        ([1, {"a": [None]}], [1.0, {"a": [None]}], True),
        ({"a": 1}, {"a": 1, "b": None}, False),
        ([1], [1, 1], False),
        ("1", 1, False),
    ],
)
def test_json_values_are_the_same_or_not(one: Any, other: Any, equal: bool) -> None:
    assert same(one, other) is equal
    assert same(other, one) is equal


FAILED = {"error": {"name": "ValueError", "message": "attempt 2"}}


@pytest.mark.parametrize(
    ("expected", "got", "agrees"),
    [
        (Ending(error("ValueError", "attempt 2"), success=False), Ended(False, FAILED, 0), True),
        (Ending(error("ValueError", "attempt 1"), success=False), Ended(False, FAILED, 0), False),
        (Ending(error("KeyError"), success=False), Ended(False, FAILED, 0), False),
        (Ending(error("ValueError")), Ended(False, FAILED, 0), False),
        (Ending(error("ValueError", "ours", on_server=""), success=False), Ended(False, FAILED, 0), True),
        (Ending(errors_in(1, "error")), Ended(True, [1, FAILED], 0), True),
        (Ending(errors_in(1, "error")), Ended(True, "text", 0), False),
        (Ending(lambda result: result["a"] == 1), Ended(True, [], 0), False),
        (Ending("res:u/test/crm"), Ended(True, "res:f/mine/crm", 0), True),
    ],
)
def test_an_end_agrees_or_differs(expected: Ending, got: Ended, agrees: bool) -> None:
    assert (difference(expected, got, "f/mine") is None) is agrees


def test_only_a_wait_that_is_too_short_differs() -> None:
    expected = Ending(1, waits=5)
    assert difference(expected, Ended(True, 1, 500), "f/mine") is None
    assert difference(expected, Ended(True, 1, 2), "f/mine") == Difference(
        "waits of 5 s", "all over after 2.0 s"
    )


def test_what_is_run_moves_into_the_folder_and_what_is_expected_only_in_references() -> None:
    assert placed({"expr": "variable('u/test/x')"}, "f/mine") == {"expr": "variable('f/mine/x')"}
    assert placed_result(["value of u/test/x", "$var:u/test/x"], "f/mine") == [
        "value of u/test/x",
        "$var:f/mine/x",
    ]


def test_each_row_of_each_table_is_run_and_stated_once() -> None:
    plans = all_plans()
    names = [(plan.group, plan.rule) for plan in plans]
    assert {plan.group for plan in plans} == {FLOWS, EXPRESSIONS, VALUES}
    assert len(names) == len(set(names))
    assert len(plans) > 300
    assert sum(bool(plan.not_run) for plan in plans) <= 5
