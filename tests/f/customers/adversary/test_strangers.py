"""Imports into APIs as other people build them: what is reported is held against each API's own ledger.

`pytest -s -k prints` of this file prints the table: the API, what the importer was told of it, the outcomes
of three imports of the same ten rows (the third with other values), and what is wrong.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor

import pytest

from mill.bench.rig.strangers.client import Acquaintance, Strangers, strangers
from tests.f.customers.adversary.cells import BELIEVED, CELLS, IMPORTS, Cell, Result, run
from tests.forks import forks

# Most of a cell's time goes by in waiting.
_PROCESSES = 32
_AHEAD = 80  # cells that are begun before they are asked for


class Results:
    """Cells that run side by side, each in one of a few processes: one that is asked for, and those after it.

    Whoever runs a part of this file, as one of several processes of a test run does, runs no more than that.
    """

    def __init__(self, server: Strangers, pool: ProcessPoolExecutor) -> None:
        self._server, self._pool = server, pool
        self._cells = [*CELLS, *BELIEVED]
        self._running: dict[str, Future[Result]] = {}

    def of(self, cell: Cell) -> Result:
        """Wait for what came of a cell."""
        at = self._cells.index(cell)
        for one in self._cells[at : at + _AHEAD]:
            if one.name not in self._running:
                api: Acquaintance = self._server.meet(one.behaviour)
                self._running[one.name] = self._pool.submit(run, one, api)
        return self._running[cell.name].result(timeout=100)


@pytest.fixture(scope="module")
def results() -> Iterator[Results]:
    """The results of the cells that are asked for."""
    with strangers() as server, ProcessPoolExecutor(_PROCESSES, forks()) as pool:
        yield Results(server, pool)
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("cell", [pytest.param(cell, id=cell.name) for cell in CELLS])
def test_an_import_its_resumption_and_one_of_changed_rows_report_what_the_ledger_says(
    cell: Cell, results: Results
) -> None:
    wrong = results.of(cell).wrong
    assert {what: sentences for what, sentences in wrong.items() if sentences} == {}


@pytest.mark.parametrize("cell", [pytest.param(cell, id=cell.name) for cell in BELIEVED])
def test_what_an_import_takes_a_targets_word_for_is_known(cell: Cell, results: Results) -> None:
    """Should one of these hold one day, it belongs to the table above."""
    assert any("twice" in sentence for sentences in results.of(cell).wrong.values() for sentence in sentences)


def test_prints_the_table(request: pytest.FixtureRequest, results: Results) -> None:
    lines = []
    cells = CELLS if request.config.getoption("capture") == "no" else []
    for cell in cells:
        result = results.of(cell)
        counts = [", ".join(f"{name} {one[name]}" for name in sorted(one)) for one in result.counts]
        lines.append(f"{cell.name} ({result.seconds:.1f} s): {result.promise}")
        lines.append(f"  {' / '.join(counts)}")
        lines += [f"  WRONG {what}: {one}" for what, sentences in result.wrong.items() for one in sentences]
    wrong = {what: sum(bool(results.of(cell).wrong[what]) for cell in cells) for what in IMPORTS}
    lines.append(f"cells {len(cells)}, wrong {wrong}")
    sys.stdout.write("\n" + "\n".join(lines) + "\n")
    assert len({cell.name for cell in CELLS}) == len(CELLS)
