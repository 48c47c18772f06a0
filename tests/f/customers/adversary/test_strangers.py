"""Imports into APIs as other people build them: what is reported is held against each API's own ledger.

`pytest -s -k prints` of this file prints the table: the API, what the importer was told of it, the outcomes
of three imports of the same ten rows (the third with other values), and what is wrong.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor

import pytest

from mill.bench.rig.strangers.client import Acquaintance, Strangers, strangers
from tests.f.customers.adversary.cells import BELIEVED, CELLS, IMPORTS, Cell, Result, run

# Most of a cell's time goes by in waiting.
_PROCESSES = 8


class Results:
    """Cells that run side by side, each in one of a few processes, from the first that is asked for."""

    def __init__(self, server: Strangers, pool: ProcessPoolExecutor, cells: list[Cell]) -> None:
        self._running: dict[str, Future[Result]] = {}
        for cell in cells:
            api: Acquaintance = server.meet(cell.behaviour)
            self._running[cell.name] = pool.submit(run, cell, api)

    def of(self, cell: Cell) -> Result:
        """Wait for what came of a cell."""
        return self._running[cell.name].result(timeout=100)


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest) -> Iterator[Results]:
    """The results of the cells that are asked for."""
    here = [item for item in request.session.items if item.path == request.node.path]
    names = {item.name.partition("[")[2].removesuffix("]") for item in here}
    cells = [cell for cell in (*CELLS, *BELIEVED) if "" in names or cell.name in names]
    context = multiprocessing.get_context("spawn")
    with strangers() as server, ProcessPoolExecutor(_PROCESSES, context) as pool:
        yield Results(server, pool, cells)


EACH_CELL = pytest.mark.parametrize("cell", [pytest.param(cell, id=cell.name) for cell in CELLS])


@EACH_CELL
def test_an_import_and_its_resumption_report_what_the_ledger_says(cell: Cell, results: Results) -> None:
    result = results.of(cell)
    assert result.wrong["first"] + result.wrong["again"] == []


@EACH_CELL
def test_an_import_of_changed_rows_reports_what_the_ledger_says(cell: Cell, results: Results) -> None:
    assert results.of(cell).wrong["changed"] == []


@pytest.mark.parametrize("cell", [pytest.param(cell, id=cell.name) for cell in BELIEVED])
def test_what_an_import_takes_a_targets_word_for_is_known(cell: Cell, results: Results) -> None:
    """Should one of these hold one day, it belongs to the table above."""
    assert any("twice" in sentence for sentences in results.of(cell).wrong.values() for sentence in sentences)


def test_prints_the_table(results: Results) -> None:
    lines = []
    for cell in CELLS:
        result = results.of(cell)
        counts = [", ".join(f"{name} {one[name]}" for name in sorted(one)) for one in result.counts]
        lines.append(f"{cell.name} ({result.seconds:.1f} s): {result.promise}")
        lines.append(f"  {' / '.join(counts)}")
        lines += [f"  WRONG {what}: {one}" for what, sentences in result.wrong.items() for one in sentences]
    wrong = {what: sum(bool(results.of(cell).wrong[what]) for cell in CELLS) for what in IMPORTS}
    lines.append(f"cells {len(CELLS)}, wrong {wrong}")
    sys.stdout.write("\n" + "\n".join(lines) + "\n")
    assert len({cell.name for cell in CELLS}) == len(CELLS)
