"""What jobs share, and with whom: real processes over one store, and targets that must not share at all."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from f.connect.calls.message import Request
from f.connect.client import Client
from f.connect.errors import SignInAgain, TryLater
from f.connect.integration import BearerToken, CircuitBreaker, Integration, OAuth2, RateLimit, Retry
from f.connect.limits.shared_key import account_key, credential_key
from f.connect.redact import fingerprint_of
from f.connect.sign_in.auth import auth_for
from f.connect.sign_in.oauth import OAuth2Auth, row_of
from f.connect.sign_in.shared_token import READ, TABLE
from f.customers.targets.customer_api import open_target
from f.records.sending.parking import ParkingClient
from f.store.store import Row, Store, Values
from f.store.stores import memory_store, sqlite_store
from tests.f.connect.jobs import Jobs
from tests.f.connect.wire import Wire, reply
from tests.loopback import Asked, Loopback, Reply, serve

ROOT = Path(__file__).parents[3]
OK = reply(200, {"id": "1"})
NO_RETRY = Retry(enabled=False)


@pytest.fixture(params=["sqlite", "postgres"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """The address of a store that processes share."""
    if request.param == "sqlite":
        return str(tmp_path / "limits.sqlite")
    return request.getfixturevalue("postgres")


def api(url: str, **more: Any) -> dict[str, Any]:
    return {"kind": "generic", "base_url": url, "settings": {"retry_attempts": 0}, **more}


@contextmanager
def down(status: int) -> Iterator[Loopback]:
    with serve(lambda _: Reply(status, {"error": "no"})) as server:
        yield server


def test_eight_jobs_without_a_rate_limit_fetch_one_token(where: str) -> None:
    def answer(asked: Asked) -> Reply:
        if asked.path == "/token":
            time.sleep(0.3)  # long enough for all to want it
            return Reply(200, {"access_token": "t", "expires_in": 3600})
        return Reply(201, {"id": "1"})

    with serve(answer) as server:
        oauth = {"type": "oauth2", "token_url": f"{server.url}/token", "client_id": "c", "client_secret": "s"}
        ends = Jobs(where, api(server.url, authentication=oauth), count=8, posts=5).run()
    assert ends == {"201": 40}
    assert Counter(asked.path for asked in server.asked) == {"/token": 1, "/customers": 40}


def test_eight_jobs_send_little_more_than_the_minimum_into_a_dead_service(where: str) -> None:
    """The minimum is 20 calls, so the row knows 19 at most while it lets calls through.

    Each job has 4 senders, and none of them sends another before its last failure is told: of each sender the
    row does not know 1 call at most. One of those 32 is the twentieth, and the others are too many: 51.
    """
    with down(503) as server:
        ends = Jobs(where, api(server.url), count=8, posts=100).run()
    assert 20 <= len(server.asked) <= (20 - 1) + 8 * 4
    assert ends["circuit_open"] == 800 - len(server.asked)


def test_an_open_circuit_is_known_to_a_job_before_its_first_call(where: str) -> None:
    with down(503) as server:
        Jobs(where, api(server.url), count=1, posts=100).run()
        before = len(server.asked)
        assert Jobs(where, api(server.url), count=4, posts=10).run() == {"circuit_open": 40}
    assert len(server.asked) == before


def test_a_403_is_refused_once_and_known_to_every_other_job(where: str) -> None:
    bearer = {"type": "bearer_token", "token": "t"}
    with down(403) as server:
        waiting = Jobs(where, api(server.url, authentication=bearer), count=4, posts=10)
        assert Jobs(where, api(server.url, authentication=bearer), count=1, posts=1).run() == {"403": 1}
        time.sleep(1.1)  # those that were ready have looked before; they look again once a second
        assert waiting.run() == {"credential_refused": 40}
        assert Jobs(where, api(server.url, authentication=bearer), count=4, posts=10).run() == {
            "credential_refused": 40
        }
        other = {"type": "bearer_token", "token": "another"}
        assert Jobs(where, api(server.url, authentication=other), count=1, posts=1).run() == {"403": 1}
    assert len(server.asked) == 2


class CountingStore:
    """Counts the statements that go through a store."""

    def __init__(self, store: Store) -> None:
        self.statements = 0
        execute = store.execute

        def counting(sql: str, values: Values | None = None) -> list[Row]:
            self.statements += 1
            return execute(sql, values)

        store.execute = counting  # type: ignore[method-assign]


@pytest.mark.parametrize("many", [False, True], ids=["one by one", "at once"])
def test_calls_without_a_rate_limit_cost_no_statement_each(tmp_path: Path, many: bool) -> None:
    bearer = {"type": "bearer_token", "token": "t"}
    requests = [Request(method="POST", path="/customers", json={}) for _ in range(300)]
    with serve(lambda _: Reply(201, {})) as server, sqlite_store(tmp_path / "s.sqlite") as store:
        target = open_target(api(server.url, authentication=bearer))
        with ParkingClient(target, store, park_after=300) as client:
            client.post("/customers", json={})
            counted, began = CountingStore(store), time.monotonic()
            if many:
                assert all(result.attempts == 1 for _, result in client.send_many(requests, 16))
            else:
                for request in requests:
                    client.request(request)
            seconds = time.monotonic() - began
    # A look a second at each of circuit, credential and pause; a block of the day's calls every ten; the end.
    assert counted.statements <= 3 * (seconds + 1) + 300 / 10 + 10


def test_calls_without_a_rate_limit_do_not_leave_the_event_loop(tmp_path: Path) -> None:
    with sqlite_store(tmp_path / "s.sqlite") as store:
        plain = Integration(name="a", base_url="https://api.example.com")
        limited = Integration(
            name="a", base_url="https://api.example.com", rate_limit=RateLimit(max_requests=1)
        )
        assert [Client(one, store)._guard.blocks for one in (plain, limited)] == [False, True]


def test_a_pause_one_job_was_asked_for_holds_for_the_others_without_a_rate_limit(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    with Wire([reply(429, None, {"Retry-After": "60"}), OK]) as wire:
        one = Integration(name="a", base_url=wire.url, retry=NO_RETRY)
        with sqlite_store(path) as mine, Client(one, mine) as client, pytest.raises(TryLater):
            client.get("/x")
        impatient = Integration(name="b", base_url=wire.url, retry=Retry(longest_wait=1))
        with (
            sqlite_store(path) as theirs,
            Client(impatient, theirs) as client,
            pytest.raises(TryLater) as caught,
        ):
            client.get("/x")
    assert caught.value.code == "rate_limited"
    assert len(wire.seen) == 1


def test_the_failures_of_one_target_do_not_open_the_circuit_of_another_of_the_same_name(
    any_store: Store,
) -> None:
    rule = CircuitBreaker(minimum_calls=3)
    with Wire([reply(503)]) as broken, Wire([OK]) as fine:
        a, b = (
            Integration(name="same", base_url=wire.url, circuit_breaker=rule, retry=NO_RETRY)
            for wire in (broken, fine)
        )
        with Client(a, any_store) as client:
            for _ in range(3):
                with pytest.raises(TryLater):
                    client.get("/x")
            assert client.breaker.status() == "open"
        with Client(b, any_store) as client:
            assert client.get("/x").success


def test_the_calls_of_one_target_do_not_use_up_the_limit_of_another_of_the_same_name(
    any_store: Store,
) -> None:
    limit = RateLimit(max_requests=1, time_window=3600, burst_size=1)
    with Wire([OK]) as one, Wire([OK]) as another:
        for wire in (one, another):
            with Client(Integration(name="same", base_url=wire.url, rate_limit=limit), any_store) as client:
                assert client.get("/x").success
                assert client.limiter.available() == 0


BASE: dict[str, Any] = {
    "name": "a",
    "base_url": "https://api.example.com",
    "authentication": BearerToken(token="t"),
}


@pytest.mark.parametrize(
    ("changed", "shares_limit", "shares_credential"),
    [
        ({"name": "b"}, True, True),
        ({"base_url": "https://API.example.com:443/v2/"}, True, True),
        ({"timeout": 1.0}, True, True),
        ({"base_url": "https://api.example.com:8443"}, False, False),
        ({"base_url": "https://api.example.org"}, False, False),
        ({"base_url": "http://localhost"}, False, False),
        ({"authentication": BearerToken(token="u")}, False, False),
        ({"default_headers": {"X-Tenant": "two"}}, False, False),
        ({"account": "two"}, False, True),
    ],
    ids=str,
)
def test_what_is_shared_depends_on_origin_account_and_credential_alone(
    changed: dict[str, Any], shares_limit: bool, shares_credential: bool
) -> None:
    first, second = (Integration(**BASE), Integration(**{**BASE, **changed}))
    with memory_store() as store:
        auths = auth_for(first, store), auth_for(second, store)
    assert (account_key(first, auths[0]) == account_key(second, auths[1])) is shares_limit
    assert (credential_key(first, auths[0]) == credential_key(second, auths[1])) is shares_credential
    assert "t" not in account_key(first, auths[0]).split()


def test_an_account_with_a_name_keeps_its_limit_when_its_credential_is_replaced() -> None:
    first, second = (
        Integration(**{**BASE, "account": "emea", "authentication": BearerToken(token=token)})
        for token in ("old", "new")
    )
    with memory_store() as store:
        assert account_key(first, auth_for(first, store)) == account_key(second, auth_for(second, store))


@pytest.mark.parametrize(
    "changed",
    [
        {"token_url": "/other"},
        {"client_id": "other"},
        {"client_secret": "other"},
        {"scope": "other"},
        {"audience": "other"},
        {"grant": "refresh_token", "refresh_token": "r0"},
    ],
    ids=str,
)
def test_a_token_is_sent_only_for_what_it_was_asked_for(any_store: Store, changed: dict[str, str]) -> None:
    tokens = iter("12")
    tokens_lock = threading.Lock()

    def answer(asked: Asked) -> Reply:
        if asked.path == "/x":
            return Reply(200, {})
        with tokens_lock:
            return Reply(200, {"access_token": f"token-{next(tokens)}", "expires_in": 3600})

    with serve(answer) as server:
        first = {
            "token_url": "/token",
            "client_id": "c",
            "client_secret": "s",
            "scope": "read",
            "audience": "a",
        }
        for settings in (first, {**first, **changed}):
            oauth = OAuth2(**{**settings, "token_url": server.url + settings["token_url"]})  # type: ignore[arg-type]
            with Client(
                Integration(name="same", base_url=server.url, authentication=oauth), any_store
            ) as client:
                client.get("/x")
    sent = [asked.headers["Authorization"] for asked in server.asked if asked.path == "/x"]
    assert sent == ["Bearer token-1", "Bearer token-2"]


def test_a_rotated_refresh_token_of_an_older_version_is_taken_over_once(any_store: Store) -> None:
    any_store.create(TABLE)
    old_key = f"svc:default:{fingerprint_of('c' + chr(10) + 's' + chr(10) + 'r0' + chr(10))}"
    any_store.execute("INSERT INTO connect_token VALUES (:key, 'old', 0, 'rotated', 0, '')", {"key": old_key})
    with Wire([reply(200, {"access_token": "t", "expires_in": 60})]) as server:
        oauth = OAuth2(
            token_url=server.url, client_id="c", client_secret="s", refresh_token="r0", grant="refresh_token"
        )
        plain = Integration(name="svc", base_url="https://api.example.com")
        auth = OAuth2Auth(oauth, plain, any_store)
        assert auth.renew(refused=False)
        # Of a data table there is no older version, and any member of the workspace may write there.
        kept = "r0" if any_store.is_remote else "rotated"
        assert f"refresh_token={kept}".encode() in server.seen[0].body
    assert any_store.execute(READ, {"key": old_key}) == []
    assert row_of(oauth, plain, any_store).read().refresh_token == kept


def test_a_refused_credential_is_named_by_the_host_and_not_by_its_key(any_store: Store) -> None:
    with Wire([reply(401)]) as wire:
        one = Integration(name="a", base_url=wire.url, authentication=BearerToken(token="t"))
        with Client(one, any_store) as client:
            with pytest.raises(SignInAgain):
                client.get("/x")
            with pytest.raises(SignInAgain, match=rf"The credential of 127.0.0.1:{wire.port} was refused"):
                client.get("/x")


def test_no_call_holds_an_event_loop_up_while_the_store_is_locked(tmp_path: Path) -> None:
    statuses = iter([500] * 4)
    path = tmp_path / "state.sqlite"

    async def longest_silence(client: Client) -> float:
        longest, ticked = 0.0, time.monotonic()
        call = asyncio.create_task(client.get_async("/a"))
        while not call.done():
            await asyncio.sleep(0.01)
            longest, ticked = max(longest, time.monotonic() - ticked), time.monotonic()
        assert (await call).status == 200  # the probe, once the lease could be written
        return longest

    async def run(site: Loopback) -> float:
        rule = CircuitBreaker(minimum_calls=4, reset_timeout=0.2)
        integration = Integration(name="a", base_url=site.url, retry=NO_RETRY, circuit_breaker=rule)
        with sqlite_store(path) as store:
            async with Client(integration, store) as client:
                for _ in range(4):
                    with contextlib.suppress(TryLater):
                        await client.get_async("/a")
                await asyncio.sleep(0.3)
                other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
                other.execute("BEGIN IMMEDIATE")
                release = threading.Timer(1.5, other.execute, ["COMMIT"])
                release.start()
                silence = await longest_silence(client)
                release.join()
                other.close()
                return silence

    with serve(lambda _: Reply(next(statuses, 200), {})) as site:
        assert asyncio.run(run(site)) < 1.0
