"""From an event to its handlers' jobs and to their end, on the API that `mill` serves."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

import pytest

from f.connect.errors import TryLater
from f.store.store import LEASE_LOST, lease_on, release, take
from f.webhooks.dispatch.dispatcher import LEASE, LEASE_SECONDS
from f.webhooks.dispatch.jobs import job_id, start
from f.webhooks.dispatch.routing_resource import ROUTING, routing_at
from f.webhooks.inbox.work import Failure
from f.windmill.named_jobs import JobState
from mill.ports import Target
from tests.f.webhooks.dispatch.conftest import SOURCE, Shop

NOTE: dict[str, Any] = {"handler": "f/team/note"}
OTHER: dict[str, Any] = {**NOTE, "name": "other", "args": {"name": "other"}}
FAIL: dict[str, Any] = {"handler": "f/team/fail"}
ALL: dict[str, Any] = {"handler": "f/team/note_all", "batch": True}


def names(shop: Shop) -> list[str]:
    return sorted(f"{name} {json.dumps(body)} {attempt}" for name, body, attempt in shop.noted())


def test_each_event_reaches_each_of_its_handlers_once(shop: Shop) -> None:
    shop.routing(NOTE, OTHER, {**NOTE, "name": "none", "events": ["x"]})
    one, two = shop.receive({"n": 1}, {"n": 2})
    first = shop.dispatch()
    assert (first["routed"], first["started"], first["done"]) == (2, 4, 0)
    assert not shop.finish()
    assert shop.dispatch()["done"] == 4
    assert names(shop) == ['note {"n": 1} 1', 'note {"n": 2} 1', 'other {"n": 1} 1', 'other {"n": 2} 1']
    assert {task.state for task in shop.work.tasks_of([one, two])} == {"done"}
    assert shop.round()["started"] == 0
    assert len(shop.noted()) == 4


def test_an_event_without_a_route_is_kept_and_counted(shop: Shop) -> None:
    shop.routing({**NOTE, "events": ["invoice.*"]})
    (one,) = shop.receive({"n": 1})
    assert shop.dispatch()["unhandled"] == 1
    assert shop.state(one) == "unhandled"


def test_a_handler_that_fails_stops_no_other_and_runs_again_until_it_succeeds(shop: Shop) -> None:
    shop.routing(NOTE, {**FAIL, "args": {"times": 2}})
    (one,) = shop.receive({"n": 1})
    report = shop.round()
    assert (report["done"], report["again"]) == (1, 1)
    waiting = shop.tasks([one])["f/team/fail"]
    assert (waiting.state, waiting.attempts) == ("due", 1)
    assert 50 < waiting.due_at - shop.store.now() <= 60
    assert waiting.failure is not None
    assert (waiting.failure.error, waiting.failure.message) == ("ValueError", "no luck with ***")
    assert "tried again by itself" in waiting.failure.hint
    assert shop.dispatch()["started"] == 0, "not before its time"
    shop.pass_time()
    assert shop.round()["again"] == 1
    assert 150 < shop.tasks([one])["f/team/fail"].due_at - shop.store.now() <= 180
    shop.pass_time()
    assert shop.round()["done"] == 1
    assert names(shop) == ['fail {"n": 1} 1', 'fail {"n": 1} 2', 'fail {"n": 1} 3', 'note {"n": 1} 1']


def test_after_the_last_attempt_it_is_a_dead_letter(shop: Shop) -> None:
    shop.routing(FAIL, retry={"attempts": 2})
    (one,) = shop.receive({"n": 1})
    shop.round()
    shop.pass_time()
    assert shop.round()["dead"] == 1
    dead = shop.tasks([one])["f/team/fail"]
    assert (dead.state, dead.attempts) == ("dead", 2)
    assert dead.failure is not None
    assert "replay" in dead.failure.hint
    shop.pass_time()
    assert shop.round()["started"] == 0


@pytest.mark.parametrize(
    ("args", "state", "least", "most"),
    [
        ({"error": "GiveUpRecord"}, "dead", 0, 0),
        ({"error": "FixInput"}, "dead", 0, 0),
        ({"error": "FixSettings"}, "due", 50, 60),
        ({"error": "TryLater", "after": 900}, "due", 890, 900),
        ({"error": "TryLater", "after": 9e9}, "due", 21_590, 21_600),
    ],
)
def test_what_the_error_says_decides(
    shop: Shop, args: dict[str, Any], state: str, least: float, most: float
) -> None:
    shop.routing({**FAIL, "args": args})
    (one,) = shop.receive({"n": 1})
    shop.round()
    task = shop.tasks([one])["f/team/fail"]
    assert (task.state, task.failure and task.failure.error) == (state, args["error"])
    if state == "due":
        assert least < task.due_at - shop.store.now() <= most


def test_a_handler_that_is_not_deployed_is_a_failure_that_says_so(shop: Shop) -> None:
    shop.routing({"handler": "f/team/nowhere"}, NOTE)
    (one,) = shop.receive({"n": 1})
    report = shop.round()
    assert (report["done"], "wm_failure" in report) == (1, False)
    task = shop.tasks([one])["f/team/nowhere"]
    assert (task.state, task.attempts, task.failure and task.failure.code) == ("due", 1, "no_handler")


def test_a_job_that_somebody_ends_is_run_again(shop: Shop) -> None:
    shop.routing({"handler": "f/team/slow", "args": {"seconds": 60}})
    (one,) = shop.receive({"n": 1})
    shop.dispatch()
    job = shop.tasks([one])["f/team/slow"].job
    assert shop.dispatch()["running"] == 1
    shop.session.engine.cancel(job, "enough")
    shop.finish()
    assert shop.dispatch()["again"] == 1
    assert getattr(shop.tasks([one])["f/team/slow"].failure, "error", "") == "Canceled"


def begun(shop: Shop) -> tuple[str, str]:
    """An event whose task was written down as begun, by a dispatcher that was killed then, and its job."""
    shop.routing(NOTE)
    (one,) = shop.receive({"n": 1})
    lease = take(shop.store, LEASE, "killed", LEASE_SECONDS)
    assert lease
    shop.work.plan(lease, {one: ["f/team/note"]})
    tasks = shop.work.due(9)
    job = job_id("f/team/note", tasks)
    shop.work.begin(lease, tasks, job)
    release(shop.store, lease)
    return one, job


def test_a_job_that_was_written_down_and_not_started_is_started_under_its_id(shop: Shop) -> None:
    one, job = begun(shop)
    shop.age(60)
    shop.dispatch()
    shop.finish()
    shop.dispatch()
    assert (shop.tasks([one])["f/team/note"].state, len(shop.noted())) == ("done", 1)
    assert shop.session.engine.get(job) is not None


def test_a_job_that_was_started_by_a_killed_dispatcher_does_not_run_twice(shop: Shop) -> None:
    one, job = begun(shop)
    (route,) = routing_at(ROUTING).routes
    event = {"body": {"n": 1}, "attempt": 1}
    assert start(route, job, {"event": event}) is None
    assert start(route, job, {"event": event}) is None, "as if the first answer had been lost"
    shop.dispatch()
    shop.finish()
    shop.dispatch()
    assert shop.tasks([one])["f/team/note"].state == "done"
    assert len(shop.noted()) == 1


def begun_batch(shop: Shop, *bodies: Any) -> list[str]:
    """Events whose batch was written down as begun by a dispatcher that was killed then, a minute ago."""
    shop.routing(ALL)
    events = shop.receive(*bodies)
    lease = take(shop.store, LEASE, "killed", LEASE_SECONDS)
    assert lease
    shop.work.plan(lease, {one: ["f/team/note_all"] for one in events})
    tasks = shop.work.due(9)
    shop.work.begin(lease, tasks, job_id("f/team/note_all", tasks))
    release(shop.store, lease)
    shop.age(60)
    return events


def test_events_of_a_batch_are_all_handled_though_its_route_takes_one_at_a_time_by_now(shop: Shop) -> None:
    begun_batch(shop, {"n": 1}, {"n": 2}, {"n": 3})
    shop.routing({**NOTE, "name": "f/team/note_all"})
    shop.round()
    shop.dispatch()
    assert sorted(body["n"] for _, body, _ in shop.noted()) == [1, 2, 3]


def test_an_event_that_is_not_handed_over_with_its_batch_does_not_count_as_done(shop: Shop) -> None:
    events = begun_batch(shop, {"n": 1}, {"n": 2, "drop": True}, {"n": 3})
    shop.routing(ALL, middleware=["f/team/mark"])
    shop.store.execute("UPDATE webhook_event SET body = '' WHERE id = :id", {"id": events[2]})
    shop.round()
    codes = [
        task.failure.code if task.failure else task.state
        for task in map(shop.tasks(events).get, events)
        if task
    ]
    assert codes == ["done", "dropped", "purged"]


def test_jobs_that_cannot_be_started_hold_up_no_others(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("f.webhooks.dispatch.settling._BLOCK", 2)
    shop.source("away")
    for source, count in ("away", 3), ("shop", 1):
        events = shop.receive(*({"n": n} for n in range(count)), source=replace(SOURCE, name=source))
    shop.routing(NOTE)
    with pytest.MonkeyPatch.context() as silent:
        silent.setattr("f.webhooks.dispatch.starting.start", lambda *_: None)
        shop.dispatch()
    shop.store.execute("UPDATE webhook_task SET due_at = due_at - 9 WHERE event <> :id", {"id": events[0]})
    shop.source("away", secret="")
    shop.age(60)
    shop.round()
    assert shop.tasks(events)["f/team/note"].state == "done"


def test_a_job_that_cannot_be_started_for_an_hour_has_failed(shop: Shop) -> None:
    one, _job = begun(shop)
    shop.age(3700)
    assert shop.dispatch()["again"] == 1
    assert getattr(shop.tasks([one])["f/team/note"].failure, "code", "") == "not_started"


def test_one_dispatcher_works_at_a_time(shop: Shop) -> None:
    shop.routing(NOTE)
    shop.receive({"n": 1})
    lease = take(shop.store, LEASE, "another", LEASE_SECONDS)
    assert lease
    assert shop.dispatch()["busy"] is True
    assert shop.inbox.is_wanted(), "whoever holds the lease is to look for this"
    release(shop.store, lease)
    assert shop.dispatch()["started"] == 1
    assert not shop.inbox.is_wanted()


def test_an_event_that_arrives_when_all_is_done_is_not_left_lying(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its receiver asks for a run, which finds the lease taken and goes; who has the lease looks again."""
    shop.routing(NOTE)
    shop.receive({"n": 1})
    meanwhile = iter([{"n": 2}, {"n": 3}])

    def release_late(store: Any, lease: Any) -> None:
        for body in itertools.islice(meanwhile, 1):
            shop.receive(body)
        release(store, lease)

    monkeypatch.setattr("f.webhooks.dispatch.dispatcher.release", release_late)
    assert shop.dispatch()["started"] == 3


