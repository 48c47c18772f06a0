"""Shows a person what runs: a live tree on a terminal, plain lines elsewhere. Never on stdout."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Protocol, Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from mill.engine.jobs.events import Event
from mill.engine.jobs.outcome import Outcome, error_of

_SHOWN_CHILDREN = 6  # iterations under one step on the screen at a time


@dataclass(slots=True)
class _Node:
    """A job on the screen."""

    label: str
    summary: str
    parent: str | None
    begun: float
    items: int = 0
    done: int = 0
    failed: int = 0
    progress: int | None = None
    note: str = ""
    ended: float | None = None
    outcome: Outcome | None = None
    children: dict[str, _Node] = field(default_factory=dict)

    @property
    def is_part(self) -> bool:
        """Whether it is an iteration: those come by the thousand and leave the screen when done."""
        return self.label.startswith("#")


class Display(Protocol):
    """An event listener with a beginning and an end."""

    def paused(self) -> contextlib.AbstractContextManager[None]:
        """Leave the terminal alone meanwhile."""

    def __call__(self, event: Event) -> None:
        """Take an event."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def display_for(*, silent: bool, logs: bool) -> Display:
    """Return the display that fits where stderr goes. `logs`: also show what scripts print."""
    console = Console(file=sys.stderr, highlight=False)
    if silent:
        return NullDisplay()
    return LiveTree(console, logs=logs) if console.is_terminal else Lines(console, logs=logs)


class NullDisplay:
    """Shows nothing."""

    def paused(self) -> contextlib.AbstractContextManager[None]:
        """There is nothing to leave alone."""
        return contextlib.nullcontext()

    def __call__(self, event: Event) -> None:
        """Ignore the event."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to put away."""


class Redrawn(NullDisplay):
    """What is drawn anew a few times a second. If `transient`, nothing of it stays on the screen."""

    def __init__(self, console: Console, *, transient: bool = False) -> None:
        self._live = Live(
            console=console, refresh_per_second=8, get_renderable=self.render, transient=transient
        )

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

    def render(self) -> RenderableType:
        """Return it as it stands."""
        raise NotImplementedError


class _Nodes(NullDisplay):
    """Follows the first job and all under it: the part both displays share."""

    def __init__(self, console: Console, *, logs: bool) -> None:
        self._console = console
        self._logs = logs
        self._nodes: dict[str, _Node] = {}
        self._root: _Node | None = None

    def __call__(self, event: Event) -> None:
        """Take an event."""
        if event.kind == "started":
            self._start(event)
            return
        node = self._nodes.get(event.job_id)
        if node is None:
            return
        match event.kind:
            case "output" if self._logs:
                self._console.print(Text(f"{self.path(node)} | {event.data}"), soft_wrap=True)
            case "progress":
                node.progress = event.data
            case "items":
                node.items = event.data
            case "waiting":
                node.note = event.data
                self.noted(node)
            case "warning":
                self._console.print(Text(f"Warning: {event.data}"), soft_wrap=True)
            case "ended":
                self._end(event, node)
            case _:
                pass

    def _start(self, event: Event) -> None:
        node = _Node(event.label, event.data or "", event.parent, event.time)
        above = self._nodes.get(event.parent or "")
        if above is not None:
            above.note = ""
            above.children[event.job_id] = node
        elif self._root is None:
            self._root = node
        else:
            return  # a call of one of the workspace's own HTTP routes, not part of what was asked for
        self._nodes[event.job_id] = node

    def _end(self, event: Event, node: _Node) -> None:
        node.ended, node.outcome, node.note = event.time, event.data, ""
        above = self._nodes.get(node.parent or "")
        if above is not None:
            above.done += 1
            above.failed += not event.data.success
            if node.is_part:
                above.children.pop(event.job_id, None)
        self.finished(node)
        del self._nodes[event.job_id]

    def path(self, node: _Node) -> str:
        """Return where the job is: its step and those around it, without the flow's own path."""
        labels = [node.label]
        while (above := self._nodes.get(node.parent or "")) is not None:
            node = above
            labels.append(node.label)
        return " > ".join(reversed(labels[:-1] or labels))

    def noted(self, node: _Node) -> None:
        """Called when a flow waits for something."""

    def finished(self, node: _Node) -> None:
        """Called when a job has ended."""


class Lines(_Nodes):
    """One line for each step that ended and each iteration that failed."""

    def noted(self, node: _Node) -> None:
        """Say what the flow waits for; an empty note is the end of it."""
        if not node.note:
            return
        self._console.print(Text(f"{self.path(node)} {node.note}"), soft_wrap=True)

    def finished(self, node: _Node) -> None:
        """Say how the step ended; iterations and what is in them only where they failed."""
        path = self.path(node)
        assert node.outcome is not None
        if "#" in path and node.outcome.success:
            return
        self._console.print(Text(f"{path}  {_status(node)}"), soft_wrap=True)


class LiveTree(Redrawn, _Nodes):
    """A tree that is drawn anew a few times a second."""

    def __init__(self, console: Console, *, logs: bool) -> None:
        _Nodes.__init__(self, console, logs=logs)
        Redrawn.__init__(self, console)

    def render(self) -> Tree:
        """Return the tree as it stands."""
        top = Tree("", hide_root=True)
        if self._root is not None:
            self._draw(top, self._root)
        return top

    def _draw(self, above: Tree, node: _Node) -> None:
        branch = above.add(_line(node))
        children = list(node.children.values())
        shown = [child for child in children if not child.is_part]
        parts = [child for child in children if child.is_part]
        for child in [*shown, *parts[:_SHOWN_CHILDREN]]:
            self._draw(branch, child)


def _line(node: _Node) -> Table:
    grid = Table.grid(padding=(0, 1))
    style = "dim" if node.outcome is None else ("green" if node.outcome.success else "red")
    cells: list[Any] = [Text(node.label, style="bold"), Text(_status(node), style=style)]
    if node.progress is not None and node.ended is None:
        cells.append(ProgressBar(100, node.progress, width=24))
    elif node.items and node.ended is None:
        cells.append(ProgressBar(node.items, node.done, width=24))
    if node.note or node.summary:
        cells.append(Text(node.note or node.summary, style="dim"))
    grid.add_row(*cells)
    return grid


def _status(node: _Node) -> str:
    counted = f", {node.done} of {node.items}" if node.items else ""
    failed = f", {node.failed} failed" if node.items and node.failed else ""
    if node.outcome is None or node.ended is None:
        percent = f", {node.progress} %" if node.progress is not None else ""
        return f"running{counted}{failed}{percent}"
    seconds = f"{node.ended - node.begun:.2f} s"
    if node.outcome.skipped:
        return f"skipped, {seconds}"
    if node.outcome.success:
        return f"ok, {seconds}{counted}{failed}"
    error = error_of(node.outcome.result)
    reason = str(error.get("message") or error.get("name") or "failed").split("\n", maxsplit=1)[0]
    return f"failed, {seconds}{counted}{failed}: {reason}"
