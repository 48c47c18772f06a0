"""Annotations of which Windmill's form knows less than they say; checked against the real parser."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from mill.lint.sources.form_types import plain, shape
from mill.metadata.regenerate import regenerate
from mill.repository.yaml_file import parse_yaml
from tests.mill.lint.linting import find, flow, script
from tests.mill.trees import write_tree

# What the form shows: "known" as annotated, "strings" a list of strings, "nothing" `type: ''`.
PARAMETERS = [
    ("str", "known"),
    ("dict", "known"),
    ("dict | None = None", "known"),
    ("Optional[dict] = None", "known"),
    ("list[dict]", "known"),
    ("list[dict] | None = None", "known"),
    ("list[int] | None = None", "known"),
    ("list = [{}]", "known"),
    ("Literal['a', 'b'] | None = None", "known"),
    ("datetime.date | None = None", "known"),
    ("wmill.S3Object = None", "known"),
    ("customer_api | None = None", "known"),
    ("dict[str, str] = {}", "known"),
    ("str | int = 'x'", "known"),
    ("typing.Optional[int] = 3", "known"),
    ("list", "strings"),
    ("list = []", "strings"),
    ("list | None", "strings"),
    ("list[dict[str, Any]]", "strings"),
    ("list[dict[str, Any]] = []", "strings"),
    ("list[dict[str, Any]] | None", "strings"),
    ("List[Dict[str, Any]]", "strings"),
    ("dict[str, Any]", "nothing"),
    ("dict[str, Any] | None = None", "nothing"),
    ("Optional[dict[str, Any]] = None", "nothing"),
    ("dict[str, str] = dict()", "nothing"),
    ("list | None = None", "nothing"),
    ("list[dict[str, Any]] | None = None", "nothing"),
    ("set[str]", "nothing"),
    ("str | int", "nothing"),
    ("None | str = None", "nothing"),
    ("typing.Optional[str] = None", "nothing"),
    ("typing.Any", "nothing"),
    ("'str'", "nothing"),
    ("Annotated[str, 'x']", "nothing"),
]


def test_the_form_is_foreseen_as_windmills_own_parser_makes_it(tmp_path: Path) -> None:
    texts = sorted((text for text, _ in PARAMETERS), key=lambda text: " = " in text)
    parameters = "\n".join(f"    p{number}: {text}," for number, text in enumerate(texts))
    write_tree(tmp_path, script(f"def main(\n{parameters}\n):\n    pass\n"))

    (form,) = (change.after for change in regenerate(tmp_path) if change.path.name == "script.script.yaml")
    shown = parse_yaml(form or "", "form")["schema"]["properties"]

    expected = dict(PARAMETERS)
    for number, text in enumerate(texts):
        spec = shown[f"p{number}"]
        is_strings = spec["type"] == "array" and spec["items"] == {"type": "string"}
        made = "nothing" if spec["type"] == "" else "strings" if is_strings else "known"
        assert (text, made) == (text, expected[text])


@pytest.mark.parametrize(("text", "expected"), PARAMETERS)
def test_what_the_form_knows_is_read_off_annotation_and_default(text: str, expected: str) -> None:
    annotation, _, default = text.partition(" = ")

    made = shape(_expression(annotation), _expression(default) if default else None)

    assert made == expected


@pytest.mark.parametrize(
    ("annotation", "better"),
    [
        ("dict[str, Any] | None", "dict | None"),
        ("None | Mapping[str, int]", "dict | None"),
        ("typing.Optional[typing.Dict[str, int]]", "dict | None"),
        ("list[dict[str, Any]]", "list[dict]"),
        ("typing.List[dict] | None", "list[dict] | None"),
        ("list | None", "list[str] | None"),
        ("typing.Optional[str]", "str | None"),
        ("typing.Literal['a', 'b']", "Literal['a', 'b']"),
        ("str | int", ""),
    ],
)
def test_the_remedy_is_the_nearest_annotation_the_form_knows(annotation: str, better: str) -> None:
    assert plain(_expression(annotation)) == better


@pytest.mark.parametrize(
    ("parameter", "expected"),
    [
        (
            "rates: dict[str, int] | None = None",
            "WM111 Windmill reads no type from rates: dict[str, int] | None (`type: ''`). Write dict | None.",
        ),
        (
            "drives: list | None = None",
            (
                "WM111 Windmill reads no type from drives: list | None (`type: ''`). "
                "Write list[str] | None, or list[dict] for records."
            ),
        ),
        (
            "price: str | int",
            (
                "WM111 Windmill reads no type from price: str | int (`type: ''`). "
                "Write one plain type, such as str, dict, list[str] or list[dict]."
            ),
        ),
        (
            "rows: list[dict[str, str]]",
            "WM108 The form offers a list of strings for rows: list[dict[str, str]]. Write list[dict].",
        ),
    ],
)
def test_an_input_the_form_cannot_show_is_reported_with_what_to_write(
    tmp_path: Path, parameter: str, expected: str
) -> None:
    (finding,) = find(tmp_path, script(f"def main({parameter}):\n    pass\n"))

    assert str(finding).split(": ", 1)[1] == expected


@pytest.mark.parametrize("parameter", ["names: list = []", "anything", "row: dict[str, int] = {}"])
def test_a_form_that_serves_is_not_reported(tmp_path: Path, parameter: str) -> None:
    assert find(tmp_path, script(f"def main({parameter}):\n    pass\n")) == []


def test_the_steps_of_a_flow_have_no_form_to_check(tmp_path: Path) -> None:
    step = (
        "- id: sum\n  value: {type: rawscript, language: python3, content: '!inline sum.py', "
        "input_transforms: {rows: {type: javascript, expr: flow_input.file}}}"
    )
    code = "def main(rows: list[dict[str, int]]):\n    pass\n"

    found = find(tmp_path, {"f/a/work__flow/flow.yaml": flow(step), "f/a/work__flow/sum.py": code})

    assert found == []


TYPE = """\
description: A thing.
schema:
  type: object
  order: [one, two]
  properties:
    one: {type: integer, description: How many., minimum: 1, min: 1}
    two:
      type: object
      description: How.
      oneOf:
        - title: a
          type: object
          properties:
            label: {type: string, enum: [a]}
            key: {type: string, description: A key., password: true}
        - title: b
          type: object
          properties:
            label: {type: string, enum: [b]}
