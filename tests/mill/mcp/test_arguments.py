"""What is wrong with an agent's arguments, in sentences."""

from typing import Any

import pytest

from mill.mcp.arguments import faults, given_arguments

_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "once_key": {"type": "string", "maxLength": 5, "description": "Names the effect."},
        "count": {"type": ["integer", "null"], "minimum": 1, "maximum": 9},
        "kind": {"type": "string", "enum": ["red", "blue"]},
        "rows": {"type": "array", "maxItems": 2, "items": {"type": "object"}},
        "account": {"type": "string", "pattern": r"^\$res:[fu]/"},
    },
    "required": ["once_key"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("arguments", "sentences"),
    [
        ({"once_key": "a", "account": "$res:f/x/y"}, []),
        ({}, ["Argument once_key is missing. Names the effect."]),
        (
            {"once_kye": "a", "once_key": "b"},
            ["There is no argument once_kye. Did you mean once_key?"],
        ),
        ({"once_key": 3}, ["Argument once_key must be a text, not 3."]),
        ({"once_key": "abcdef"}, ["Argument once_key must have no more than 5 characters."]),
        (
            {"once_key": "a", "count": "x", "kind": "green"},
            [
                "Argument count must be a whole number or null, not 'x'.",
                "Argument kind must be one of red, blue, not 'green'.",
            ],
        ),
        ({"once_key": "a", "count": 0}, ["Argument count must be at least 1."]),
        ({"once_key": "a", "count": 10}, ["Argument count must be at most 9."]),
        ({"once_key": "a", "rows": [{}, 4]}, ["Argument rows.1 must be an object, not 4."]),
        ({"once_key": "a", "rows": [{}, {}, {}]}, ["Argument rows must have no more than 2 items."]),
        (
            {"once_key": "a", "account": "f/x/y"},
            ["Argument account must be the path of a resource, such as $res:f/folder/name."],
        ),
        (
            {"once_key": "a", "account": {"token": "x"}},
            ["Argument account must be a text, not an object."],
        ),
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, dict) else "",
)
def test_each_fault_has_its_sentence(arguments: dict[str, Any], sentences: list[str]) -> None:
    assert faults(_SCHEMA, frozenset({"account"}), arguments) == sentences


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        ({"once_key": "$var:f/x/y"}, "once_key"),
        ({"once_key": "a", "rows": [{"deep": ["$res:f/x/y"]}]}, "rows.0.deep.0"),
        ({"once_key": "a", "rows": [{"deep": "$jsonvar:f/x/y"}]}, "rows.0.deep"),
    ],
)
def test_a_stored_value_is_not_put_into_what_an_agent_writes(arguments: dict[str, Any], place: str) -> None:
    found = [one for one in faults(_SCHEMA, frozenset({"account"}), arguments) if "stored" in one]
    assert len(found) == 1
    assert found[0].startswith(f"Argument {place} begins with $")


def test_what_is_null_and_need_not_be_given_was_not_given() -> None:
    assert given_arguments(_SCHEMA, {"once_key": None, "kind": None, "count": 2}) == {
        "once_key": None,
        "count": 2,
    }
