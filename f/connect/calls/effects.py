"""What a call asks to have done, and the one function that obeys it, for sync and asyncio calls alike.

The steps of a call are a generator that never touches a socket and never sleeps: it yields one of these and
is sent the result.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from f.connect.calls.message import Outgoing, Response

T = TypeVar("T")


@dataclass(slots=True)
class Send:
    """Send these bytes once and report the Reply or the Lost.

    `timeout`: seconds for the reply to be whole.
    """

    outgoing: Outgoing
    timeout: float


@dataclass(slots=True)
class Sleep:
    """Let this many seconds pass, and report whether that was cut short, so that there is no next attempt."""

    seconds: float


@dataclass(slots=True)
class Do:
    """Run this, which may block on a database or on the network, and report what it returns."""

    work: Callable[[], Any]


@dataclass(slots=True)
class Await:
    """Await what an interceptor returned, and report what comes of it. Without an event loop: TypeError."""

    awaitable: Awaitable[Any]


Effect = Send | Sleep | Do | Await
Stage = Generator[Effect, Any, T]
Steps = Stage[Response]


async def carry_out(steps: Steps, perform: Callable[[Effect], Awaitable[Any]]) -> Response:
    """Have `perform` do what the steps ask for, until they return; a cancellation ends them at once."""
    try:
        effect = next(steps)
        while True:
            try:
                outcome = await perform(effect)
            except Exception as error:  # noqa: BLE001 - the steps raise it again; of a Do: a limit, a breaker, a token; of an Await: any
                effect = steps.throw(error)
            else:
                effect = steps.send(outcome)
    except StopIteration as done:
        response: Response = done.value
        return response
    finally:
        steps.close()
