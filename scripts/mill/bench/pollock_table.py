"""The Pollock scores as a person reads them, and as one JSON object."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from mill.errors import MillError

_WORST = 15
_PLACE = re.compile(r"_row\d+|_?\d+(?=_)|_col\d+|_0x\w+")


@dataclass(frozen=True, slots=True)
class FileScore:
    """One file: its points, of 10, its weight, and what became of its rows."""

    name: str
    weight: float
    points: float
    refused_as: str
    rows: dict[str, int]
    silently_changed: int
    silently_lost: int


@dataclass(frozen=True, slots=True)
class Scores:
    """All files of the benchmark."""

    files: list[FileScore]

    @property
    def simple(self) -> float:
        """The mean of all files' points."""
        return sum(file.points for file in self.files) / len(self.files)

    @property
    def weighted(self) -> float:
        """The mean, each file weighted by how often its pollution is met."""
        total = sum(file.weight for file in self.files)
        return sum(file.points * file.weight for file in self.files) / total if total else 0.0

    @property
    def silently_changed(self) -> int:
        """Rows that were changed or lost and told of nowhere."""
        return sum(file.silently_changed + file.silently_lost for file in self.files)


def show_pollock(folder: Path, run: Callable[[str], Any], *, as_json: bool) -> None:
    """Print the scores of the benchmark in `folder`, measured by `run`, which starts the worker.

    Raises MillError if the folder is not the benchmark's, or its files are only pointers to large files.
    """
    _check(folder)
    scores = Scores([FileScore(**file) for file in run(str(folder.resolve()))])
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


def _check(folder: Path) -> None:
    polluted = sorted((folder / "polluted_files" / "csv").glob("*.csv"))
    weights = folder / "pollock_weights.json"
    if not polluted or not (folder / "polluted_files" / "clean").is_dir() or not weights.is_file():
        raise MillError(
            f"{folder} is not the benchmark's folder: it needs pollock_weights.json, polluted_files/csv and "
            "polluted_files/clean.",
            exit_code=2,
        )
    if polluted[0].read_bytes().startswith(b"version https://git-lfs"):
        raise MillError(f"{polluted[0]} is a pointer to a large file: fetch the content first.", exit_code=2)


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
