"""Lists the imports of the past: what came in, what became of it, and where its files lie."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from mill.terminal.show import as_json

_FILES = ("report", "rejects")


def show_history(state: Path, *, limit: int, as_json_: bool) -> int:
    """Show the latest imports, newest first; as JSON where the output goes into a file or a pipe."""
    imports = list(past_imports(state, limit))
    if as_json_ or not sys.stdout.isatty():
        sys.stdout.write(as_json(imports))
        return 0
    console = Console(highlight=False)
    if not imports:
        console.print(f"No import is known in {state}. `mill import FILE` makes one.")
        return 0
    console.print(_table(imports))
    for one in imports[:1]:
        for name in _FILES:
            if one[name]:
                console.print(Text(f"{name} of the latest: {one[name]}"), soft_wrap=True)
    return 0


def past_imports(state: Path, limit: int) -> Iterator[dict[str, Any]]:
    """Yield id, time, file, target, counts and the paths of the files of each import, newest first."""
    folder = state / "objects" / "_default_" / "imports"
    found = sorted(folder.glob("*/summary.json"), key=lambda file: file.parent.name, reverse=True)
    for file in found[:limit]:
        summary = _read(file)
        if summary is not None:
            yield {
                "import_id": summary["import_id"],
                "started_at": summary["started_at"],
                "source": summary["source"],
                "target": summary["target"],
                "dry_run": summary["dry_run"],
                "counts": summary["counts"],
                **{name: _path(file.parent, summary, name) for name in _FILES},
            }


def _read(file: Path) -> Mapping[str, Any] | None:
    """None for what is no summary: a file that another version or nobody of ours has written."""
    try:
        summary = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    needed = {"import_id", "started_at", "source", "target", "dry_run", "counts"}
    return summary if isinstance(summary, dict) and needed <= summary.keys() else None


def _path(folder: Path, summary: Mapping[str, Any], name: str) -> str | None:
    made = summary.get(name)
    file = folder / str(made["filename"]) if isinstance(made, dict) else None
    return str(file) if file is not None and file.is_file() else None


def _table(imports: list[dict[str, Any]]) -> Table:
    table = Table(
        *(Column("import", no_wrap=True, min_width=24), "when", "file", "target"),
        *(Column("rows", justify="right"), "of them"),
        box=None,
    )
    for one in imports:
        when = datetime.fromisoformat(one["started_at"]).astimezone().strftime("%Y-%m-%d %H:%M")
        kind = " (plan)" if one["dry_run"] else ""
        source, target = map(Text, (one["source"], one["target"]))
        counts = one["counts"]
        table.add_row(one["import_id"], when + kind, source, target, f"{counts['rows']:,}", _in_words(counts))
    return table


def _in_words(counts: Mapping[str, int]) -> str:
    return ", ".join(
        f"{number:,} {name.replace('_', ' ')}" for name, number in counts.items() if number and name != "rows"
    )
