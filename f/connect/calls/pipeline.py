"""A client's way through interceptors, the live service and its twin; still a generator of effects."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from f.connect.calls.exchange import Effect, Exchange, Steps, is_down
from f.connect.calls.message import Request, Response
from f.connect.errors import ConnectError


@dataclass(slots=True)
class Interceptors:
    """Functions called in the order they were added.

    `request` may return another request, `response` another response; `error` only looks on.
    """

    request: list[Callable[[Request], Request]] = field(default_factory=list)
    response: list[Callable[[Response], Response]] = field(default_factory=list)
    error: list[Callable[[Request, ConnectError], None]] = field(default_factory=list)


class Pipeline:
    """`twin` is set in hybrid mode only: it answers reads while the service is down, and never a write."""

    def __init__(self, live: Exchange, twin: Exchange | None, interceptors: Interceptors) -> None:
        self._live, self._twin, self._interceptors = live, twin, interceptors

    def run(self, request: Request) -> Steps:
        """Carry one request through."""
        for change in self._interceptors.request:
            request = change(request)
        try:
            response = yield from self._send(request)
        except ConnectError as error:
            for look in self._interceptors.error:
                look(request, error)
            raise
        for turn in self._interceptors.response:
            response = turn(response)
        return response

    def _send(self, request: Request) -> Steps:
        if self._twin is None or not request.is_read:
            return (yield from self._live.run(request))
        try:
            return (yield from self._live.run(request))
        except ConnectError as error:
            if not is_down(error):
                raise
        return (yield from self._twin.run(request))


async def carry_out(steps: Steps, perform: Callable[[Effect], Awaitable[Any]]) -> Response:
    """Have `perform` do what the steps ask for, until they return; a cancellation ends them at once."""
    try:
        effect = next(steps)
        while True:
            try:
                outcome = await perform(effect)
            except ConnectError as error:  # of a Do: a limit, a breaker, a token
                effect = steps.throw(error)
            else:
                effect = steps.send(outcome)
    except StopIteration as done:
        response: Response = done.value
        return response
    finally:
        steps.close()
