"""What a report may say, and what the ledger makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from mill.bench.rig.witness import Facts, Told, Witness, lost, read, twice

ROW = {"name": "Ada", "email": "Ada@example.com"}
HELD = {"ada@example.com": 1}
VALUES = {"ada@example.com": {"full_name": "Ada"}}


def report(outcome: str, code: str = "", **rest: Any) -> dict[str, Any]:
    records = [{"line": 1, "outcome": outcome, "code": code}] if code else []
    return {"counts": {outcome: 1}, "reported": {"records": records}, "ids": {}, **rest}


def facts(held: int, committed: int = 0, name: str = "Ada") -> Facts:
    email = "ada@example.com"
    return Facts({email: held}, {email: committed}, {email: {"full_name": name}}, {email: {"7"}})


@pytest.mark.parametrize(
    ("told", "known", "why"),
    [
        (report("created"), facts(1, 1), ""),
        (report("created"), facts(0), "created : it is there 0 times"),
        (report("created"), facts(2, 2), "created : it is there 2 times"),
        (report("updated"), facts(1, 1, "Old"), "updated : it is there with other values"),
        (report("unchanged", "already_imported"), facts(1, 1), ""),
        (report("created", ids={"1": "7"}), facts(1, 1), ""),
        (report("created", ids={"1": "req_1"}), facts(1, 1), "has the id of something else"),
        (report("duplicate", "already_exists"), facts(1), ""),
        (report("duplicate", "already_exists"), facts(0), "duplicate already_exists: it is not there"),
        (report("failed", "not_sent"), facts(0), ""),
        (report("failed", "not_sent"), facts(1, 1), "failed not_sent: it was committed"),
        (report("failed", "in_progress_elsewhere"), facts(1, 1), ""),
        (report("rejected", "exists_and_must_not"), facts(1), ""),
        (report("rejected", "rejected_by_api"), facts(1, 1), "rejected rejected_by_api: it was committed"),
        (report("unknown", "answer_lost"), facts(2, 2), ""),
    ],
)
def test_an_outcome_is_held_against_the_ledger(told: dict[str, Any], known: Facts, why: str) -> None:
    witness = Witness()
    assert witness.hear(told, [ROW], known) == ({"ada@example.com": why} if why else {})
    assert witness.untrue == ({"ada@example.com"} if why else set())


def test_a_row_that_was_reported_as_there_may_fail_later() -> None:
    """Its second import failed, and that it is there from the first was said before."""
    witness = Witness()
    witness.hear(report("created"), [ROW], facts(1, 1))
    assert witness.hear(report("failed", "not_sent"), [ROW], facts(1, 1)) == {}
    assert witness.hear(report("failed", "not_sent"), [ROW], facts(1, 2)) != {}


def test_a_row_without_an_outcome_is_missed() -> None:
    assert Witness().hear(report("created"), [ROW, ROW], facts(1, 1)) == {
        "": "2 rows, but outcomes for 1",
    }


def test_rows_that_are_only_counted_are_read_as_the_one_outcome_left() -> None:
    told = report("failed", "not_sent")
    told["counts"] = {"failed": 1, "created": 1}
    assert read(told, range(1, 3)) == [Told("failed", "not_sent"), Told("created")]
    told["counts"] = {"failed": 1, "created": 1, "updated": 1}
    assert read(told, range(1, 4))[1:] == [Told("applied"), Told("applied")]


def test_what_the_target_dropped_is_no_fault_of_the_report() -> None:
    gone = Facts({}, {}, {}, dropped=frozenset({"ada@example.com"}))
    assert Witness().hear(report("created"), [ROW], gone) == {}
    assert lost({"Ada@example.com": Told("created")}, gone) == []


def test_a_row_is_lost_if_it_is_not_there_and_nobody_says_so() -> None:
    told = {"a@x": Told("created"), "b@x": Told("unknown"), "c@x": Told("failed"), "D@x": Told("updated")}
    assert lost(told, Facts({"d@x": 1}, {})) == ["a@x"]
    assert twice(Facts({"a@x": 2, "d@x": 1}, {}), told) == ["a@x"]
