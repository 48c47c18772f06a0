"""What a person reads at the end of a run: the numbers, the files, the tables. Machines read the JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard

from rich.console import Console
from rich.markdown import Markdown
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

_MOST_ROWS = 20
_WIDE = 100
_FEW = 4
_TOTALS = ("rows", "total")


def show_result(result: Any, console: Console, objects: Path | None = None) -> bool:
    """Show what in a result lends itself to being read; whether there was anything.

    An object of whole numbers becomes a table with bars, a list of objects a table, a reference to a
    stored object the path of its file below `objects`, `render_all` each of its parts in turn.
    """
    if isinstance(result, list):
        return _show_rows(result, console)
    if not isinstance(result, dict):
        return False
    if set(result) == {"render_all"}:
        shown = [show_result(part, console, objects) for part in result["render_all"]]
        return any(shown)
    if set(result) <= {"md", "markdown"} and result:
        console.print(Markdown(str(next(iter(result.values())))))
        return True
    if set(result) == {"table-row-object"}:
        return _show_rows(result["table-row-object"], console)
    return _show_object(result, console, objects)


def show_description(description: Any, console: Console) -> None:
    """Show what a step that waits for an approval says to whoever decides."""
    if description is None or show_result(description, console):
        return
    text = description if isinstance(description, str) else as_json(description)
    console.print(text, markup=False, highlight=False)


def _show_rows(rows: Any, console: Console) -> bool:
    if not (isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows)):
        return False
    columns = list(dict.fromkeys(str(key) for row in rows[:_MOST_ROWS] for key in row))
    table = Table(*columns)
    for row in rows[:_MOST_ROWS]:
        table.add_row(*(Text(_short(row.get(column))) for column in columns))
    console.print(table)
    if len(rows) > _MOST_ROWS:
        console.print(f"the first {_MOST_ROWS} of {len(rows)}")
    return True


def _show_object(result: Mapping[str, Any], console: Console, objects: Path | None) -> bool:
    if _is_counts(result):
        console.print(_counts(result))
        return True
    for name, value in result.items():
        if _is_counts(value):
            console.print(Text(str(name), style="bold"))
            console.print(_counts(value))
    facts = Table.grid(padding=(0, 2))
    facts.add_column()
    facts.add_column(overflow="fold")
    for name, value in result.items():
        shown = None if _is_counts(value) else _fact(value, objects)
        if shown is not None:
            facts.add_row(Text(str(name), style="bold"), Text(shown))
    if facts.row_count:
        console.print(facts)
    for name, value in result.items():
        if _has_counts(value):
            console.print(Text(str(name), style="bold"))
            _show_object(value, console, objects)
    return bool(facts.row_count) or any(map(_is_counts, result.values()))


def _has_counts(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Return whether this is an object within an object that has numbers to show."""
    return isinstance(value, dict) and any(map(_is_counts, value.values()))


def _is_counts(value: Any) -> TypeGuard[Mapping[str, int]]:
    return (
        isinstance(value, dict)
        and len(value) > 0
        and all(isinstance(number, int) and not isinstance(number, bool) for number in value.values())
    )


def _counts(counts: Mapping[str, int]) -> Table:
    """Return the numbers under names, with a bar for the share each has of the whole."""
    whole = max((counts[name] for name in _TOTALS if name in counts), default=0) or max(counts.values())
    table = Table(show_header=False, show_edge=False, box=None, padding=(0, 1))
    table.add_column()
    table.add_column(justify="right")
    for name, number in counts.items():
        bar = Text() if name in _TOTALS or not number else ProgressBar(max(whole, 1), number, width=30)
        table.add_row(str(name), f"{number:,}", bar)
    return table


def _fact(value: Any, objects: Path | None) -> str | None:
    """Return a value as one line, or None if it is none for a person.

    A large object's message speaks for it.
    """
    if isinstance(value, dict) and isinstance(value.get("s3"), str):
        rows = f" ({value['rows']:,} rows)" if isinstance(value.get("rows"), int) else ""
        return f"{_local(value, objects)}{rows}"
    if isinstance(value, dict) and isinstance(value.get("message"), str) and len(value) > _FEW:
        return str(value["message"])
    if isinstance(value, dict) and 0 < len(value) <= _FEW:
        parts = {key: _part(item, objects) for key, item in value.items()}
        if all(part is not None for part in parts.values()):
            return "; ".join(f"{key}: {part}" for key, part in parts.items())
    if value is None or value == "" or isinstance(value, dict | list):
        return None
    return _short(value)


def _part(value: Any, objects: Path | None) -> str | None:
    """Return a member of a small object, where it is short itself."""
    if isinstance(value, str | int) and not isinstance(value, bool):
        return _short(value)
    return _fact(value, objects) if isinstance(value, dict) and "s3" in value else None


def _local(reference: Mapping[str, Any], objects: Path | None) -> str:
    """Return where a stored object lies on this machine, from here if it is below here."""
    if objects is None:
        return str(reference["s3"])
    file = objects / (reference.get("storage") or "_default_") / reference["s3"]
    return os.path.relpath(file) if file.is_relative_to(Path.cwd()) else str(file)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDE else f"{text[: _WIDE - 3]}..."


def as_json(result: Any) -> str:
    """Return a result as the lines `mill` prints."""
    text = json.dumps(result, ensure_ascii=False, indent=2)
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"
