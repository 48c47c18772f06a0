"""A stored plan, a page at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from f.records.planning.plan_pages import plan_page

if TYPE_CHECKING:
    from f.records.planning.plan import Action
    from f.windmill.objects import FileRef

CONTENT = (
    "\ufeffline,key,action,reason,id,field,from,to\r\n"
    "2,a@example.com,create,,,,,\r\n"
    '3,b@example.com,update,,7,note,"two\nlines",\'=1+1\r\n'
    "3,b@example.com,update,,7,city,Rome,Oslo\r\n"
    "5,c@example.com,skip,already_exists,8,,,\r\n"
    "6,d@example.com,create,,,,,\r\n"
)
PLAN: FileRef = {"filename": "plan.csv", "content": CONTENT}


@pytest.mark.parametrize(
    ("action", "offset", "limit", "lines"),
    [
        (None, 0, 10, [2, 3, 5, 6]),
        (None, 1, 2, [3, 5]),
        ("create", 0, 10, [2, 6]),
        ("create", 1, 1, [6]),
        ("refuse", 0, 10, []),
        (None, 4, 10, []),
    ],
    ids=["all", "a page", "one action", "its second", "none", "past the end"],
)
def test_a_page_has_the_rows_from_an_offset_on(
    action: Action | None, offset: int, limit: int, lines: list[int]
) -> None:
    assert [row["line"] for row in plan_page(PLAN, action, offset, limit)] == lines


def test_a_row_has_all_values_that_would_be_replaced_as_they_are() -> None:
    assert plan_page(PLAN, "update", 0, 1) == [
        {
            "line": 3,
            "key": "b@example.com",
            "action": "update",
            "reason": "",
            "id": "7",
            "changes": [
                {"field": "note", "before": "two\nlines", "after": "=1+1"},
                {"field": "city", "before": "Rome", "after": "Oslo"},
            ],
        }
    ]
