"""`mill new target`: what it writes works as it is, and what it cannot use it refuses in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from mill.errors import MillError
from mill.scaffold.target import FORM, KINDS, NewTarget
from tests.mill.commands import mill
from tests.mill.trees import REPOSITORY


@pytest.mark.parametrize("name", ["a", "Acme", "my_crm", "crm-1", "1crm", "x" * 21, "../x"])
def test_a_name_that_no_module_can_have_is_refused(name: str) -> None:
    with pytest.raises(MillError, match="cannot be the name of a target"):
        NewTarget(name, "Acme").files(REPOSITORY)


def test_a_title_that_would_break_out_of_its_quotes_is_refused() -> None:
    with pytest.raises(MillError, match="cannot be a title"):
        NewTarget("acme", '"x').files(REPOSITORY)


def test_a_kind_that_is_there_is_not_written_over() -> None:
    with pytest.raises(MillError, match=r"hubspot\.py is there already"):
        NewTarget("hubspot", "HubSpot").files(REPOSITORY)


def test_another_repository_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "wmill.yaml").write_text("includes:\n  - f/**\n", "utf-8")
    done = mill("new", "target", "acme", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "mill: There is no kinds.py here: `mill new target` adds to a copy of Millwright.\n"
    )


def test_the_kind_is_named_in_the_table_and_offered_by_the_form() -> None:
    files = NewTarget("acme", "Acme 2.0").files(REPOSITORY)
    assert '    "acme": "Acme 2.0",\n}' in files[REPOSITORY / KINDS]
    form = files[REPOSITORY / FORM]
    assert "        - acme\n      enumLabels:\n" in form
    assert "        acme: Acme 2.0\n      default: generic\n" in form


def test_a_table_in_another_form_is_left_alone_and_named(tmp_path: Path) -> None:
    for name, text in ((KINDS, "KINDS = dict(a=1)\n"), (FORM, "schema: {}\n")):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(MillError, match="by hand where it lists kinds"):
        NewTarget("acme", "Acme").files(tmp_path)
