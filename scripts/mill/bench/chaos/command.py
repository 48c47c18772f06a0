"""The command, and the run it starts: twins and strangers are gone over side by side."""

from __future__ import annotations

import contextlib
import itertools
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from mill.bench.chaos.courses import STRANGERS, TWINS, Course, Faults, Store
from mill.bench.chaos.journals import journals
from mill.bench.chaos.lives import Couple, Nursery
from mill.bench.chaos.remotes import Service, stranger_service, twin_service
from mill.bench.chaos.score import Score
from mill.bench.chaos.trip import Lane, Trip
from mill.bench.rig.postgres import MISSING, is_installed, postgres
from mill.errors import MillError

# How often one file is killed, so that a run goes over every course.
MOST_KILLS_A_FILE = 6
_MOST_EXAMPLES = 20
_TABLE_WIDTH = 110

Key = tuple[str, str, str]
Scores = dict[Key, Score]


def chaos(
    kills: Annotated[int, typer.Option(min=1, help="How often an import is killed, over all targets.")] = 200,
    rows: Annotated[int, typer.Option(min=1, help="Rows in a file.")] = 400,
    seed: Annotated[int, typer.Option(help="Repeats the same choice of moments.")] = 1,
    seconds: Annotated[float, typer.Option(min=1, help="Give up after this time.")] = 900.0,
    store: Annotated[
        Literal["sqlite", "postgres", "data_table", "all"], typer.Option(help="What keeps the journal.")
    ] = "all",
) -> None:
    """Kill and stop imports at random points, resume them, and compare targets and reports with the files."""
    scores = measure(kills, rows, seed, seconds, stores(store))
    total = Score()
    names = ("files", "rows", "kills", "stops", "caught", "lost", "twice", "untrue")
    table = Table("target", "faults", "journal", *names, box=SIMPLE)
    for key, score in scores.items():
        total.add(score)
        table.add_row(*key, *(str(getattr(score, name)) for name in names))
    width = max(Console(file=sys.stdout).width, _TABLE_WIDTH)
    Console(file=sys.stdout, width=width).print(table)
    for example in total.examples[:_MOST_EXAMPLES]:
        typer.echo(example)
    counted = f"lost {total.lost} twice {total.twice} untrue {total.untrue}"
    typer.echo(f"kills {total.kills} rows {total.rows} {counted}")
    if total.is_wrong():
        raise typer.Exit(1)


def stores(wish: Store | Literal["all"]) -> tuple[Store, ...]:
    """Return the journals to go over; MillError if there is no Postgres and what is wanted needs one."""
    if wish == "sqlite":
        return ("sqlite",)
    if is_installed():
        return ("sqlite", "postgres", "data_table") if wish == "all" else (wish,)
    if wish != "all":
        raise MillError(f"The journal is to be in Postgres, but {MISSING}")
    typer.echo(f"mill: Without Postgres: {MISSING}", err=True)
    return ("sqlite",)


@dataclass(frozen=True)
class _Plan:
    """What one lane goes over."""

    name: str
    courses: Sequence[Course]
    service: Callable[[Path, float], AbstractContextManager[Service]]

    @property
    def rounds(self) -> list[tuple[Course, Faults]]:
        """Every course with each of its faults."""
        return [(course, faults) for course in self.courses for faults in course.faults]


# Lanes run side by side: most of the time goes by in waiting. A twin has one ledger, so no two share one.
_PLANS = (
    _Plan("generic", [course for course in TWINS if course.kind == "generic"], twin_service),
    _Plan("crm", [course for course in TWINS if course.kind != "generic"], twin_service),
    _Plan("strangers", STRANGERS, stranger_service),
)


def measure(
    kills: int, rows: int, seed: int, seconds: float, stores: Sequence[Store] = ("sqlite",)
) -> Scores:
    """Go through all courses until there were enough kills. MillError after `seconds`."""
    end = time.monotonic() + seconds
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mill-chaos-")))
        server = stack.enter_context(postgres()) if set(stores) - {"sqlite"} else ""
        lanes = stack.enter_context(ThreadPoolExecutor(len(_PLANS)))
        running = []
        for plan, share in zip(_PLANS, _shares(kills), strict=True):
            dice = random.Random(f"{seed} {plan.name}")  # noqa: S311 - moments to repeat a run with, no secret
            running.append(lanes.submit(_go, plan, share, rows, dice, end, folder, stores, server))
        scores: Scores = {}
        for lane in running:
            scores.update(lane.result())
        return scores


def _shares(kills: int) -> list[int]:
    """Return how many kills each lane gets, as it has rounds; the first ones get what is left over."""
    rounds = [len(plan.rounds) for plan in _PLANS]
    shares = [kills * number // sum(rounds) for number in rounds]
    for left in range(kills - sum(shares)):
        shares[left] += 1
    return shares


def _go(
    plan: _Plan,
    kills: int,
    rows: int,
    dice: random.Random,
    end: float,
    above: Path,
    stores: Sequence[Store],
    server: str,
) -> Scores:
    """Go over one lane's courses until it has had its kills; each time around with the next journal."""
    scores: Scores = {}
    if not kills:
        return scores
    folder = above / plan.name
    home = folder / "home"
    home.mkdir(parents=True)
    a_file = min(MOST_KILLS_A_FILE, -(-kills // len(plan.rounds)))
    with (
        plan.service(folder, end - time.monotonic()) as service,
        journals(stores, server, plan.name, home) as opened,
        Nursery(home, folder / "first.json") as first,
        Nursery(home, folder / "second.json") as second,
    ):
        lane = Lane(service, Couple(first, second), dice, end)
        for shift in itertools.count():
            for number, (course, faults) in enumerate(plan.rounds):
                wanted = kills - sum(score.kills for score in scores.values())
                if wanted <= 0:
                    return scores
                journal = opened[(number + shift) % len(opened)]
                score = Trip(lane, course, faults, journal, rows).run(min(wanted, a_file))
                scores.setdefault((course.name, faults, journal.name), Score()).add(score)
    raise AssertionError
