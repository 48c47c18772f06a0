"""The Pollock scores as a person reads them, and as one JSON object."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from mill.bench.pollock import FileScore, Scores, score_folder

_WORST = 15
_PLACE = re.compile(r"_row\d+|_?\d+(?=_)|_col\d+|_0x\w+")


def show_pollock(folder: Path, *, as_json: bool) -> None:
    """Print the scores of the benchmark in `folder`. Raises MillError if it is not the benchmark's."""
    scores = Scores(list(score_folder(folder)))
    if as_json:
        typer.echo(json.dumps(_figures(scores)))
        return
    console = Console(file=sys.stdout)
    console.print(_by_pollution(scores))
    console.print(_worst(scores))
    console.print(
        f"{len(scores.files):,} files: simple {scores.simple:.2f}, weighted {scores.weighted:.2f} of 10; "
        f"{scores.silently_changed:,} rows changed silently"
    )


def _figures(scores: Scores) -> dict[str, object]:
    return {
        "pollock_simple": round(scores.simple, 4),
        "pollock_weighted": round(scores.weighted, 4),
        "pollock_silently_changed": scores.silently_changed,
        "pollock_files": len(scores.files),
        "pollock_refused_files": sorted(file.name for file in scores.files if file.refused_as),
    }


def _by_pollution(scores: Scores) -> Table:
    table = Table("pollution", "files", "points", "rows equal", "refused", "noted", "changed silently")
    table.columns[0].no_wrap = True
    groups: dict[str, list[FileScore]] = {}
    for file in scores.files:
        groups.setdefault(_pollution(file.name), []).append(file)
    for name, files in groups.items():
        points = sum(file.points for file in files) / len(files)
        changed = sum(file.silently_changed + file.silently_lost for file in files)
        counts = [sum(file.rows[end] for file in files) for end in ("equal", "refused", "noted")]
        table.add_row(name, f"{len(files):,}", f"{points:.2f}", *map(str, counts), str(changed))
    return table


def _pollution(name: str) -> str:
    """The kind of damage that a file's name tells of, without the place of it."""
    kind = name.removesuffix(".csv")
    return _PLACE.sub("", kind) if kind.startswith("row_") else kind


def _worst(scores: Scores) -> Table:
    table = Table("worst files", "points", "weight", "refused as", "changed silently")
    table.columns[0].no_wrap = True
    for file in sorted(scores.files, key=lambda file: (file.points, -file.weight))[:_WORST]:
        changed = file.silently_changed + file.silently_lost
        table.add_row(file.name, f"{file.points:.2f}", f"{file.weight:.2f}", file.refused_as, str(changed))
    return table
