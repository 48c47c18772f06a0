"""The table of reasons in docs/troubleshooting.md: what became of a row and why, from the code of f/.

`mill` imports nothing of the workspace: the tables of reasons are read as source.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mill.errors import MillError
from mill.manual.tables import table

COMMAND = "mill docs reasons"
PAGE = "troubleshooting.md"
# In the order in which a later one says a reason of an earlier one in its own words.
SOURCES = ("f/records/rows/outcome.py", "f/customers/validation/reasons.py")
_BEGIN = f"<!-- The table below is written by `{COMMAND}` from the code: run it again, do not edit. -->"
_END = "<!-- Here the table ends. -->"


class Reason(NamedTuple):
    """One code: the outcome of such a row, the fact, and what to do about it. A warning has no outcome."""

    code: str
    outcome: str | None
    message: str
    hint: str


def read_reasons(root: Path) -> list[Reason]:
    """Return all reasons, in the order of the code."""
    found: dict[str, Reason] = {}
    for name in SOURCES:
        for node in ast.walk(ast.parse((root / name).read_text("utf-8"), name)):
            if isinstance(node, ast.Dict):
                found |= {one.code: one for one in _reasons(node)}
    return list(found.values())


def _reasons(node: ast.Dict) -> Iterator[Reason]:
    for key, value in zip(node.keys, node.values, strict=True):
        is_reason = isinstance(value, ast.Call) and ast.unparse(value.func) == "ReasonText"
        if isinstance(key, ast.Constant) and isinstance(value, ast.Call) and is_reason:
            outcome, message, hint = (ast.literal_eval(argument) for argument in value.args)
            yield Reason(str(key.value), outcome, message, hint)


def write(page: str, root: Path) -> str:
    """Return the page with the table in its place. Raises MillError if the place is not marked."""
    before, begins, rest = page.partition(_BEGIN)
    _, ends, after = rest.partition(_END)
    if not (begins and ends):
        raise MillError(f"docs/{PAGE} has no place for the table of reasons: {_BEGIN} ... {_END}.")
    lines = table(
        ("Code", "Outcome", "What happened", "What to do"),
        (
            (f"`{one.code}`", one.outcome or "warning; the row goes on", one.message, one.hint)
            for one in read_reasons(root)
        ),
    )
    return f"{before}{_BEGIN}\n\n{chr(10).join(lines)}\n{_END}{after}"
