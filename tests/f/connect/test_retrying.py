"""A function is called again by the rules that hold for a request."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from f.connect.errors import FixInput, OutcomeUnknown, TryLater, WaitForQuota
from f.connect.integration import Retry
from f.connect.retrying import Retrying
from tests.f.connect.wire import FakeClock

POLICY = Retry(jitter=False)


class Flaky:
    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"

    def now(self) -> str:
        return self()

    async def later(self) -> str:
        return self()


def try_later(**more: Any) -> TryLater:
    return TryLater("busy", **more)


@pytest.mark.parametrize("kind", ["call", "decorator", "async call", "async decorator"])
@pytest.mark.parametrize(
    ("errors", "ends", "calls", "slept"),
    [
        ([], "done", 1, []),
        ([try_later(), try_later()], "done", 3, [0.5, 1.0]),
        ([try_later(retry_after=9.0)], "done", 2, [9.0]),
        ([try_later()] * 9, TryLater, 4, [0.5, 1.0, 2.0]),
        ([try_later(retry_after=1000.0)], TryLater, 1, []),
        ([WaitForQuota("used up", retry_after=1.0)], WaitForQuota, 1, []),
        ([OutcomeUnknown("lost")], OutcomeUnknown, 1, []),
        ([FixInput("wrong")], FixInput, 1, []),
    ],
)
def test_a_function_is_called_again_only_when_nothing_was_applied(
    kind: str, errors: list[Exception], ends: Any, calls: int, slept: list[float]
) -> None:
    clock, flaky = FakeClock(), Flaky(*errors)
    retrying = Retrying(POLICY, clock=clock)

    def go() -> str:
        if kind == "call":
            return retrying.call(flaky)
        if kind == "decorator":
            return retrying(flaky.now)()
        if kind == "async call":
            return asyncio.run(retrying.call_async(flaky.later))

        @retrying
        async def decorated() -> str:
            return await flaky.later()

        return asyncio.run(decorated())

    if isinstance(ends, str):
        assert go() == ends
    else:
        with pytest.raises(ends):
            go()
    assert flaky.calls == calls
    assert clock.slept == slept
