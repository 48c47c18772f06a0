"""The shape of an answer, and what has changed of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f.operate.contracts.shapes import (
    Shape,
    changes_since,
    differences,
    learn,
    merge,
    parse_shape,
    shape_of,
    shape_text,
)

NAMES = st.sampled_from(["id", "object", "data", "email", "total", "next"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


def test_a_shape_lists_paths_and_types() -> None:
    answer = {
        "id": "cus_1",
        "items": [{"price": 5, "note": "x"}, {"price": None}],
        "none": [],
        "live": False,
        "rate": 1.5,
    }
    assert shape_text(shape_of(answer)) == {
        "": "object",
        "id": "string",
        "items": "list",
        "items[]": "object",
        "items[].note": "absent|string",
        "items[].price": "integer|null",
        "live": "boolean",
        "none": "list",
        "rate": "number",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("an e-mail address", {"ben@example.com": 1, "eve@example.com": 2}),
        ("a number", {"4915112345678": {"name": "x"}}),
        ("an id", {"cus_12345": 1}),
        ("a sentence", {"Ben Smith, Berlin": 1}),
        ("many names", {f"name{chr(97 + i // 26)}{chr(97 + i % 26)}": 1 for i in range(101)}),
    ],
)
def test_names_that_are_data_are_not_kept(name: str, value: dict[str, Any]) -> None:
    assert set(shape_of(value)) - {"*.name"} == {"", "*"}, name


@given(JSON)
def test_no_value_stands_in_a_shape(value: Any) -> None:
    def marked(one: Any) -> Any:
        if isinstance(one, dict):
            return {key: marked(inner) for key, inner in one.items()}
        if isinstance(one, list):
            return [marked(inner) for inner in one]
        return "Zq-secret" if isinstance(one, str) else one

    assert "Zq" not in json.dumps(shape_text(shape_of(marked(value))))


@given(JSON)
def test_what_has_not_changed_is_no_change(value: Any) -> None:
    shape = shape_of(value)
    assert not differences(shape, shape)
    assert not changes_since(shape, shape)
    assert parse_shape(shape_text(shape)) == shape


@given(JSON, JSON)
def test_what_was_learned_admits_all_that_was_seen(one: Any, other: Any) -> None:
    both = merge(shape_of(one), shape_of(other))
    assert both == merge(shape_of(other), shape_of(one))
    assert not differences(both, shape_of(one))
    assert not changes_since(both, shape_of(other))


@given(JSON, JSON, JSON)
def test_the_order_of_learning_does_not_matter(one: Any, two: Any, three: Any) -> None:
    first, second, third = shape_of(one), shape_of(two), shape_of(three)
    assert merge(merge(first, second), third) == merge(first, merge(second, third))


@given(st.dictionaries(NAMES, JSON, min_size=1), st.dictionaries(st.sampled_from(["new", "more"]), JSON))
def test_fields_that_are_new_are_no_change(value: dict[str, Any], more: dict[str, Any]) -> None:
    before = shape_of(value)
    assert not differences(before, shape_of(value | more))
    assert not changes_since(before, shape_of(value | more))


@given(st.data(), st.dictionaries(NAMES, JSON, min_size=1))
def test_a_lost_field_is_told_and_nothing_else(data: st.DataObject, value: dict[str, Any]) -> None:
    gone = data.draw(st.sampled_from(sorted(value)))
    left = {name: inner for name, inner in value.items() if name != gone}
    found = changes_since(shape_of(value), shape_of(left))
    # One that was null may as well be left out.
    assert [(one.path, one.kind) for one in found] == ([] if value[gone] is None else [(gone, "lost")])
    assert [(one.path, one.kind) for one in differences(shape_of(value), shape_of(left))] == [(gone, "lost")]


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ({"a": "1"}, {"a": 1}, [("a", "type", "string", "integer")]),
        ({"a": {"b": 1}}, {"a": "1"}, [("a", "type", "object", "string")]),
        ({"a": [{"b": 1}]}, {"a": [{"c": 1}]}, [("a[].b", "lost", "integer", "absent")]),
        ([{"a": 1}], {"a": 1}, [("", "type", "list", "object")]),
        ({"a": 1}, {"a": 1.5}, []),
        ({"a": "x"}, {"a": None}, []),
        ({"a": None}, {"a": {"b": 1}}, []),
        ({"a": [{"b": 1}]}, {"a": []}, []),
        ({"a": [{"b": 1}]}, {"a": [{"b": 1}, {}]}, []),
        ({"a": {"b": 1}}, {"a": None}, []),
    ],
)
def test_changes_against_what_was_seen(before: Any, now: Any, told: list[tuple[str, ...]]) -> None:
    found = changes_since(shape_of(before), shape_of(now))
    assert [(one.path, one.kind, one.was, one.now) for one in found] == told


@pytest.mark.parametrize(
    ("expected", "answer", "told"),
    [
        ({"": "object", "id": "string"}, {"id": "x", "more": 1}, []),
        ({"": "object", "id": "string"}, {"id": None}, [("id", "type")]),
        ({"": "object", "id": "string|null"}, {"id": None}, []),
        ({"": "object", "id": "string|absent"}, {}, []),
        ({"": "object", "id": "any"}, {"id": 5}, []),
        ({"": "object", "id": "any"}, {}, [("id", "lost")]),
        ({"": "object", "n": "number"}, {"n": 5}, []),
        ({"": "object", "n": "integer"}, {"n": 5.5}, [("n", "type")]),
        ({"": "list", "[]": "object", "[].a": "string"}, [{"a": "x"}, {}], [("[].a", "lost")]),
        ({"": "list", "[]": "object", "[].a": "string"}, [], []),
        ({"": "object"}, "<html>", [("", "type")]),
    ],
)
def test_what_our_code_reads_is_meant_to_the_letter(
    expected: dict[str, str], answer: Any, told: list[tuple[str, str]]
) -> None:
    found = differences(parse_shape(expected), shape_of(answer))
    assert [(one.path, one.kind) for one in found] == told


def test_what_has_changed_is_remembered_as_it_was_until_it_is_accepted() -> None:
    before: Shape = shape_of({"id": "x", "who": {"name": "x", "age": 5}})
    seen = shape_of({"id": "x", "who": "x", "new": True})
    changed = [one.path for one in changes_since(before, seen)]
    assert changed == ["who"]
    kept = learn(before, seen, changed)
    assert [one.path for one in changes_since(kept, seen)] == ["who"]
    assert shape_text(kept)["new"] == "absent|boolean"
    assert not changes_since(kept, shape_of({"id": "x", "who": {"name": "x", "age": 5}}))
