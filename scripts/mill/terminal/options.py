"""What the commands that run something have in common: their options, and what these say together."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[
    str | None,
    typer.Option(
        "-d", "--data", metavar="JSON|@FILE|@-", help="Arguments as JSON, from a file, or from stdin."
    ),
]
Event = Annotated[
    str | None,
    typer.Option(
        metavar="JSON|@FILE", help="Start as a trigger would: the preprocessor makes the arguments of this."
    ),
]
Silent = Annotated[bool, typer.Option("-s", "--silent", help="Print the result and nothing else.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Also show logs, and the stack of a failure.")]
Approve = Annotated[bool, typer.Option("--approve", help="Approve every step that waits for an approval.")]
State = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Where local state lies (.mill beside wmill.yaml).")
]
TraceFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Write a Chrome trace: see it at ui.perfetto.dev.")
]
EnvFile = Annotated[
    Path | None, typer.Option(metavar="FILE", help="NAME=value lines for the environment of the scripts.")
]


@dataclass(frozen=True, slots=True)
class Options:
    """What a person chose for a run."""

    silent: bool = False
    verbose: bool = False
    approve: bool = False
    state: Path | None = None
    trace: Path | None = None
    env_file: Path | None = None
    as_json: bool = False
