"""`mill bench import`: what an import costs, as ratios measured side by side in one run.

Each ratio is a function of its own and a line of RATIOS; what several of them need, `Bench` measures once.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from mill.api.storage.objects import put_file
from mill.bench import sending
from mill.bench.rig import dataset
from mill.bench.rig.postgres import MISSING, is_installed, postgres
from mill.bench.sending import AT_ONCE, BURST, DELAY, JOBS, LIMIT, Rates, platform
from mill.errors import MillError
from mill.repository.workspace import Workspace, hint

_WORKER = Path(__file__).parent / "workers" / "import_worker.py"
_ROUNDS = 3
_FEWER = 100  # the small file has a hundredth of the rows
_SEED = 7


@dataclass
class Bench:
    """The measurements that the ratios are made of."""

    root: Path
    rows: int

    @cached_property
    def speed(self) -> Mapping[str, Mapping[str, list[float]]]:
        """Rows a second by file (clean, dirty) and way (obvious, checked, whole)."""
        rates: Mapping[str, Mapping[str, list[float]]] = self.worker(
            "speed", str(self.rows // 20), str(_ROUNDS)
        )
        return rates

    @cached_property
    def parses(self) -> tuple[Mapping[str, float], Mapping[str, float]]:
        """Seconds and peak memory of parse_csv with few rows and with all, from and to object storage."""
        with tempfile.TemporaryDirectory(prefix="mill-bench-") as folder:
            state = Path(folder)
            for name, rows in (("few.csv", self.rows // _FEWER), ("all.csv", self.rows)):
                file = state / name
                with file.open("w", encoding="utf-8", newline="") as text:
                    text.writelines(dataset.to_csv(dataset.clean_rows(rows)))
                put_file(state, name, file)
                file.unlink()
            with platform(self.root, state) as environment:
                few, many = (
                    self.worker("parse", name, environment=environment) for name in ("few.csv", "all.csv")
                )
        return few, many

    @cached_property
    def rates_by_row(self) -> Rates:
        """Rows a second to an API that takes one customer a request, 20 ms away."""
        return sending.rates_by_row(self.root, self.rows // 100)

    @cached_property
    def rates_in_batches(self) -> Rates:
        """Rows a second from the file to an API that takes a hundred customers a request, 20 ms away."""
        return sending.rates_in_batches(self.root, self.rows // 25)

    @cached_property
    def limited(self) -> Mapping[str, float]:
        """What a server with a limit counts of jobs that share it."""
        return sending.limited(self.root, max(60, self.rows // 2_000))

    @cached_property
    def journals(self) -> Mapping[str, Rates]:
        """Rows a second by API (rows, batches) and journal (none, sqlite; where one is also the others)."""
        with postgres() as database:
            return {
                "rows": sending.rates_of_journals(self.root, self.rows // 400, database, batches=False),
                "batches": sending.rates_of_journals(self.root, self.rows // 100, database, batches=True),
            }

    def worker(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Any:
        """One measurement in a process of its own."""
        done = subprocess.run(  # noqa: S603 - our own worker, without a shell
            [sys.executable, str(_WORKER), *arguments],
            cwd=self.root,
            env={"PATH": os.defpath, "PYTHONPATH": str(self.root), **(environment or {})},
            capture_output=True,
            check=False,
        )
        if done.returncode:
            last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
            raise MillError(f"The measurement {arguments[0]!r} failed: {' '.join(last)}", exit_code=1)
        return json.loads(done.stdout)


def validate_vs_obvious(bench: Bench) -> float:
    """Rows read, checked and mapped a second, over those of the obvious pipeline."""
    return _median(bench.speed["clean"], "checked")


def validate_vs_obvious_dirty(bench: Bench) -> float:
    """The same where one row in twenty has something wrong."""
    return _median(bench.speed["dirty"], "checked")


def parse_vs_obvious(bench: Bench) -> float:
    """The same with what the obvious pipeline does not do: duplicates found, chunks encoded, all counted."""
    return _median(bench.speed["clean"], "whole")


def memory_1m_vs_10k(bench: Bench) -> float:
    """Peak memory of parse_csv with all rows over that with a hundredth of them."""
    few, many = bench.parses
    return many["peak_mb"] / few["peak_mb"]


def time_1m_vs_10k(bench: Bench) -> float:
    """Processor seconds of parse_csv with all rows over those with a hundredth of them."""
    few, many = bench.parses
    return many["seconds"] / few["seconds"]


def rows_20ms_vs_asyncio(bench: Bench) -> float:
    """Rows a second of the flow's jobs, over those of an asyncio client with as many requests at once.

    The flow's default is four jobs side by side, which share a journal; the client is one process, as such a
    client is, and journals nothing.
    """
    return _median(bench.rates_by_row, "jobs", "by_asyncio")


def rows_20ms_one_job_vs_asyncio(bench: Bench) -> float:
    """The same of a single job, which has one process as the client has."""
    return _median(bench.rates_by_row, "job", "by_asyncio")


def batch_vs_asyncio_batch(bench: Bench) -> float:
    """Rows a second from the file to the API's last answer, over those of the obvious check and asyncio.

    It is the first import into its target. Ours is the wall time of what the flow does with 10,000 rows a
    job: parse_csv in one process, and when it has ended create_customers on its chunks in four, the flow's
    default. They are warm and share a journal. Theirs is one client written for the purpose: it checks and
    sends at the same time, in one process, and journals nothing.
    """
    return _median(bench.rates_in_batches, "flow", "by_asyncio_in_batches")


def batch_later_vs_asyncio_batch(bench: Bench) -> float:
    """The same of new rows into a target that others went to before, so that the journal asks for each."""
    return _median(bench.rates_in_batches, "later", "by_asyncio_in_batches")


def limit_used(bench: Bench) -> float:
    """Requests answered after the first burst, over those that the limit allows in that time."""
    return (bench.limited["answered"] - BURST) / (LIMIT * bench.limited["seconds"])


def limit_429(bench: Bench) -> float:
    """Requests that the server refused because they came too fast."""
    return bench.limited["refused"]


def journal_cost_sqlite(bench: Bench) -> float:
    """The share of its rows a second that the journal in a file takes from a job, one row a request.

    As in all that follow, it is the first import into its target.
    """
    return _journal_cost(bench, "rows", "sqlite")


def journal_cost_postgres(bench: Bench) -> float:
    """The same of a journal in a Postgres on this machine."""
    return _journal_cost(bench, "rows", "postgres")


def journal_cost_data_table(bench: Bench) -> float:
    """The same of a journal in a data table, where each statement is a request to `mill` on this machine."""
    return _journal_cost(bench, "rows", "data_table")


def journal_cost_sqlite_batches(bench: Bench) -> float:
    """The share of its rows a second that the journal in a file takes from a job, a hundred a request."""
    return _journal_cost(bench, "batches", "sqlite")


def journal_cost_postgres_batches(bench: Bench) -> float:
    """The same of a journal in a Postgres on this machine."""
    return _journal_cost(bench, "batches", "postgres")


def journal_cost_data_table_batches(bench: Bench) -> float:
    """The same of a journal in a data table."""
    return _journal_cost(bench, "batches", "data_table")


def journal_cost_sqlite_batches_later(bench: Bench) -> float:
    """The share in a file, a hundred rows a request, of new rows into a target that others went to before."""
    return _journal_cost(bench, "batches", "sqlite_later")


def journal_cost_postgres_batches_later(bench: Bench) -> float:
    """The same of a journal in a Postgres on this machine."""
    return _journal_cost(bench, "batches", "postgres_later")


def journal_cost_data_table_batches_later(bench: Bench) -> float:
    """The same of a journal in a data table."""
    return _journal_cost(bench, "batches", "data_table_later")


def _journal_cost(bench: Bench, api: str, journal: str) -> float:
    if not journal.startswith("sqlite") and not is_installed():
        raise NotMeasuredError(MISSING)
    return 1 - _median(bench.journals[api], journal, "none")


def _median(rates: Mapping[str, list[float]], way: str, other: str = "obvious") -> float:
    """Each round against its neighbour in time."""
    pairs = zip(rates[way], rates[other], strict=True)
    return statistics.median(ours / theirs for ours, theirs in pairs)


class NotMeasuredError(Exception):
    """A ratio cannot be measured here; the sentence says why."""


def _speeds(bench: Bench) -> Table:
    table = Table("file", *bench.speed["clean"], title="rows a second of one core")
    for name, ways in bench.speed.items():
        table.add_row(name, *_rows_a_second(ways))
    return table


def _peaks(bench: Bench) -> Table:
    table = Table("rows", "processor seconds", "peak MB", title="parse_csv, from and to object storage")
    for parse in bench.parses:
        table.add_row(f"{parse['rows']:,.0f}", f"{parse['seconds']:.2f}", f"{parse['peak_mb']:.1f}")
    return table


def _row_rates(bench: Bench) -> Table:
    title = f"rows a second, one a request, {1000 * DELAY:.0f} ms away, {AT_ONCE} at once"
    ways = (f"{JOBS} of the flow's jobs", "one of them", "asyncio", "threads", "one after the other")
    table = Table(*ways, title=title)
    table.add_row(*_rows_a_second(bench.rates_by_row))
    return table


def _batch_rates(bench: Bench) -> Table:
    title = f"rows a second from the file, 100 a request, {1000 * DELAY:.0f} ms away"
    ours = f"parse_csv, then {JOBS} of the flow's jobs at a time"
    theirs = "the obvious check and asyncio, one process"
    table = Table(ours, "the same, as a later import", theirs, title=title)
    table.add_row(*_rows_a_second(bench.rates_in_batches))
    return table


def _limit(bench: Bench) -> Table:
    title = f"{JOBS} jobs share a limit of {LIMIT} a second"
    table = Table("answered", "refused", "seconds from first to last", title=title)
    counts = bench.limited
    table.add_row(f"{counts['answered']:.0f}", f"{counts['refused']:.0f}", f"{counts['seconds']:.2f}")
    return table


def _journals(bench: Bench) -> Table:
    title = "rows a second by journal, and what it costs"
    table = Table("journal", "one a request", "", "100 a request", "", title=title)
    for name in bench.journals["rows"]:
        cells = []
        for rates in bench.journals.values():
            cost = f"{1 - _median(rates, name, 'none'):.1%}" if name != "none" else ""
            cells += [f"{statistics.median(rates[name]):,.0f}", cost]
        table.add_row(name.replace("_later", ", later import").replace("_", " "), *cells)
    return table


def _rows_a_second(rates: Mapping[str, list[float]]) -> Iterator[str]:
    return (f"{statistics.median(rounds):,.0f}" for rounds in rates.values())


@dataclass(frozen=True, slots=True)
class Ratio:
    """A figure of the bench; its function's name is its key. `details` is the table of what it is made of."""

    measure: Callable[[Bench], float]
    what: str
    details: Callable[[Bench], Table]
    goal: str = ""

    @property
    def key(self) -> str:
        """What it is called."""
        return self.measure.__name__


