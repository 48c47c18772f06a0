from __future__ import annotations

from typing import Any

import pytest

from mill.engine.definition.arguments import checked_arguments, schema_of
from mill.engine.definition.signature import read_signatures
from mill.errors import MillError

SCHEMA: dict[str, Any] = {
    "properties": {
        "name": {"type": "string", "enum": ["a", "b"]},
        "count": {"type": "integer", "default": 3},
        "ratio": {"type": "number"},
        "dry_run": {"type": "boolean", "default": False},
        "tags": {"type": "array", "items": {"type": "string"}},
        "crm": {"type": "object", "properties": {"url": {"type": "string"}}, "required": ["url"]},
        "anything": {},
    },
    "required": ["name"],
}


@pytest.mark.parametrize(
    ("args", "filled"),
    [
        ({"name": "a"}, {"name": "a", "count": 3, "dry_run": False}),
        ({"name": "a", "count": 5, "dry_run": True}, {"name": "a", "count": 5, "dry_run": True}),
        ({"name": "a", "count": None}, {"name": "a", "count": None, "dry_run": False}),
        ({"name": "$var:u/a/b"}, {"name": "$var:u/a/b", "count": 3, "dry_run": False}),
    ],
)
def test_defaults_are_filled_in(args: dict[str, Any], filled: dict[str, Any]) -> None:
    assert checked_arguments("Flow f", SCHEMA, args) == filled


@pytest.mark.parametrize(
    "args",
    [
        {"ratio": 1},
        {"ratio": 0.5},
        {"tags": []},
        {"tags": ["x"]},
        {"crm": "$res:u/a/b"},
        {"crm": {"url": "x", "more": 1}},
        {"anything": object},
    ],
)
def test_what_fits_is_taken(args: dict[str, Any]) -> None:
    assert checked_arguments("Flow f", SCHEMA, {"name": "a", **args})


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ({}, "Flow f needs name: give it with -d, such as -d '{\"name\": ...}'."),
        ({"name": None}, "Flow f needs name"),
        ({"nam": "a"}, "Flow f has no argument nam. Did you mean name?"),
        (
            {"zzz": 1},
            "Flow f has no argument zzz. It takes name, count, ratio, dry_run, tags, crm, anything.",
        ),
        ({"name": 5}, "Flow f: argument name must be a string, not the number 5."),
        ({"name": "c"}, "Flow f: argument name must be one of a, b, not the string 'c'."),
        ({"name": "a", "count": "5"}, "argument count must be a whole number, not the string '5'."),
        ({"name": "a", "count": True}, "argument count must be a whole number, not true."),
        ({"name": "a", "count": 1.5}, "argument count must be a whole number, not the number 1.5."),
        ({"name": "a", "ratio": "x"}, "argument ratio must be a number"),
        ({"name": "a", "dry_run": "yes"}, "argument dry_run must be true or false, not the string 'yes'."),
        ({"name": "a", "tags": "x"}, "argument tags must be a list"),
        ({"name": "a", "tags": ["x", 1]}, "argument tags, item 1 must be a string"),
        ({"name": "a", "crm": [1]}, "argument crm must be an object, not a list."),
        ({"name": "a", "crm": {}}, "argument crm lacks url."),
        ({"name": "a", "crm": {"url": 1}}, "argument crm, url must be a string"),
    ],
)
def test_what_does_not_fit_gets_one_sentence(args: dict[str, Any], sentence: str) -> None:
    with pytest.raises(MillError) as caught:
        checked_arguments("Flow f", SCHEMA, args)
    assert sentence in str(caught.value)
    assert caught.value.exit_code == 2


def test_without_a_schema_the_signature_says_what_is_needed() -> None:
    signature = read_signatures("def main(a, b=1, c: int | None = None, *, d): ...")["main"]
    assert schema_of(signature) == {"properties": {"a": {}, "b": {}, "c": {}}, "required": ["a"]}


def test_a_flow_without_arguments_says_so() -> None:
    with pytest.raises(MillError, match=r"Flow f has no argument x\. It takes no arguments\."):
        checked_arguments("Flow f", {}, {"x": 1})
