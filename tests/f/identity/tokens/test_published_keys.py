"""An issuer's keys: fetched when they are needed and seldom else, whoever asks; only those that may sign."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from f.connect.errors import ConnectError, FixSettings, SignInAgain, TryLater
from f.identity.tokens import key_cache
from f.identity.tokens.key_set import candidates, public_keys
from f.identity.tokens.manager import JwtManager
from f.store.store import Store
from f.store.stores import SqliteStore
from tests.f.connect.wire import FakeClock
from tests.f.identity.tokens.conftest import (
    EC,
    ED,
    OTHER_EC,
    RSA,
    SEAL,
    claims_at,
    jwk,
    made,
    pem_of,
    resource,
)
from tests.loopback import Asked, Loopback, Reply, serve

OLD, NEW = jwk(EC, "ES256", kid="old"), jwk(OTHER_EC, "ES256", kid="new")


class Published:
    """What an issuer answers; a test changes it as time goes."""

    def __init__(self) -> None:
        self.keys: list[Any] = [OLD]
        self.reply: Reply | None = None
        self.headers: dict[str, str] = {"Cache-Control": "max-age=300"}
        self.seconds = 0.0

    def __call__(self, asked: Asked) -> Reply:
        time.sleep(self.seconds)
        return self.reply or Reply(200, {"keys": self.keys}, self.headers)


@pytest.fixture
def published() -> Published:
    return Published()


@pytest.fixture
def server(published: Published) -> Iterator[Loopback]:
    with serve(published) as running:
        yield running


@pytest.fixture
def tokens(server: Loopback, store: Store, clock: FakeClock) -> JwtManager:
    return manager(server, store, clock)


def manager(server: Loopback, store: Store, clock: FakeClock, **more: Any) -> JwtManager:
    settings = {**resource(key=""), "jwks_url": f"{server.url}/keys?tenant=a", **more}
    return JwtManager(settings, store, clock=clock)


def old(clock: FakeClock, **claims: Any) -> str:
    return made(claims_at(clock.time, **claims), EC, kid="old")


def new(clock: FakeClock, kid: str = "new") -> str:
    return made(claims_at(clock.time), OTHER_EC, kid=kid)


def refusal(tokens: JwtManager, token: str) -> ConnectError:
    with pytest.raises(ConnectError) as caught:
        tokens.verify(token)
    return caught.value


def test_keys_are_fetched_once_and_again_when_they_are_too_old(
    tokens: JwtManager, server: Loopback, store: Store, clock: FakeClock
) -> None:
    for _ in range(3):
        assert tokens.verify(old(clock))["sub"] == "ada"
        assert manager(server, store, clock).verify(old(clock))["sub"] == "ada"  # another job
    assert [asked.path for asked in server.asked] == ["/keys?tenant=a"]
    clock.time += 299
    tokens.verify(old(clock))
    assert len(server.asked) == 1
    clock.time += 2
    tokens.verify(old(clock))
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("control", "seconds"),
    [
        (None, 600), ("public", 600), ("max-age=120", 120), ("public, Max-Age = 120, must-revalidate", 120),
        ("max-age=1", 60), ("max-age=0", 60), ("no-store", 60), ("no-cache, max-age=900", 60),
        ("s-maxage=900", 600), ("max-age=99999999", 86_400), ("max-age=-5", 600),
        ("max-age=" + "9" * 400, 86_400),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_how_long_keys_are_kept_is_the_issuers_word_within_bounds(
    published: Published,
    server: Loopback,
    tokens: JwtManager,
    clock: FakeClock,
    control: str | None,
    seconds: int,
) -> None:
    published.headers = {} if control is None else {"Cache-Control": control}
    tokens.verify(old(clock))
    clock.time += seconds - 1
    tokens.verify(old(clock))
    assert len(server.asked) == 1
    clock.time += 2
    tokens.verify(old(clock))
    assert len(server.asked) == 2


def test_a_new_key_is_fetched_when_its_first_token_comes_and_the_old_one_still_holds(
    published: Published, server: Loopback, tokens: JwtManager, clock: FakeClock
) -> None:
    tokens.verify(old(clock))
    clock.time += 61
    published.keys = [NEW, OLD]
    assert tokens.verify(new(clock))["sub"] == "ada"
    assert tokens.verify(old(clock))["sub"] == "ada"
    assert len(server.asked) == 2
    published.keys = [NEW]  # withdrawn: taken until the key set is too old
    clock.time += 299
    assert tokens.verify(old(clock))
    clock.time += 2
    assert refusal(tokens, old(clock)).code == "unknown_key"


def test_made_up_key_ids_fetch_once_a_minute_over_all_jobs(
    server: Loopback, store: Store, clock: FakeClock
) -> None:
    jobs = [manager(server, store, clock) for _ in range(3)]
    jobs[0].verify(old(clock))
    clock.time += 61
    for number in range(60):
        error = refusal(jobs[number % 3], new(clock, kid=f"forged-{number}"))
        assert (type(error), error.code) == (SignInAgain, "unknown_key")
        clock.time += 1
    assert len(server.asked) == 2
    clock.time += 1
    refusal(jobs[0], new(clock, kid="forged"))
    assert len(server.asked) == 3


def test_a_new_key_within_the_minute_is_refused_and_taken_after_it(
    published: Published, tokens: JwtManager, clock: FakeClock
) -> None:
    tokens.verify(old(clock))
    published.keys = [NEW, OLD]
    assert refusal(tokens, new(clock)).code == "unknown_key"
    clock.time += 60
    assert tokens.verify(new(clock))


@pytest.mark.parametrize("kid", [None, "old"])
def test_keys_without_ids_are_tried_one_after_the_other(
    published: Published, server: Loopback, tokens: JwtManager, clock: FakeClock, kid: str | None
) -> None:
    published.keys = [jwk(OTHER_EC, "ES256"), jwk(EC, "ES256")]
    token = made(claims_at(clock.time), EC, **({"kid": kid} if kid else {}))
    assert tokens.verify(token)
    assert len(server.asked) == 1


def test_a_token_that_names_no_key_finds_the_rotated_one(
    published: Published, server: Loopback, tokens: JwtManager, clock: FakeClock
) -> None:
    nameless = made(claims_at(clock.time), OTHER_EC)
    assert refusal(tokens, nameless).code == "bad_signature"
    published.keys = [NEW]
    assert refusal(tokens, nameless).code == "bad_signature"
    assert len(server.asked) == 1
    clock.time += 61
    assert tokens.verify(nameless)
    assert len(server.asked) == 2


def test_a_signature_of_another_key_under_a_known_id_fetches_nothing(
    server: Loopback, tokens: JwtManager, clock: FakeClock
) -> None:
    tokens.verify(old(clock))
    clock.time += 61
    assert refusal(tokens, new(clock, kid="old")).code == "bad_signature"
    assert len(server.asked) == 1


BROKEN = [
    {**OLD, "use": "enc"},
    {**OLD, "key_ops": ["sign"]},
    {**OLD, "key_ops": "verify"},
    {**OLD, "alg": "ES384"},
    {**OLD, "kty": "RSA"},
    {**OLD, "kty": "oct", "k": "AAAA"},
    {**OLD, "crv": "P-384"},
    {**OLD, "crv": ["P-256"]},
    {**OLD, "x": OLD["y"]},
    {**OLD, "x": ""},
    {**OLD, "x": 5},
    {**OLD, "x": "AA"},
    {**OLD, "y": None},
    {**OLD, "kid": 7},
    {**OLD, "d": "AAAA"},
    {"kty": "EC", "kid": "old"},
    {"kty": ["EC"]},
    {},
    "key",
    None,
    [OLD],
    jwk(RSA, "RS256", kid="old"),
    jwk(ED, "EdDSA", kid="old"),
]


@pytest.mark.parametrize("key", BROKEN, ids=range(len(BROKEN)))
def test_a_key_that_may_not_check_this_signature_is_ignored(
    published: Published, tokens: JwtManager, clock: FakeClock, key: Any
) -> None:
    published.keys = [key]
    assert refusal(tokens, old(clock)).code in {"unknown_key", "bad_signature"}
    published.keys = [key, OLD]
    clock.time += 400
    assert tokens.verify(old(clock))


def test_a_key_without_use_and_algorithm_is_a_key(
    published: Published, tokens: JwtManager, clock: FakeClock
) -> None:
    published.keys = [{name: value for name, value in OLD.items() if name not in {"use", "alg"}}]
    assert tokens.verify(old(clock))


def test_a_short_rsa_key_is_ignored() -> None:
    short = {**jwk(RSA, "RS256"), "n": "A" * 171}
    assert public_keys({"keys": [short]}) == []


def test_only_what_is_public_is_kept() -> None:
    kept = public_keys({"keys": [{**OLD, "x5c": ["..."], "note": "x"}]})
    assert kept == [OLD]
    assert candidates(kept, "", "RS256") == []


@pytest.mark.parametrize(
    ("reply", "kind", "code"),
    [
        (Reply(404, {}), FixSettings, "no_keys"),
        (Reply(403, {}), FixSettings, "no_keys"),
        (Reply(200, b"<html>Sign in</html>"), TryLater, "unreadable_reply"),
        (Reply(200, b""), TryLater, "unreadable_reply"),
        (Reply(200, {"keys": {}}), TryLater, "unreadable_reply"),
        (Reply(200, {"key": "x"}), TryLater, "unreadable_reply"),
        (Reply(200, [OLD]), TryLater, "unreadable_reply"),
        (Reply(200, b'{"keys":' + b"[" * 100_000), TryLater, "unreadable_reply"),
        (Reply(200, b"x" * (2**20 + 1)), FixSettings, "too_large"),
        (Reply(503, {}), TryLater, "http_503"),
        (Reply(drop=True), TryLater, "reset"),
        (Reply(302, None, {"Location": "http://127.0.0.1:9/keys"}), TryLater, "refused"),
    ],
    ids=range(12),
)
def test_keys_that_cannot_be_had(
    published: Published, server: Loopback, tokens: JwtManager, clock: FakeClock,
    reply: Reply, kind: type[ConnectError], code: str,
) -> None:  # fmt: skip
    published.reply = reply
    error = refusal(tokens, old(clock))
    assert (type(error), error.code) == (kind, code)
    asked = len(server.asked)
    error = refusal(tokens, old(clock))
    assert (type(error), error.code, len(server.asked)) == (TryLater, "keys_not_fetched", asked)
    assert isinstance(error, TryLater)
    assert 0 < (error.retry_after or 0) <= 60
    published.reply = None
    clock.time += 61
    assert tokens.verify(old(clock))


def test_old_keys_serve_for_an_hour_while_the_issuer_is_away(
    published: Published, tokens: JwtManager, clock: FakeClock
) -> None:
    tokens.verify(old(clock))
    published.reply = Reply(404, {})
    clock.time += 300 + 3599
    assert tokens.verify(old(clock))
    clock.time += 62
    assert refusal(tokens, old(clock)).code == "no_keys"
    assert refusal(tokens, old(clock)).code == "keys_not_fetched"


def test_a_clock_that_was_set_back_does_not_stop_fetching(
    server: Loopback, store: Store, tokens: JwtManager, clock: FakeClock
) -> None:
    tokens.verify(old(clock))
    clock.time -= 10_000
    refusal(manager(server, store, clock), new(clock))
    assert len(server.asked) == 2


def test_of_jobs_that_begin_together_one_fetches(
    published: Published, server: Loopback, tmp_path: Any
) -> None:
    published.seconds = 0.5
    results: list[Any] = []

    def job() -> None:
        with SqliteStore(tmp_path / "shared.sqlite") as store:
            tokens = JwtManager({**resource(key=""), "jwks_url": f"{server.url}/keys"}, store)
            results.append(tokens.verify(made(claims_at(time.time()), EC, kid="old"))["sub"])

    SqliteStore(tmp_path / "shared.sqlite").execute("SELECT 1")
    threads = [threading.Thread(target=job) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == ["ada"] * 6
    assert len(server.asked) == 1


def test_a_job_that_died_while_it_fetched_is_not_waited_for_long(
    server: Loopback, store: Store, tokens: JwtManager, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(key_cache, "read_keys", die)
    with pytest.raises(KeyboardInterrupt):
        tokens.verify(old(clock))
    monkeypatch.undo()
    began = clock.time
    error = refusal(manager(server, store, clock), old(clock))
    assert error.code == "keys_not_fetched"
    assert 30 < clock.time - began < 45
    clock.time = began + 61
    assert manager(server, store, clock).verify(old(clock))


def test_keys_that_somebody_else_has_written_into_the_store_are_not_taken(
    server: Loopback, store: Store, tokens: JwtManager, clock: FakeClock
) -> None:
    tokens.verify(old(clock))
    planted = f'[{{"kty":"EC","kid":"evil","crv":"P-256","x":"{NEW["x"]}","y":"{NEW["y"]}"}}]'
    store.execute("UPDATE jwt_keys SET body = :body", {"body": planted})
    assert refusal(manager(server, store, clock), new(clock, kid="evil")).code == "keys_not_fetched"


def test_where_anybody_may_write_keys_are_kept_under_a_seal_or_not_at_all(
    server: Loopback, store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "is_remote", True)
    with pytest.raises(FixSettings, match="has no seal_key"):
        manager(server, store, clock, seal_key="").verify(old(clock))
    assert manager(server, store, clock, seal_key=SEAL).verify(old(clock))


def test_issuers_and_algorithms_do_not_share_keys(
    published: Published, server: Loopback, store: Store, clock: FakeClock
) -> None:
    published.keys = [OLD, jwk(RSA, "RS256", kid="rsa")]
    assert manager(server, store, clock).verify(old(clock))
    token = made(claims_at(clock.time), pem_of(RSA), "RS256", kid="rsa")
    assert manager(server, store, clock, algorithm="RS256").verify(token)
    assert len(server.asked) == 1
    manager(server, store, clock, jwks_url=f"{server.url}/other").verify(old(clock))
    assert [asked.path for asked in server.asked] == ["/keys?tenant=a", "/other"]