RATIOS = (
    Ratio(validate_vs_obvious, "read + check + map, times the obvious pipeline", _speeds, "at least 15"),
    Ratio(validate_vs_obvious_dirty, "the same, one row in twenty dirty", _speeds),
    Ratio(parse_vs_obvious, "all of parse_csv but the storage, times the obvious pipeline", _speeds),
    Ratio(memory_1m_vs_10k, "peak memory, all rows to a hundredth", _peaks, "at most 1.3"),
    Ratio(time_1m_vs_10k, "processor time, all rows to a hundredth", _peaks, "at most 105"),
    Ratio(
        rows_20ms_vs_asyncio,
        "one row a request, times an asyncio client (n8n: 1,500 rows/s)",
        _row_rates,
        "at least 0.9",
    ),
    Ratio(rows_20ms_one_job_vs_asyncio, "the same of one of the flow's jobs alone", _row_rates),
    Ratio(
        batch_vs_asyncio_batch,
        "file to batch API, times the obvious check and an asyncio client",
        _batch_rates,
        "at least 3",
    ),
    Ratio(batch_later_vs_asyncio_batch, "the same of a later import into the same target", _batch_rates),
    Ratio(limit_used, "share used of a rate limit that parallel jobs have together", _limit, "at least 0.97"),
    Ratio(limit_429, "requests too many for the server with that limit", _limit, "0"),
    Ratio(
        journal_cost_sqlite, "share of the rows/s that a journal in a file costs", _journals, "at most 0.15"
    ),
    Ratio(journal_cost_postgres, "the same of a journal in Postgres", _journals, "at most 0.15"),
    Ratio(journal_cost_data_table, "the same of a journal in a data table", _journals, "at most 0.15"),
    Ratio(journal_cost_sqlite_batches, "the same in batches, in a file", _journals, "at most 0.15"),
    Ratio(journal_cost_postgres_batches, "the same in batches, in Postgres", _journals, "at most 0.15"),
    Ratio(journal_cost_data_table_batches, "the same in batches, in a data table", _journals, "at most 0.15"),
    Ratio(journal_cost_sqlite_batches_later, "the same of a later import, in a file", _journals),
    Ratio(journal_cost_postgres_batches_later, "the same of a later import, in Postgres", _journals),
    Ratio(journal_cost_data_table_batches_later, "the same of a later import, in a data table", _journals),
)


