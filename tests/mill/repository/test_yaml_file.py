"""YAML is read alike by the parser in C and the one in Python, which is of YAML 1.2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mill.errors import MillError
from mill.repository import yaml_file
from mill.repository.yaml_file import compose_yaml, parse_yaml
from tests.properties import at_most

ROOT = Path(__file__).parents[3]
FILES = sorted(
    file
    for folder in ("f", "flows", "resources")
    for file in (ROOT / folder).rglob("*.yaml")
    if "node_modules" not in file.parts
)
NUMBERS = ["1_000", "0o17", "0x1F", "1.5e3", ".inf", "2026-01-02"]
SCALARS = ["a", "no", "~", "''", "'it''s'", r'"\n"', "R&D", "x!", *NUMBERS]
BREAKS = ["\n", "\n  ", "\n    ", "|\n  ", ">-\n  ", "%YAML 1.1\n", "\t", "\u2028", "# note", "# c"]
MARKS = ["- ", "? ", ": ", ":", ", ", *"{}[]'\"@`!", "&b ", "*b", "!inline ", "!!str ", "<<: ", "--- "]


def read(text: str) -> Any:
    """What a text holds, with the types that compare alike; or that it is refused."""
    try:
        return repr(compose_yaml(text, "a.yaml")[0])
    except MillError as error:
        return error


def read_in_python(text: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    with monkeypatch.context() as patched:
        patched.setattr(yaml_file, "_MOST_BRACKETS", -1)
        return read(text)


def test_what_the_workspace_holds_is_read_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(FILES) > 500
    for file in FILES:
        text = file.read_text("utf-8")
        assert read(text) == read_in_python(text, monkeypatch), file


@settings(max_examples=at_most(5_000), deadline=None)
@given(st.lists(st.sampled_from([*SCALARS, *BREAKS, *MARKS]), max_size=14).map("".join))
def test_any_text_is_read_alike_or_refused_alike(text: str) -> None:
    with pytest.MonkeyPatch.context() as patched:
        slow = read_in_python(text, patched)
    assert str(read(text)) == str(slow)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 100_000, id="brackets"),
        pytest.param("{a: " * 100_000, id="braces"),
        pytest.param("- " * 100_000 + "a", id="lists on one line"),
        pytest.param("? " * 100_000 + "a", id="keys on one line"),
        pytest.param("\n".join(" " * depth + "a:" for depth in range(2_000)), id="lines"),
    ],
)
def test_what_nests_without_end_is_refused(text: str) -> None:
    with pytest.raises(MillError, match=r"nested too deeply|a\.yaml:1"):
        parse_yaml(text, "a.yaml")


def test_a_node_knows_where_it_stands() -> None:
    _, node = compose_yaml("a: 1\nb:\n  - c: two\n", "a.yaml")
    assert node is not None
    (_, (_, listed)) = node.value
    ((name, value),) = listed.value[0].value
    assert (name.start_mark.line, name.start_mark.column) == (2, 4)
    assert (value.start_mark.line, value.start_mark.column) == (2, 7)
