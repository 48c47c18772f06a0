"""A run: agents at work, answers lost, the server killed, and in the end the ledgers counted."""

from __future__ import annotations

import asyncio
import contextlib
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mill.bench.once.agent import REST_SECONDS, Agent, Diary, Menu, Tray, quiet_client
from mill.bench.once.orders import Order, orders
from mill.bench.once.proxy import BROKEN_OFF, SWALLOWED, Losses, Proxy
from mill.bench.once.score import Course, Score, score
from mill.bench.once.server import Mortal, free_port, guarded_command, kill_at_times, living, plain_command
from mill.bench.once.twins import Services, resources, services

_PATH = "/mcp"
# After a kill a call waits for its key, in a job that does nothing else: the others go on beside it.
_WORKERS, _SPARE_WORKERS = 8, 4
_TELL_SECONDS = 10.0
_SHORT_REST_SECONDS = 2.0  # where keys are given back after a kill
_MINUTE = 60.0
_FIRST = asyncio.FIRST_COMPLETED


@dataclass(frozen=True, slots=True)
class Weather:
    """What goes wrong: kills of the server, shares of answers lost before and behind it.

    `rest`: whether a key rests after a kill, as it does for everybody else (mill.bench.once.leases).
    """

    kills: int
    losses: Losses = field(default_factory=Losses)
    lost_behind: float = 0.05
    rest: bool = True


@dataclass(frozen=True, slots=True)
class Room:
    """Where and with whom: `agents` at work on a `workspace` for so many `seconds`, or until `stop`."""

    workspace: Path
    agents: int
    seed: int
    seconds: float
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    say: Callable[[str], None] = lambda _line: None


async def measure(menu: Menu, count: int, weather: Weather, room: Room) -> Score:
    """Have every order given, and count. What has no end when time is up stands in the score as left."""
    with contextlib.ExitStack() as stack:
        home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mill-agents-")))
        serving = services(home, weather.lost_behind, room.seed)
        twins = await asyncio.to_thread(stack.enter_context, serving)  # the other side starts meanwhile
        return await _Run(menu, orders(count, room.seed), weather, room, home, twins).go()


@dataclass(slots=True)
class _Run:
    menu: Menu
    orders: Sequence[Order]
    weather: Weather
    room: Room
    home: Path
    twins: Services
    diary: Diary = field(default_factory=Diary)

    async def go(self) -> Score:
        """Start everything, wait until every order has an end, and count."""
        quiet_client()
        began, port = time.monotonic(), free_port()
        state = None if self.weather.rest or self.menu == "plain" else self._state
        mortal = Mortal(self._command(port), port, self.room.workspace, self.home / "server.log", state)
        proxy = Proxy(port, self.weather.losses, self.room.seed)
        async with living(mortal), proxy.serve() as root:
            await self._until_the_end(root + _PATH, mortal, proxy)
        effects = await asyncio.to_thread(self.twins.effects, self.orders)
        course = Course(mortal.kills, time.monotonic() - began, proxy.counts)
        return score(self.orders, effects, self.diary, course)

    @property
    def _state(self) -> Path:
        return self.home / "state"

    def _command(self, port: int) -> list[str]:
        if self.menu == "plain":
            return plain_command(port, self.twins.url)
        workers = max(_WORKERS, self.room.agents + _SPARE_WORKERS)
        return guarded_command(port, self._state, resources(self.home, self.twins.url), workers)

    async def _until_the_end(self, url: str, mortal: Mortal, proxy: Proxy) -> None:
        """Return when every order has an end, time is up, or it is to stop. Raises what a kill raises."""
        dice = random.Random(self.room.seed)  # noqa: S311 - moments to repeat a run with
        working = asyncio.create_task(self._work(url))
        killing = asyncio.create_task(kill_at_times(mortal, self.weather.kills, self._progress, dice))
        telling = asyncio.create_task(self._tell(mortal, proxy))
        stopping = asyncio.create_task(self.room.stop.wait())
        try:
            async with asyncio.timeout(self.room.seconds):
                done, _ = await asyncio.wait({working, killing, stopping}, return_when=_FIRST)
                if done == {killing}:
                    killing.result()  # a server that does not start again
                    await asyncio.wait({working, stopping}, return_when=_FIRST)
        except TimeoutError:
            pass
        finally:
            tasks = (working, killing, telling, stopping)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in (working, killing):
            if not task.cancelled():
                task.result()

    async def _work(self, url: str) -> None:
        tray = Tray(self.orders, REST_SECONDS if self.weather.rest else _SHORT_REST_SECONDS)
        async with asyncio.TaskGroup() as group:
            for number in range(self.room.agents):
                agent = Agent(url, self.menu, self.diary, self.room.seed + number, modern=number % 2 == 1)
                group.create_task(agent.work(tray))

    def _progress(self) -> float:
        return self.diary.ended / len(self.orders)

    async def _tell(self, mortal: Mortal, proxy: Proxy) -> None:
        """Say now and then how far it is: a whole run takes many minutes."""
        began = time.monotonic()
        while True:
            await asyncio.sleep(_TELL_SECONDS)
            effects = await asyncio.to_thread(self.twins.effects, self.orders)
            line = f"{self.menu}: {self.diary.ended:,} of {len(self.orders):,} calls have an end, "
            line += f"{effects.total():,} effects, {mortal.kills} of {self.weather.kills} kills, "
            line += f"{proxy.counts[SWALLOWED] + proxy.counts[BROKEN_OFF]:,} cut answers"
            if done := self._progress():
                line += f"; {time_left(time.monotonic() - began, done)}"
            self.room.say(line)


def time_left(seconds: float, done: float) -> str:
    """Return what is left to do, in words, of what came so far (`done`, up to 1) in so many seconds."""
    left = seconds / done * (1 - done)
    return f"about {left / 60:.0f} min left" if left >= _MINUTE else "less than a minute left"
