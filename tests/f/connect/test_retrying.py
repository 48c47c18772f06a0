"""A function is called again by the rules that hold for a request."""

from __future__ import annotations

import asyncio
import threading
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


def test_should_retry_says_what_call_would_do() -> None:
    retrying = Retrying(Retry(max_retries=2), clock=FakeClock())
    assert [retrying.should_retry(try_later(), attempt) for attempt in (1, 2, 3)] == [True, True, False]
    assert not retrying.should_retry(try_later(retry_after=1000.0), 1)
    assert not retrying.should_retry(WaitForQuota("used up"), 1)
    assert not retrying.should_retry(ValueError("other"), 1)
    assert Retrying(POLICY, on=ValueError).should_retry(ValueError("ours"), 1)


def test_stats_count_all_threads_and_begin_anew_with_reset() -> None:
    clock = FakeClock()
    retrying = Retrying(POLICY, clock=clock)
    assert retrying.call(Flaky(try_later())) == "done"
    with pytest.raises(TryLater):
        retrying.call(Flaky(*[try_later()] * 9))
    assert retrying.stats() == {
        "calls": 2, "attempts": 6, "retries": 4, "given_up": 1, "seconds_waited": 0.5 + 0.5 + 1 + 2,
    }  # fmt: skip
    retrying.reset()
    threads = [
        threading.Thread(target=lambda: [retrying.call(Flaky()) for _ in range(500)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (retrying.stats()["calls"], retrying.stats()["attempts"]) == (4000, 4000)


def test_a_job_that_is_to_stop_waits_for_no_other_attempt() -> None:
    class Stopped(FakeClock):
        def sleep(self, seconds: float) -> bool:
            return True

    flaky = Flaky(try_later(), try_later())
    retrying = Retrying(POLICY, clock=Stopped())
    with pytest.raises(TryLater):
        retrying.call(flaky)
    with pytest.raises(TryLater):
        asyncio.run(retrying.call_async(flaky.later))
    assert flaky.calls == 2
    assert retrying.stats()["given_up"] == 2
