"""Verifies a past import for a person: reads the file again, reads the target back, shows what differs."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mill.errors import MillError
from mill.ports import Completed, Target
from mill.repository.env_file import read_env_file
from mill.repository.workspace import Workspace
from mill.session import STATE_FOLDER, Session
from mill.terminal.display import display_for
from mill.terminal.imports.given_file import given_file
from mill.terminal.options import Options
from mill.terminal.report import failure_text
from mill.terminal.show import as_json
from mill.terminal.target_check import file_of, resource_argument

_PARSE, _VERIFY = "f/customers/parse_csv", "f/customers/verify_import"
_ROWS = ("identical", "altered", "missing", "not_known")


@dataclass(frozen=True, slots=True)
class VerifyOrder:
    """What a person asked for. `to`: a Windmill path or a file; `reading`: how the import read the file."""

    import_id: str
    file: str
    to: str
    whole: bool = False
    missing: Path | None = None
    reading: Mapping[str, Any] = field(default_factory=dict)


def verify_import(workspace: Workspace, order: VerifyOrder, options: Options) -> int:
    """Verify, and show the certificate. Returns the exit code: 0 only if nothing is missing or changed.

    Raises MillError for an order that cannot be carried out, before anything is asked.
    """
    api = resource_argument(order.to, file_of(workspace, order.to))
    env = read_env_file(options.env_file) if options.env_file else {}
    with (
        given_file(order.file, options.state or workspace.root / STATE_FOLDER) as source,
        display_for(silent=not options.verbose, logs=True) as display,
        Session(workspace, options.state, listeners=(display,), env=env) as session,
    ):
        parsed = session.run(Target("script", workspace.script(_PARSE).path), {**source, **order.reading})
        if not parsed.success:
            return _failed(parsed, options)
        completed = session.run(
            Target("script", workspace.script(_VERIFY).path),
            {
                "parsed": parsed.result,
                "api": api,
                "verify": "all" if order.whole else "sample",
                "import_id": order.import_id,
            },
        )
        if not completed.success:
            return _failed(completed, options)
        certificate: Mapping[str, Any] = completed.result
        if order.missing is not None and certificate["file"]:
            _write(order.missing, session.state, certificate["file"])
    if not certificate["eligible"]:
        raise MillError(
            f"The journal knows no row of {order.file} as applied by import {order.import_id} at this "
            "target. Check the id, the file and --to. A row that a later import met counts as that import's."
        )
    _show(certificate)
    changed = any(one["kind"] != "normalised" for one in certificate["alterations"])
    nothing_known = certificate["not_known"] == certificate["read"]
    return 1 if certificate["missing"] or changed or nothing_known else 0


def _failed(completed: Completed, options: Options) -> int:
    sys.stderr.write(failure_text(completed.result, verbose=options.verbose) + "\n")
    return 1


def _write(file: Path, state: Path, made: Mapping[str, Any]) -> None:
    """Copy the file of missing rows to where the person wants it."""
    if "s3" in made:
        content = (state / "objects" / "_default_" / made["s3"]).read_bytes()
    else:
        content = str(made["content"]).encode()
    try:
        file.write_bytes(content)
    except OSError as error:
        raise MillError(f"{file}: the missing rows cannot be written ({error.strerror}).") from error


def _show(certificate: Mapping[str, Any]) -> None:
    """A table for a person, the JSON for a program."""
    if not sys.stdout.isatty():
        sys.stdout.write(as_json(certificate))
        sys.stdout.flush()
        return
    console = Console()
    console.print(Text(certificate["message"], style="bold"))
    counts = Table("read back", "rows")
    for name in _ROWS:
        counts.add_row(name.replace("_", " "), f"{certificate[name]:,}")
    console.print(counts)
    if certificate["alterations"]:
        altered = Table("field", "what happened", "rows", "for example")
        for one in certificate["alterations"]:
            example = one["examples"][0]
            shown = f"line {example['line']}: {example['sent']} -> {example['there'] or 'nothing'}"
            altered.add_row(*map(Text, (one["field"], one["kind"], f"{one['rows']:,}", shown)))
        console.print(altered)
    if certificate["missing_lines"]:
        lines = ", ".join(map(str, certificate["missing_lines"]))
        console.print(f"Missing lines: {lines}. Write them to a file with --missing.")
