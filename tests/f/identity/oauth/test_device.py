"""Sign-in on another device: how often is asked, for how long, and what ends it."""

from __future__ import annotations

from typing import Any

import pytest

from f.connect.errors import FixInput, FixSettings, SignInAgain, TryLater
from f.identity import finish_device_sign_in, get_user_info, start_device_sign_in
from f.identity.oauth.app import app_of
from f.identity.oauth.device import finish_device, start_device
from f.store.store import Store, take
from f.store.stores import SqliteStore
from tests.f.connect.wire import FakeClock, Wire, reply
from tests.f.identity.oauth.conftest import SEAL_KEY, ledger
from tests.mill.twins.stage import TwinClient


def test_a_code_is_entered_and_somebody_is_signed_in(resource: Any, twin: TwinClient) -> None:
    code = start_device_sign_in.main(resource, "ada")
    assert code["url"].endswith("/device")
    assert len(code["user_code"]) == 9
    assert finish_device_sign_in.main(resource, code["device_key"], 0)["status"] == "waiting"
    done = finish_device_sign_in.main(resource, code["device_key"], 20)
    assert done["status"] == "signed_in"
    assert get_user_info.main(resource, "ada")["name"] == "Ada Lovelace"
    with pytest.raises(FixInput, match="is not known"):
        finish_device_sign_in.main(resource, code["device_key"], 0)
    assert ledger(twin) == ["signed_in"]


def test_a_person_who_refuses_ends_it(resource: Any, twin: TwinClient) -> None:
    twin.put_settings(consents=False)
    code = start_device_sign_in.main(resource)
    with pytest.raises(SignInAgain, match="did not consent"):
        finish_device_sign_in.main(resource, code["device_key"], 20)


@pytest.mark.parametrize("wait", [-1, 601, 10**9])
def test_a_wait_is_bounded(google: Any, wait: int) -> None:
    code = start_device_sign_in.main(google)
    with pytest.raises(FixInput, match="wait_seconds must be from 0 to 600"):
        finish_device_sign_in.main(google, code["device_key"], wait)


@pytest.mark.parametrize("key", ["", "x", "é"])
def test_a_device_key_nobody_gave_is_not_known(google: Any, key: str) -> None:
    with pytest.raises(FixInput, match="is not known"):
        finish_device_sign_in.main(google, key, 0)


CODE = {
    "device_code": "d",
    "user_code": "A-B",
    "verification_uri": "https://login.example.com/device",
    "expires_in": 600,
    "interval": 5,
}
PENDING = reply(400, {"error": "authorization_pending"})
SLOW = reply(400, {"error": "slow_down"})
TOKEN = reply(200, {"access_token": "t", "token_type": "bearer", "expires_in": 60, "refresh_token": "r"})


def custom(url: str) -> Any:
    return {
        "provider": "custom",
        "client_id": "app",
        "seal_key": SEAL_KEY,
        "token_url": f"{url}/token",
        "device_url": f"{url}/device",
        "client_auth": "body",
    }


def asked_after(clock: FakeClock, acts: list[Any], wait: float) -> tuple[Any, list[float]]:
    """What came of it, and the seconds between one question and the next."""
    store = SqliteStore(None, clock=clock.now)
    with Wire([reply(200, CODE), *acts]) as server:
        app = app_of(custom(server.url))
        code = start_device(app, store, "ada")
        done = finish_device(app, store, code.device_key, wait, clock=clock)
        assert all(b"client_secret" not in seen.body for seen in server.seen)
    return done, [round(seconds) for seconds in clock.slept]


def test_it_is_asked_as_often_as_the_provider_wants_and_slower_when_told(clock: FakeClock) -> None:
    done, slept = asked_after(clock, [PENDING, PENDING, SLOW, PENDING, TOKEN], 300)
    assert done.account == "ada"
    assert slept == [5, 5, 10, 10]


def test_githubs_own_interval_after_a_slow_down_counts(clock: FakeClock) -> None:
    slow = reply(200, {"error": "slow_down", "interval": 20})
    _, slept = asked_after(clock, [slow, TOKEN], 300)
    assert slept == [20]


def test_after_a_lost_answer_it_is_asked_half_as_often(clock: FakeClock) -> None:
    def drop(connection: Any, _wire: Wire) -> None:
        connection.close()

    _, slept = asked_after(clock, [drop, TOKEN], 300)
    assert slept == [10]


def test_it_ends_in_time_and_the_next_run_keeps_the_interval(clock: FakeClock) -> None:
    store = SqliteStore(None, clock=clock.now)
    with Wire([reply(200, CODE), PENDING, PENDING, PENDING, TOKEN]) as server:
        app = app_of(custom(server.url))
        code = start_device(app, store, "ada")
        assert finish_device(app, store, code.device_key, 12, clock=clock) is None
        assert [round(seconds) for seconds in clock.slept] == [5, 5]
        assert len(server.seen) == 4
        assert finish_device(app, store, code.device_key, 0, clock=clock) is None
        assert len(server.seen) == 4  # five seconds have not passed
        assert finish_device(app, store, code.device_key, 6, clock=clock) is not None


@pytest.mark.parametrize("error", ["expired_token", "access_denied"])
def test_what_is_over_is_said(clock: FakeClock, error: str) -> None:
    with pytest.raises(SignInAgain, match="Start the sign-in again"):
        asked_after(clock, [reply(400, {"error": error})], 60)


def test_only_one_job_waits(google: Any, store: Store) -> None:
    code = start_device_sign_in.main(google)
    assert take(store, f"device:{app_of(google).key('device', code['device_key'])}", "another", 60)
    with pytest.raises(TryLater, match="Another job is waiting"):
        finish_device_sign_in.main(google, code["device_key"], 0)


@pytest.mark.parametrize(
    "answer",
    [{}, {**CODE, "device_code": 7}, {**CODE, "user_code": "a\nb"}, {**CODE, "verification_uri": None}],
    ids=["empty", "number", "line", "nowhere"],
)
def test_an_answer_without_a_code_is_no_code(clock: FakeClock, answer: Any) -> None:
    with (
        Wire([reply(200, answer)]) as server,
        SqliteStore(None, clock=clock.now) as store,
        pytest.raises(TryLater, match="without a device code"),
    ):
        start_device(app_of(custom(server.url)), store, "ada")


def test_a_provider_without_devices_is_said(google: Any) -> None:
    without: Any = {**custom("http://127.0.0.1:9"), "device_url": ""}
    with pytest.raises(FixSettings, match="no device_url"):
        start_device_sign_in.main(without)