def import_(
    rows: Annotated[int, typer.Option(min=10_000, help="Rows of the large file.")] = 1_000_000,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="RATIO", help="Measure this alone, such as limit_used; may be repeated."),
    ] = None,
    agree: Annotated[
        int, typer.Option(min=0, help="Instead, hold this many generated values against the libraries.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="What the values are generated from.")] = _SEED,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare an import with what one would write instead.

    Reading is held against csv, pydantic with EmailStr and phonenumbers; sending against asyncio clients of
    the same loopback API, over 20 ms; jobs with a journal against jobs without; and jobs that share a rate
    limit meet a server that enforces it. It takes a few minutes; fewer --rows take less, and say less.

    With --agree, check that the short cuts of the validation say what email-validator, phonenumbers and the
    rules for whole rows say; the exit code is 1 if one does not.
    """
    bench = Bench(Workspace.find(Path.cwd()).root, rows)
    if agree:
        _report_agreement(bench.worker("agree", str(agree), str(seed)), as_json=as_json)
        return
    figures = _measured(bench, _chosen(only or []))
    if as_json:
        typer.echo(json.dumps({ratio.key: figure for ratio, figure in figures.items()}))
        return
    names = (Column("ratio", no_wrap=True), "measured", "goal", "what")
    table = Table(*names, title=f"import of {rows:,} rows")
    for ratio, figure in figures.items():
        table.add_row(ratio.key, f"{figure:g}", ratio.goal, ratio.what)
    console = Console(file=sys.stdout)
    console.print(table, *(details(bench) for details in dict.fromkeys(ratio.details for ratio in figures)))


def _chosen(names: list[str]) -> list[Ratio]:
    known = [ratio.key for ratio in RATIOS]
    for name in names:
        if name not in known:
            raise MillError(f"There is no ratio {name}.{hint(name, known)} There are: {', '.join(known)}.")
    return [ratio for ratio in RATIOS if not names or ratio.key in names]


def _measured(bench: Bench, ratios: list[Ratio]) -> dict[Ratio, float]:
    figures = {}
    for ratio in ratios:
        typer.echo(f"measuring {ratio.key}: {ratio.what}", err=True)
        try:
            figures[ratio] = round(ratio.measure(bench), 3)
        except NotMeasuredError as reason:
            typer.echo(f"{ratio.key} is left out: {reason}", err=True)
    return figures


def _report_agreement(found: Mapping[str, Mapping[str, Any]], *, as_json: bool) -> None:
    differing = sum(kind["differing"] for kind in found.values())
    if as_json:
        values = sum(kind["values"] for kind in found.values())
        typer.echo(json.dumps({"agree_values": values, "agree_differing": differing}))
    else:
        table = Table("what", "values", "took the short cut", "differ", title="short cuts and libraries")
        for name, kind in found.items():
            table.add_row(name, f"{kind['values']:,}", f"{kind['short']:,}", f"{kind['differing']:,}")
        Console(file=sys.stdout).print(table)
    for kind in found.values():
        for line in kind["shown"]:
            typer.echo(line, err=True)
    if differing:
        raise typer.Exit(1)
