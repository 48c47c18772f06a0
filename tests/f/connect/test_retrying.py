"""When a call is made again, and after how long."""

# ruff: noqa: E501 - a table reads best with a case on a line

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f.connect.calls.verdict import Facts, backoff, may_have_been_applied, next_wait, retry_after
from f.connect.errors import FixInput, OutcomeUnknown, TryLater, WaitForQuota
from f.connect.integration import Retry
from f.connect.retrying import Retrying
from tests.f.connect.wire import FakeClock

POLICY = Retry(jitter=False)
DATE = "Wed, 21 Oct 2026 07:28:00 GMT"
LATER = "Wed, 21 Oct 2026 07:28:30 GMT"
AT_DATE = 1792567680.0


@pytest.mark.parametrize(
    ("facts", "wait"),
    [
        ({"sent": False}, 0.5),
        ({"sent": False, "attempt": 3}, 2.0),
        ({"sent": False, "attempt": 4}, None),
        ({"sent": True}, None),
        ({"sent": True, "may_repeat": True}, 0.5),
        ({"status": 429}, 0.5),
        ({"status": 429, "retry_after": 7.0}, 7.0),
        ({"status": 429, "retry_after": 7.0, "elapsed": 114.0}, None),
        ({"status": 500}, None),
        ({"status": 500, "may_repeat": True}, 0.5),
        ({"status": 503, "retry_after": 1.0}, None),
        ({"status": 503, "retry_after": 1.0, "not_applied": frozenset({503})}, 1.0),
        ({"status": 408}, None),
        ({"status": 408, "may_repeat": True}, 0.5),
        ({"status": 404, "may_repeat": True}, None),
        ({"status": 501, "may_repeat": True}, None),
    ],
    ids=str,
)
def test_a_write_is_repeated_only_if_it_is_safe_or_certainly_was_not_applied(
    facts: dict[str, Any], wait: float | None
) -> None:
    assert next_wait(POLICY, Facts(**{"attempt": 1, "elapsed": 0.0, **facts})) == wait


def test_a_wish_to_wait_longer_than_the_policy_waits_ends_the_call() -> None:
    policy = Retry(jitter=False, longest_wait=5)
    assert next_wait(policy, Facts(attempt=1, elapsed=0, status=429, retry_after=5.0)) == 5
    assert next_wait(policy, Facts(attempt=1, elapsed=0, status=429, retry_after=6.0)) is None


def test_a_retry_policy_that_is_off_never_repeats() -> None:
    assert next_wait(Retry(enabled=False), Facts(attempt=1, elapsed=0, sent=False)) is None


@pytest.mark.parametrize(
    ("facts", "answer"),
    [({"sent": False}, False), ({"sent": True}, True), ({"status": 429}, False), ({"status": 422}, False),
     ({"status": 408}, True), ({"status": 500}, True), ({"status": 500, "not_applied": frozenset({500})}, False)],
    ids=str,
)  # fmt: skip
def test_doubt_remains_after_a_lost_answer_a_server_failure_and_a_timeout(
    facts: dict[str, Any], answer: bool
) -> None:
    assert may_have_been_applied(Facts(attempt=1, elapsed=0, **facts)) is answer


@given(
    attempt=st.integers(1, 10_000),
    initial=st.floats(0.01, 10),
    longest=st.floats(10, 100),
    base=st.floats(1, 10),
    draw=st.floats(0, 1),
)
def test_a_delay_lies_between_zero_and_the_cap(
    attempt: int, initial: float, longest: float, base: float, draw: float
) -> None:
    policy = Retry(initial_delay=initial, max_delay=longest, exponential_base=base)
    assert 0 <= backoff(policy, attempt, lambda: draw) <= longest


@given(asked=st.floats(0, 60), draw=st.floats(0, 1))
def test_nobody_comes_back_earlier_than_the_server_asked(asked: float, draw: float) -> None:
    wait = next_wait(Retry(), Facts(attempt=1, elapsed=0, status=429, retry_after=asked), lambda: draw)
    assert wait is not None
    assert asked <= wait <= asked + 0.5


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": " 1.5 "}, 1.5),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "٣"}, None),
        ({"Retry-After": "999999999"}, 86_400),
        ({"Retry-After": LATER}, 30),
        ({"Retry-After": LATER, "Date": DATE}, 30),
        ({"Retry-After": LATER, "Date": LATER}, 0),
        ({"Retry-After": DATE, "Date": LATER}, 0),
        ({"Retry-After": "Wed, 99 Oct 2026 07:28:00 GMT"}, None),
    ],
    ids=str,
)
def test_retry_after_is_seconds_or_a_date_and_is_bounded(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after(headers, lambda: AT_DATE) == seconds


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
