"""Commands that go on from an import, whole enough to be copied into the same terminal."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mill.terminal.imports.given_file import STDIN
from mill.terminal.imports.order import MOCK, ImportOrder
from mill.terminal.options import Options

_DEFAULTS: dict[str, Any] = {
    "--to": MOCK,
    "--on-duplicate": "skip",
    "--verify": "none",
}


def same_import(order: ImportOrder, options: Options) -> str:
    """Return the command that does this import again, read the same way, without its plan."""
    return _command(order.file, [*_reading(order), *_records(order, options)])


def import_of_rejects(file: str, order: ImportOrder, options: Options) -> str:
    """Return the command that imports the rejects. They are a CSV of ours, whatever the first file was."""
    return _command(file, _records(order, options))


def _command(file: str, words: Iterator[str] | list[str]) -> str:
    name = f"./{file}" if file.startswith("-") and file != STDIN else file
    return shlex.join(["mill", "import", name, *words])


def _reading(order: ImportOrder) -> Iterator[str]:
    given = order.reading
    named = {"--encoding": "encoding", "--delimiter": "delimiter", "--sheet": "sheet"}
    for option, name in named.items():
        if name in given:
            yield from (option, "tab" if given[name] == "\t" else str(given[name]))
    if order.corrections is not None:
        yield from ("--corrections", str(order.corrections))
    if "header_row" in given or given.get("has_header") is False:
        yield from ("--header-row", str(given.get("header_row", 0)))


def _records(order: ImportOrder, options: Options) -> Iterator[str]:
    """The options that another import of the same records needs, too."""
    given: dict[str, Any] = {
        "--to": order.to,
        "--country": order.country,
        "--on-duplicate": order.on_duplicate,
        "--verify": order.more.get("verify"),
        "--max-bad-share": order.more.get("max_bad_share"),
        "--state": _path(options.state),
        "--env-file": _path(options.env_file),
    }
    for option, value in given.items():
        if value not in {None, ""} and value != _DEFAULTS.get(option):
            yield from (option, str(value))
    for column, name in order.mapping.items():
        yield from ("--map", f"{column}={name}")


def _path(path: Path | None) -> str:
    return "" if path is None else str(path)
