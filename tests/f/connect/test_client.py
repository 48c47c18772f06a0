"""What a client sends, returns, keeps to itself and remembers."""

# ruff: noqa: E501 - a table reads best with a case on a line

from __future__ import annotations

import asyncio
import dataclasses
import io
import json
import logging
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from f.connect.calls.message import Request, Response
from f.connect.client import Client
from f.connect.errors import ConnectError, FixInput, FixSettings, GiveUpRecord, SignInAgain, TryLater
from f.connect.integration import (
    ApiKey,
    Authentication,
    Basic,
    BearerToken,
    CircuitBreaker,
    Integration,
    NoAuth,
    RateLimit,
    Retry,
)
from f.connect.limits.buckets import LATEST
from f.connect.logs import show_calls
from f.store.store import Row, Store, Values
from f.store.stores import SqliteStore
from tests.f.connect.wire import Act, FakeClock, Wire, free_port, reply, reset, trickle, truncated, zipped
from tests.loopback import Asked, Reply, serve

OK = reply(200, {"id": "1"})
# None of them can be part of a request id or a port by chance.
SECRETS = ("k3y", "quinn", "555 0100", "555+0100", "555%200100")


def integration(url: str, **settings: Any) -> Integration:
    return Integration(**{"name": "svc", "base_url": url, **settings})


@pytest.mark.parametrize(
    ("options", "path", "headers", "body"),
    [
        ({"params": {"a": True, "b": [1, 2], "c": None, "d": "x y"}}, "/v1/x?a=true&b=1&b=2&d=x+y", {}, b""),
        ({"json": {"é": 1}}, "/v1/x", {"content-type": "application/json"}, '{"é":1}'.encode()),
        ({"data": {"a": "1", "b": ["2", "3"]}}, "/v1/x", {"content-type": "application/x-www-form-urlencoded"}, b"a=1&b=2&b=3"),
        ({"data": b"raw", "headers": {"content-type": "text/csv"}}, "/v1/x", {"content-type": "text/csv"}, b"raw"),
        ({"json": {}, "headers": {"CONTENT-TYPE": "application/vnd.x+json"}}, "/v1/x", {"content-type": "application/vnd.x+json"}, b"{}"),
        ({"idempotency_key": "row-1"}, "/v1/x", {"idempotency-key": "row-1", "content-length": "0"}, b""),
    ],
)  # fmt: skip
def test_a_request_goes_out_as_stated(
    options: dict[str, Any], path: str, headers: dict[str, str], body: bytes
) -> None:
    with Wire([OK]) as wire, Client(integration(wire.url + "/v1/")) as client:
        client.post("x", **options)
        [(request, _)] = client.send_many([Request(method="POST", path="/x", **options)])
    assert request.path == "/x"
    for seen in wire.seen:
        assert (seen.path, seen.body) == (path, body)
        assert {name: seen.headers[name] for name in headers} == headers
        assert seen.headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize(
    "options",
    [
        {"path": "/../admin"},
        {"path": "/a/.."},
        {"path": "/x", "headers": {"X-A": "b\r\nX-Evil: 1"}},
        {"path": "/x", "json": {"a": float("nan")}},
        {"path": "/x", "json": {"a": b"bytes"}},
        {"path": "/x", "json": {}, "data": b""},
        {"path": "/x", "idempotency_key": "a\nb"},
    ],
    ids=str,
)
def test_a_request_that_cannot_be_sent_as_meant_is_refused(options: dict[str, Any]) -> None:
    with Wire([OK]) as wire, Client(integration(wire.url)) as client, pytest.raises(FixInput):
        client.request(Request(method="POST", **options))
    assert wire.seen == []


AUTHENTICATIONS: list[tuple[Authentication, str, dict[str, str], dict[str, Any]]] = [
    (NoAuth(), "/x", {}, {"a": 1}),
    (ApiKey(key="k1"), "/x", {"x-api-key": "k1"}, {"a": 1}),
    (ApiKey(key="k1", name="X-Key"), "/x", {"x-key": "k1"}, {"a": 1}),
    (ApiKey(key="k 1", name="key", location="query"), "/x?key=k+1", {}, {"a": 1}),
    (ApiKey(key="k1", name="key", location="body"), "/x", {}, {"a": 1, "key": "k1"}),
    (BearerToken(token="t1"), "/x", {"authorization": "Bearer t1"}, {"a": 1}),
    (Basic(username="ü", password="p:w"), "/x", {"authorization": "Basic w7w6cDp3"}, {"a": 1}),
]


