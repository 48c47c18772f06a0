"""The alert job by its main: over real stores, with the job of f/notify that it starts on loopback."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from f.connect.errors import FixInput
from f.connect.integration import CircuitBreaker
from f.connect.limits.circuit_breaker import Breaker
from f.connect.metrics import Metrics
from f.operate.alert_slow_or_failing import main
from f.operate.alerts.memory import LEASE_KEY, read_memory
from f.operate.alerts.states import Alert
from f.store.store import Store, take
from f.store.stores import open_store, sqlite_store
from f.webhooks.inbox.tables import prepare
from tests.f.connect.windmill import RUN, Windmill, job_of_windmill
from tests.loopback import Reply


@pytest.fixture
def windmill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Windmill]:
    with job_of_windmill(tmp_path, monkeypatch) as fake:
        fake.answers["/api/w/team/resources/list?page=1&per_page=100"] = Reply(200, [])
        # As a job run by `mill`, which has no data table.
        monkeypatch.setenv("MILL", "1")
        monkeypatch.setenv("WM_JOB_PATH", "f/operate/alert_slow_or_failing")
        monkeypatch.delenv("WM_JOB_ID", raising=False)
        yield fake


def count(purpose: str, *, success: int = 0, failed: int = 0) -> None:
    with open_store(None, purpose) as store:
        metrics = Metrics(store)
        for outcome, number in (("success", success), ("TryLater", failed)):
            for _ in range(number):
                metrics.record("crm", "/contacts", outcome, seconds=0.1)
        metrics.flush()


def look(**arguments: Any) -> Any:
    return main(check_hours=0, **arguments)


def age(seconds: float) -> None:
    """Let everything that is remembered have been so much earlier."""
    with open_store(None, "operate") as store:
        for kind, key, text in store.execute("SELECT kind, key, value FROM operate_watch"):
            value = json.loads(text)
            for name in ("at", "began_at", "told_at", "good_since", "seen_at"):
                if isinstance(value, dict) and value.get(name):
                    value[name] -= seconds
            store.execute(
                "UPDATE operate_watch SET value = :value WHERE kind = :kind AND key = :key",
                {"kind": kind, "key": key, "value": json.dumps(value)},
            )
        store.execute(f"UPDATE notify_sent SET at = at - {seconds}")


def events(windmill: Windmill) -> list[tuple[str, str]]:
    return [(one["event"], one["data"]["subject"]) for one in windmill.started()]


def test_a_service_that_fails_is_told_once_and_once_more_when_it_is_well(windmill: Windmill) -> None:
    count("imports", success=1000)
    assert look()["summary"] == "Nothing is wrong."  # the first look learns how many calls there were
    count("imports", success=15, failed=15)
    found = look()
    assert found["summary"] == "1 thing is wrong; 1 told now."
    assert found["wrong"][0]["message"].startswith("15 of 30 calls failed in the last minute: 15 TryLater")
    count("imports", success=5, failed=25)
    assert look()["told"] == []
    assert events(windmill) == [("service_failing", "crm")]
    assert windmill.started()[0]["data"]["problem"] == "fails too often"
    count("imports", success=100)
    assert look()["told"] == []  # not well for long yet
    age(1900)
    count("imports", success=100)
    assert look()["summary"] == "Nothing is wrong; 1 told now."
    assert events(windmill) == [("service_failing", "crm"), ("trouble_over", "crm")]


def test_a_dry_run_says_what_it_would_tell_and_remembers_nothing(windmill: Windmill) -> None:
    count("imports", success=30)
    look()
    count("imports", failed=30)
    found = look(dry_run=True)
    assert found["summary"] == "1 thing is wrong; 1 would be told."
    assert [(one["event"], one["subject"], one["told"]) for one in found["told"]] == [
        ("service_failing", "crm fails too often", False)
    ]
    assert windmill.started() == []
    assert [one["told"] for one in look()["told"]] == [True]


def test_circuits_pauses_and_dead_letters_are_found_in_the_files_of_each_part(windmill: Windmill) -> None:
    with open_store(None, "payments") as store:
        Breaker("https://api.example.com:443 0f3a", CircuitBreaker(reset_timeout=600), store).trip()
    with open_store(None, "limits") as store:
        store.create(
            "CREATE TABLE IF NOT EXISTS import_calls (target TEXT PRIMARY KEY, day BIGINT NOT NULL, "
            "used BIGINT NOT NULL, paused_until DOUBLE PRECISION NOT NULL, why TEXT NOT NULL)"
        )
        values = {"until": time.time() + 3600}
        store.execute(
            "INSERT INTO import_calls VALUES ('hubspot https://api.hubapi.com', 1, 1, :until, 'Busy')", values
        )
    with open_store(None, "webhooks") as store:
        prepare(store)
        store.execute(
            "INSERT INTO webhook_event VALUES ('e1', 'stripe', 'stripe', 'invoice.paid', 'p', 'c', '0', "
            "NULL, 'route', NULL, 1, 1, 0, '{}', '', 'dead', 1, 0, '')"
        )
    look()
    assert sorted(events(windmill)) == [
        ("service_failing", "api.example.com:443"),
        ("work_waiting", "Dead letters of webhooks"),
        ("work_waiting", "Rows for hubspot"),
    ]
    assert look()["told"] == []


def test_of_many_jobs_that_look_at_once_people_hear_once(windmill: Windmill) -> None:
    count("imports", success=30)
    look()
    count("imports", failed=30)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: look(), range(6)))
    assert len(windmill.started()) == 1
    assert sum(len(one["told"]) for one in found) == 1


def test_a_job_that_finds_another_one_looking_leaves_it_to_that(windmill: Windmill) -> None:
    with open_store(None, "operate") as store:
        assert take(store, LEASE_KEY, "another job", 60)
    assert look()["problems"] == ["Another job is looking just now; this one leaves it to that."]


def test_a_job_that_was_killed_between_telling_and_remembering_is_not_repeated(
    windmill: Windmill, monkeypatch: pytest.MonkeyPatch
) -> None:
    count("imports", success=30)
    look()
    count("imports", failed=30)

    with monkeypatch.context() as patch:
        patch.setattr(
            "f.operate.alerts.memory.write_memory", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            look()
    found = look()
    assert [one["told"] for one in found["told"]] == [True]
    assert len(windmill.started()) == 1


def test_what_could_not_be_told_is_told_at_the_next_look(windmill: Windmill) -> None:
    count("imports", success=30)
    look()
    count("imports", failed=30)
    windmill.answers[RUN] = Reply(500, b"<html>")
    found = look()
    assert found["summary"] == (
        "1 thing is wrong; 0 told now. 1 could not be told: make the resource f/notify/routing, or see this "
        "job's log."
    )
    windmill.answers.pop(RUN)
    assert [one["told"] for one in look()["told"]] == [True]


def test_a_file_that_cannot_be_read_is_a_problem_and_ends_no_alert(
    windmill: Windmill, tmp_path: Path
) -> None:
    with open_store(None, "payments") as store:
        Breaker("https://api.example.com:443 0f3a", CircuitBreaker(reset_timeout=1), store).trip()
    look()
    time.sleep(1.1)
    (tmp_path / ".millwright" / "broken.sqlite").write_bytes(b"no database, but long enough to be one" * 60)
    found = look(settle_minutes=1)
    assert "broken.sqlite is damaged" in found["problems"][0]
    assert len(found["wrong"]) == 1
    assert windmill.started()[0]["event"] == "service_failing"


def test_an_input_that_makes_no_sense_is_named(windmill: Windmill) -> None:
    with pytest.raises(FixInput, match="failure_percent is 120, and must be from 0 to 100"):
        look(failure_percent=120)
    assert windmill.paths() == []


def test_what_is_remembered_lies_in_any_store(any_store: Store) -> None:
    from f.operate.alerts.memory import Memory, write_memory  # noqa: PLC0415 - only here

    before = read_memory(any_store)
    lease = take(any_store, LEASE_KEY, "job", 60)
    assert lease is not None
    alert = Alert("failing", "crm", "It fails.", 1.0, 2.0, 0.0, 3.0)
    kept = Memory({"a": alert, "b": alert}, {"crm": {"at": 1.0, "totals": {"retries": 1.0}}}, 5.0)
    assert write_memory(any_store, lease, before, kept)
    assert read_memory(any_store) == kept
    less = Memory({"b": alert}, kept.windows, 6.0)
    assert write_memory(any_store, lease, kept, less)
    assert read_memory(any_store) == less
    assert take(any_store, LEASE_KEY, "job", 60)
    any_store.execute("UPDATE store_lease SET holder = 'another', number = number + 1")
    assert not write_memory(any_store, lease, less, Memory())
    assert read_memory(any_store) == less


def test_a_thousand_things_at_once_ring_no_thousand_times(windmill: Windmill, tmp_path: Path) -> None:
    with sqlite_store(tmp_path / ".millwright" / "payments.sqlite") as store:
        for n in range(100):
            Breaker(f"https://api{n}.example.com:443", CircuitBreaker(reset_timeout=600), store).trip()
    assert len(look()["told"]) == 20
    assert len(look()["told"]) == 20
    assert len(set(events(windmill))) == 40
