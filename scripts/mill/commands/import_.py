"""`mill import`: a file into a target, and the imports of the past."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
import typer.core

from mill.errors import MillError
from mill.repository.workspace import Workspace
from mill.session import STATE_FOLDER
from mill.terminal.imports.given_file import STDIN
from mill.terminal.imports.history import show_history
from mill.terminal.imports.order import MOCK, ImportOrder, read_corrections, read_mapping
from mill.terminal.imports.run import import_file
from mill.terminal.imports.verify import VerifyOrder, verify_import
from mill.terminal.options import Approve, EnvFile, Options, Silent, State, Verbose

_FILE = "file"  # the command that is meant where none is named

Given = Annotated[str, typer.Argument(metavar="FILE", help="The file: a path, a URL, or - for stdin.")]
To = Annotated[
    str, typer.Option("--to", metavar="RESOURCE", help="The target: a resource's path, or a file of one.")
]
Mapped = Annotated[
    list[str] | None,
    typer.Option("--map", metavar="COLUMN=FIELD", help="What a column holds; no field leaves it out."),
]
Country = Annotated[
    str, typer.Option(metavar="CODE", help="Where phone numbers without country code are dialled, as DE.")
]
Plan = Annotated[bool, typer.Option("--plan", help="Send nothing: show what would be created and changed.")]
Apply = Annotated[
    str, typer.Option(metavar="HASH", help="Do exactly what a plan said, or nothing if anything changed.")
]
OnDuplicate = Annotated[
    Literal["skip", "update", "fail"], typer.Option(help="What to do with a customer the target has.")
]
Encoding = Annotated[str, typer.Option(help="The file's encoding, such as windows-1252.")]
Delimiter = Annotated[str, typer.Option(help="What separates the cells.")]
HeaderRow = Annotated[
    int | None, typer.Option(min=0, help="The line with the column names; 0 if there is none.")
]
Sheet = Annotated[str, typer.Option(help="The sheet of a workbook, or the file in a zip.")]
Corrections = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="Corrections of the file's rows, as JSON; they are applied first."),
]
Verify = Annotated[
    Literal["none", "sample", "all"], typer.Option(help="Read rows back from the target afterwards.")
]
MaxBadShare = Annotated[
    float | None, typer.Option(min=0, max=1, help="How many rows may be bad, as a share (0.2).")
]
Yes = Annotated[
    bool, typer.Option("-y", "--yes", help="Ask nothing; what is not clear ends the run with a sentence.")
]
OpenReport = Annotated[bool, typer.Option("--open", help="Open the report when it is done.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on a terminal, too.")]

_IMPORT_HELP = """Import a file of customers: CSV, Excel (.xlsx), or one of these in a gzip or zip.

Shows how the file is read and what each column becomes, and asks where it
cannot know; piped, it never asks. Every row gets one outcome; what cannot
be sent lies in a rejects file, with the reason beside each row. Without
--to the rows go to the mock, which keeps nothing. A second run sends
nothing twice.

\b
mill import customers.csv                          try it, with the mock as target
mill import customers.csv --to crm.yaml --plan     what would be created and changed
mill import customers.csv --to crm.yaml --apply HASH
mill import export.xlsx --sheet Kunden --country DE --map "Mail privat=email"
zcat export.csv.gz | mill import - --to f/customers/crm_twin

\b
mill import history            past imports, with their reports and rejects
mill import verify ID FILE     read an import's rows back from the target
"""


class _FileFirst(typer.core.TyperGroup):
    """Takes a first word that is no command as the file to import; its help is the import's."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        args = args or ["--help"]
        if args[0].startswith("-") and args[0] != STDIN and Path(args[0]).is_file():
            args = [f"./{args[0]}", *args[1:]]  # a file's name, and no option
        return super().parse_args(ctx, args if args[0] in self.commands else [_FILE, *args])

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return "" if name == _FILE else name, command, rest  # as it was typed


app = typer.Typer(cls=_FileFirst, help="Import a file, and look at past imports.")


@app.callback()
def imports() -> None:
    """Import a file, and look at past imports.

    \b
    mill import customers.csv            import a file; see mill import --help
    mill import history                  past imports, with their reports and rejects
    mill import verify ID customers.csv  read an import's rows back from the target
    """  # noqa: D301 - \b tells typer to keep the lines as they are