@pytest.mark.parametrize(
    ("authentication", "path", "headers", "body"), AUTHENTICATIONS, ids=lambda value: type(value).__name__
)
def test_each_credential_goes_where_it_belongs(
    authentication: Authentication, path: str, headers: dict[str, str], body: dict[str, Any]
) -> None:
    with Wire([OK]) as wire, Client(integration(wire.url, authentication=authentication)) as client:
        response = client.post("/x", json={"a": 1})
    [seen] = wire.seen
    assert (seen.path, seen.json) == (path, body)
    assert {name: seen.headers[name] for name in headers} == headers
    assert "k1" not in repr(response)
    assert "k" not in response.call.removeprefix("POST 127.0.0.1")


def test_a_key_in_the_body_joins_a_form() -> None:
    key = ApiKey(key="k1", name="key", location="body")
    with Wire([OK]) as wire, Client(integration(wire.url, authentication=key)) as client:
        client.post("/x", data={"a": "1"})
    assert wire.seen[0].body == b"a=1&key=k1"


@pytest.mark.parametrize("token", ["a\r\nX: 1", " a", "a ", "ä", ""])
def test_a_token_no_header_may_carry_is_a_setting_to_fix(token: str) -> None:
    with pytest.raises(FixSettings):
        Client(integration("https://api.example.com", authentication=BearerToken(token=token)))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_credential_follows_a_redirect_to_another_host(status: int) -> None:
    secret = integration(
        "http://x.localhost", authentication=ApiKey(key="k1"), default_headers={"X-Tenant": "t"}
    )
    with (
        Wire([OK]) as other,
        Wire([reply(status, None, {"Location": f"{other.url}/there"})]) as first,
        Client(dataclasses.replace(secret, base_url=first.url)) as client,
    ):
        assert client.get("/here", headers={"X-Mine": "m"}).success
    assert first.seen[0].headers["x-api-key"] == "k1"
    assert {"x-api-key", "x-tenant", "x-mine"}.isdisjoint(other.seen[0].headers)


def test_no_credential_goes_to_an_absolute_url_of_another_host() -> None:
    with (
        Wire([OK]) as other,
        Wire([OK]) as mine,
        Client(integration(mine.url, authentication=BearerToken(token="t1"))) as client,
    ):
        client.get(f"{other.url}/x")
        client.get(f"{mine.url}/x")
    assert "authorization" not in other.seen[0].headers
    assert mine.seen[0].headers["authorization"] == "Bearer t1"


def test_each_attempt_has_its_own_request_id_and_retries_their_number(clock: FakeClock) -> None:
    with Wire([reply(503), reply(503), OK]) as wire, Client(integration(wire.url), clock=clock) as client:
        response = client.get("/x")
    assert [seen.headers.get("x-attempt") for seen in wire.seen] == [None, "2", "3"]
    assert len({seen.headers["x-request-id"] for seen in wire.seen}) == 3
    assert response.request_id == wire.seen[-1].headers["x-request-id"]
    assert (response.attempts, response.status, response.success, response.source) == (3, 200, True, "live")
    assert response.elapsed >= 0


def test_every_attempt_of_a_write_carries_the_same_key(clock: FakeClock) -> None:
    with Wire([reply(503), reset, OK]) as wire, Client(integration(wire.url), clock=clock) as client:
        client.post("/x", json={}, idempotency_key="row-7")
    assert [seen.headers["idempotency-key"] for seen in wire.seen] == ["row-7"] * 3


def test_a_refusal_after_a_lost_answer_says_that_it_may_be_our_own_doing(clock: FakeClock) -> None:
    with Wire([reset, reply(409), reply(409)]) as wire, Client(integration(wire.url), clock=clock) as client:
        assert client.post("/x", json={}, idempotency_key="row-7").in_doubt is True
        assert client.post("/x", json={}, idempotency_key="row-8").in_doubt is False


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (304, FixSettings),
        (400, GiveUpRecord),
        (403, SignInAgain),
        (404, FixSettings),
        (409, GiveUpRecord),
        (422, GiveUpRecord),
    ],
)
def test_raise_for_status_names_what_the_status_means(status: int, error: type[ConnectError]) -> None:
    with (
        Wire([reply(status, {"email": "quinn@example.com"})]) as wire,
        Client(integration(wire.url)) as client,
    ):
        response = client.get("/x/quinn@example.com")
        with pytest.raises(error) as caught:
            response.raise_for_status()
    assert caught.value.status == status
    assert caught.value.attempts == 1
    assert caught.value.request_id == response.request_id
    assert "quinn" not in str(caught.value) + repr(response) + str(vars(caught.value))


