"""CI tests: their first lines name what is here."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mill.lint.linting import find, flow, script

FLOW = {"f/a/work__flow/flow.yaml": flow("- {id: a, value: {type: identity}}")}
MAIN = "\n\ndef main():\n    return 1\n"


@pytest.mark.parametrize(
    ("header", "lines"),
    [
        ("# test: script/f/a/script", []),
        ("# test: flow/f/a/work", []),
        ("# test: script/f/*/script", []),
        ("# test: flow/f/**", []),
        ("# py312\n# test:\n# script/f/a/script\n# flow/f/a/*", []),
        ('"""A test: of nothing."""', []),
        ("# A comment about\n# script/f/a/gone", []),
        ("# test: whether it works", []),
        ("# test: script/f/a/gone", [1]),
        ("# test:\n# script/f/a/script\n# flow/f/a/script", [3]),
        ("# test: script/f/*", [1]),
        ("# test: app/f/a/script", [1]),
        ("#test: flow/f/b/**", [1]),
        ("import os\n# test: script/f/a/gone", []),
    ],
)
def test_a_target_that_is_not_here_is_found(header: str, lines: list[int], tmp_path: Path) -> None:
    findings = [one for one in find(tmp_path, {**script(header + MAIN), **FLOW}) if one.code == "WM706"]
    assert [one.line for one in findings] == lines
    assert all(one.file == "f/a/script.py" for one in findings)
