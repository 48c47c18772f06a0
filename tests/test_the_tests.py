"""The rules of the tests themselves: what would let one fail by chance."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.slow import Slow, left_out, read_slow

TESTS = Path(__file__).parent
# What a random id in hexadecimal can spell, such as ada, bad, 555.
_SPELLED = re.compile(r"[0-9a-f]{1,8}", re.IGNORECASE)


def chances(code: str) -> Iterator[tuple[int, str]]:
    """Yield line and word of each assertion that a word is absent which an id in the text may spell."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.NotIn):
            word = node.left.value if isinstance(node.left, ast.Constant) else None
            if isinstance(word, str) and _SPELLED.fullmatch(word):
                yield node.lineno, word


def test_no_test_fails_where_a_random_id_spells_a_word() -> None:
    found = [
        f"{file.relative_to(TESTS)}:{line}: a random id may hold {word!r}. Take a word with letters past f."
        for file in sorted(TESTS.rglob("*.py"))
        if "not in" in (code := file.read_text(encoding="utf-8"))  # to parse all takes seconds
        for line, word in chances(code)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ('assert "ada" not in str(error)', [(1, "ada")]),
        ('\nassert "Dead" not in text', [(2, "Dead")]),
        ('assert "555" not in text', [(1, "555")]),
        ('assert "quinn" not in str(error)', []),
        ('assert "ada@example.com" not in str(error)', []),
        ('assert "ada" in text', []),
        ("assert word not in text", []),
    ],
)
def test_what_an_id_may_spell_is_found(code: str, found: list[tuple[int, str]]) -> None:
    assert list(chances(code)) == found


def test_a_test_that_hangs_ends_in_time_and_is_named(tmp_path: Path) -> None:
    hanging = tmp_path / "test_hanging.py"
    hanging.write_text("import time\n\ndef test_that_hangs() -> None:\n    time.sleep(60)\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-c",
        str(TESTS.parent / "pyproject.toml"),
        "--timeout",
        "0.5",
        str(hanging),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 1
    assert "test_that_hangs - Failed: Timeout" in done.stdout


SLOW = read_slow()


@pytest.mark.parametrize("one", SLOW, ids=[one.starts()[0] for one in SLOW])
def test_what_is_named_as_slow_is_there_with_its_reason(one: Slow) -> None:
    path = TESTS / one.path
    assert path.is_dir() if one.path.endswith("/") else path.is_file()
    for test in one.tests:
        function = re.split(r"\W", test)[0]
        assert re.search(rf"^(async )?def {function}\(", path.read_text("utf-8"), re.MULTILINE)
    assert one.seconds >= 2
    assert one.why.endswith(".")


_TINY_TESTS = """
import pytest

@pytest.mark.parametrize("n", [1, 2])
def test_long(n): ...

def test_longer(): ...
"""
_TINY = """
import pytest
from tests.slow import SlowTests

def pytest_configure(config):
    config.addinivalue_line("markers", "slow: as in the suite")
    config.pluginmanager.register(SlowTests(config, ("test_tiny.py::test_long[",)))
"""


@pytest.mark.parametrize("workers", [(), ("--numprocesses", "2")], ids=["one process", "workers"])
def test_a_run_that_leaves_slow_tests_out_says_so_and_how_to_run_them(
    tmp_path: Path, workers: tuple[str, ...]
) -> None:
    (tmp_path / "conftest.py").write_text(_TINY)
    (tmp_path / "test_tiny.py").write_text(_TINY_TESTS)

    def said(*options: str) -> str:
        command = [sys.executable, "-m", "pytest", "-p", "xdist.plugin", "-c", "/dev/null", *options]
        paths = os.pathsep.join((str(TESTS.parent), str(TESTS.parent / "scripts")))
        done = subprocess.run(
            [*command, *workers, "--rootdir", str(tmp_path), str(tmp_path)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": paths, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            timeout=100,
            check=True,
        )
        return done.stdout

    assert left_out(2) in said("-m", "not slow")
    assert "make test-slow" in left_out(2)
    assert "left out" not in said()


def test_every_test_has_a_time_limit(request: pytest.FixtureRequest) -> None:
    assert float(request.config.getini("timeout")) > 0
