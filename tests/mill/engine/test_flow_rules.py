"""Windmill's rules for flows, one case each. The name of a case is the rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from mill.conformance.rules import branches, failures, loops, order, retries, stops, visibility
from mill.conformance.rules.case import Case
from tests.mill.engine.lab import Lab

TABLES = (order, visibility, stops, loops, branches, failures, retries)
CASES = [case for table in TABLES for case in table.CASES]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_rule(lab: Lab, case: Case, tmp_path: Path) -> None:
    args = {**case.args, "folder": str(tmp_path)} if case.in_folder else case.args

    completed = lab.flow(case.steps, args, **case.value)

    if callable(case.result):
        assert case.result(completed.result), completed
    else:
        assert completed.result == case.result
    assert completed.success is case.success, completed
    assert lab.waits == case.waits


def test_every_rule_is_stated_once() -> None:
    rules = [case.rule for case in CASES]
    assert len(rules) == len(set(rules))
