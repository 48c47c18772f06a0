"""One line that says how far an import is: rows done, rows a second, and how long it still takes."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mill.engine.jobs.events import Event
from mill.terminal.display import Display, Redrawn, display_for
from mill.terminal.imports.following import Follower, Standing


def progress_for(follower: Follower, *, silent: bool, logs: bool) -> Display:
    """Return the display that fits where stderr goes; the tree of jobs where logs are asked for."""
    console = Console(file=sys.stderr, highlight=False)
    if silent or logs or not console.is_terminal:
        return display_for(silent=silent, logs=logs)
    return ProgressLine(follower, console)


class ProgressLine(Redrawn):
    """The standing of an import; nothing of it stays on the screen."""

    def __init__(self, follower: Follower, console: Console, clock: Callable[[], float] = time.time) -> None:
        self._follower = follower
        self._clock = clock
        self._console = console
        super().__init__(console, transient=True)

    def __call__(self, event: Event) -> None:
        """Show a warning; the follower takes everything else."""
        if event.kind == "warning":
            self._console.print(Text(f"Warning: {event.data}"), soft_wrap=True)

    def render(self) -> Table | Text:
        """Return the line as it stands."""
        standing = self._follower.standing(self._clock())
        return standing_line(standing) if standing is not None else Text("Starting", style="dim")


def standing_line(standing: Standing) -> Table:
    """Return a step's standing as one line."""
    grid = Table.grid(padding=(0, 1))
    share = 100 * standing.done / standing.total if standing.total else standing.percent
    bar = [] if share is None else [ProgressBar(100, share, width=24)]
    grid.add_row(Text(standing.what, style="bold"), *bar, Text(figures(standing), style="dim"))
    return grid


def figures(standing: Standing) -> str:
    """Return rows, pace and the time left, as far as they are known."""
    parts = []
    if standing.total:
        parts += [f"{standing.done:,} of {standing.total:,} rows", f"{standing.rate:,.0f} rows/s"]
    elif standing.percent is not None:
        parts.append(f"{standing.percent} %")
    left = standing.seconds_left
    parts.append(f"{_duration(left)} left" if left is not None else _duration(standing.seconds))
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
