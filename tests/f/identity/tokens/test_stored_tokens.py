"""Stored tokens: sealed, refreshed before they expire by one of all jobs, and rotated without losing one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from f.connect.errors import ConnectError, FixInput, FixSettings, OutcomeUnknown, SignInAgain, TryLater
from f.connect.redact import forget
from f.connect.sign_in import shared_token
from f.identity.tokens.manager import JwtManager
from f.store.store import Store, take
from f.store.stores import SqliteStore
from tests.f.connect.windmill import Windmill, job_of_windmill
from tests.f.connect.wire import FakeClock
from tests.f.identity.tokens.conftest import AUDIENCE, ISSUER, SEAL, claims_at, made, resource
from tests.loopback import Asked, Loopback, Reply, serve
from tests.mill.twins.stage import TwinClient, TwinProcess

ROOT = Path(__file__).parents[4]


class Refreshing:
    """A JSON endpoint that answers what a test lays out, the last answer again and again."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []

    def __call__(self, asked: Asked) -> Reply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@pytest.fixture
def refreshing() -> Refreshing:
    return Refreshing()


@pytest.fixture
def server(refreshing: Refreshing) -> Iterator[Loopback]:
    with serve(refreshing) as running:
        yield running


@pytest.fixture
def windmill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Windmill]:
    with job_of_windmill(tmp_path, monkeypatch) as fake:
        yield fake


@pytest.fixture
def tokens(server: Loopback, store: Store, clock: FakeClock) -> JwtManager:
    return manager(server, store, clock)


def manager(server: Loopback, store: Store, clock: FakeClock, **more: Any) -> JwtManager:
    return JwtManager(resource(refresh_url=f"{server.url}/refresh", **more), store, clock=clock)


def ok(number: int, **more: Any) -> Reply:
    body = {"access_token": f"access-{number}", "refresh_token": f"refresh-{number}", "expires_in": 900}
    return Reply(200, {name: value for name, value in {**body, **more}.items() if value is not ...})


def sent(server: Loopback) -> list[Any]:
    return [asked.json for asked in server.asked]


def test_a_token_is_handed_out_until_it_is_about_to_expire_and_then_refreshed(
    tokens: JwtManager, refreshing: Refreshing, server: Loopback, clock: FakeClock
) -> None:
    refreshing.replies = [ok(1), ok(2)]
    token = made(claims_at(clock.time, exp=int(clock.time) + 900))
    tokens.set_token("partner", token, refresh_token="refresh-0")
    clock.time += 839
    assert tokens.get_token("partner") == token
    assert server.asked == []
    clock.time += 1
    assert tokens.get_token("partner") == "access-1"
    assert tokens.get_token("partner") == "access-1"
    clock.time += 839
    assert tokens.get_token("partner") == "access-1"
    assert tokens.get_token("partner", margin=100) == "access-2"
    assert sent(server) == [{"refresh_token": "refresh-0"}, {"refresh_token": "refresh-1"}]
    assert server.asked[0].headers["Content-Type"] == "application/json"


def test_a_refresh_token_alone_fetches_the_first_token(
    tokens: JwtManager, refreshing: Refreshing, server: Loopback
) -> None:
    refreshing.replies = [ok(1)]
    tokens.set_token("partner", refresh_token="refresh-0")
    assert tokens.get_token("partner", margin=0) == "access-1"


def test_after_a_401_a_newer_token_is_fetched_whatever_the_expiry_says(
    tokens: JwtManager, refreshing: Refreshing, server: Loopback
) -> None:
    refreshing.replies = [ok(1)]
    tokens.set_token("partner", "access-0", refresh_token="refresh-0", expires_in=900)
    assert tokens.refresh("partner") == "access-1"
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("reply", "fields", "seconds"),
    [
        (ok(1), {}, 900),
        (ok(1, access_token=..., token="access-1"), {}, 900),
        (ok(1, access_token=..., jwt="access-1"), {"access_token_field": "jwt"}, 900),
        (ok(1, expires_in=..., ttl="60"), {"expires_in_field": "ttl"}, 60),
        (ok(1, expires_in="900"), {}, 900),
        (ok(1, expires_in=...), {}, None),
        (ok(1, expires_in=None), {}, None),
        (ok(1, expires_in=-5), {}, None),
        (ok(1, expires_in=True), {}, None),
        (ok(1, expires_in=1e300), {}, None),
        (ok(1, expires_in={"a": 1}), {}, None),
        (ok(1, error=None), {}, 900),
        (Reply(201, {"access_token": "access-1"}), {}, None),
    ],
    ids=range(13),
)
def test_answers_of_many_makes(
    refreshing: Refreshing, server: Loopback, store: Store, clock: FakeClock,
    reply: Reply, fields: dict[str, str], seconds: float | None,
) -> None:  # fmt: skip
    refreshing.replies = [reply]
    tokens = manager(server, store, clock, **fields)
    tokens.set_token("partner", refresh_token="refresh-0")
    found, refreshed = tokens.stored("partner")
    assert (found.access_token, refreshed) == ("access-1", True)
    assert found.expires_at == (clock.time + seconds if seconds else 0)


