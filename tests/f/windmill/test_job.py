"""A job: its progress bar, requests that it stop, calls that wait no longer then, and other jobs' ends."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable

import pytest

from f.connect.calls.message import Request, Response
from f.connect.client import Client
from f.connect.errors import ConnectError, OutcomeUnknown, TryLater
from f.connect.integration import Integration, RateLimit
from f.windmill.connection import disconnect
from f.windmill.job import Cancellation, JobStatus, Progress, resume_urls
from tests.f.connect.wire import Act, FakeClock, Wire, reply, reset
from tests.loopback import Asked, Reply, serve

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
        assert not cancellation.is_requested()
        sender = threading.Timer(0.05, os.kill, (os.getpid(), number))
        sender.start()
        assert wait(cancellation)
        sender.join()
        assert cancellation.is_requested()
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


WINDMILL = {"WM_WORKSPACE": "team", "WM_TOKEN": "token", "WM_JOB_ID": "step", "WM_FLOW_JOB_ID": "flow"}


@pytest.mark.parametrize("reply", [Reply(200, {}), Reply(404, {}), Reply(500, {}), Reply(0, drop=True)])
def test_rows_move_the_bar_now_and_then_and_nothing_it_meets_stops_the_import(
    reply: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(asked: Asked) -> Reply:
        assert asked.path == "/api/w/team/job_metrics/set_progress/step"
        return reply

    with serve(answer) as windmill:
        for name, value in {**WINDMILL, "BASE_INTERNAL_URL": windmill.url}.items():
            monkeypatch.setenv(name, value)
        progress = Progress(200)
        progress(50)
        progress(51)  # too soon to be told
        disconnect()
        assert [asked.json for asked in windmill.asked] == [{"percent": 25, "flow_job_id": "flow"}]


@pytest.mark.parametrize("missing", ["all", "WM_WORKSPACE", "WM_TOKEN", "WM_JOB_ID", "BASE_INTERNAL_URL"])
def test_a_plain_call_of_python_has_no_bar_and_goes_on(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(lambda _: Reply(200, {})) as windmill:
        monkeypatch.delenv("WM_BASE_URL", raising=False)
        for name, value in {**WINDMILL, "BASE_INTERNAL_URL": windmill.url}.items():
            if missing in {"all", name}:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        Progress(200)(50)
        disconnect()
        assert windmill.asked == []


def test_without_rows_the_bar_is_moved_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(lambda _: Reply(200, {})) as windmill:
        for name, value in {**WINDMILL, "BASE_INTERNAL_URL": windmill.url}.items():
            monkeypatch.setenv(name, value)
        Progress(0)(0)
        disconnect()
        assert [asked.json for asked in windmill.asked] == [{"percent": 0, "flow_job_id": "flow"}]


@pytest.mark.parametrize(
    ("reply", "ended", "questions"),
    [
        (Reply(200, {"type": "CompletedJob"}), True, 1),
        (Reply(200, {"type": "QueuedJob"}), False, 2),
        (Reply(404, {}), False, 2),  # another Windmill that shares the database, or a job long forgotten
        (Reply(0, drop=True), False, 2),
        (Reply(200, b"<html>a proxy's page</html>"), False, 2),
        (Reply(200, b"[" * 100_000), False, 2),
        (Reply(200, {}), False, 2),
        (Reply(200, ["QueuedJob"]), False, 2),
    ],
)
def test_only_a_job_known_to_be_over_has_ended_and_windmill_is_asked_now_and_then(
    reply: Reply, ended: bool, questions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(asked: Asked) -> Reply:
        assert asked.path == "/api/w/team/jobs_u/get/other"
        return reply

    clock = FakeClock()
    with serve(answer) as windmill:
        monkeypatch.setenv("BASE_INTERNAL_URL", windmill.url)
        monkeypatch.setenv("WM_WORKSPACE", "team")
        monkeypatch.setenv("WM_TOKEN", "token")
        status = JobStatus(clock)
        assert [status.has_ended("other") for _ in range(3)] == [ended] * 3
        assert len(windmill.asked) == 1
        clock.time += 11
        assert status.has_ended("other") == ended
        assert len(windmill.asked) == questions


def test_an_address_that_is_none_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASE_INTERNAL_URL", "http://a..b")
    monkeypatch.setenv("WM_WORKSPACE", "team")
    assert not JobStatus(FakeClock()).has_ended("other")


def test_without_windmill_no_other_job_is_known_to_have_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BASE_INTERNAL_URL", "WM_BASE_URL", "WM_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    assert not JobStatus(FakeClock()).has_ended("other")


BROKEN = {
    "no server": {"BASE_INTERNAL_URL": "http://127.0.0.1:9"},
    "no address": {"BASE_INTERNAL_URL": "http://["},
    "an odd token": {"BASE_INTERNAL_URL": "http://127.0.0.1:9", "WM_TOKEN": "ü"},
}


@pytest.mark.parametrize("broken", [*BROKEN, "no client"])
def test_a_windmill_that_cannot_be_used_moves_no_bar_and_stops_nothing(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {"WM_WORKSPACE": "w", "WM_TOKEN": "t", "WM_JOB_ID": "j"}
    for name, value in (environment | BROKEN.get(broken, BROKEN["no server"])).items():
        monkeypatch.setenv(name, value)
    if broken == "no client":
        monkeypatch.setitem(sys.modules, "wmill", None)  # as if it were not installed
    disconnect()
    Progress(10)(5)
    assert not JobStatus().has_ended("another")
    with pytest.raises(ConnectError):
        resume_urls()


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"resume": 1}', b""])
def test_what_windmill_says_oddly_of_a_job_is_an_error_of_ours(
    body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(lambda _: Reply(200, body)) as windmill:
        monkeypatch.setenv("BASE_INTERNAL_URL", windmill.url)
        monkeypatch.setenv("WM_WORKSPACE", "w")
        monkeypatch.setenv("WM_TOKEN", "t")
        disconnect()
        JobStatus().has_ended("another")
        with pytest.raises(TryLater, match="no links to decide by"):
            resume_urls()
