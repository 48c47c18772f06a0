"""A record to be sent beside the one in the target: what counts as a difference."""

from __future__ import annotations

from typing import Any

import pytest

from f.records.planning.diff import differences, leaves
from f.records.target.replies import value_at


@pytest.mark.parametrize(
    ("sent", "there", "expected"),
    [
        ({"city": "Rome"}, {"city": "Rome"}, []),
        ({"city": "Rome"}, {"city": "Oslo"}, [("city", "Oslo", "Rome")]),
        ({"city": "rome"}, {"city": "Rome"}, [("city", "Rome", "rome")]),
        # what is not sent stays as it is there
        ({"city": "Rome"}, {"city": "Rome", "phone": "1", "owner": {"id": 7}}, []),
        ({}, {"city": "Rome"}, []),
        # missing, null and empty are one
        ({"city": "Rome"}, {}, [("city", "", "Rome")]),
        ({"city": "Rome"}, {"city": None}, [("city", "", "Rome")]),
        ({"city": ""}, {"city": None}, []),
        ({"city": None}, {}, []),
        # an address is the same in any case, and no other value is
        ({"email": "Ada@Example.com"}, {"email": "ada@example.com"}, []),
        (
            {"email": "ada@example.com"},
            {"email": "ben@example.com"},
            [("email", "ben@example.com", "ada@example.com")],
        ),
        # what the API keeps as a number or as yes and no
        ({"size": "12"}, {"size": 12}, []),
        ({"size": "12"}, {"size": 12.0}, []),
        ({"size": "12.50"}, {"size": 12.5}, []),
        ({"size": "12"}, {"size": 13}, [("size", "13", "12")]),
        ({"size": "many"}, {"size": 13}, [("size", "13", "many")]),
        ({"active": "TRUE"}, {"active": True}, []),
        ({"active": "no"}, {"active": False}, [("active", "false", "no")]),
        # text that looks like a number is text
        ({"zip": "012"}, {"zip": "12"}, [("zip", "12", "012")]),
        # leaf by leaf in nested objects
        ({"address": {"city": "Rome", "zip": "1"}}, {"address": {"city": "Rome", "zip": "1", "id": 4}}, []),
        (
            {"address": {"city": "Rome", "zip": "1"}},
            {"address": {"city": "Oslo"}},
            [("address.city", "Oslo", "Rome"), ("address.zip", "", "1")],
        ),
        ({"address": {"city": "Rome"}}, {"address": "Rome"}, [("address.city", "", "Rome")]),
        ({"a.b": "1"}, {"a": {"b": "1"}}, [("a.b", "", "1")]),
        # other shapes and line ends
        ({"tags": "x"}, {"tags": ["x"]}, [("tags", '["x"]', "x")]),
        ({"notes": "one\ntwo"}, {"notes": "one\r\ntwo"}, []),
    ],
)
def test_a_difference_is_what_an_update_would_change(
    sent: dict[str, Any], there: dict[str, Any], expected: list[Any]
) -> None:
    found = differences(sent, there, caseless=(("email",),))
    assert found == expected


def test_a_record_is_the_sum_of_its_leaves() -> None:
    record = {"name": "Ada", "address": {"city": "Rome", "geo": {"lat": "1"}}}
    paths = dict(leaves(record))
    assert paths == {("name",): "Ada", ("address", "city"): "Rome", ("address", "geo", "lat"): "1"}
    assert all(value_at(record, path) == value for path, value in paths.items())
    assert value_at(record, ("name", "first")) is None
