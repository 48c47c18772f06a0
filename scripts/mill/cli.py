"""The `mill` command: only puts the commands together.

Each module of `mill.commands` is one: it defines a function of its own name, or `app` for a group.
"""

from __future__ import annotations

import importlib
import pkgutil
import signal
import sys
from collections.abc import Sequence

import typer

import mill.commands
from mill.errors import MillError

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
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_no_options)  # keeps the command's name in the command line, even of a single one
    # A command whose name is a word of Python's has a module with a stroke after it.
    modules = {one.name.rstrip("_"): one.name for one in pkgutil.iter_modules(mill.commands.__path__)}
    for name in [word for word in words[:1] if word in modules] or modules:
        module = importlib.import_module(f"mill.commands.{modules[name]}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(getattr(module, name))
    return app


def _no_options() -> None:
    """Take no options: `mill` itself has none."""


def main() -> None:
    """Run `mill`; what is wrong is said in one sentence on stderr."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends it as Ctrl-C does
    try:
        build(sys.argv[1:])()
    except MillError as error:
        sys.stderr.write(f"mill: {error}\n")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.stderr.write("mill: Interrupted.\n")
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()  # the reader of stdout has gone; nothing more can be said
        sys.exit(141)
