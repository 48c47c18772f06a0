"""A job that is to end: the signals it hears, and calls that wait no longer."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable

import pytest

from f.connect.calls.message import Request, Response
from f.connect.client import Client
from f.connect.errors import ConnectError, OutcomeUnknown, TryLater
from f.connect.integration import Integration, RateLimit
from f.windmill.cancellation import Cancellation
from tests.f.connect.wire import Act, FakeClock, Wire, reply, reset

LONG = 600.0
SIGNALS = [signal.SIGINT, signal.SIGTERM]


class Cancelled(FakeClock):
    """No sleep is slept to its end."""

    def sleep(self, seconds: float) -> bool:
        super().sleep(seconds)
        return True


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize(
    "wait",
    [lambda clock: clock.sleep(LONG), lambda clock: asyncio.run(clock.sleep_async(LONG))],
    ids=["thread", "task"],
)
def test_a_wait_ends_with_the_signal_and_says_so(
    number: signal.Signals, wait: Callable[[Cancellation], bool]
) -> None:
    before = [signal.getsignal(each) for each in SIGNALS]
    with Cancellation() as cancellation:
        assert not cancellation.is_heard()
        sender = threading.Timer(0.05, os.kill, (os.getpid(), number))
        sender.start()
        assert wait(cancellation)
        sender.join()
        assert cancellation.is_heard()
        assert wait(cancellation), "no wait is begun afterwards"
    assert [signal.getsignal(each) for each in SIGNALS] == before


def test_without_a_signal_a_wait_is_waited_to_its_end() -> None:
    with Cancellation() as cancellation:
        assert not cancellation.sleep(0.01)
        assert not asyncio.run(cancellation.sleep_async(0.01))


def test_on_another_thread_no_signal_is_taken_from_the_job() -> None:
    def enter() -> None:
        with Cancellation():
            handlers.append(signal.getsignal(signal.SIGTERM))

    handlers: list[object] = []
    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert handlers == [signal.getsignal(signal.SIGTERM)]


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize(
    ("act", "error", "code"),
    [
        (reply(429, headers={"Retry-After": "60"}), TryLater, "http_429"),
        (reply(503), OutcomeUnknown, "http_503"),
        (reset, OutcomeUnknown, "reset"),
    ],
)
def test_a_call_is_not_tried_again_once_the_job_is_to_end(
    act: Act, error: type[ConnectError], code: str, many: bool
) -> None:
    with Wire([act]) as wire, Client(Integration(name="svc", base_url=wire.url), clock=Cancelled()) as client:
        result = result_of(client, many=many)
    assert type(result) is error
    assert isinstance(result, ConnectError)
    assert (result.code, result.attempts, len(wire.seen)) == (code, 1, 1)


@pytest.mark.parametrize("many", [False, True])
def test_what_waits_for_its_turn_is_not_sent_once_the_job_is_to_end(many: bool) -> None:
    limit = RateLimit(max_requests=1, time_window=60, burst_size=1)
    with (
        Wire([reply(201, {})]) as wire,
        Client(Integration(name="svc", base_url=wire.url, rate_limit=limit), clock=Cancelled()) as client,
    ):
        assert isinstance(result_of(client, many=many), Response)
        late = result_of(client, many=many)
    assert isinstance(late, TryLater)
    assert (late.code, len(wire.seen)) == ("cancelled", 1)


def result_of(client: Client, *, many: bool) -> Response | ConnectError:
    write = Request(method="POST", path="/rows", json={}, idempotency_key="k")
    if many:
        [(_, result)] = client.send_many([write])
        return result
    try:
        return client.request(write)
    except ConnectError as error:
        return error
