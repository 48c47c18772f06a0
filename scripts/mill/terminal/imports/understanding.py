"""Shows how a file would be read, and asks what only a person can decide."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mill.errors import MillError
from mill.terminal.imports.order import ImportOrder

_GUESSED = frozenset({"content", "position"})
_CUSTOM = "custom: "
_IN_A_FORM = re.compile(r"(?: Say|, or say) which (?:it is|is meant) with the mapping.*$")
_WIDE = 28  # characters of a sample
_DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}

Look = Callable[[Mapping[str, str]], Mapping[str, Any]]


def understand(order: ImportOrder, look: Look, *, silent: bool) -> dict[str, str]:
    """Return the mapping to import with: what was given, and what a person at the terminal answered.

    `look` returns the preview of the file with a mapping. Raises MillError where a question is open and
    nobody is there to answer it.
    """
    mapping = dict(order.mapping)
    console = Console(file=sys.stderr, highlight=False)
    asks = order.asks and not silent and sys.stdin.isatty() and console.is_terminal
    preview = look(mapping)
    if not silent:
        show_preview(preview, console)
    while True:
        if questions := preview["questions"]:
            if not asks:
                raise MillError(_open_question(preview, questions[0]))
            answer = _ask(preview, questions[0], console)
        elif asks and (guessed := _guessed(preview)):
            answer = _confirm(guessed, preview, console)
            if not answer:
                return mapping
        else:
            return mapping
        try:
            preview = look(mapping | answer)
        except MillError as error:  # a field that there is not, such as a typing error: asked again
            sys.stderr.write(f"{error}\n")
            continue
        mapping |= answer
        show_preview(preview, console)


def show_preview(preview: Mapping[str, Any], console: Console) -> None:
    """Show layout, columns with their fields, and the first cells of each."""
    console.print(Text.assemble((preview["source"], "bold"), "  ", (layout_of(preview), "dim")))
    for note in preview["notes"]:
        place = f"line {note['line']}: " if note["line"] else ""
        console.print(Text(f"  {place}{note['text']}", style="yellow"), soft_wrap=True)
    samples = max((len(column["samples"]) for column in preview["columns"]), default=0)
    table = Table("column", "becomes", *(f"row {number}" for number in range(1, samples + 1)), box=None)
    asked = {number for question in preview["questions"] for number in question["columns"]}
    for column in preview["columns"]:
        becomes = Text("?", style="bold yellow") if column["number"] in asked else _becomes(column)
        if column["how"] in _GUESSED:
            becomes.append(f"  ({column['reason']})", style="yellow")
        cells = [*column["samples"], *[""] * (samples - len(column["samples"]))]
        table.add_row(Text(_title(column)), becomes, *(Text(_short(cell), style="dim") for cell in cells))
    console.print(table)


def _becomes(column: Mapping[str, Any]) -> Text:
    if column["field"] == f"{_CUSTOM}{column['header'].strip()}":
        return Text("custom field", style="dim")
    return Text(column["field"]) if column["field"] else Text("left out", style="dim")


def layout_of(preview: Mapping[str, Any]) -> str:
    """Return encoding, delimiter and header row in a few words."""
    table = preview["table"]
    delimiter = _DELIMITERS.get(table["delimiter"], table["delimiter"])
    row = table.get("header_row")
    header = f"column names on line {row}" if row not in {None, "", "None"} else "no column names"
    packed = f"{table['container']}, {table['part']}, " if table.get("container") else ""
    text = "" if "xlsx" in packed else f"{table['encoding']}, {delimiter}, "
    return f"{packed}{text}{header}, {len(preview['columns'])} columns"


def _title(column: Mapping[str, Any]) -> str:
    return column["header"].strip() or f"(column {column['number']})"


def _short(cell: str) -> str:
    text = " ".join(cell.split())
    return text if len(text) <= _WIDE else f"{text[: _WIDE - 3]}..."


def _guessed(preview: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [
        column
        for column in preview["columns"]
        if column["how"] in _GUESSED and column["field"] and not column["field"].startswith(_CUSTOM)
    ]


def _open_question(preview: Mapping[str, Any], question: Mapping[str, Any]) -> str:
    """The question with the option that answers it, for a run that nobody watches."""
    columns = _columns(preview, question)
    example = shlex.quote(f"{_title(columns[0])}={question['field']}") if columns else ""
    remedy = f" Say which with --map, for example: --map {example}" if example else ""
    return f"{_sentence(question) if example else question['sentence']}{remedy}"


def _sentence(question: Mapping[str, Any]) -> str:
    """The question without the input that would answer it in a form: here an option or an answer does."""
    return f"{_IN_A_FORM.sub('', question['sentence']).rstrip('.')}."


def _columns(preview: Mapping[str, Any], question: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    by_number = {column["number"]: column for column in preview["columns"]}
    return [by_number[number] for number in question["columns"]]


def _ask(preview: Mapping[str, Any], question: Mapping[str, Any], console: Console) -> dict[str, str]:
    columns = _columns(preview, question)
    if not columns:
        raise MillError(question["sentence"])
    console.print(Text(f"\n{_sentence(question)}"), soft_wrap=True)
    for number, column in enumerate(columns, 1):
        sample = f"  such as {_short(column['samples'][0])}" if column["samples"] else ""
        console.print(Text(f"  {number}  {_title(column)}{sample}"), soft_wrap=True)
    while True:
        answer = _answer(f"Which one holds {question['field']}? [1-{len(columns)}, Enter stops] ")
        if answer.isascii() and answer.isdigit() and 0 < int(answer) <= len(columns):
            return {columns[int(answer) - 1]["header"]: question["field"]}
        sys.stderr.write(f"{answer!r} is none of them.\n")


def _confirm(
    guessed: Sequence[Mapping[str, Any]], preview: Mapping[str, Any], console: Console
) -> dict[str, str]:
    """Have a person agree to what the cells alone suggest; return what is to be otherwise."""
    known = {column["header"] for column in preview["columns"]}
    names = ", ".join(f"{_title(column)} = {column['field']}" for column in guessed)
    console.print(Text(f"\nGuessed by what the cells hold: {names}."), soft_wrap=True)
    while True:
        answer = _answer("Is that right? [y, COLUMN=field, Enter stops] ")
        if answer.lower() in {"y", "yes"}:
            return {}
        column, sign, name = answer.rpartition("=")
        if sign and column.strip() in known:
            return {column.strip(): name.strip()}
        sys.stderr.write(f"There is no column {(column or answer).strip()!r}; answer y or COLUMN=field.\n")


def _answer(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    answer = sys.stdin.readline().strip()
    if not answer:
        raise MillError("Stopped: nothing was sent. Name the columns with --map to go on.", exit_code=130)
    return answer
