"""The commands that go on from an import."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from mill.terminal.imports.again import import_of_rejects, same_import
from mill.terminal.imports.order import ImportOrder
from mill.terminal.options import Options

ORDER = ImportOrder(
    "Kündén's list.csv",
    "crm.yaml",
    mapping={"Mail 1": "email", "Notes": ""},
    country="DE",
    on_duplicate="update",
    reading={"encoding": "cp1252", "delimiter": "\t", "sheet": "One two", "header_row": 3},
    more={"verify": "all", "max_bad_share": 0.5},
    corrections=Path("mended.json"),
)
READING = [
    *("--encoding", "cp1252", "--delimiter", "tab", "--sheet", "One two"),
    *("--corrections", "mended.json", "--header-row", "3"),
]
RECORDS = [
    *("--to", "crm.yaml", "--country", "DE", "--on-duplicate", "update", "--verify", "all"),
    *("--max-bad-share", "0.5", "--state", "my state", "--env-file", "e.env"),
    *("--map", "Mail 1=email", "--map", "Notes="),
]
OPTIONS = Options(state=Path("my state"), env_file=Path("e.env"))


def test_the_same_import_has_every_option_that_was_given() -> None:
    command = shlex.split(same_import(ORDER, OPTIONS))

    assert command == ["mill", "import", "Kündén's list.csv", *READING, *RECORDS]


def test_the_rejects_are_read_as_what_they_are_and_imported_as_the_file_was() -> None:
    assert shlex.split(import_of_rejects("rejects.csv", ORDER, OPTIONS)) == [
        *("mill", "import", "rejects.csv"),
        *RECORDS,
    ]


@pytest.mark.parametrize(
    ("order", "command"),
    [
        ({"file": "a.csv", "to": "f/customers/mock_api", "more": {"verify": "none"}}, "mill import a.csv"),
        ({"file": "-a.csv", "to": "t"}, "mill import ./-a.csv --to t"),
        ({"file": "-", "to": "t"}, "mill import - --to t"),
        ({"file": "a", "to": "t", "reading": {"has_header": False}}, "mill import a --header-row 0 --to t"),
        (
            {"file": "a", "to": "t", "more": {"max_bad_share": 0.0}},
            "mill import a --to t --max-bad-share 0.0",
        ),
    ],
)
def test_what_was_not_given_is_left_out(order: dict[str, Any], command: str) -> None:
    assert same_import(ImportOrder(**order), Options()) == command
