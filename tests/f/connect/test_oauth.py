"""OAuth tokens: fetched early, by one job at a time, stored before they are used."""

# ruff: noqa: E501 - a table reads best with a case on a line

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from f.connect.calls.message import Request
from f.connect.client import Client
from f.connect.errors import ConnectError, FixSettings, SignInAgain, TryLater
from f.connect.integration import Integration, OAuth2
from f.connect.sign_in import shared_token, token_server
from f.connect.sign_in.oauth import OAuth2Auth, row_of
from f.connect.sign_in.shared_token import LEASE_SECONDS
from f.store.store import Store, take
from f.store.stores import SqliteStore, memory_store, sqlite_store
from tests.f.connect.wire import Act, FakeClock, Wire, free_port, reply, silence, slow_headers

ROOT = Path(__file__).parents[3]
OK = reply(200, {"id": "1"})


def token(number: int, **more: Any) -> Act:
    return reply(200, {"access_token": f"token-{number}", "token_type": "Bearer", "expires_in": 3600, **more})


def settings(server: Wire, **more: Any) -> OAuth2:
    return OAuth2(
        **{"token_url": f"{server.url}/token", "client_id": "id", "client_secret": "s3cret", **more}
    )


def integration(service: Wire, server: Wire, **more: Any) -> Integration:
    return Integration(name="svc", base_url=service.url, authentication=settings(server, **more))


def form(server: Wire, number: int = -1) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(server.seen[number].body.decode()).items()}


@pytest.mark.parametrize(
    ("more", "sent", "authorization"),
    [
        ({}, {"grant_type": "client_credentials"}, "Basic aWQ6czNjcmV0"),
        ({"scope": "a b", "audience": "x"}, {"grant_type": "client_credentials", "scope": "a b", "audience": "x"}, "Basic aWQ6czNjcmV0"),
        ({"client_auth": "body"}, {"grant_type": "client_credentials", "client_id": "id", "client_secret": "s3cret"}, None),
        ({"grant": "refresh_token", "refresh_token": "r0"}, {"grant_type": "refresh_token", "refresh_token": "r0"}, "Basic aWQ6czNjcmV0"),
    ],
)  # fmt: skip
def test_each_grant_asks_as_rfc_6749_says(
    more: dict[str, Any], sent: dict[str, str], authorization: str | None
) -> None:
    with (
        Wire([token(1)]) as server,
        Wire([OK]) as service,
        Client(integration(service, server, **more)) as client,
    ):
        client.get("/x")
    assert form(server) == sent
    assert server.seen[0].headers.get("authorization") == authorization
    assert service.seen[0].headers["authorization"] == "Bearer token-1"


def test_a_token_is_shared_and_renewed_a_minute_early(clock: FakeClock) -> None:
    store = SqliteStore(None, clock=clock.now)
    with Wire([token(1), token(2)]) as server, Wire([OK]) as service:
        for _ in range(2):
            with Client(integration(service, server), store, clock=clock) as client:
                client.get("/x")
        clock.time += 3539
        with Client(integration(service, server), store, clock=clock) as client:
            client.get("/x")
            clock.time += 2
            client.get("/x")
    assert len(server.seen) == 2
    assert [seen.headers["authorization"][-1] for seen in service.seen] == ["1", "1", "1", "2"]


@pytest.mark.parametrize("many", [False, True], ids=["sync", "mass"])
def test_a_401_renews_once_and_then_fails(many: bool) -> None:
    with (
        Wire([token(1), token(2)]) as server,
        Wire([reply(401)]) as service,
        Client(integration(service, server)) as client,
    ):
        if many:
            [(_, result)] = client.send_many([Request(method="POST", path="/x", json={})])
            assert isinstance(result, SignInAgain)
        else:
            with pytest.raises(SignInAgain):
                client.post("/x", json={})
    assert [seen.headers["authorization"][-1] for seen in service.seen] == ["1", "2"]


def test_a_401_adopts_the_token_another_job_has_fetched_meanwhile() -> None:
    with (
        Wire([token(1), token(2)]) as server,
        Wire([OK, reply(401), OK, reply(401), OK]) as service,
        memory_store() as store,
        Client(integration(service, server), store) as mine,
        Client(integration(service, server), store) as theirs,
    ):
        mine.get("/x")
        theirs.get("/x")  # 401, renews: token 2
        assert mine.get("/x").success  # 401 with token 1, adopts token 2
    assert len(server.seen) == 2


def stored(store: Store, one: Integration) -> tuple[str, str]:
    """What a job with this credential finds in the only row there is."""
    assert isinstance(one.authentication, OAuth2)
    ((access, refresh),) = store.execute("SELECT access_token, refresh_token FROM connect_token")
    assert access.startswith("sealed:")
    assert refresh.startswith("sealed:")
    found = row_of(one.authentication, one, store).read()
    return found.access_token, found.refresh_token


