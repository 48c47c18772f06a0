"""What to do next, the first thing the report says: links to the files, and the way to apply a plan."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Iterator
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from f.records.report.chart import in_rows
from f.records.report.parked_rows import rows_waiting

if TYPE_CHECKING:
    from f.records.planning.plan import Plan
    from f.records.report.summary import ImportSummary
    from f.windmill.objects import FileRef

# Set by a tool that imports from a command line: the command that began this import, without its plan.
COMMAND = "MILL_IMPORT"


def next_steps(summary: ImportSummary) -> str:
    """Return the section: numbered steps, the first of them first."""
    steps = list(_after_dry_run(summary) if summary["dry_run"] else _after_import(summary))
    body = "".join(f"<li>{step}</li>" for step in steps)
    plan = summary["plan"] if summary["dry_run"] else None
    where = _where((summary["rejects"], plan and plan["file"]))
    return f'<section class="next"><h2>What to do next</h2><ol>{body}</ol>{where}</section>'


def file_link(file: FileRef, *, counted: bool = True) -> str:
    """Return a link to a file that lies beside the page, or that the page holds where there is no storage."""
    name = escape(file["filename"])
    rows = f" ({in_rows(file['rows'])})" if counted and "rows" in file else ""
    if "content" in file:
        data = base64.b64encode(file["content"].encode("utf-8", "replace")).decode()
        address = f"data:text/csv;base64,{data}"
    else:
        address = quote(file["filename"], safe="")
    return f'<a href="{escape(address)}" download="{name}">{name}</a>{rows}'


def _where(files: Iterable[FileRef | None]) -> str:
    """Where the files lie, for whoever has taken this page from beside them."""
    folders = {file["s3"].rpartition("/")[0] for file in files if file is not None and "s3" in file}
    if len(folders) != 1:
        return ""
    folder = escape(folders.pop())
    return f'<p class="quiet">The files lie beside this page; in the storage, in <code>{folder}/</code>.</p>'


def _after_dry_run(summary: ImportSummary) -> Iterator[str]:
    plan, rejects, counts = summary["plan"], summary["rejects"], summary["counts"]
    stops = summary.get("would_stop") or []
    for text in stops:
        yield f'<span class="alert">{escape(text)}</span>'
    if rejects is not None:
        yield (
            f"Look at {file_link(rejects)}: your own rows, and beside each why it would not be imported. "
            "Correct them there or in your file, or leave them out: the others do not wait for them."
        )
    if plan is not None:
        yield f"See what would become of every row: {file_link(plan['file'])}."
    if counts.get("not_known"):
        yield "Make the dry run again when the cause is removed: then it says what would become of each row."
    elif plan is not None and not counts["would_create"] + counts["would_update"]:
        yield "Nothing more: an import would send no row."
    elif plan is not None and not stops:
        yield f"{_how_to_apply(plan)} Nothing is sent if the file or the target's rows have changed by then."


def _how_to_apply(plan: Plan) -> str:
    plan_hash = escape(plan["hash"])
    if command := os.environ.get(COMMAND):
        return f"To do exactly this: <code>{escape(command)} --apply {plan_hash}</code>."
    command = f"mill import FILE --apply {plan_hash}"
    if os.environ.get("MILL"):
        return (
            f"To do exactly this: <code>{command}</code>, or run the flow again with <code>dry_run</code> = "
            f"false and <code>apply_plan</code> = <code>{plan_hash}</code>."
        )
    return (
        "To do exactly this, run the import again with the same inputs, <em>Dry run</em> off and <em>Plan to "
        f"apply</em> (<code>apply_plan</code>) = <code>{plan_hash}</code>."
    )


def _after_import(summary: ImportSummary) -> Iterator[str]:
    counts, rejects, rest = summary["counts"], summary["rejects"], summary["rest"]
    taken_out = sum(reason["rows"] for reason in summary["reasons"] if reason["code"] == "excluded")
    wrong = counts["invalid"] - taken_out + counts["rejected"]
    failed = counts["failed"] - (rest["rows"] if rest else 0)
    places = iter([f"in {file_link(rejects, counted=False)}"] if rejects else [])  # the link is said once
    if rejects is not None and wrong:
        yield (
            f"Correct {in_rows(wrong)} {next(places)}, marked <em>invalid</em> or "
            "<em>rejected</em>. It has your own columns; <code>reject_message</code> says what is wrong, "
            "<code>reject_hint</code> what to do."
        )
    if failed and rejects is not None:
        yield (
            f"Leave {in_rows(failed)} {next(places, 'there')} as they are, marked <em>failed</em>: they were "
            "not imported, and only need to be sent again when the cause is removed."
        )
    if counts["unknown"]:
        yield (
            f"For {in_rows(counts['unknown'])} {next(places, 'there')}, marked <em>unknown</em>, do what "
            "<code>reject_hint</code> says: they may be in the target already."
        )
    if rejects is not None:
        yield (
            "Import that file as you imported this one. The <code>reject_</code> columns are recognised and "
            "left out."
        )
    if waiting := rows_waiting(rest):
        yield f"Nothing for {in_rows(waiting)}: they are sent by a later run, which is scheduled."
    elif rejects is None and not rest:
        yield (
            "Nothing: no row needs you. The same file can be imported again at any time; what was applied "
            "is not sent twice."
        )
