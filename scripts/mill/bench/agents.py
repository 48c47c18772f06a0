"""`mill bench agents`: what agents that repeat calls make of tools with a once_key, and of tools without."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

import mill
from mill.bench.once.agent import Menu
from mill.bench.once.course import Room, Weather, measure
from mill.bench.once.proxy import Losses
from mill.bench.once.score import Score
from mill.errors import MillError
from mill.signals import on_stop_signal

_ROOT = Path(mill.__file__).parents[2]
_NAMES = {"guarded": "mill mcp, tools with a once_key", "plain": "a plain tool server"}
_MOST_NAMED = 5
_INTERRUPTED = 130
_BEHIND = typer.Option(min=0, max=0.5, help="Share of the services' answers that the tools never get.")
_SECONDS = typer.Option(min=1, help="Leave what has no end after this time, and count.")
_REST = typer.Option(
    "--rest/--no-rest", help="--no-rest: give keys back as soon as a killed server's jobs are gone."
)


def agents(
    calls: Annotated[int, typer.Option(min=3, help="Effects that agents are asked for.")] = 1_000,
    kills: Annotated[int, typer.Option(min=0, help="SIGKILLs of each server.")] = 20,
    cut: Annotated[float, typer.Option(min=0, max=0.5, help="Share of answers swallowed on the way.")] = 0.2,
    broken: Annotated[float, typer.Option(min=0, max=0.5, help="Share of calls broken off.")] = 0.05,
    behind: Annotated[float, _BEHIND] = 0.05,
    count: Annotated[int, typer.Option("--agents", min=1, max=64, help="How many call at once.")] = 12,
    seed: Annotated[int, typer.Option(help="Repeats the same choice of losses and moments.")] = 1,
    seconds: Annotated[float, _SECONDS] = 900.0,
    rest: Annotated[bool, _REST] = True,
    control: Annotated[bool, typer.Option(help="The same calls through a plain tool server, too.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Have agents send messages while answers are lost and the server is killed, and count what was sent.

    Stand-ins for agents call send_once of `mill mcp` over HTTP with the protocol's official client, half of
    them by its newest version. A call without an answer is called again with the same arguments, as agents
    do; one that is said to be in doubt is looked up with effect_status. The messages go to the twins of
    Slack, Twilio and Resend, whose own ledgers are counted at the end. The control is a tool server as
    tutorials show one: it posts what it is asked to.

    A key whose job was killed rests for two minutes: a request may have left and not have arrived. Agents
    go on with other calls meanwhile. What takes a wait away is --no-rest, for short runs: it is safe here,
    where the services are on the same machine and every process of the killed server was seen to end.

    Left out: SendGrid and Slack webhooks, which cannot be asked what became of a message, so that a lost
    answer stays unknown there and nothing is sent again; apply_plan and replay_dead_letter, whose effects
    no twin counts.

    How far it is stands on stderr every ten seconds. Ctrl-C ends it with what it has counted so far.

    The exit code is 1 if a message of `mill mcp` was lost, was sent twice, or has no end.
    """
    weather = Weather(kills, Losses(cut, broken), behind, rest)
    menus: Sequence[Menu] = ("guarded", "plain") if control else ("guarded",)
    room = Room(_ROOT, agents=count, seed=seed, seconds=seconds, say=_say)
    courses = {menu: measure(menu, calls, weather, room) for menu in menus}
    scores = asyncio.run(_measure_all(courses, room.stop))
    if as_json:
        typer.echo(json.dumps({menu: score.figures() for menu, score in scores.items()}))
    else:
        _tell(scores)
    if room.stop.is_set():
        raise typer.Exit(_INTERRUPTED)
    if not scores["guarded"].is_clean:
        raise typer.Exit(1)


async def _measure_all(
    courses: Mapping[Menu, Coroutine[Any, Any, Score]], stop: asyncio.Event
) -> dict[Menu, Score]:
    """Run them side by side, each with twins of its own: most of the time agents wait for answers."""
    whole = asyncio.current_task()
    assert whole is not None

    def end() -> None:
        if stop.is_set():
            whole.cancel()
            return
        _say("Stopping: what was counted so far follows. Interrupt again to leave without it.")
        stop.set()

    loop = asyncio.get_running_loop()
    try:
        with on_stop_signal(lambda: loop.call_soon_threadsafe(end)):
            async with asyncio.TaskGroup() as group:
                tasks = {menu: group.create_task(course) for menu, course in courses.items()}
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    except ExceptionGroup as failed:  # a server that does not start: its sentence, not all that it ended
        found: BaseException | None = failed.subgroup(MillError)
        while isinstance(found, ExceptionGroup):
            found = found.exceptions[0]
        raise found or failed from None
    return {menu: task.result() for menu, task in tasks.items()}


def _say(line: str) -> None:
    typer.echo(line, err=True)


def _tell(scores: Mapping[Menu, Score]) -> None:
    table = Table("", *(_NAMES[menu] for menu in scores), box=SIMPLE)
    figures = {menu: score.figures() for menu, score in scores.items()}
    names = list(dict.fromkeys(name for one in figures.values() for name in one))
    for name in names:
        shown = ("" if name not in one else f"{one[name]:,}" for one in figures.values())
        table.add_row(name.replace("_", " "), *shown)
    Console(file=sys.stdout).print(table)
    for menu, score in scores.items():
        for mark in score.lost[:_MOST_NAMED]:
            typer.echo(f"{_NAMES[menu]}: lost {mark}")
        for mark in score.twice[:_MOST_NAMED] if menu == "guarded" else ():
            typer.echo(f"{_NAMES[menu]}: twice {mark}")
        for mark, word in list(score.unsaid.items())[:_MOST_NAMED]:
            typer.echo(f"{_NAMES[menu]}: no end of {mark}: {word}")
    for menu, score in scores.items():
        typer.echo(
            f"{_NAMES[menu]}: calls {score.orders} effects {score.effects} "
            f"duplicates {score.duplicates} lost {len(score.lost)} without an end "
            f"{len(score.unsaid) + score.left} kills {score.kills}"
        )
