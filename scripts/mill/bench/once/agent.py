"""A stand-in for an agent: it calls a tool over the official client, and calls again where no answer came."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from mill.bench.once.orders import Order

Menu = Literal["guarded", "plain"]

_SETTLED = {"done", "already_done", "confirmed"}
_IN_DOUBT = {"running", "unknown"}
_NOT_DONE = {"not_known", "not_done"}  # what a look-up says of an effect that may be asked for again
_NO_ANSWER = {"no answer", "error"}
_CALL_SECONDS = 20.0  # an agent without an answer waits for this time to be over
_HANG_UP_SECONDS = 3.0
_PAUSE, _LONGEST_PAUSE = (0.1, 0.4), 4.0  # before a call is repeated, doubled each time
REST_SECONDS = 30.0  # before what is said to be under way, or in doubt, is asked about again
_TRIES = 200


@dataclass(slots=True)
class Diary:
    """What agents saw: the marks of orders that were `settled`, and the last word on those `given_up`."""

    counts: Counter[str] = field(default_factory=Counter)
    settled: set[str] = field(default_factory=set)
    given_up: dict[str, str] = field(default_factory=dict)

    @property
    def ended(self) -> int:
        """How many orders have an end."""
        return len(self.settled) + len(self.given_up)


@dataclass(slots=True)
class _Errand:
    """An order on its way. `asks`: the next call asks what became of it."""

    order: Order
    calls: int = 0
    asks: bool = False


class Tray:
    """What agents have before them: orders, and errands that rest while agents go on with others."""

    def __init__(self, orders: Sequence[Order], rest_seconds: float) -> None:
        self._seconds = rest_seconds
        self._waiting = [_Errand(order) for order in orders]
        self._resting: deque[tuple[float, _Errand]] = deque()

    async def take(self) -> _Errand | None:
        """Return the next errand, as soon as there is one; None when all have been taken and none rests."""
        while self._waiting or self._resting:
            now = time.monotonic()
            if self._resting and self._resting[0][0] <= now:
                return self._resting.popleft()[1]
            if self._waiting:
                return self._waiting.pop()
            await asyncio.sleep(max(0.05, self._resting[0][0] - now))
        return None

    def rest(self, errand: _Errand) -> None:
        """Put one aside for a while."""
        self._resting.append((time.monotonic() + self._seconds, errand))


def quiet_client() -> None:
    """Have the client's own log say nothing: what breaks here breaks on purpose."""
    for name in ("mcp", "client"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)


class Agent:
    """One of several at work on the same list. `modern`: speaks the protocol without a handshake."""

    def __init__(self, url: str, menu: Menu, diary: Diary, seed: int, *, modern: bool) -> None:
        self._url, self._menu, self._diary = url, menu, diary
        self._dice = random.Random(seed)  # noqa: S311 - pauses
        self._mode: Any = "auto" if modern else "legacy"
        self._line: Line | None = None

    async def work(self, tray: Tray) -> None:
        """Take errands until there are none."""
        try:
            while (errand := await tray.take()) is not None:
                if not await self._run(errand):
                    tray.rest(errand)
        finally:
            await self._leave()

    async def _run(self, errand: _Errand) -> bool:
        """Call until the errand has an end; return whether it has, or should rest."""
        word = "no answer"
        for number in range(_TRIES - errand.calls):
            errand.calls += 1
            asked = errand.asks
            word = await (self._look_up(errand.order) if asked else self._give(errand.order))
            if word in _SETTLED:
                self._diary.settled.add(errand.order.mark)
                return True
            if word == "refused":
                break
            if word in _IN_DOUBT:
                # In doubt after a look-up: given again. Under way: asked about in a minute.
                errand.asks = not asked or word == "running"
                if asked or word == "running":
                    return False
                continue
            # Certainly not done: it is given again. No answer, or an error: the same again.
            errand.asks = asked and word not in _NOT_DONE
            await asyncio.sleep(min(_LONGEST_PAUSE, self._dice.uniform(*_PAUSE) * 2 ** min(number, 5)))
        self._diary.given_up[errand.order.mark] = word
        return True

    async def _give(self, order: Order) -> str:
        """Have the effect."""
        tool, arguments = order.guarded() if self._menu == "guarded" else order.plain()
        word = await self._call(tool, arguments)
        self._diary.counts[word if word in _NO_ANSWER else f"answered {word}"] += 1
        self._diary.counts[f"{order.kind} unknown"] += word == "unknown"
        return word

    async def _look_up(self, order: Order) -> str:
        """Ask what became of an effect."""
        found = await self._call("effect_status", {"once_key": order.once_key})
        self._diary.counts[f"looked up {found}"] += 1
        return found

    async def _call(self, tool: str, arguments: Mapping[str, Any]) -> str:
        """Return the status in the answer; `no answer` if none came, `error` if the tool failed."""
        self._line = self._line or Line(self._url, self._mode)
        answer = await self._line.call(tool, dict(arguments))
        if answer is None:
            await self._leave()
            return "no answer"
        if answer.is_error:
            return "error"
        said = answer.structured_content
        return str(said.get("status", "done")) if isinstance(said, dict) else "done"

    async def _leave(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            await line.hang_up()


class Line:
    """A connection of the official client, in a task of its own: it breaks, and nothing else does."""

    def __init__(self, url: str, mode: Any) -> None:
        self._calls: asyncio.Queue[tuple[str, dict[str, Any], asyncio.Future[CallToolResult]]] = (
            asyncio.Queue()
        )
        self._task = asyncio.create_task(self._run(url, mode))

    async def call(self, tool: str, arguments: dict[str, Any]) -> CallToolResult | None:
        """Return the answer, None if there is none and never will be on this line."""
        answer: asyncio.Future[CallToolResult] = asyncio.get_running_loop().create_future()
        self._calls.put_nowait((tool, arguments, answer))
        either: set[asyncio.Future[Any]] = {self._task, answer}
        await asyncio.wait(either, timeout=_CALL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        return answer.result() if answer.done() else None

    async def hang_up(self) -> None:
        """Let go of the connection."""
        self._task.cancel()
        await asyncio.wait({self._task}, timeout=_HANG_UP_SECONDS)

    async def _run(self, url: str, mode: Any) -> None:
        # Whatever goes wrong on the way: no answer came, and that is all an agent is told.
        with contextlib.suppress(Exception):
            async with (
                # A client of its own would read all certificates of this machine, for a line that has none.
                httpx2.AsyncClient(verify=False, timeout=_CALL_SECONDS, trust_env=False) as http,
                Client(
                    streamable_http_client(url, http_client=http),
                    mode=mode,
                    read_timeout_seconds=_CALL_SECONDS,
                    cache=None,
                ) as client,
            ):
                while True:
                    tool, arguments, answer = await self._calls.get()
                    answer.set_result(await client.call_tool(tool, arguments))
