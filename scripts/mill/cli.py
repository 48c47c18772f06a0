"""The `mill` command: only puts the commands together.

Each module of `mill.commands` and its wings is one, with a function of its own name, or `app` for a group.
"""

from __future__ import annotations

import ast
import gc
import importlib.util
import os
import pkgutil
import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Annotated, NoReturn

import typer

import mill.commands
from mill.conformance.rules import TRUE_OF
from mill.errors import MillError
from mill.signals import signals_heard_at_once

VERSION = "--version"
# Objects made between two looks of the collector. A command reads hundreds of files into trees and leaves
# little garbage: as often as usual, a third of `mill lint` went into looking.
_RARELY = 20_000
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


def build(words: Sequence[str] | None = None) -> typer.Typer:
    """Return the command line of these words: of the command they begin with, only that one is loaded.

    Imports are slow: where the words name no command, as in `mill --help`, each is there with its name and
    its sentence, and none is loaded. Where there are no `words`, all is loaded.
    """
    app = typer.Typer(
        name="mill",
        help=_HELP,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_own_options)  # keeps the command's name in the command line, even of a single one
    modules = dict(sorted(_modules(mill.commands.__name__, mill.commands.__path__)))
    # Our own options take no value.
    first = next((word for word in words or () if not word.startswith("-")), None)
    for name, module in modules.items():
        if words is None or name == first:
            _add(app, name, importlib.import_module(module))
        elif first not in modules:
            _add_unloaded(app, name, module)
    return app


def _add(app: typer.Typer, name: str, module: ModuleType) -> None:
    if hasattr(module, "app"):
        app.add_typer(module.app, name=name)
    else:
        app.command(name)(getattr(module, name))


def _add_unloaded(app: typer.Typer, name: str, module: str) -> None:
    """Add a command that can only be listed: its sentence is read from its source."""
    for node in _source(module).body:
        match node:
            case ast.Assign(targets=[ast.Name("app")], value=ast.Call(keywords=settings)):
                sentence = next(ast.literal_eval(one.value) for one in settings if one.arg == "help")
                app.add_typer(typer.Typer(help=sentence), name=name)
                return
            case ast.FunctionDef(name=function) if function == name:
                app.command(name, help=ast.get_docstring(node))(_own_options)
                return
    raise LookupError(f"{module} has neither an app nor a function {name}.")


def _source(module: str) -> ast.Module:
    spec = importlib.util.find_spec(module)
    assert spec is not None
    assert spec.origin is not None
    return ast.parse(Path(spec.origin).read_bytes())


def _modules(package: str, places: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each command's name with its module, none of which is loaded for it."""
    for one in pkgutil.iter_modules(places):
        if one.ispkg:
            yield from _modules(f"{package}.{one.name}", [str(Path(place, one.name)) for place in places])
        else:
            # A command whose name is a word of Python's has a module with a stroke after it.
            yield one.name.rstrip("_"), f"{package}.{one.name}"


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
        with signals_heard_at_once():
            gc.disable()  # nothing of what is loaded is garbage
            app = build(_words())
            gc.freeze()
            gc.set_threshold(_RARELY)
            gc.enable()
            run(app)
    except KeyboardInterrupt:
        sys.stderr.write("mill: Interrupted.\n")
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of stdout has gone; nothing more can be said
        sys.exit(141)


def run(app: typer.Typer, words: Sequence[str] | None = None) -> NoReturn:
    """Run a command line, by default the one this process was started with, and exit."""
    try:
        app(words if words is None else list(words), prog_name="mill")
    except MillError as error:
        sys.stderr.write(f"mill: {error}\n")
        sys.exit(error.exit_code)
    sys.exit(0)
