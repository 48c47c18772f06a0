"""One line that says how far an import is: rows done, rows a second, and how long it still takes."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from mill.engine.jobs.events import Event
from mill.terminal.display import Display, NullDisplay, display_for
from mill.terminal.imports.following import Follower, Standing


def progress_for(follower: Follower, *, silent: bool, logs: bool) -> Display:
    """Return the display that fits where stderr goes; the tree of jobs where logs are asked for."""
    console = Console(file=sys.stderr, highlight=False)
    if silent or logs or not console.is_terminal:
        return display_for(silent=silent, logs=logs)
    return ProgressLine(follower, console)


class ProgressLine(NullDisplay):
    """Draws the standing of an import a few times a second, and leaves a line of each step that ended."""

    def __init__(self, follower: Follower, console: Console, clock: Callable[[], float] = time.time) -> None:
        self._follower = follower
        self._clock = clock
        self._console = console
        self._live = Live(console=console, refresh_per_second=8, get_renderable=self._render, transient=True)

    def __call__(self, event: Event) -> None:
        """Show a warning; the follower takes everything else."""
        if event.kind == "warning":
            self._console.print(Text(f"Warning: {event.data}"), soft_wrap=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Stop drawing meanwhile."""
        self._live.stop()
        try:
            yield
        finally:
            self._live.start()

    def _render(self) -> Table | Text:
        standing = self._follower.standing(self._clock())
        return standing_line(standing) if standing is not None else Text("Starting", style="dim")


def standing_line(standing: Standing) -> Table:
    """Return a step's standing as one line."""
    grid = Table.grid(padding=(0, 1))
    share = 100 * standing.done / standing.total if standing.total else standing.percent
    cells = [Text(standing.what, style="bold")]
    if share is not None:
        grid.add_row(cells[0], ProgressBar(100, share, width=24), Text(figures(standing), style="dim"))
    else:
        grid.add_row(cells[0], Text(figures(standing), style="dim"))
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
