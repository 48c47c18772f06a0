"""docs/lint-codes.md: what each finding of `mill lint` means, from the linter's own table."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from mill.lint.sources.finding import TASTE
from mill.lint.sources.rules import FAMILIES, RULES
from mill.manual.tables import table, written_by

COMMAND = "mill docs lint-codes"
_OPENING = """\
A finding is one line: file, line, column, code, what is wrong, what to do. `mill lint` runs Windmill's own
linter first, and then looks for what that accepts and Windmill does otherwise. Exit code 1 means that
something was found; `--json` prints a list.

Codes with "taste" behind them, and what `wmill lint` itself calls a warning, are warnings: they leave the
exit code 0, unless `--strict` is given or the `pyproject.toml` beside `wmill.yaml` has `strict = true` in
`[tool.mill.lint]`.
"""
_HEAD = ("Code", "Finds", "Why it matters", "Remedy")


def write() -> str:
    """Return the page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "# What mill lint finds\n"
    yield written_by(COMMAND)
    yield _OPENING
    for digit, codes in groupby(sorted(RULES), key=lambda code: code[2]):
        yield f"## WM{digit}: {FAMILIES[digit]}\n"
        yield from table(_HEAD, ((_marked(code), *RULES[code]) for code in codes))


def _marked(code: str) -> str:
    return f"{code}, taste" if code in TASTE else code