def test_a_dispatcher_that_was_overtaken_writes_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.routing(NOTE)
    (one,) = shop.receive({"n": 1})

    def overtake(*_: Any) -> Failure | None:
        lease = lease_on(shop.store, LEASE)
        assert lease
        release(shop.store, lease)
        assert take(shop.store, LEASE, "another", LEASE_SECONDS)
        return Failure("FixSettings", "There is no such script.")

    monkeypatch.setattr("f.webhooks.dispatch.starting.start", overtake)
    with pytest.raises(TryLater) as raised:
        shop.dispatch()
    assert raised.value.code == LEASE_LOST
    assert shop.tasks([one])["f/team/note"].state == "running", "the other one settles it"


def test_people_are_told_of_a_dead_letter_before_it_is_one(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is killed in between tells again; the other way round it would never tell."""
    shop.routing(FAIL, retry={"attempts": 1})
    (one,) = shop.receive({"n": 1})
    shop.dispatch()
    shop.finish()
    told: list[tuple[str, str, str, dict[str, Any]]] = []

    def tell(event: str, data: dict[str, Any], _store: object, *, about: str, window: float) -> bool:
        assert window == 3600
        told.append((event, about, shop.tasks([one])["f/team/fail"].state, data))
        return True

    monkeypatch.setattr("f.webhooks.dispatch.shift.raise_event", tell)
    assert shop.dispatch()["dead"] == 1
    ((event, about, state, data),) = told
    assert (event, about, state) == ("webhook_failed", "shop order.paid f/team/fail", "running")
    assert (data["source"], data["type"], data["error"], data["attempts"]) == (
        "shop",
        "order.paid",
        "ValueError",
        1,
    )


def test_the_largest_event_that_is_taken_reaches_its_handler(shop: Shop) -> None:
    shop.routing(NOTE)
    text = "\N{HIRAGANA LETTER A}" * ((SOURCE.max_body_bytes - 100) // 3)
    body = {"n": 1, "text": text}
    assert len(json.dumps(body, ensure_ascii=False).encode()) <= SOURCE.max_body_bytes
    shop.receive(body)
    assert shop.round()["done"] == 1


def test_a_flow_is_a_handler_as_well(shop: Shop) -> None:
    shop.routing({"handler": "f/team/steps", "kind": "flow"})
    shop.receive({"n": 1})
    assert shop.round()["done"] == 1
    assert names(shop) == ['flow {"n": 1} 1']


def test_a_batch_is_one_job(shop: Shop) -> None:
    shop.routing(ALL, NOTE)
    shop.receive({"n": 1}, {"n": 2}, {"n": 3})
    assert shop.dispatch()["started"] == 4
    shop.finish()
    assert shop.dispatch()["done"] == 6
    (batch,) = [bodies for name, bodies, _ in shop.noted() if name == "all"]
    assert sorted(body["n"] for body in batch) == [1, 2, 3]


def test_a_batch_is_filled_before_it_is_started(shop: Shop) -> None:
    shop.routing(ALL)
    shop.receive(*({"n": n} for n in range(250)))
    assert shop.dispatch()["started"] == 1


def test_what_has_no_room_in_a_batch_makes_another(shop: Shop) -> None:
    shop.routing(ALL)
    shop.receive(*({"n": n, "long": "x" * 400_000} for n in range(3)))
    assert shop.dispatch()["started"] == 2


def test_one_event_that_fails_a_batch_is_found_and_the_others_are_done(shop: Shop) -> None:
    shop.routing(ALL, retry={"attempts": 5})
    bodies: list[dict[str, Any]] = [{"n": n} for n in range(11)] + [{"n": 11, "poison": True}]
    events = shop.receive(*bodies)
    for _ in range(5):
        shop.round()
        shop.pass_time()
    states = {one: task.state for one, task in shop.tasks(events).items()}
    assert states.pop(events[-1]) == "dead"
    assert set(states.values()) == {"done"}


@pytest.mark.parametrize("attempts", [1, 2])
def test_one_event_takes_no_others_with_it_however_few_attempts_there_are(shop: Shop, attempts: int) -> None:
    shop.routing(ALL, retry={"attempts": attempts})
    events = shop.receive({"n": 1}, {"n": 2, "poison": True})
    for _ in range(4):
        shop.round()
        shop.pass_time()
    assert [shop.tasks(events)[one].state for one in events] == ["done", "dead"]


def test_middleware_decides_what_handlers_get(shop: Shop) -> None:
    shop.routing(NOTE, middleware=["f/team/mark"])
    kept, dropped, raising = shop.receive({"n": 1}, {"n": 2, "drop": True}, {"n": 3, "raise": True})
    report = shop.dispatch()
    assert (report["routed"], report["dropped"], report["again"]) == (1, 1, 1)
    shop.finish()
    assert shop.noted() == [["note", {"n": 1, "seen": 1}, 1]]
    assert [shop.state(one) for one in (kept, dropped, raising)] == ["routed", "dropped", "new"]
    failure = shop.work.events([raising])[raising].failure
    assert failure is not None
    assert (failure.error, "ada" in failure.message) == ("RuntimeError", False)


def test_an_event_that_middleware_always_fails_over_is_a_dead_letter(shop: Shop) -> None:
    shop.routing(NOTE, middleware=["f/team/mark"], retry={"attempts": 2})
    (one,) = shop.receive({"n": 1, "raise": True})
    shop.dispatch()
    shop.pass_time()
    assert shop.dispatch()["dead"] == 1
    assert shop.state(one) == "dead"


def test_middleware_that_begins_to_fail_counts_as_an_attempt_of_the_handler(shop: Shop) -> None:
    shop.routing(NOTE, retry={"attempts": 2})
    (one,) = shop.receive({"n": 1, "raise": True})
    lease = take(shop.store, LEASE, "before", LEASE_SECONDS)
    assert lease
    shop.work.plan(lease, {one: ["f/team/note"]})
    release(shop.store, lease)
    shop.routing(NOTE, middleware=["f/team/mark"], retry={"attempts": 2})
    assert shop.dispatch()["again"] == 1
    shop.pass_time()
    assert shop.dispatch()["dead"] == 1
    assert not shop.noted()


@pytest.mark.parametrize("order", list(itertools.permutations([1, 2, 3]))[1:3])
def test_the_order_of_events_changes_nothing(shop: Shop, order: tuple[int, ...]) -> None:
    shop.routing(NOTE, ALL)
    for n in (*order, *reversed(order)):
        shop.receive({"n": n})
        shop.dispatch()
    shop.round()
    assert sorted(body["n"] for name, body, _ in shop.noted() if name == "note") == [1, 2, 3]
    in_batches = [body["n"] for name, bodies, _ in shop.noted() if name == "all" for body in bodies]
    assert sorted(in_batches) == [1, 2, 3]


def test_a_run_whose_time_is_up_asks_for_another_if_it_got_somewhere(shop: Shop) -> None:
    shop.routing(NOTE)
    shop.receive(*({"n": n} for n in range(5)))
    another = Mock(return_value=True)
    report = shop.dispatch(most=2, another=another)
    assert (report["started"], report["more"], another.call_count) == (2, True, 1)
    report = shop.dispatch(seconds=0, another=another)
    assert (report["started"], report["more"], another.call_count) == (0, False, 1)
    assert shop.dispatch(most=9)["started"] == 3


def test_an_event_that_arrives_when_the_time_is_up_gets_a_run_of_its_own(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own run has found this one at work and gone, and this one got nowhere."""
    shop.routing({"handler": "f/team/slow", "args": {"seconds": 0}})
    shop.receive({"n": 1})
    shop.dispatch()

    def look(*_: Any, **__: Any) -> JobState:
        shop.receive({"n": 2})
        shop.clock.ahead += 100
        return JobState("running")

    monkeypatch.setattr("f.webhooks.dispatch.settling.state_of", look)
    another = Mock(return_value=True)
    assert (shop.dispatch(another=another)["more"], another.call_count) == (True, 1)


def test_what_is_new_does_not_wait_for_jobs_that_windmill_is_slow_to_tell_of(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.routing({"handler": "f/team/slow", "args": {"seconds": 0}})
    shop.receive(*({"n": n} for n in range(9)))
    shop.dispatch()

    def look(*_: Any, **__: Any) -> JobState:
        shop.clock.ahead += 10
        return JobState("running")

    monkeypatch.setattr("f.webhooks.dispatch.settling.state_of", look)
    shop.receive({"n": 9})
    assert shop.dispatch(seconds=60)["started"] == 1


def test_events_of_a_source_that_is_gone_wait_and_others_are_handled(shop: Shop) -> None:
    shop.routing(NOTE, middleware=["f/team/mark"])
    (gone,) = shop.receive({"n": 1}, source=replace(SOURCE, name="gone"))
    shop.receive({"n": 2})
    report = shop.dispatch()
    shop.finish()
    assert (report["routed"], report["started"]) == (1, 1)
    assert "f/webhooks/gone" in report["wm_failure"]
    assert (shop.state(gone), shop.work.events([gone])[gone].attempts) == ("new", 0)
    shop.source("gone")
    shop.round()
    assert sorted(body["n"] for _, body, _ in shop.noted()) == [1, 2]


@pytest.mark.parametrize("middleware", [[], ["f/team/mark"]])
def test_many_events_of_a_source_that_is_gone_stand_in_nobodys_way(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, middleware: list[str]
) -> None:
    for module in ("planning", "starting"):
        monkeypatch.setattr(f"f.webhooks.dispatch.{module}._BLOCK", 5)
    shop.routing(NOTE, middleware=middleware)
    shop.receive(*({"n": n} for n in range(12)), source=replace(SOURCE, name="away"))
    shop.receive({"n": 200})
    report = shop.dispatch()
    assert (report["started"], list(report["problems"])) == (1, ["away"])


def test_a_source_with_another_key_fails_its_events_and_says_why(shop: Shop) -> None:
    shop.routing(NOTE)
    (one,) = shop.receive({"n": 1}, source=replace(SOURCE, storage_key="o" * 32))
    assert shop.dispatch()["again"] == 1
    assert getattr(shop.tasks([one])["f/team/note"].failure, "code", "") == "sealed_otherwise"


def test_a_task_whose_route_is_gone_is_a_dead_letter(shop: Shop) -> None:
    shop.routing(FAIL)
    (one,) = shop.receive({"n": 1})
    shop.round()
    shop.routing(NOTE)
    shop.pass_time()
    assert shop.dispatch()["dead"] == 1
    assert getattr(shop.tasks([one])["f/team/fail"].failure, "code", "") == "no_route"


def test_the_script_handles_what_waits_in_the_store_of_the_workspace(shop: Shop) -> None:
    shop.routing(NOTE)
    shop.receive(*({"n": n} for n in range(3)))
    home = shop.session.state / "home" / ".millwright"
    home.mkdir(parents=True)
    shop.store.execute(f"VACUUM INTO '{home / 'webhooks.sqlite'}'")
    ended = shop.session.run(Target("script", "f/webhooks/dispatch_events"), {"most": 2})
    assert ended.success, ended.result
    assert (ended.result["started"], ended.result["more"]) == (2, True)
    assert not shop.finish()
    assert sorted(body["n"] for _, body, _ in shop.noted()) == [0, 1, 2], "by the run that it asked for"