def test_a_rotated_refresh_token_is_stored_before_the_new_token_is_used(tmp_path: Path) -> None:
    more = {"grant": "refresh_token", "refresh_token": "r0"}
    path = tmp_path / "state.sqlite"
    stored_at_use: list[Any] = []

    def look(connection: Any, wire: Wire) -> None:
        with sqlite_store(path) as store:
            stored_at_use.append(stored(store, integration(service, server, **more)))
        OK(connection, wire)

    acts = [token(1, refresh_token="r1"), token(2, refresh_token="r2"), token(3)]
    with Wire(acts) as server, Wire([look]) as service:
        for _ in range(3):
            with sqlite_store(path) as store, Client(integration(service, server, **more), store) as client:
                client.get("/x")
                store.execute("UPDATE connect_token SET expires_at = 1")
    assert [form(server, number)["refresh_token"] for number in range(3)] == ["r0", "r1", "r2"]
    assert stored_at_use == [("token-1", "r1"), ("token-2", "r2"), ("token-3", "r2")]


def test_a_new_consent_replaces_a_stored_refresh_token() -> None:
    with (
        Wire([token(1, refresh_token="r1"), token(2)]) as server,
        Wire([OK]) as service,
        memory_store() as store,
    ):
        for consent in ("r0", "new"):
            with Client(
                integration(service, server, grant="refresh_token", refresh_token=consent), store
            ) as client:
                client.get("/x")
    assert [form(server, number)["refresh_token"] for number in range(2)] == ["r0", "new"]


@pytest.mark.parametrize(
    ("act", "error", "code"),
    [
        (
            reply(400, {"error": "invalid_grant", "error_description": "token quinn@example.com expired"}),
            SignInAgain,
            "invalid_grant",
        ),
        (reply(200, {"error": "bad_verification_code"}), SignInAgain, "bad_verification_code"),
        (reply(401, {"error": "invalid_client"}), FixSettings, "invalid_client"),
        (reply(400, {"error": "temporarily_unavailable"}), TryLater, "token"),
        (reply(503, b"down"), TryLater, "token"),
        (reply(429), TryLater, "token"),
        (reply(200, b"<html>"), TryLater, "token"),
        (reply(200, {"access_token": "a\r\nb"}), TryLater, "token"),
        (reply(200, [1]), TryLater, "token"),
        (reply(302, None, {"Location": "https://evil.example.com"}), TryLater, "token"),
    ],
)
def test_each_refusal_of_the_token_server_has_a_name(act: Act, error: type[ConnectError], code: str) -> None:
    with (
        Wire([act]) as server,
        Wire([OK]) as service,
        Client(integration(service, server)) as client,
        pytest.raises(error) as caught,
    ):
        client.get("/x")
    assert caught.value.code == code
    assert "s3cret" not in str(caught.value)
    assert "quinn" not in str(caught.value)
    assert service.seen == []


def test_a_dead_refresh_token_is_asked_for_only_once(timed_store: Store, clock: FakeClock) -> None:
    with (
        Wire([reply(400, {"error": "invalid_grant"})]) as server,
        Wire([OK]) as service,
        Client(integration(service, server), timed_store, clock=clock) as client,
    ):
        for code in ("invalid_grant", "credential_refused", "credential_refused"):
            with pytest.raises(SignInAgain) as caught:
                client.get("/x")
            assert caught.value.code == code
    assert len(server.seen) == 1


def test_a_probe_that_got_no_token_gives_its_lease_back(timed_store: Store, clock: FakeClock) -> None:
    with (
        Wire([reply(503), token(1)]) as server,
        Wire([OK]) as service,
        Client(integration(service, server), timed_store, clock=clock) as client,
    ):
        client.breaker.trip()
        clock.time += 31
        with pytest.raises(TryLater, match="token server"):
            client.get("/x")
        assert client.get("/x").success


def test_a_token_server_that_is_down_is_worth_another_try() -> None:
    auth = OAuth2Auth(
        OAuth2(token_url=f"http://127.0.0.1:{free_port()}/t", client_id="id"),
        Integration(name="svc", base_url="https://api.example.com"),
        memory_store(),
    )
    with pytest.raises(TryLater, match="was not reached"):
        auth.renew(refused=False)


def test_a_dead_holder_does_not_block_for_ever(clock: FakeClock) -> None:
    store = SqliteStore(None, clock=clock.now)
    with Wire([token(1)]) as server:
        plain = Integration(name="svc", base_url="https://api.example.com")
        auth = OAuth2Auth(settings(server), plain, store, clock=clock)
        assert take(store, f"token:{auth.fingerprint()}", "dead", 20)
        assert auth.renew(refused=False)
    assert 19 < sum(clock.slept) < 21


