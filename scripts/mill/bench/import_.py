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
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from mill.api.objects import put_file
from mill.bench import dataset
from mill.errors import MillError
from mill.session import Session
from mill.workspace import Workspace

_WORKER = Path(__file__).with_name("import_worker.py")
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
            "speed", str(self.rows // 10), str(_ROUNDS)
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
            with Session(Workspace(self.root), state) as session:
                environment = {
                    "BASE_INTERNAL_URL": session.platform.url,
                    "WM_BASE_URL": session.platform.url,
                    "WM_TOKEN": session.platform.token,
                    "WM_WORKSPACE": session.platform.workspace_id,
                }
                few, many = (
                    self.worker("parse", name, environment=environment) for name in ("few.csv", "all.csv")
                )
        return few, many

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


def _median(rates: Mapping[str, list[float]], way: str) -> float:
    """Each round against its neighbour in time."""
    pairs = zip(rates[way], rates["obvious"], strict=True)
    return statistics.median(ours / theirs for ours, theirs in pairs)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A figure of the bench; its function's name is its key."""

    measure: Callable[[Bench], float]
    what: str
    goal: str = ""


RATIOS = (
    Ratio(validate_vs_obvious, "read + check + map, times the obvious pipeline", "at least 10"),
    Ratio(validate_vs_obvious_dirty, "the same, one row in twenty dirty"),
    Ratio(parse_vs_obvious, "all of parse_csv but the storage, times the obvious pipeline"),
    Ratio(memory_1m_vs_10k, "peak memory, all rows to a hundredth", "at most 1.3"),
    Ratio(time_1m_vs_10k, "processor time, all rows to a hundredth", "at most 105"),
)


def import_(
    rows: Annotated[int, typer.Option(min=10_000, help="Rows of the large file.")] = 1_000_000,
    agree: Annotated[
        int, typer.Option(min=0, help="Instead, hold this many generated values against the libraries.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="What the values are generated from.")] = _SEED,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare an import with the obvious pipeline: csv, pydantic with EmailStr, phonenumbers.

    With --agree, check that the short cuts of the validation say what email-validator, phonenumbers and the
    rules for whole rows say; the exit code is 1 if one does not.
    """
    bench = Bench(Workspace.find(Path.cwd()).root, rows)
    if agree:
        _report_agreement(bench.worker("agree", str(agree), str(seed)), as_json=as_json)
        return
    figures = {ratio.measure.__name__: round(ratio.measure(bench), 3) for ratio in RATIOS}
    if as_json:
        typer.echo(json.dumps(figures))
        return
    table = Table("ratio", "measured", "goal", "what", title=f"import of {rows:,} rows")
    for ratio in RATIOS:
        key = ratio.measure.__name__
        table.add_row(key, f"{figures[key]:g}", ratio.goal, ratio.what)
    console = Console(file=sys.stdout)
    console.print(table, _rates(bench.speed), _peaks(*bench.parses))


def _rates(speed: Mapping[str, Mapping[str, list[float]]]) -> Table:
    table = Table("file", *speed["clean"], title="rows a second of one core")
    for name, ways in speed.items():
        table.add_row(name, *(f"{statistics.median(rates):,.0f}" for rates in ways.values()))
    return table


def _peaks(*parses: Mapping[str, float]) -> Table:
    table = Table("rows", "processor seconds", "peak MB", title="parse_csv, from and to object storage")
    for parse in parses:
        table.add_row(f"{parse['rows']:,.0f}", f"{parse['seconds']:.2f}", f"{parse['peak_mb']:.1f}")
    return table


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
