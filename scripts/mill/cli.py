"""The `mill` command: only puts the commands together.

Each module of `mill.commands` is one: it defines a function of its own name, or `app` for a group.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import signal
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

import mill.commands
from mill.conformance.rules import TRUE_OF
from mill.errors import MillError

VERSION = "--version"
COMPLETING = "_MILL_COMPLETE"  # set by a shell that wants the rest of a command line

_HELP = """Run and check a Windmill workspace on this machine, with no Windmill server.

The workspace is the nearest wmill.yaml upward from the current directory. Results go to stdout as
JSON, everything else to stderr. Local state lies in .mill/ beside wmill.yaml.

\b
mill flow run f/customers/import_csv -d '{"dry_run": true}'   run a flow
mill script run f/customers/parse_csv -d @arguments.json      run a script
mill run flows/customers.yaml                                 run a ready case
mill flow list                                                what there is to run

Exit codes: 0 success, 1 the run failed or something was found, 2 wrong command or input,
3 something mill needs is missing, 130 interrupted.
"""


def build(words: Sequence[str] = ()) -> typer.Typer:
    """Return the command line; where `words` begins with a command, only that one: imports are slow."""
    app = typer.Typer(
        name="mill",
        help=_HELP,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_own_options)  # keeps the command's name in the command line, even of a single one
    # A command whose name is a word of Python's has a module with a stroke after it.
    modules = {one.name.rstrip("_"): one.name for one in pkgutil.iter_modules(mill.commands.__path__)}
    wanted = [] if words[:1] == [VERSION] else [word for word in words[:1] if word in modules] or modules
    for name in wanted:
        module = importlib.import_module(f"mill.commands.{modules[name]}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(getattr(module, name))
    return app


def _say_version(wanted: bool) -> None:
    if wanted:
        python = ".".join(map(str, sys.version_info[:3]))
        typer.echo(f"mill {version_of('millwright')}, by the rules of Windmill {TRUE_OF}, Python {python}")
        raise typer.Exit


def _own_options(
    version: Annotated[
        bool,
        typer.Option(VERSION, callback=_say_version, is_eager=True, help="Say which mill this is, and end."),
    ] = False,
) -> None:
    """Take what is no command's own."""


def version_of(package: str) -> str:
    """Return an installed package's version."""
    from importlib import metadata  # noqa: PLC0415 - needed by --version alone

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "of a source tree"


def _words() -> list[str]:
    """Return the words of the command line, or of the one that a shell wants completed."""
    if COMPLETING not in os.environ:
        return sys.argv[1:]
    return (os.environ.get("COMP_WORDS") or os.environ.get("_TYPER_COMPLETE_ARGS") or "").split()[1:]


def main() -> None:
    """Run `mill`; what is wrong is said in one sentence on stderr."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends it as Ctrl-C does
    try:
        build(_words())(prog_name="mill")
    except MillError as error:
        sys.stderr.write(f"mill: {error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("mill: Interrupted.\n")
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of stdout has gone; nothing more can be said
        sys.exit(141)