def test_a_token_that_is_a_jwt_says_itself_when_it_expires(
    tokens: JwtManager, refreshing: Refreshing, clock: FakeClock
) -> None:
    token = made(claims_at(clock.time, exp=int(clock.time) + 77))
    refreshing.replies = [ok(1, access_token=token, expires_in=...)]
    tokens.set_token("partner", refresh_token="refresh-0")
    assert tokens.stored("partner")[0].expires_at == int(clock.time) + 77


def test_field_names_of_the_request_and_more_fields_are_settings(
    refreshing: Refreshing, server: Loopback, store: Store, clock: FakeClock
) -> None:
    refreshing.replies = [ok(1, refreshToken="refresh-1")]
    tokens = manager(
        server, store, clock, refresh_token_field="refreshToken", refresh_fields={"client_id": "m"}
    )
    tokens.set_token("partner", refresh_token="refresh-0")
    tokens.get_token("partner")
    tokens.refresh("partner")
    assert sent(server) == [
        {"client_id": "m", "refreshToken": "refresh-0"},
        {"client_id": "m", "refreshToken": "refresh-1"},
    ]


@pytest.mark.parametrize("rotated", [..., None, "", 5, "two words"])
def test_where_no_refresh_token_comes_the_old_one_stays(
    tokens: JwtManager, refreshing: Refreshing, server: Loopback, rotated: Any
) -> None:
    refreshing.replies = [ok(1, refresh_token=rotated)]
    tokens.set_token("partner", refresh_token="refresh-0")
    tokens.get_token("partner")
    tokens.refresh("partner")
    assert [one["refresh_token"] for one in sent(server)] == ["refresh-0", "refresh-0"]


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        (Reply(401, {"error": "invalid_grant"}), SignInAgain, "refresh_refused"),
        (
            Reply(400, {"error": "invalid_grant", "error_description": "expired"}),
            SignInAgain,
            "invalid_grant",
        ),
        (Reply(403, {}), SignInAgain, "refresh_refused"),
        (Reply(200, {"error": "bad_refresh_token"}), SignInAgain, "invalid_grant"),
        (Reply(400, {"error": "invalid_request"}), FixSettings, "refresh_not_understood"),
        (Reply(404, b"<html>"), FixSettings, "refresh_not_understood"),
        (Reply(405, {}), FixSettings, "refresh_not_understood"),
        (Reply(422, {"detail": [{"loc": ["body", "refreshToken"]}]}), FixSettings, "refresh_not_understood"),
        (Reply(429, {}), TryLater, "http_429"),
        (Reply(500, {}), OutcomeUnknown, "refresh_in_doubt"),
        (Reply(drop=True), OutcomeUnknown, "refresh_in_doubt"),
        (Reply(200, b""), OutcomeUnknown, "refresh_in_doubt"),
        (Reply(200, b"<html>"), OutcomeUnknown, "refresh_in_doubt"),
        (Reply(204, None), OutcomeUnknown, "refresh_in_doubt"),
        (Reply(200, {"access_token": ""}), OutcomeUnknown, "refresh_in_doubt"),
        (Reply(200, {"access_token": 5}), OutcomeUnknown, "refresh_in_doubt"),
        (Reply(200, {"access_token": "a b"}), OutcomeUnknown, "refresh_in_doubt"),
        (Reply(200, {"access_token": "a\r\nX-Evil: 1"}), OutcomeUnknown, "refresh_in_doubt"),
        (Reply(200, ["access_token"]), OutcomeUnknown, "refresh_in_doubt"),
        (Reply(302, None, {"Location": "https://evil.example.com"}), FixSettings, "redirected"),
    ],
    ids=range(20),
)
def test_a_refresh_that_fails_is_named_and_leaves_what_is_stored(
    refreshing: Refreshing, server: Loopback, tokens: JwtManager, clock: FakeClock,
    reply: Reply, kind: type[ConnectError], code: str,
) -> None:  # fmt: skip
    refreshing.replies = [reply]
    tokens.set_token("partner", "access-0", refresh_token="refresh-0", expires_in=100)
    clock.time += 50
    with pytest.raises(kind) as caught:
        tokens.get_token("partner")
    assert caught.value.code == code
    assert "refresh-0" not in str(vars(caught.value)) + str(caught.value)
    asked = len(server.asked)
    assert asked == 1 or kind is TryLater  # a refresh token goes out once, unless it was certainly not taken
    refreshing.replies = [ok(1)]
    if code == "invalid_grant":
        with pytest.raises(SignInAgain, match="sign in again"):
            tokens.get_token("partner")
        assert len(server.asked) == asked  # it is dead, and no job sends it again
        tokens.set_token("partner", refresh_token="refresh-9")
    assert tokens.get_token("partner") == "access-1"


