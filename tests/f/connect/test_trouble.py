"""Which calls raise an event by themselves, and which are nobody's business but their sender's."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from pathlib import Path
from typing import Any

import pytest

from f.connect.calls.message import Request
from f.connect.client import Client
from f.connect.errors import ConnectError
from f.connect.integration import BearerToken, CircuitBreaker, Integration, RateLimit, Retry
from f.store.stores import SqliteStore, sqlite_store
from tests.f.connect.windmill import EXISTS, Windmill
from tests.f.connect.wire import FakeClock
from tests.loopback import Asked, Reply, serve


def crm(url: str, **settings: Any) -> Integration:
    retry = Retry(max_retries=1, initial_delay=0.0, max_elapsed=5.0)
    return Integration(name="crm", base_url=url, **{"retry": retry, **settings})


def call(client: Client, method: str = "GET") -> None:
    with contextlib.suppress(ConnectError):
        client.request(Request(method=method, path="/customers/4711", json={} if method == "POST" else None))


@pytest.mark.parametrize(
    ("reply", "method", "error"),
    [
        (Reply(401), "GET", "SignInAgain"),
        (Reply(503), "GET", "TryLater"),
        (Reply(429), "GET", "TryLater"),
        (Reply(500), "POST", "OutcomeUnknown"),
        (Reply(0, drop=True), "POST", "OutcomeUnknown"),
        (Reply(302, headers={"Location": "http://127.0.0.1:1/"}), "POST", "FixSettings"),
        (Reply(501), "GET", None),
    ],
)
def test_what_an_operator_must_hear_of_is_told_once(
    reply: Reply, method: str, error: str | None, windmill: Windmill, tmp_path: Path
) -> None:
    with (
        serve(lambda _: reply) as server,
        sqlite_store(tmp_path / "s.sqlite") as store,
        Client(crm(server.url), store) as client,
    ):
        for _ in range(3):
            call(client, method)
    [event] = windmill.started()
    assert (event["event"], event["data"]["service"]) == ("integration_error", "crm")
    assert event["data"].get("error") == error
    assert event["data"]["host"] == server.url.removeprefix("http://")
    assert event["data"]["error_message"]


@pytest.mark.parametrize("status", [200, 204, 400, 403, 404, 409, 422])
def test_what_is_wrong_with_one_record_and_what_went_well_asks_windmill_nothing(
    status: int, windmill: Windmill
) -> None:
    with serve(lambda _: Reply(status)) as server, Client(crm(server.url)) as client:
        call(client)
        call(client, "POST")
    assert windmill.paths() == []


def test_a_failure_that_another_attempt_cures_is_told_to_nobody(windmill: Windmill) -> None:
    replies = iter([Reply(503), Reply(200, {})])
    with serve(lambda _: next(replies)) as server, Client(crm(server.url)) as client:
        call(client)
    assert windmill.paths() == []


def test_a_refused_credential_is_told_beside_an_outage(windmill: Windmill) -> None:
    replies = iter([Reply(503), Reply(503), Reply(401)])
    settings = {"authentication": BearerToken(token="good-token-1")}
    with serve(lambda _: next(replies)) as server, Client(crm(server.url, **settings)) as client:
        for _ in range(4):  # the last two are refused before they are sent
            call(client)
    assert [event["data"]["error"] for event in windmill.started()] == ["TryLater", "SignInAgain"]
    assert "good-token-1" not in str(windmill.started())


def test_a_credential_that_a_script_finds_refused_is_told(windmill: Windmill) -> None:
    with Client(crm("http://127.0.0.1:9")) as client:
        client.refuse_credential()
    assert "refuses the credential" in windmill.started()[0]["data"]["error_message"]


def test_calls_that_the_open_breaker_refuses_tell_of_the_outage(windmill: Windmill) -> None:
    breaker = CircuitBreaker(minimum_calls=1, failure_rate=0.1)
    with Client(crm("http://127.0.0.1:9", circuit_breaker=breaker)) as client:
        client.breaker.trip()
        call(client)
    assert windmill.started()[0]["data"]["error"] == "TryLater"


def test_our_own_limit_is_no_failure_of_the_service(windmill: Windmill) -> None:
    limit = RateLimit(max_requests=1, time_window=3600)
    with serve(lambda _: Reply(200)) as server, Client(crm(server.url, rate_limit=limit)) as client:
        call(client)
        call(client)
    assert windmill.paths() == []


def test_a_very_slow_success_is_told_and_waits_for_our_own_limit_do_not_count(
    windmill: Windmill, clock: FakeClock
) -> None:
    limit = RateLimit(max_requests=1, time_window=15, burst_size=1)

    def answer(asked: Asked) -> Reply:
        if asked.path == "/slow":
            clock.sleep(11)
        return Reply(200)

    with (
        serve(answer) as server,
        SqliteStore(None, clock=clock.now) as store,
        Client(crm(server.url, rate_limit=limit, retry=Retry()), store, clock=clock) as client,
    ):
        client.get("/a")
        client.get("/b")  # waits for its turn
        assert windmill.paths() == []
        client.get("/slow")
    [event] = windmill.started()
    assert event["event"] == "slow_call"
    assert event["data"]["seconds"] == 11.0


def test_an_integration_may_keep_its_failures_to_itself(windmill: Windmill) -> None:
    with Client(crm("http://127.0.0.1:9", raises_events=False)) as client:
        call(client)
    mock = dataclasses.replace(crm("http://127.0.0.1:9"), mode="mock", twin_url="http://127.0.0.1:9")
    with Client(mock) as client:
        call(client)
    assert windmill.paths() == []


def test_many_at_once_start_one_job_and_wait_for_none(windmill: Windmill, tmp_path: Path) -> None:
    many = [Request(method="GET", path=f"/{number}") for number in range(300)]
    with sqlite_store(tmp_path / "s.sqlite") as store, Client(crm("http://127.0.0.1:9"), store) as client:
        assert sum(isinstance(result, ConnectError) for _, result in client.send_many(many)) == 300
    assert len(windmill.started()) == 1


def test_a_windmill_that_does_not_answer_holds_a_call_up_for_seconds_once(
    windmill: Windmill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("f.connect.events._SECONDS", 0.3)
    windmill.slow[EXISTS] = 2.0
    with Client(crm("http://127.0.0.1:9")) as client:
        began = time.monotonic()
        for _ in range(20):
            call(client)
        assert time.monotonic() - began < 1.9