def test_connections_are_reused() -> None:
    with Wire([OK]) as wire, Client(integration(wire.url)) as client:
        for _ in range(5):
            client.get("/x")
        assert wire.connections == 1
        list(client.send_many((Request(method="GET", path="/x") for _ in range(20)), concurrency=4))
        assert wire.connections <= 5


def test_async_methods_do_the_same() -> None:
    async def go(url: str) -> list[Response]:
        async with Client(integration(url)) as client:
            one = await asyncio.gather(client.get_async("/x"), client.post_async("/x", json={"a": 1}))
            return [
                *one,
                await client.put_async("/x"),
                await client.patch_async("/x"),
                await client.delete_async("/x"),
            ]

    with Wire([OK]) as wire:
        responses = asyncio.run(go(wire.url))
    assert [response.json for response in responses] == [{"id": "1"}] * 5
    assert sorted(seen.method for seen in wire.seen) == ["DELETE", "GET", "PATCH", "POST", "PUT"]


def test_cancelling_an_async_call_ends_it_at_once_and_opens_no_breaker() -> None:
    rule = CircuitBreaker(minimum_calls=1)

    async def go(url: str) -> str:
        async with Client(integration(url, circuit_breaker=rule)) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await client.get_async("/x")
            return client.breaker.status()

    with Wire([trickle]) as wire:
        assert asyncio.run(go(wire.url)) == "closed"


def numbered(count: int) -> Iterator[Request]:
    for number in range(count):
        yield Request(method="POST", path="/x", json={"n": number}, context=number)


def test_send_many_gives_every_request_exactly_one_result() -> None:
    acts: list[Act] = [reply(422), OK, reply(409), reset]
    with (
        Wire(acts * 25) as wire,
        Client(integration(wire.url, circuit_breaker=CircuitBreaker(enabled=False))) as client,
    ):
        results = list(client.send_many(numbered(100), concurrency=8))
    assert sorted(request.context for request, _ in results) == list(range(100))
    kinds = sorted(str(getattr(result, "status", None)) for _, result in results)
    assert kinds == ["200"] * 25 + ["409"] * 25 + ["422"] * 25 + ["None"] * 25
    assert len(wire.seen) == 100


def test_send_many_reads_its_requests_lazily() -> None:
    taken = 0

    def endless() -> Iterator[Request]:
        nonlocal taken
        while True:
            taken += 1
            yield Request(method="GET", path="/x")

    with Wire([OK]) as wire, Client(integration(wire.url)) as client:
        results = client.send_many(endless(), concurrency=4)
        for _ in range(10):
            next(results)
        results.close()  # type: ignore[attr-defined]  # it is a generator
    assert taken <= 10 + 8
    assert len(wire.seen) <= taken


def test_send_many_raises_what_the_callers_own_iterator_raises() -> None:
    def broken() -> Iterator[Request]:
        yield Request(method="GET", path="/x")
        raise ZeroDivisionError

    with Wire([OK]) as wire, Client(integration(wire.url)) as client, pytest.raises(ZeroDivisionError):
        list(client.send_many(broken(), concurrency=1))


def test_a_refused_credential_stops_all_that_is_left() -> None:
    with (
        Wire([reply(401)]) as wire,
        Client(integration(wire.url, authentication=BearerToken(token="t"))) as client,
    ):
        results = list(client.send_many(numbered(200), concurrency=2))
    assert {type(result) for _, result in results} == {SignInAgain}
    assert len(results) == 200
    assert len(wire.seen) <= 4


