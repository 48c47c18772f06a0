"""`mill bench`: figures, each measured on this machine."""

from __future__ import annotations

import typer

from mill.bench.agents import agents
from mill.bench.chaos.command import chaos
from mill.bench.connect import connect
from mill.bench.import_ import import_
from mill.bench.jobs import jobs
from mill.bench.reader import reader
from mill.bench.runner import runner
from mill.bench.size import size
from mill.bench.webhooks import webhooks

app = typer.Typer(no_args_is_help=True, help="Measure what things cost on this machine.")
app.command()(runner)
app.command()(connect)
app.command()(jobs)
app.command()(reader)
app.command("import")(import_)
app.command()(size)
app.command()(chaos)
app.command()(webhooks)
app.command()(agents)


@app.callback()
def bench() -> None:
    """Measure what things cost on this machine."""
