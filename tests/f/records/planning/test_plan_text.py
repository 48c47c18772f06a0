"""A plan in words, for whoever decides; and what a hash that does not fit says of the change."""

from __future__ import annotations

from typing import Any, cast

import pytest

from f.connect.errors import FixInput
from f.records.planning.plan import Plan
from f.records.planning.plan_text import check_hash, describe, in_a_sentence, refuse_outdated

A, B = "a" * 12, "b" * 12


def plan(**changes: Any) -> Plan:
    made = {
        "hash": f"{A}-{A}-{A}",
        "reads_target": True,
        "counts": {"create": 1200, "update": 3, "unchanged": 0, "skip": 0, "refuse": 0, "hold": 0},
        "fields": {"city": 2, "a|b": 1},
        "examples": [],
        "requests": 12,
        "file": {"filename": "plan.csv", "s3": "imports/1/plan.csv"},
    }
    return cast("Plan", {**made, **changes})


@pytest.mark.parametrize(
    "text",
    ["", "yes", f"{A}-{A}", f"{A}-{A}-{A}-{A}-{A}", f"{A}-{A}-{'A' * 12}", f" {A}-{A}-{A}", f"{A}-{A}-{A}\n"],
)
def test_what_is_not_a_hash_is_refused_with_an_example(text: str) -> None:
    check_hash(f"{A}-{B}-{A}")
    check_hash(f"{A}-{B}-{A}-{A}")  # of corrected rows
    with pytest.raises(FixInput, match="such as 0123456789ab-") as caught:
        check_hash(text)
    assert caught.value.code == "bad_plan_hash"


@pytest.mark.parametrize(
    ("now", "says"),
    [
        (f"{B}-{A}-{A}", "The file is not the one"),
        (f"{B}-{B}-{B}", "The file is not the one"),
        (f"{A}-{B}-{A}", "Other values would be sent"),
        (f"{A}-{B}-{B}", "Other values would be sent"),
        (f"{A}-{A}-{B}", "The target has changed"),
    ],
)
def test_the_first_part_that_differs_says_what_has_changed(now: str, says: str) -> None:
    refuse_outdated(now, now)
    with pytest.raises(FixInput, match=says) as caught:
        refuse_outdated(f"{A}-{A}-{A}", now)
    assert caught.value.code == "plan_outdated"


def test_a_plan_is_a_sentence() -> None:
    assert in_a_sentence(plan()) == f"Plan {A}-{A}-{A}: 1,200 to create, 3 to update."
    none = dict.fromkeys(plan()["counts"], 0)
    assert in_a_sentence(plan(counts=none)).endswith(": no row to send.")


def test_whoever_decides_reads_counts_fields_and_where_the_rows_are() -> None:
    text = describe(plan(), "4 of 4 rows can be sent.")
    assert text.startswith("4 of 4 rows can be sent.\n\n| Action | Rows | Meaning |\n| --- | --- | --- |\n")
    assert "| create | 1,200 |" in text
    assert "| skip" not in text
    assert r"| a\|b | 1 |" in text
    assert "imports/1/plan.csv" in text
    assert "could not be asked" not in text
    unread = describe(plan(reads_target=False, fields={}, file={"filename": "plan.csv", "content": ""}), "")
    assert "The target could not be asked" in unread
    assert "Field that would change" not in unread
    assert "plan.csv in the step's result" in unread


def test_what_comes_from_the_file_is_no_markup() -> None:
    text = describe(plan(fields={"[x](http://example.com)\n# <b>*y*": 1}), "![i](http://example.com/i.png)")
    assert r"\[x\](http://example.com) \# \<b\>\*y\*" in text
    assert r"\!\[i\](http" in text