def test_a_refused_credential_is_remembered_for_all_jobs_until_it_changes(
    timed_store: Store, clock: FakeClock
) -> None:
    store = timed_store
    with Wire([reply(401), OK]) as wire:
        old = integration(wire.url, authentication=BearerToken(token="old"))
        with Client(old, store, clock=clock) as client, pytest.raises(SignInAgain):
            client.get("/x")
        with Client(old, store, clock=clock) as client, pytest.raises(SignInAgain) as caught:
            client.get("/x")
        assert (caught.value.code, caught.value.attempts, len(wire.seen)) == ("credential_refused", 0, 1)
        with Client(
            integration(wire.url, authentication=BearerToken(token="new")), store, clock=clock
        ) as client:
            assert client.get("/x").success
        clock.time += 31
        with Client(old, store, clock=clock) as client:
            assert client.get("/x").success  # one probe, which the server now accepts
            assert client.get("/x").success


def test_a_service_that_is_down_is_left_alone_until_a_probe_succeeds(
    timed_store: Store, clock: FakeClock
) -> None:
    settings = {"retry": Retry(enabled=False), "circuit_breaker": CircuitBreaker(minimum_calls=3)}
    with (
        Wire([reply(500)] * 3 + [OK]) as wire,
        Client(integration(wire.url, **settings), timed_store, clock=clock) as client,
    ):
        for code in ["http_500"] * 3 + ["circuit_open"] * 2:
            with pytest.raises(TryLater) as caught:
                client.get("/x")
            assert caught.value.code == code
        clock.time += 31
        assert client.get("/x").success
    assert len(wire.seen) == 4


def test_a_limit_spaces_calls_and_a_429_pauses_every_job(timed_store: Store, clock: FakeClock) -> None:
    limit = RateLimit(max_requests=10, burst_size=1)
    store = timed_store
    with Wire([OK, OK, reply(429, None, {"Retry-After": "8"}), OK]) as wire:
        with Client(
            integration(wire.url, rate_limit=limit, retry=Retry(enabled=False)), store, clock=clock
        ) as client:
            client.get("/x")
            client.get("/x")
            assert clock.slept == pytest.approx([(1 + LATEST) / 10], abs=1e-6)
            with pytest.raises(TryLater):
                client.get("/x")
        with Client(integration(wire.url, rate_limit=limit), store, clock=clock) as client:
            client.get("/x")
    assert clock.slept[-1] == pytest.approx(8.0, abs=0.2)


def test_an_endpoint_may_have_a_limit_of_its_own(clock: FakeClock) -> None:
    limits = {"/search": RateLimit(max_requests=1, time_window=5, burst_size=1)}
    with (
        Wire([OK]) as wire,
        Client(
            integration(wire.url, endpoint_limits=limits), SqliteStore(None, clock=clock.now), clock=clock
        ) as client,
    ):
        for path in ["/search", "/x", "/x", "/search"]:
            client.get(path)
    assert clock.slept == pytest.approx([5.0 + LATEST])


MODES = [
    ("mock", "GET", "up", "twin"),
    ("mock", "POST", "up", "twin"),
    ("hybrid", "GET", "up", "live"),
    ("hybrid", "GET", "down", "twin"),
    ("hybrid", "POST", "down", TryLater),
    ("hybrid", "GET", "failing", "twin"),
    ("hybrid", "GET", "busy", TryLater),
    ("live", "GET", "down", TryLater),
    ("live", "POST", "down", TryLater),
    ("live", "GET", "failing", TryLater),
]


@pytest.mark.parametrize("many", [False, True], ids=["sync", "mass"])
@pytest.mark.parametrize(("mode", "method", "live", "answer"), MODES)
def test_a_twin_answers_only_where_its_mode_says_so(
    mode: Any, method: str, live: str, answer: Any, many: bool, clock: FakeClock
) -> None:
    acts = {"up": [OK], "down": [OK], "failing": [reply(500)], "busy": [reply(429)]}[live]
    with Wire(acts) as service, Wire([reply(200, {"id": "twin"})]) as twin:
        url = f"http://127.0.0.1:{free_port()}" if live == "down" else service.url
        settings = integration(url, mode=mode, twin_url=twin.url, authentication=BearerToken(token="t"))
        request = Request(method=method, path="/x")
        result: Any
        with Client(settings, SqliteStore(None, clock=clock.now), clock=clock) as client:
            if many:
                [(_, result)] = client.send_many([request])
            else:
                try:
                    result = client.request(request)
                except ConnectError as error:
                    result = error
    if isinstance(answer, str):
        assert result.source == answer
    else:
        assert isinstance(result, answer)
    assert len(twin.seen) == (1 if answer == "twin" else 0)
    assert all("authorization" not in seen.headers for seen in twin.seen)
    if mode == "mock":
        assert service.seen == []


