"""`mill bench reader`: what reading a CSV file safely costs over csv.reader alone."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from mill.bench.pollock_table import show_pollock
from mill.errors import MillError
from mill.repository.workspace import Workspace

_HERE = Path(__file__).parent
_ROUNDS = 5
_TIMES_THE_ROWS = 10


def reader(
    rows: Annotated[int, typer.Option(min=10_000, help="Rows of each file.")] = 100_000,
    pollock: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="Score the reader on a copy of the Pollock benchmark's repository instead.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Compare read_table with csv.reader over the same bytes, and its memory at ten times the rows.

    reader_vs_csv is time over time: 1.3 is three tenths slower than csv.reader, which checks nothing.
    reader_memory_10x is peak memory at ten times the rows over peak memory: 1.0 is flat.

    With --pollock DIR it reads the benchmark's polluted files with no parameter given and prints the simple
    and the weighted score, of 10, by the benchmark's rules. They compare joined cells, so it also counts what
    they cannot see: rows that differ from the clean file and are neither refused nor told of in a note.
    """
    if pollock is not None:
        root = Workspace.find(Path.cwd()).root
        show_pollock(pollock, lambda folder: _worker(root, "pollock_worker.py", folder), as_json=as_json)
        return
    root = Workspace.find(Path.cwd()).root
    figures: dict[str, float] = {}
    table = Table("file", "csv.reader, rows/s", "read_table, rows/s", "times", title="reading")
    for name, rates in _worker(root, "reader_worker.py", "speed", rows, _ROUNDS).items():
        pairs = zip(rates["csv"], rates["read_table"], strict=True)
        ratio = round(statistics.median(theirs / ours for theirs, ours in pairs), 3)
        suffix = "" if name == "plain" else f"_{name.replace(' ', '_')}"
        figures[f"reader_vs_csv{suffix}"] = ratio
        medians = (f"{statistics.median(rates[who]):,.0f}" for who in ("csv", "read_table"))
        table.add_row(name, *medians, f"{ratio:.2f}")
    peaks = [_worker(root, "reader_worker.py", "memory", count) for count in (rows, _TIMES_THE_ROWS * rows)]
    figures["reader_memory_10x"] = round(peaks[1] / peaks[0], 3)
    table.caption = f"peak memory {peaks[0]:.1f} MB, at {_TIMES_THE_ROWS} times the rows {peaks[1]:.1f} MB"
    if as_json:
        typer.echo(json.dumps(figures))
    else:
        Console(file=sys.stdout).print(table)


def _worker(root: Path, worker: str, *arguments: object) -> Any:
    command = [sys.executable, str(_HERE / "workers" / worker), *map(str, arguments)]
    done = subprocess.run(  # noqa: S603 - our own worker, without a shell
        command, cwd=root, env={"PYTHONPATH": str(root)}, capture_output=True, check=False
    )
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise MillError(f"The measurement {worker!r} failed: {' '.join(last)}", exit_code=1)
    return json.loads(done.stdout)
