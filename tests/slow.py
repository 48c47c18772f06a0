"""Which tests are slow, by tests/slow.toml: each is marked so, and a run without them says so at its end."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.properties import PROFILE

FILE = Path(__file__).with_suffix(".toml")
_OUTPUT = "slow_left_out"  # under which a worker of xdist tells its count


@dataclass(frozen=True, slots=True)
class Slow:
    """Tests of a file that take long, by function and the beginning of a parameter; by default all of them.

    `path` is from the folder of all tests on; one that ends with a slash is a folder.
    """

    path: str
    seconds: int
    why: str
    tests: tuple[str, ...] = ()

    def starts(self) -> list[str]:
        """Return how the ids of these tests start, each with a `[` behind its function, parameters or not."""
        functions = [test if "[" in test else f"{test}[" for test in self.tests]
        return [f"tests/{self.path}::{test}" for test in functions] or [f"tests/{self.path}"]


def read_slow(file: Path = FILE) -> list[Slow]:
    """Return what the file names."""
    found = tomllib.loads(file.read_text("utf-8"))["slow"]
    return [Slow(**{**one, "tests": tuple(one.get("tests", ()))}) for one in found]


def slow_tests() -> tuple[str, ...]:
    """Return how the ids of slow tests start, as `Slow.starts`."""
    return tuple(start for one in read_slow() for start in one.starts())


def left_out(tests: int) -> str:
    """Return what is said of tests that were left out."""
    said = f"{tests} slow tests were left out: tests/slow.toml names them, `make test-slow` runs them."
    return f"{said} Properties were tried with a part of their examples." if PROFILE == "sample" else said


class SlowTests:
    """Marks tests whose id starts with one of `slow`, and counts those that `-m "not slow"` leaves out.

    They are left out in this process or in its workers, which collect for themselves.
    """

    def __init__(self, config: pytest.Config, slow: tuple[str, ...]) -> None:
        self._config, self._slow = config, slow
        self._left_out: Counter[str] = Counter()

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: Sequence[pytest.Item]) -> None:
        """Mark them, before pytest selects by marks."""
        for item in items:
            if f"{item.nodeid}[".startswith(self._slow):
                item.add_marker(pytest.mark.slow)

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        """Count those that are left out; a worker tells it."""
        found = sum(item.get_closest_marker("slow") is not None for item in items)
        self._left_out["here"] += found
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[_OUTPUT] = self._left_out["here"]

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        """Take the count of a worker: each collects the same tests, so they are not added."""
        found = getattr(node, "workeroutput", {}).get(_OUTPUT, 0)
        self._left_out["workers"] = max(self._left_out["workers"], found)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say how many are left out, and which command runs them."""
        found = max(self._left_out.values(), default=0)
        if found:
            terminalreporter.write_line(left_out(found), yellow=True)
