"""What a person sees of an examination: one table, then what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from mill.doctor.finding import Finding, Step

_MARKS = {
    "ok": ("ok", "green"),
    "unused": ("-", "dim"),
    "warning": ("warning", "yellow"),
    "missing": ("missing", "red"),
}


def show(console: Console, title: str, findings: Sequence[Finding], todo: Sequence[Step]) -> None:
    """Print the table, what it comes to, and the steps."""
    console.print(_table(title, findings))
    console.print(_verdict(findings))
    if todo:
        console.print("\nWhat to do next:")
    for number, step in enumerate(todo, 1):
        console.print(Text(f"  {number}. {step.do}"), soft_wrap=True)
        if step.why:
            console.print(Text(f"     {step.why}", "dim"), soft_wrap=True)


def _table(title: str, findings: Sequence[Finding]) -> Table:
    table = Table(
        Column("", no_wrap=True), Column("", no_wrap=True), Column("", overflow="fold"),
        title=title, title_justify="left", show_header=False,
    )  # fmt: skip
    for group, lines in groupby(findings, key=lambda one: one.group):
        table.add_section()
        table.add_row(Text(group, "bold"), "", "")
        for one in lines:
            mark, colour = _MARKS[one.status]
            table.add_row(Text(f"  {one.name}"), Text(mark, colour), Text(one.text))
    return table


def _verdict(findings: Sequence[Finding]) -> str:
    missing, warnings = (sum(one.status == status for one in findings) for status in ("missing", "warning"))
    if missing:
        return f"{missing} {'thing is' if missing == 1 else 'things are'} missing."
    if all(one.status == "unused" for one in findings):
        return "Not set up, which is no fault: runs on this machine need none of it."
    if warnings:
        return f"Nothing is missing; {warnings} {'warning' if warnings == 1 else 'warnings'}."
    return "Nothing is missing."