def test_interceptors_see_and_change_what_passes(clock: FakeClock) -> None:
    seen_errors: list[str | None] = []
    with Wire([OK, reply(401)]) as wire, Client(integration(wire.url), clock=clock) as client:
        client.on_request(lambda request: Request(method=request.method, path=request.path + "/changed"))
        client.on_response(lambda response: dataclasses.replace(response, status=299))
        client.on_error(lambda request, error: seen_errors.append(error.code))
        assert client.get("/x").status == 299
        with pytest.raises(SignInAgain):
            client.get("/x")
    assert wire.seen[0].path == "/x/changed"
    assert seen_errors == ["http_401"]


def test_one_line_is_logged_per_call_with_nothing_secret_or_personal(
    caplog: pytest.LogCaptureFixture, clock: FakeClock
) -> None:
    caplog.set_level(logging.INFO, "connect")
    key = ApiKey(key="k3y-s3cret", name="key", location="query")
    with (
        Wire([reply(503), OK]) as wire,
        Client(integration(wire.url, authentication=key), clock=clock) as client,
    ):
        client.get("/people/quinn@example.com", params={"phone": "+1 555 0100"})
    [line] = [record.getMessage() for record in caplog.records if record.name == "connect"]
    fields = json.loads(line)
    assert (fields["call"], fields["status"], fields["attempts"]) == ("GET", 200, 2)
    assert fields["url"].endswith("/people/***")
    assert not any(secret in caplog.text for secret in SECRETS)


@pytest.mark.parametrize(
    "acts", [[reply(404)], [reply(307, None, {"Location": "/t0p/secret"})], [reset], [reply(200, b"ok")]]
)
def test_a_path_that_is_a_secret_itself_is_told_by_its_endpoints_name(
    acts: list[Act], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "connect")
    request = Request(method="POST", path="/services/T0/s3cret", endpoint="slack")
    assert "s3cret" not in repr(request)
    with Wire(acts) as wire, Client(integration(wire.url)) as client, pytest.raises(ConnectError) as caught:
        _ = client.request(request).raise_for_status().json
    told = str(caught.value) + json.dumps(vars(caught.value)) + caplog.text
    assert "(slack)" in told
    assert "s3cret" not in told
    assert "t0p" not in told


def test_show_calls_writes_the_lines_of_a_job_to_its_log() -> None:
    log = io.StringIO()
    handler = show_calls(stream=log)
    try:
        with Wire([OK]) as wire, Client(integration(wire.url)) as client:
            client.get("/people/quinn@example.com")
    finally:
        logging.getLogger("connect").removeHandler(handler)
        logging.getLogger("connect").setLevel(logging.NOTSET)
    assert log.getvalue().startswith('INFO {"call": "GET", "url": "127.0.0.1:')
    assert "quinn" not in log.getvalue()


def test_nothing_secret_or_personal_is_in_an_error(clock: FakeClock) -> None:
    key = ApiKey(key="k3y-s3cret", name="key", location="query")
    url = f"http://127.0.0.1:{free_port()}"
    with (
        Client(integration(url, authentication=key), clock=clock) as client,
        pytest.raises(TryLater) as caught,
    ):
        client.get("/people/quinn@example.com", params={"phone": "+1 555 0100"})
    told = str(caught.value) + repr(caught.value) + json.dumps(vars(caught.value))
    assert not any(secret in told for secret in SECRETS)


def test_metrics_count_calls_failures_retries_and_waits(any_store: Store, clock: FakeClock) -> None:
    limit = RateLimit(max_requests=10, burst_size=1)
    acts = [reply(503), OK, reply(404), reply(401)]
    with Wire(acts) as wire, Client(integration(wire.url, rate_limit=limit), any_store) as client:
        client.get("/customers/1")
        client.get("/customers/2")
        with pytest.raises(SignInAgain):
            client.get("/customers/3")
    with Client(integration("https://api.example.com"), any_store) as another_job:
        [(endpoint, summary)] = another_job.metrics().items()
    assert endpoint == "/customers/{id}"
    assert (summary["calls"], summary["successes"], summary["retries"]) == (3, 1, 1)
    assert summary["failures"] == {"SignInAgain": 1, "http_404": 1}
    assert summary["waited_seconds"] > 0
    assert summary["p50"] is not None
    assert summary["p99"] is not None
    assert 0 < summary["p50"] <= summary["p99"]