@pytest.mark.parametrize(
    ("reply", "asked"),
    [(Reply(400, {"error": "invalid_grant"}), 1), (Reply(401, {}), 3), (Reply(404, {}), 3)],
    ids=["dead", "refused", "not there"],
)
def test_a_refused_refresh_raises_the_event_once(
    windmill: Windmill, tokens: JwtManager, server: Loopback, refreshing: Refreshing, reply: Reply, asked: int
) -> None:
    refreshing.replies = [reply]
    tokens.set_token("partner", refresh_token="refresh-0")
    said = set()
    for _ in range(3):
        with pytest.raises((SignInAgain, FixSettings)) as caught:
            tokens.get_token("partner")
        said.add(str(caught.value))
    assert len(server.asked) == asked
    (sentence,) = said
    told = [one["data"] for one in windmill.started() if one["event"] == "token_refresh_failed"]
    assert [(one["service"], one["error_message"]) for one in told] == [(f"{ISSUER} (partner)", sentence)]
    assert "refresh-0" not in json.dumps(windmill.started())


def test_a_token_that_comes_expired_is_no_success(
    tokens: JwtManager, clock: FakeClock, refreshing: Refreshing
) -> None:
    late = made(claims_at(clock.time, exp=int(clock.time) - 5))
    refreshing.replies = [ok(1, access_token=late, expires_in=...)]
    tokens.set_token("partner", refresh_token="refresh-0")
    with pytest.raises(FixSettings, match="has expired already") as caught:
        tokens.get_token("partner")
    assert caught.value.code == "refreshed_expired"
    refreshing.replies = [ok(2)]
    assert tokens.get_token("partner") == "access-2"


def test_a_server_that_is_not_there_is_asked_again_later(store: Store, clock: FakeClock) -> None:
    tokens = JwtManager(resource(refresh_url="http://127.0.0.1:9/refresh"), store, clock=clock)
    tokens.set_token("partner", refresh_token="refresh-0")
    with pytest.raises(TryLater, match="could not be reached"):
        tokens.get_token("partner")


@pytest.mark.parametrize(
    ("token", "more", "says"),
    [
        ("", {}, "Give a token, a refresh token or both"),
        ("two words", {}, "The token is not one"),
        ("a\nb", {}, "The token is not one"),
        ("tökén", {}, "The token is not one"),
        ("a", {"refresh_token": "b\r"}, "The refresh_token is not one"),
        ("a", {"expires_in": -1}, "expires_in must be"),
        ("a", {"expires_in": float("nan")}, "expires_in must be"),
        ("a", {"name": " "}, "needs a name"),
        ("a", {"name": "n" * 201}, "needs a name"),
    ],
)
def test_what_cannot_be_stored(tokens: JwtManager, token: str, more: dict[str, Any], says: str) -> None:
    with pytest.raises(FixInput, match=says):
        tokens.set_token(**{"name": "partner", "token": token, **more})


def test_what_is_not_stored_or_sealed_otherwise_is_said(
    server: Loopback, store: Store, clock: FakeClock, tokens: JwtManager
) -> None:
    for ask in (tokens.get_token, tokens.refresh):
        with pytest.raises(FixInput, match="stored as 'partner'"):
            ask("partner")
    tokens.set_token("partner", "access-0")
    other = manager(server, store, clock, seal_key="another seal key of 32 characters")
    with pytest.raises(FixInput, match="that its seal_key opens"):
        other.get_token("partner")
    with pytest.raises(FixInput):
        manager(server, store, clock, audience="https://other.example.com").get_token("partner")
    with pytest.raises(FixSettings, match="has no seal_key"):
        manager(server, store, clock, seal_key="").get_token("partner")
    with pytest.raises(FixInput, match="margin_seconds"):
        tokens.get_token("partner", margin=-1)