"""
B = TYPE[TYPE.index("        - title: b") :]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", []),
        ("order: [one, two]\n  ", "", []),
        ("description: A thing.", "description: ''", ["WM302 The resource type has no description."]),
        ("description: A key., ", "", ["WM303 The input key has no description."]),
        ("[one, two]", "[one]", ["WM304 The order leaves out two."]),
        ("[one, two]", "[one, two, six]", ["WM304 The order names six, which is no field."]),
        ("[one, two]", "[one, two, two]", ["WM304 The order names a field twice."]),
        (
            ", min: 1",
            "",
            ["WM305 The form lets one be anything: it does not read minimum. Write min: 1 as well."],
        ),
        ("minimum: 1, min: 1", "maximum: 9", ["it does not read maximum. Write max: 9 as well."]),
        ("enum: [b]", "enum: [c]", ["WM306 The form cannot tell alternative b of two"]),
        ("label: {type: string, enum: [b]}", "type: {type: string, description: x}", ["WM306"]),
        ("- title: b\n          type", "- type", ["WM306 The form cannot tell alternative 2 of two"]),
        ("label: {type: string, enum: [b]}", "kind: {type: string, enum: [b]}", ["alternative a of two"]),
        (B, "", ["WM306 The form does not show the alternatives of two."]),
        ("    two:\n      type: object", "    two:\n      type: string", ["WM306 The form does not show"]),
    ],
)
def test_a_resource_types_form_is_checked_at_every_depth(
    tmp_path: Path, old: str, new: str, expected: list[str]
) -> None:
    assert old in TYPE
    text = TYPE.replace(old, new, 1) if old else TYPE

    found = [str(finding) for finding in find(tmp_path, {"thing.resource-type.yaml": text})]

    assert len(found) == len(expected), found
    for finding, part in zip(found, expected, strict=True):
        assert part in finding


def test_a_finding_in_a_form_names_the_line(tmp_path: Path) -> None:
    text = TYPE.replace("description: A key., ", "")

    (finding,) = find(tmp_path, {"thing.resource-type.yaml": text})

    assert str(finding).startswith("thing.resource-type.yaml:15:13: WM303")


@pytest.mark.parametrize(
    "text", ["", "- 1\n", "schema: 3\n", "schema: {properties: [1], oneOf: {a: 1}, order: 1}\n"]
)
def test_a_resource_type_that_is_none_is_no_reason_to_fail(tmp_path: Path, text: str) -> None:
    found = find(tmp_path, {"thing.resource-type.yaml": text})

    assert {finding.code for finding in found} <= {"WM302"}


@pytest.mark.parametrize(
    ("value", "is_found"),
    [
        ("{two: {label: a, key: k}}", False),
        ("{two: {key: k}}", True),
        ("{two: {label: c}}", True),
        ("{two: $res:f/a/other}", False),
        ("{one: 3}", False),
        ("[1]", False),
    ],
)
@pytest.mark.parametrize("folder", ["f/a", "resources/live/f/a"])
def test_a_resource_that_its_form_would_take_for_another_alternative_is_reported(
    tmp_path: Path, folder: str, value: str, is_found: bool
) -> None:
    resource = f"resource_type: thing\ndescription: One.\nvalue: {value}\n"
    files = {"thing.resource-type.yaml": TYPE, f"{folder}/one.resource.yaml": resource}

    found = [finding for finding in find(tmp_path, files) if finding.code.startswith("WM30")]

    assert [finding.code for finding in found] == ["WM307"] * is_found
    assert all("Write label: with one of a, b." in str(finding) for finding in found)


def test_a_flows_form_is_checked_for_what_windmills_form_does_not_read(tmp_path: Path) -> None:
    inputs = "file: {type: number, description: A number., minimum: 3}"
    text = flow("- id: a\n  value: {type: identity}", inputs=inputs).replace(
        "  properties:", "  order: [other]\n  properties:"
    )

    found = find(tmp_path, {"f/a/work__flow/flow.yaml": text})

    assert [finding.code for finding in found] == ["WM304", "WM305"]


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body
