"""What fails is tried once more, alone: what then passes is named, what fails again fails the suite."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.suite import MOST
from tests.suite import run as run_suite

_TESTS = """
from pathlib import Path

import pytest


def test_steady(): ...


@pytest.mark.parametrize("case", ["a [case]", "b::case"])
def test_unsteady(case):
    mark = Path(__file__).with_name(f"tried {case[0]}")
    tried, _ = mark.exists(), mark.touch()
    assert tried


@pytest.mark.parametrize("n", range(AT_FAULT))
def test_at_fault(n):
    raise AssertionError
"""


@pytest.fixture(autouse=True)
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """These runs need no plugin, and there is a dozen of them."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def _suite(root: Path, at_fault: int) -> Path:
    (root / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    (root / "test_tiny.py").write_text(_TESTS.replace("AT_FAULT", str(at_fault)))
    return root


def run(options: Sequence[str], root: Path) -> int:
    return run_suite(options, root, first=())


def test_one_that_passes_alone_passes_and_is_named(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["-k", "steady", "test_tiny.py"], _suite(tmp_path, 0)) == 0
    said = capfd.readouterr().out
    assert "2 failed, 1 passed" in said
    assert "2 passed" in said
    assert said.endswith("test_tiny.py::test_unsteady[a [case]]\ntest_tiny.py::test_unsteady[b::case]\n")


def test_one_that_fails_again_fails_the_suite(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["-k", "fault or steady"], _suite(tmp_path, 1)) == 1
    said = capfd.readouterr().out
    assert "3 failed, 1 passed" in said
    assert "1 failed, 2 passed" in said
    assert "Unsteady" not in said


def test_many_are_not_tried_again(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run([], _suite(tmp_path, MOST - 1)) == 1
    assert "once more" not in capfd.readouterr().out


def test_what_failed_before_is_no_part_of_it(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    root = _suite(tmp_path, 1)
    assert run(["-k", "fault or steady"], root) == 1
    assert run(["-k", "steady"], root) == 0
    assert run(["-k", "nowhere"], root) == pytest.ExitCode.NO_TESTS_COLLECTED
    assert "Unsteady" not in capfd.readouterr().out
