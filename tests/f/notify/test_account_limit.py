"""The preset of an account: how many messages a minute, over all jobs, and what says so."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from f.connect.errors import FixSettings, TryLater
from f.connect.times import REAL
from f.notify.messages.account_limit import wait_for_turn
from f.notify.notify_event import main as notify_event
from f.notify.send_sms import main as send_sms
from f.store.store import Store
from f.store.stores import SqliteStore
from tests.f.connect.wire import FakeClock
from tests.f.notify.conftest import Twin

TWILIO = {"accountSid": "AC1", "token": "t"}
SLACK = {"token": "xoxb-1"}


def waits(service: Any, account: dict[str, Any], count: int) -> list[float]:
    clock = FakeClock()
    with SqliteStore(None, clock=clock.now) as store:
        for _ in range(count):
            wait_for_turn(service, account, store, clock=clock)
    return clock.slept


@pytest.mark.parametrize(
    ("service", "account", "at_once", "seconds"),
    [
        ("Slack", SLACK, 5, 6.0),
        ("Twilio", TWILIO, 5, 1.2),
        ("Slack", {**SLACK, "rate_limit": 60}, 5, 1.0),
        ("Twilio", {**TWILIO, "rate_limit": 600}, 60, 0.1),
    ],
)
def test_so_many_go_at_once_and_the_others_in_turn(
    service: Any, account: dict[str, Any], at_once: int, seconds: float
) -> None:
    slept = [wait for wait in waits(service, account, at_once + 3) if wait > 0.01]
    assert slept == pytest.approx([seconds] * 3, rel=0.05)


def test_no_limit_of_ours_waits_for_nothing() -> None:
    assert waits("Slack", {**SLACK, "rate_limit": 0}, 100) == []


@pytest.mark.parametrize("number", [-1, 1.5, "ten", True])
def test_a_limit_that_is_no_number_is_said(number: Any, store: Store) -> None:
    with pytest.raises(FixSettings, match="rate_limit of the Slack resource must be a whole number"):
        wait_for_turn("Slack", {**SLACK, "rate_limit": number}, store)


def test_accounts_do_not_wait_for_each_other_and_jobs_of_one_do(caplog: pytest.LogCaptureFixture) -> None:
    clock = FakeClock()
    account = {**TWILIO, "rate_limit": 1}
    with SqliteStore(None, clock=clock.now) as store, caplog.at_level(logging.WARNING):
        assert wait_for_turn("Twilio", account, store, clock=clock) == ""
        assert wait_for_turn("Twilio", {**account, "accountSid": "AC2"}, store, clock=clock) == ""
        said = wait_for_turn("Twilio", account, store, clock=clock)
        with pytest.raises(TryLater, match="leaves no room within 10 s; nothing was sent") as caught:
            wait_for_turn("Twilio", account, store, longest=10, clock=clock)
    assert said.startswith("Waited 60 s for the Twilio limit of 1 messages a minute; rate_limit")
    assert caught.value.code == "rate_limited"
    assert "Waiting 60 s" in caplog.text


def test_what_waited_says_so_in_its_result_and_a_second_run_waits_for_nothing(
    twilio: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(REAL, "sleep", lambda _: False)
    account: Any = {**twilio.resource, "rate_limit": 1}
    send_sms("+12025550123", "x", account, "+15005550006")
    second = send_sms("+12025550124", "x", account, "+15005550006", message_key="k")
    assert second["notices"][0].startswith("Waited 60 s")
    again = send_sms("+12025550124", "x", account, "+15005550006", message_key="k")
    assert (again["status"], again["notices"]) == ("already_sent", [])


def test_an_event_that_would_wait_long_waits_for_the_digest(slack: Twin) -> None:
    ops = {"kind": "slack", "slack": {**slack.resource, "rate_limit": 1}, "channel": "C0OPS"}
    routing: Any = {"channels": {"ops": ops}, "routes": [{"channels": ["ops"]}]}
    data = {"driver": "Ada", "message": "late"}
    ends = [
        notify_event("driver_alert", {**data, "n": n}, routing)["channels"]["ops"]["status"] for n in range(6)
    ]
    assert ends[:5] == ["sent"] * 5
    assert ends[5] == "digest"