@app.command(_FILE, hidden=True, help=_IMPORT_HELP)
def file_(
    file: Given,
    *,
    to: To = MOCK,
    columns: Mapped = None,
    country: Country = "",
    plan: Plan = False,
    apply: Apply = "",
    on_duplicate: OnDuplicate = "skip",
    encoding: Encoding = "",
    delimiter: Delimiter = "",
    header_row: HeaderRow = None,
    sheet: Sheet = "",
    corrections: Corrections = None,
    verify: Verify = "none",
    max_bad_share: MaxBadShare = None,
    yes: Yes = False,
    open_report: OpenReport = False,
    as_json: Json = False,
    silent: Silent = False,
    verbose: Verbose = False,
    approve: Approve = False,
    state: State = None,
    env_file: EnvFile = None,
) -> None:
    """Import a file of customers."""
    more: dict[str, Any] = {"verify": verify}
    if max_bad_share is not None:
        more["max_bad_share"] = max_bad_share
    order = ImportOrder(
        file,
        to,
        read_mapping(columns or []),
        country,
        plan,
        apply,
        on_duplicate,
        _reading(encoding, delimiter, header_row, sheet),
        more,
        corrections,
        asks=not yes,
        open_report=open_report,
    )
    options = Options(silent, verbose, approve, state, None, env_file, as_json)
    raise typer.Exit(import_file(_workspace(file), order, options))


def _workspace(file: str) -> Workspace:
    """Where the import is; MillError with the command to type there, if this is somewhere else."""
    try:
        return Workspace.find()
    except MillError:
        if not Path(file).exists():
            raise
        path = shlex.quote(str(Path(file).resolve()))
        raise MillError(
            f"{Path.cwd()} is outside of the repository that imports. Go into the folder of Millwright, and "
            f"name the file by its whole path: mill import {path}"
        ) from None


def _reading(encoding: str, delimiter: str, header_row: int | None, sheet: str) -> dict[str, Any]:
    r"""The inputs that say how to read the file. A tab can be typed as \t or as the word."""
    delimiter = "\t" if delimiter in {r"\t", "tab"} else delimiter
    given: dict[str, Any] = {"encoding": encoding, "delimiter": delimiter, "sheet": sheet}
    if header_row is not None:
        given |= {"header_row": header_row} if header_row else {"has_header": False}
    return {name: value for name, value in given.items() if value != ""}


@app.command()
def history(
    *,
    limit: Annotated[int, typer.Option("-n", min=1, help="How many, the latest first.")] = 20,
    as_json: Json = False,
    state: State = None,
) -> None:
    """List past imports of this machine: when, what, where to, what became of the rows, and the files.

    \b
    mill import history
    mill import history -n 1 --json | jq -r '.[0].rejects'
    """  # noqa: D301 - \b tells typer to keep the lines as they are
    folder = state or Workspace.find().root / STATE_FOLDER
    raise typer.Exit(show_history(folder, limit=limit, as_json_=as_json))


@app.command()
def verify(
    import_id: Annotated[str, typer.Argument(help="The import's id, as its report and the history name it.")],
    file: Annotated[str, typer.Argument(help="The file that was imported: its rows are kept nowhere else.")],
    *,
    to: To = MOCK,
    whole: Annotated[
        bool, typer.Option("--all", help="Read every row back, not a sample of some 300.")
    ] = False,
    missing: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the missing rows, to be imported again.")
    ] = None,
    columns: Mapped = None,
    country: Country = "",
    encoding: Encoding = "",
    delimiter: Delimiter = "",
    header_row: HeaderRow = None,
    sheet: Sheet = "",
    corrections: Corrections = None,
    verbose: Verbose = False,
    state: State = None,
    env_file: EnvFile = None,
) -> None:
    """Read an import's rows back from the target, and compare them with the file.

    Reads the file again, as the import did: give what it was given. Takes the
    rows that the journal knows as applied by this import, and looks them up:
    identical, altered (which field, and how), missing, or not known. It sends
    nothing.

    A table on a terminal, JSON where the output goes into a file or a pipe.
    Exit code 1 if a row is missing or a value is not what was sent, beyond the
    target's own way of writing it, or if nothing could be read back.

    \b
    mill import verify 20261128-090000-1a2b3c4d customers.csv --to crm.yaml --all
    mill import verify 20261128-090000-1a2b3c4d customers.csv --missing missing.csv
    """  # noqa: D301 - \b tells typer to keep the lines as they are
    reading = {
        "mapping": read_mapping(columns or []),
        "default_country": country or None,
        **_reading(encoding, delimiter, header_row, sheet),
        **read_corrections(corrections),
    }
    order = VerifyOrder(import_id, file, to, whole=whole, missing=missing, reading=reading)
    options = Options(verbose=verbose, state=state, env_file=env_file)
    raise typer.Exit(verify_import(Workspace.find(), order, options))