def test_a_job_that_lost_its_lease_does_not_overwrite_the_next_ones_token(clock: FakeClock) -> None:
    store = SqliteStore(None, clock=clock.now)

    def slow(connection: Any, wire: Wire) -> None:
        clock.time += LEASE_SECONDS
        assert second.renew(refused=False)
        token(1, refresh_token="r1")(connection, wire)

    with Wire([slow, token(2, refresh_token="r2")]) as server:
        grant = settings(server, grant="refresh_token", refresh_token="r0")
        plain = Integration(name="svc", base_url="https://api.example.com")
        first, second = (OAuth2Auth(grant, plain, store, clock=clock) for _ in range(2))
        assert first.renew(refused=False)
    assert stored(store, dataclasses.replace(plain, authentication=grant)) == ("token-2", "r2")
    assert len(server.seen) == 2


def dribble(connection: Any, wire: Wire) -> None:
    """A proper answer, a byte at a time, that takes longer than anybody waits."""
    connection.sendall(b"HTTP/1.1 200 X\r\nContent-Length: 1000000\r\n\r\n")
    while not wire.closing.wait(0.02):
        connection.sendall(b" ")


@pytest.mark.parametrize("act", [silence, slow_headers, dribble])
def test_a_token_server_that_trickles_is_given_up_long_before_the_lease_runs_out(
    act: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_server, "TOKEN_SECONDS", 0.4)
    with Wire([act, token(2)]) as server, memory_store() as store:
        plain = Integration(name="svc", base_url="https://api.example.com")
        auth = OAuth2Auth(settings(server), plain, store)
        started = time.monotonic()
        with pytest.raises(TryLater, match="was not reached"):
            auth.renew(refused=False)
        assert time.monotonic() - started < 2
        assert auth.renew(refused=False)  # the lease was given back


def test_the_lease_outlives_the_whole_token_request_and_waiters_outlast_the_lease() -> None:
    assert token_server.TOKEN_SECONDS <= LEASE_SECONDS / 2
    assert shared_token.WAIT_SECONDS >= LEASE_SECONDS + token_server.TOKEN_SECONDS


def test_a_job_that_was_stopped_before_it_asked_sends_nothing_if_another_has_taken_over(
    clock: FakeClock,
) -> None:
    """Two that send one refresh token would make the server revoke the whole family."""
    store = SqliteStore(None, clock=clock.now)
    with Wire([token(1, refresh_token="r1"), token(2)]) as server:
        grant = settings(server, grant="refresh_token", refresh_token="r0")
        plain = Integration(name="svc", base_url="https://api.example.com")
        first, second = (OAuth2Auth(grant, plain, store, clock=clock) for _ in range(2))
        stored = first._row.read

        def stopped() -> shared_token.Token:
            found = stored()
            if not server.seen:
                clock.time += LEASE_SECONDS + 1
                assert second.renew(refused=False)
            return found

        first._row.read = stopped  # type: ignore[method-assign]  # stopped where nothing else can
        assert first.renew(refused=False)
    assert len(server.seen) == 1
    assert form(server)["refresh_token"] == "r0"


def test_who_waits_for_a_token_stops_at_once_when_the_job_is_to_stop() -> None:
    class Stopping(FakeClock):
        def sleep(self, seconds: float) -> bool:
            super().sleep(seconds)
            return True

    clock = Stopping()
    store = SqliteStore(None, clock=clock.now)
    with Wire([token(1)]) as server:
        auth = OAuth2Auth(
            settings(server), Integration(name="svc", base_url="https://api.example.com"), store, clock=clock
        )
        assert take(store, f"token:{auth.fingerprint()}", "another", LEASE_SECONDS)
        with pytest.raises(TryLater, match="the job is to stop"):
            auth.renew(refused=False)
    assert len(clock.slept) == 1


def test_threads_fetch_one_token_together() -> None:
    with (
        Wire([token(1), token(2)]) as server,
        Wire([OK]) as service,
        Client(integration(service, server)) as client,
    ):
        threads = [threading.Thread(target=client.get, args=("/x",)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(server.seen) == 1
    assert len(service.seen) == 8


CHILD = """
import sys
from f.connect.integration import Integration, OAuth2
from f.store.stores import sqlite_store
from f.connect.sign_in.oauth import OAuth2Auth
path, url = sys.argv[1:]
with sqlite_store(path) as store:
    settings = OAuth2(token_url=url, client_id="id", grant="refresh_token", refresh_token="r0")
    auth = OAuth2Auth(settings, Integration(name="svc", base_url="https://api.example.com"), store)
    sys.stdin.readline()
    auth.renew(refused=False)
    class Request: headers = {}
    print(auth(Request()).headers["Authorization"])
"""


def test_processes_fetch_one_token_together(tmp_path: Path) -> None:
    with Wire([token(1, refresh_token="r1"), token(2)]) as server:
        command = [sys.executable, "-c", CHILD, str(tmp_path / "state.sqlite"), f"{server.url}/token"]
        children = [
            subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(4)
        ]
        for child in children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        assert {child.communicate(timeout=30)[0].strip() for child in children} == {"Bearer token-1"}
    assert len(server.seen) == 1
    assert json.dumps(form(server)) == '{"grant_type": "refresh_token", "refresh_token": "r0"}'
