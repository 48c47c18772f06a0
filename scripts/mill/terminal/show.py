"""What a person reads at the end of a run: the numbers, the reasons, the files. Machines read the JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeGuard

from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.style import Style
from rich.table import Table
from rich.text import Text

_MOST_ROWS = 20
_WIDE = 100
_SENTENCE = 300  # characters of the first of several sentences, which is shown whole: the column folds it
_FEW = 4
_TOTALS = ("rows", "total")
_FEW_TEXTS = 5
_INDENT = 2
_SPOKEN = {
    **{name: name.replace("_", " ") for name in ("would_create", "would_update", "would_leave")},
    **{name: name.replace("_", " ") for name in ("would_refuse", "would_hold", "not_known")},
}
# Under these names there are rows that a person has to see to; all others are as they should be.
_NEED_A_PERSON = frozenset({"invalid", "rejected", "failed", "unknown", "would_refuse", "would_hold"})


def show_result(result: Any, console: Console) -> bool:
    """Show what in a result lends itself to being read; whether there was anything.

    An object of whole numbers becomes a table with bars, a list of objects a table, a list of reasons what
    needs attention, `render_all` each of its parts in turn. Stored objects are left to `show_files`, an
    `error` to whoever says that the run failed.
    """
    if isinstance(result, list):
        return _show_rows(result, console)
    if not isinstance(result, dict):
        return False
    if set(result) == {"render_all"}:
        shown = [show_result(part, console) for part in result["render_all"]]
        return any(shown)
    if set(result) <= {"md", "markdown"} and result:
        from rich.markdown import Markdown  # noqa: PLC0415 - a tenth of what a run loads, for few results

        console.print(Markdown(str(next(iter(result.values())))))
        return True
    if set(result) == {"table-row-object"}:
        return _show_rows(result["table-row-object"], console)
    return _show_object(result, console)


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


def _show_object(result: Mapping[str, Any], console: Console) -> bool:
    if _is_counts(result):
        console.print(_counts(result))
        return True
    return _show_parts(result, console)


def _show_parts(result: Mapping[str, Any], console: Console, *, told: frozenset[str] = frozenset()) -> bool:
    """Show everything but the files. Of the parts in `told` the whole had its own already."""
    parts = {name: value for name, value in result.items() if name not in told}
    for name, value in parts.items():
        if _is_counts(value):
            console.print(Text(str(name), style="bold"))
            console.print(_counts(value))
    for value in parts.values():
        if _is_reasons(value):
            _show_reasons(value, console)
        elif _is_texts(value):
            for text in value:
                console.print(Text(text, style="yellow"), soft_wrap=True)
    facts = _facts(parts)
    if facts.row_count:
        console.print(facts)
    for name, value in parts.items():
        if _has_counts(value):
            console.print(Text(str(name), style="bold"))
            _show_parts(value, console, told=told | {key for key, part in parts.items() if _is_counts(part)})
    return bool(facts.row_count) or any(map(_is_counts, parts.values()))


def _facts(parts: Mapping[str, Any]) -> Table:
    error = parts.get("error")
    said = str(error.get("message") or "") if isinstance(error, dict) else ""
    facts = Table.grid(padding=(0, 2))
    facts.add_column()
    facts.add_column(overflow="fold")
    for name, value in parts.items():
        shown = None if _is_counts(value) or (name == "error" and said) else _fact(value)
        if shown is not None and not (said and (said[:_WIDE] in str(value) or _message_of(value) in said)):
            facts.add_row(Text(str(name), style="bold"), Text(shown))
    return facts


def _message_of(value: Any) -> str:
    """The sentence that an object has for a person; what is in no text where it has none."""
    message = value.get("message") if isinstance(value, dict) else None
    return message if isinstance(message, str) and message else "\0"


def show_file(console: Console, name: str, path: str, note: str = "") -> None:
    """Print where a file lies: on one line however narrow the terminal is, and as a link if it takes any."""
    link = Style(link=Path(path).resolve().as_uri())
    line = Text.assemble((f"{name:<10}", "bold"), "  ", (path, link), f" ({note})" if note else "")
    console.print(line, soft_wrap=True, highlight=False)


def show_files(result: Any, console: Console, objects: Path) -> None:
    """Print the files of the stored objects that a result names, below `objects`."""
    for name, reference in _files(result) if isinstance(result, dict) else ():
        show_file(console, name, local_file(reference, objects), _rows_in(reference))


def _files(result: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the stored objects that a result names, and those that its parts name."""
    for name, value in result.items():
        if not isinstance(value, dict):
            continue
        if isinstance(value.get("s3"), str):
            yield str(name), value
            continue
        for inner, reference in value.items():
            if isinstance(reference, dict) and isinstance(reference.get("s3"), str):
                yield (str(name) if inner == "file" else f"{name} {inner}"), reference