def test_a_token_without_a_way_to_refresh_it_ends(store: Store, clock: FakeClock, tokens: JwtManager) -> None:
    tokens.set_token("partner", "access-0", expires_in=100)
    assert tokens.get_token("partner") == "access-0"
    clock.time += 40
    with pytest.raises(SignInAgain, match="no refresh token was stored"):
        tokens.get_token("partner")
    alone = JwtManager(resource(), store, clock=clock)
    alone.set_token("partner", "access-0", refresh_token="r", expires_in=10)
    with pytest.raises(SignInAgain, match="there is no refresh_url"):
        alone.get_token("partner")


def test_a_token_that_does_not_say_when_it_expires_is_taken_to_hold(
    tokens: JwtManager, clock: FakeClock
) -> None:
    tokens.set_token("partner", "opaque", refresh_token="refresh-0")
    clock.time += 10**9
    assert tokens.get_token("partner") == "opaque"


def test_nothing_in_the_store_can_be_read_without_the_seal_key(
    store: Store, tokens: JwtManager, refreshing: Refreshing, tmp_path: Path
) -> None:
    refreshing.replies = [ok(1)]
    tokens.set_token("partner", "access-0", refresh_token="refresh-0", expires_in=1)
    tokens.get_token("partner")
    kept = b"".join(file.read_bytes() for file in tmp_path.glob("state.sqlite*"))
    assert b"connect_token" in kept
    for secret in (b"access-", b"refresh-0", b"refresh-1", SEAL.encode(), b"partner"):
        assert secret not in kept


@pytest.mark.parametrize(
    "change",
    ["expires_at = -1", "access_token = refresh_token, refresh_token = access_token"],
    ids=["a token read as the sentence of a refusal", "columns that changed places"],
)
def test_who_writes_into_the_store_cannot_have_a_token_told_or_sent_as_another(
    store: Store, tokens: JwtManager, server: Loopback, refreshing: Refreshing, change: str
) -> None:
    refreshing.replies = [Reply(400, {"error": "invalid_grant"})]
    tokens.set_token("partner", "access-0", refresh_token="refresh-0", expires_in=900)
    store.execute(f"UPDATE connect_token SET {change}")
    forget()  # as another job does, which never had the token in hand
    with pytest.raises(ConnectError) as caught:
        assert tokens.get_token("partner") == "nothing of it"
    assert "access-0" not in str(caught.value)
    assert "refresh-0" not in str(caught.value)
    assert "access-0" not in json.dumps(sent(server))


def test_the_rotated_refresh_token_is_stored_before_the_new_token_is_used(
    store: Store,
    tokens: JwtManager,
    refreshing: Refreshing,
    server: Loopback,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refreshing.replies = [ok(1)]
    tokens.set_token("partner", refresh_token="refresh-0")

    def away(*_: Any) -> Any:
        raise TryLater("The store is away.")

    monkeypatch.setattr(shared_token, "write_held", away)
    with pytest.raises(TryLater, match="The store is away"):
        tokens.get_token("partner")  # no token is handed out whose refresh token is not safe


def test_a_new_token_by_hand_waits_for_a_refresh_that_is_under_way(
    store: Store, tokens: JwtManager, clock: FakeClock
) -> None:
    tokens.set_token("partner", "access-0")
    key = store.execute("SELECT key FROM connect_token")[0][0]
    assert take(store, f"token:{key}", "another job", 90.0)
    began = clock.time
    tokens.set_token("partner", "access-1")
    assert clock.time - began >= 89
    assert tokens.get_token("partner") == "access-1"


JOB = """
import json, sys
from f.identity.get_jwt import main
print(json.dumps(main("partner", json.loads(sys.argv[1]), margin_seconds=60)))
"""


def test_of_processes_that_ask_together_one_refreshes(twins: TwinProcess, tmp_path: Path) -> None:
    """At an issuer that revokes everything when a refresh token is used twice."""
    client = TwinClient(twins.client("jwks").url)
    client.forget()
    first = client.post("/token", {"sub": "ada", "lifetime": 30}).json
    issuer = {
        "algorithm": "ES256",
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "seal_key": SEAL,
        "refresh_url": f"{client.url}/token/refresh",
    }
    with SqliteStore(tmp_path / ".millwright" / "identity.sqlite") as store:
        JwtManager(issuer, store).set_token(
            "partner", first["access_token"], refresh_token=first["refresh_token"]
        )
    environment = {**os.environ, "HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", JOB, json.dumps(issuer)]
    jobs = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    ended = [job.communicate(timeout=100) for job in jobs]
    results = [json.loads(out) for out, _ in ended]
    assert len({one["token"] for one in results}) == 1
    assert sorted(one["refreshed"] for one in results) == [False, False, False, True]
    assert client.get("/_ledger").json["totals"] == {"issued": 2}
    assert all(first["refresh_token"] not in out + err for out, err in ended)