def test_a_download_streams_to_a_file_with_flat_memory(tmp_path: Path) -> None:
    target = tmp_path / "big.bin"
    with (
        Wire([reply(200, b"x" * 20_000_000)]) as wire,
        Client(integration(wire.url, max_reply_bytes=1000)) as client,
    ):
        tracemalloc.start()
        response = client.download("/big", target, max_bytes=30_000_000)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert response.success
    assert target.stat().st_size == 20_000_000
    assert peak < 45_000_000  # the server's own copies are in this process


@pytest.mark.parametrize(
    ("acts", "error"),
    [
        ([reply(200, b"x" * 5000)], FixSettings),
        ([zipped(b"x" * 10**6)], FixSettings),
        ([reply(404)], FixSettings),
        ([reset], TryLater),
    ],
)
def test_a_download_that_fails_leaves_no_file(
    acts: list[Act], error: type[ConnectError], tmp_path: Path, clock: FakeClock
) -> None:
    with Wire(acts) as wire, Client(integration(wire.url), clock=clock) as client, pytest.raises(error):
        client.download("/big", tmp_path / "big.bin", max_bytes=1000)
    assert list(tmp_path.iterdir()) == []


def test_a_download_begins_anew_after_a_failure(tmp_path: Path, clock: FakeClock) -> None:
    with (
        Wire([truncated, reply(200, b"whole")]) as wire,
        Client(integration(wire.url), clock=clock) as client,
    ):
        client.download("/big", tmp_path / "big.bin", max_bytes=1000)
    assert (tmp_path / "big.bin").read_bytes() == b"whole"


def test_a_base_url_of_this_windmill_is_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    with Wire([OK]) as wire:
        monkeypatch.setenv("WM_BASE_URL", wire.url + "/")
        with Client(integration("/api/r/mock_customers")) as client:
            client.get("/customers")
    assert wire.seen[0].path == "/api/r/mock_customers/customers"
    monkeypatch.delenv("WM_BASE_URL")
    with pytest.raises(FixSettings, match="WM_BASE_URL is not set"):
        Client(integration("/api/r/mock_customers"))


@pytest.mark.parametrize(
    ("settings", "warning"),
    [
        (
            {"base_url": "http://api.example.com", "allow_plain_http": True},
            "svc: requests and credentials travel unencrypted (plain http)",
        ),
        (
            {"verify_ssl": False, "allow_unverified_ssl": True},
            "svc: the TLS certificate is not checked (verify_ssl is false)",
        ),
    ],
)
def test_what_was_allowed_although_risky_is_warned_about(
    settings: dict[str, Any], warning: str, caplog: pytest.LogCaptureFixture
) -> None:
    Client(Integration(**{"name": "svc", "base_url": "https://api.example.com", **settings})).close()
    assert caplog.messages == [warning]


class FailingStore(SqliteStore):
    """A store that cannot be reached once it is `down`."""

    down = False

    def execute(self, sql: str, values: Values | None = None) -> list[Row]:
        if self.down:
            raise TryLater("The state database cannot be used.", code="store")
        return super().execute(sql, values)


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Reply(201, {"id": "1"}), "201"),
        (Reply(201, {"id": "1"}, {"X-RateLimit-Remaining": "1", "X-RateLimit-Reset": "30"}), "201"),
        (Reply(drop=True), "OutcomeUnknown"),
        (Reply(422), "422"),
        (Reply(401), "SignInAgain"),
    ],
)
def test_a_store_that_fails_after_the_answer_does_not_take_its_place(
    tmp_path: Path, answer: Reply, expected: str, many: bool
) -> None:
    """Its TryLater would say of a write that was applied that it was not."""
    store = FailingStore(tmp_path / "state.sqlite")

    def go_down(_: Asked) -> Reply:
        store.down = True
        return answer

    settings = {"rate_limit": RateLimit(max_requests=1000), "authentication": BearerToken(token="t")}
    request = Request(method="POST", path="/x", json={})
    result: Response | ConnectError
    with serve(go_down) as server:
        client = Client(integration(server.url, **settings), store)
        try:
            result = next(iter(client.send_many([request])))[1] if many else client.request(request)
        except ConnectError as error:
            result = error
        store.down = False
        client.close()
    store.close()
    assert expected in {type(result).__name__, str(result.status)}
    assert len(server.asked) == 1