def _rows_in(reference: Mapping[str, Any]) -> str:
    rows = reference.get("rows")
    return f"{rows:,} row{'' if rows == 1 else 's'}" if isinstance(rows, int) else ""


def _is_reasons(value: Any) -> TypeGuard[list[Mapping[str, Any]]]:
    """Return whether this is a list of sentences on rows, each with their number and the first of them."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(
            isinstance(one, dict)
            and isinstance(one.get("message"), str)
            and isinstance(one.get("rows"), int)
            and isinstance(one.get("examples"), list)
            for one in value
        )
    )


def _is_texts(value: Any) -> TypeGuard[list[str]]:
    return (
        isinstance(value, list)
        and 0 < len(value) <= _FEW_TEXTS
        and all(isinstance(text, str) and len(text) > _WIDE // 2 for text in value)
    )


def _show_reasons(reasons: list[Mapping[str, Any]], console: Console) -> None:
    """Show how many rows each reason has, and the first lines; what needs a person comes first."""
    width = max(len(f"{one['rows']:,}") for one in reasons)
    for title, needed in (("Rows that need your attention", True), ("Worth knowing", False)):
        group = [one for one in reasons if (one.get("outcome") in _NEED_A_PERSON) is needed]
        if not group:
            continue
        console.print(Text(title, style="bold"))
        for one in group:
            style = "yellow" if needed else ""
            count = Text(f"{' ' * _INDENT}{one['rows']:>{width},}  ", style=style)
            outcome = str(one.get("outcome") or "").replace("_", " ")
            count.append(f"{outcome}: " if outcome else "", style="dim")
            console.print(
                count.append(f"{one['message']} {_lines_of(one)}".rstrip(), style=""), soft_wrap=True
            )


def _lines_of(reason: Mapping[str, Any]) -> str:
    """The first lines of the file that have the reason."""
    examples = reason["examples"]
    lines = [one["line"] for one in examples if isinstance(one, dict) and isinstance(one.get("line"), int)]
    if not lines:
        return ""
    named = ", ".join(f"{line:,}" for line in lines)
    more = ", ..." if reason["rows"] > len(lines) else ""
    return f"(line{'' if len(lines) == 1 and not more else 's'} {named}{more})"


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
        colour = "yellow" if name in _NEED_A_PERSON else "green"
        bar: Text | ProgressBar = Text()
        if number and name not in _TOTALS:
            bar = ProgressBar(max(whole, 1), number, width=30, complete_style=colour, finished_style=colour)
        table.add_row(_SPOKEN.get(name, str(name)), f"{number:,}", bar)
    return table


def _fact(value: Any) -> str | None:
    """Return a value as one line, or None if it is none for a person, or a file.

    A large object's message speaks for it.
    """
    if isinstance(value, dict) and isinstance(value.get("s3"), str):
        return None
    if isinstance(value, dict) and isinstance(value.get("message"), str) and len(value) > _FEW:
        return str(value["message"])
    if isinstance(value, dict) and 0 < len(value) <= _FEW:
        parts = {key: _part(item) for key, item in value.items()}
        if all(part is not None for part in parts.values()):
            return "; ".join(f"{key}: {part}" for key, part in parts.items())
    if value is None or value == "" or isinstance(value, dict | list):
        return None
    first, end, _ = value.partition(". ") if isinstance(value, str) else ("", "", "")
    return f"{first}." if end and _WIDE < len(first) <= _SENTENCE else _short(value)


def _part(value: Any) -> str | None:
    """Return a member of a small object, where it is short itself."""
    return _short(value) if isinstance(value, str | int) and not isinstance(value, bool) else None


def local_file(reference: Mapping[str, Any], objects: Path) -> str:
    """Return where a stored object lies on this machine, from here if it is below here."""
    file = objects / (reference.get("storage") or "_default_") / reference["s3"]
    return from_here(file)


def from_here(file: Path) -> str:
    """Return a file's path from the current folder if it is below that, else as it is."""
    return os.path.relpath(file) if file.is_relative_to(Path.cwd()) else str(file)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDE else f"{text[: _WIDE - 3]}..."


def as_json(result: Any) -> str:
    """Return a result as the lines `mill` prints."""
    text = json.dumps(result, ensure_ascii=False, indent=2)
    return text.encode("utf-8", "backslashreplace").decode("utf-8") + "\n"
