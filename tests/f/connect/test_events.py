"""Events that a job raises: which job is started with what, how often, and what stops none."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from f.connect import events
from f.connect.events import raise_event
from f.store.store import Store
from f.store.stores import SqliteStore, memory_store, sqlite_store
from tests.f.connect.windmill import EXISTS, RUN, VARIABLE, Windmill
from tests.f.connect.wire import FakeClock
from tests.loopback import Reply

DATA = {"service": "crm", "error_message": "It answered 500."}


@pytest.fixture
def store(tmp_path: Path, clock: FakeClock) -> Iterator[Store]:
    with SqliteStore(tmp_path / "imports.sqlite", clock=clock.now) as opened:
        yield opened


def test_an_event_starts_one_job_that_knows_the_routing_and_where_it_came_from(
    windmill: Windmill, store: Store
) -> None:
    assert raise_event("integration_error", DATA, store, about="crm") is True
    (started,) = windmill.started()
    assert len(started.pop("dedupe_key")) == 40
    assert started == {
        "event": "integration_error",
        "data": {**DATA, "raised_by": "f/customers/create_customers", "job": "0189"},
        "routing": "$res:f/notify/routing",
    }


def test_what_an_event_is_about_is_told_once_in_its_window_over_all_stores_of_the_file(
    windmill: Windmill, store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    assert raise_event("integration_error", DATA, store, about="crm", window=600)
    asked = len(windmill.paths())
    assert not raise_event("integration_error", DATA, store, about="crm", window=600)
    with SqliteStore(tmp_path / "imports.sqlite", clock=clock.now) as another_job:
        assert not raise_event("integration_error", DATA, another_job, about="crm", window=600)
    assert len(windmill.paths()) == asked  # Windmill was not asked for nothing
    assert raise_event("integration_error", DATA, store, about="another", window=600)
    assert raise_event("slow_call", DATA, store, about="crm", window=600)
    clock.sleep(601)
    assert raise_event("integration_error", DATA, store, about="crm", window=600)
    assert len(windmill.started()) == 4


def test_jobs_without_a_store_share_the_workspaces_own(windmill: Windmill, tmp_path: Path) -> None:
    assert raise_event("integration_error", DATA, memory_store(), about="crm")
    assert not raise_event("integration_error", DATA, memory_store(), about="crm")
    with sqlite_store(tmp_path / ".millwright" / "notify.sqlite") as kept:
        assert not raise_event("integration_error", DATA, kept, about="crm")
    assert len(windmill.started()) == 1


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("WM_JOB_PATH", "f/notify/notify_event"),
        ("WM_JOB_PATH", "f/notify/send_slack_message"),
        ("WM_FLOW_PATH", "f/notify/alert_on_failure"),
    ],
)
def test_a_job_that_tells_people_raises_no_event(
    name: str, path: str, windmill: Windmill, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, path)
    assert not raise_event("integration_error", DATA, store, about="slack")
    assert windmill.paths() == []


def test_a_flow_of_another_folder_that_tells_people_in_a_step_raises_no_event_there(
    windmill: Windmill, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WM_JOB_PATH", "f/notify/send_sms")
    monkeypatch.setenv("WM_FLOW_PATH", "f/fleet/watch")
    assert not raise_event("integration_error", DATA, store, about="twilio")
    assert windmill.paths() == []


def test_without_a_routing_nothing_is_started_and_nobody_asks_again_for_ten_minutes(
    windmill: Windmill, store: Store, clock: FakeClock
) -> None:
    windmill.answers[EXISTS] = Reply(200, False)
    assert not raise_event("integration_error", DATA, store, about="a")
    assert not raise_event("integration_error", DATA, store, about="b")
    assert windmill.paths().count(EXISTS) == 1
    windmill.answers.clear()
    clock.sleep(601)
    assert raise_event("integration_error", DATA, store, about="a")


@pytest.mark.parametrize("text", ["f/ops/routing", "$res:f/ops/routing"])
@pytest.mark.parametrize("place", ["environment", "variable"])
def test_another_routing_is_named_by_the_environment_or_by_a_variable(
    text: str, place: str, windmill: Windmill, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    windmill.answers["/api/w/team/resources/exists/f/ops/routing"] = Reply(200, True)
    windmill.answers[VARIABLE] = Reply(200, text if place == "variable" else "f/never/asked")
    if place == "environment":
        monkeypatch.setenv("NOTIFY_ROUTING", text)
    assert raise_event("integration_error", DATA, store, about="crm")
    assert windmill.started()[0]["routing"] == "$res:f/ops/routing"


@pytest.mark.parametrize("text", ["off", "no resource at all", "../../users"])
def test_a_routing_that_is_off_or_no_path_starts_nothing(
    text: str, windmill: Windmill, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_ROUTING", text)
    assert not raise_event("integration_error", DATA, store, about="crm")
    assert windmill.paths() == []


@pytest.mark.parametrize(
    "reply",
    [Reply(404, b"no such script"), Reply(403, b"no"), Reply(500, b"<html>"), Reply(0, drop=True)],
    ids=["missing", "forbidden", "broken", "lost"],
)
def test_a_job_that_cannot_be_started_is_logged_and_raises_nothing(
    reply: Reply, windmill: Windmill, store: Store, clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    windmill.answers[RUN] = reply
    assert not raise_event("integration_error", DATA, store, about="crm")
    assert "could not be raised" in caplog.text
    clock.sleep(61)
    windmill.answers.clear()
    assert raise_event("integration_error", DATA, store, about="crm")  # the window has not begun


def test_secrets_and_addresses_leave_in_no_event(windmill: Windmill, store: Store) -> None:
    data = {
        "error_message": "Bearer abcdef123456 of ada@example.com was refused",
        "api_key": "k-1234567",
        "more": {"token": "t", "to": ["+12025550123"]},
        "seconds": 12.5,
    }
    assert raise_event("integration_error", data, store, about="crm")
    sent = windmill.started()[0]["data"]
    assert sent["error_message"] == "Bearer *** of *** was refused"
    assert sent["api_key"] == sent["more"]["token"] == sent["more"]["to"][0] == "***"
    assert sent["seconds"] == 12.5


def test_what_somebody_else_has_written_is_not_looked_up_by_windmill(
    windmill: Windmill, store: Store
) -> None:
    """It puts a secret in the place of an argument that begins so, and the channels would show it."""
    data = {"said": "$var:f/identity/seal_key", "more": ["$res:f/identity/google"], "ratio": float("nan")}
    assert raise_event("integration_error", data, store, about="crm")
    sent = windmill.started()[0]["data"]
    assert sent["said"] == " $var:f/identity/seal_key"
    assert sent["more"] == [" $res:f/identity/google"]
    assert sent["ratio"] == "nan"


def test_an_address_that_is_a_name_leaves_in_no_event(windmill: Windmill, store: Store) -> None:
    assert raise_event("integration_error", {"rows": {"ada@example.com": 3}}, store, about="crm")
    assert windmill.started()[0]["data"]["rows"] == {"***": 3}


def test_without_windmill_an_event_is_a_line_in_the_log(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("BASE_INTERNAL_URL", "WM_BASE_URL", "WM_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    with caplog.at_level(logging.INFO, "connect.events"):
        assert not raise_event("integration_error", DATA, store, about="crm")
    assert "integration_error is told to nobody" in caplog.text


def test_a_store_that_fails_is_no_reason_to_raise(windmill: Windmill, tmp_path: Path) -> None:
    (tmp_path / "broken.sqlite").write_text("no database at all, but long enough to be looked at as one" * 20)
    with sqlite_store(tmp_path / "broken.sqlite") as broken:
        assert not raise_event("integration_error", DATA, broken, about="crm")
    assert windmill.paths() == []


def test_a_store_or_a_windmill_that_hangs_holds_up_nobody(
    windmill: Windmill, store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ended = threading.Event()
    monkeypatch.setattr(events, "_LONGEST_WAIT", 0.1)
    monkeypatch.setattr(events, "was_sent", lambda *_: ended.wait(20))
    begun = time.monotonic()
    assert not raise_event("integration_error", DATA, store, about="crm")
    assert time.monotonic() - begun < 5
    ended.set()
    assert "is slow to answer" in caplog.text
    assert windmill.started() == []
