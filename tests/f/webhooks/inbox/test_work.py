"""From an event to its tasks, and from a task to its end, on every kind of store."""

from __future__ import annotations

from dataclasses import replace

import pytest

from f.store.store import Lease, Store, release, take
from f.webhooks.inbox.handed import as_sent, handed
from f.webhooks.inbox.inbox import Inbox, event_id
from f.webhooks.inbox.work import Failure, Work
from f.webhooks.requests.event import IncomingEvent
from f.webhooks.requests.source import Source

SOURCE = Source(name="stripe", kind="stripe", secrets=("s",), storage_key="k" * 32)
ONE, TWO = event_id("stripe", "evt_1"), event_id("stripe", "evt_2")
FAILURE = Failure("TryLater", "It is busy.", "busy", "Nothing is to be done.")


@pytest.fixture
def lease(any_store: Store) -> Lease:
    found = take(any_store, "webhooks", "me", 60)
    assert found
    return found


@pytest.fixture
def work(any_store: Store) -> Work:
    events = [
        IncomingEvent(key=key, type="invoice.paid", body={"id": key}, content_hash=key)
        for key in ("evt_1", "evt_2")
    ]
    Inbox(any_store).receive(SOURCE, events)
    return Work(any_store)


def states(work: Work) -> dict[tuple[str, str], tuple[str, int]]:
    return {(task.event, task.route): (task.state, task.attempts) for task in work.tasks_of([ONE, TWO])}


def test_an_event_becomes_a_task_for_each_of_its_routes(work: Work, lease: Lease) -> None:
    assert {event.id for event in work.new_events(10)} == {ONE, TWO}
    assert len(work.new_events(1)) == 1
    assert work.plan(lease, {ONE: ["tell", "book", "tell"], TWO: []})
    assert states(work) == {(ONE, "tell"): ("due", 0), (ONE, "book"): ("due", 0)}
    assert [work.events([ONE, TWO])[one].state for one in (ONE, TWO)] == ["routed", "unhandled"]
    assert not work.new_events(10)


def test_sources_are_left_out_whose_events_cannot_be_read(work: Work, lease: Lease) -> None:
    assert not work.new_events(9, without=["other", "stripe"])
    assert len(work.new_events(9, without=["other"])) == 2
    work.plan(lease, {ONE: ["tell"], TWO: ["tell"]})
    assert not work.due(9, without=["stripe"])
    assert len(work.due(9, without=["other"])) == 2


def test_many_events_of_one_source_or_route_hold_up_no_other(
    any_store: Store, work: Work, lease: Lease
) -> None:
    late = IncomingEvent(key="late", type="a", body={}, content_hash="late")
    Inbox(any_store).receive(replace(SOURCE, name="other"), [late])
    last = event_id("other", "late")
    assert last in {event.id for event in work.new_events(2)}
    work.plan(lease, {ONE: ["broken"], TWO: ["broken"]})
    work.plan(lease, {last: ["broken"]})
    work.plan(lease, {ONE: ["tell"]})
    assert {(task.event, task.route) for task in work.due(3)} >= {(last, "broken"), (ONE, "tell")}


def test_a_task_whose_event_is_gone_is_not_forgotten(any_store: Store, work: Work, lease: Lease) -> None:
    work.plan(lease, {ONE: ["tell"]})
    any_store.execute("DELETE FROM webhook_event")
    assert len(work.due(9, without=["stripe"])) == 1


def test_what_was_planned_before_stays_as_it_is(work: Work, lease: Lease) -> None:
    work.plan(lease, {ONE: ["tell"]})
    work.begin(lease, work.due(9), "job-1")
    work.done(lease, work.running(9), "job-1")
    work.plan(lease, {ONE: ["tell", "book"]})
    assert states(work) == {(ONE, "tell"): ("done", 1), (ONE, "book"): ("due", 0)}


def test_a_task_that_fails_comes_again_and_then_is_dead(any_store: Store, work: Work, lease: Lease) -> None:
    work.plan(lease, {ONE: ["tell"]})
    assert work.begin(lease, work.due(9), "job-1")
    assert not work.due(9)
    (running,) = work.running(9)
    assert (running.state, running.attempts, running.job) == ("running", 1, "job-1")
    later = any_store.now() + 60
    assert work.again(lease, [running], "job-1", later, FAILURE)
    assert not work.due(9), "not before its time"
    (waiting,) = work.tasks_of([ONE])
    assert (waiting.state, waiting.due_at, waiting.failure) == ("due", later, FAILURE)
    any_store.execute("UPDATE webhook_task SET due_at = 0")
    work.begin(lease, work.due(9), "job-2")
    assert work.dead(lease, work.running(9), "job-2", FAILURE)
    assert states(work) == {(ONE, "tell"): ("dead", 2)}


def test_the_word_of_an_earlier_job_counts_no_more(work: Work, lease: Lease) -> None:
    work.plan(lease, {ONE: ["tell"]})
    work.begin(lease, work.due(9), "job-1")
    old = work.running(9)
    work.again(lease, old, "job-1", 0, FAILURE)
    work.begin(lease, work.due(9), "job-2")
    work.done(lease, old, "job-1")
    assert states(work) == {(ONE, "tell"): ("running", 2)}


def test_who_was_overtaken_writes_nothing(any_store: Store, work: Work, lease: Lease) -> None:
    work.plan(lease, {ONE: ["tell"]})
    release(any_store, lease)
    other = take(any_store, "webhooks", "another", 60)
    assert other
    due = work.due(9)
    assert not work.plan(lease, {TWO: ["tell"]})
    assert not work.begin(lease, due, "job-1")
    assert not work.route_later(lease, work.new_events(9)[0], 0, FAILURE)
    assert states(work) == {(ONE, "tell"): ("due", 0)}
    assert work.events([TWO])[TWO].state == "new"
    assert work.begin(other, due, "job-2")


def test_the_tasks_of_a_job_stay_together(work: Work, lease: Lease) -> None:
    work.plan(lease, {ONE: ["tell"], TWO: ["tell", "book"]})
    tell = [task for task in work.due(9) if task.route == "tell"]
    work.begin(lease, tell, "job-1")
    work.begin(lease, work.due(9), "job-2")
    assert {(task.event, task.job) for task in work.running(1)} in (
        {(ONE, "job-1"), (TWO, "job-1")},
        {(TWO, "job-2")},
    )
    first = {task.job for task in work.running(1)}
    work.still_running(lease, sorted(first))
    assert {task.job for task in work.running(1)} == {"job-1", "job-2"} - first
    assert len(work.running(9)) == 3


def test_an_event_that_cannot_be_routed_comes_again_and_then_is_dead(
    any_store: Store, work: Work, lease: Lease
) -> None:
    first, second = work.new_events(9)
    work.route_later(lease, first, any_store.now() + 60, FAILURE)
    work.drop(lease, second, "a test event")
    assert not work.new_events(9)
    any_store.execute("UPDATE webhook_event SET due_at = 0")
    (again,) = work.new_events(9)
    assert (again.id, again.attempts, again.failure) == (first.id, 1, FAILURE)
    work.give_up_routing(lease, again, FAILURE)
    assert {event.state for event in work.events([ONE, TWO]).values()} == {"dead", "dropped"}


def test_a_task_whose_route_is_gone_is_dead(work: Work, lease: Lease) -> None:
    work.plan(lease, {ONE: ["tell"]})
    assert work.bury(lease, work.due(9), FAILURE)
    assert states(work) == {(ONE, "tell"): ("dead", 0)}


def test_an_event_holds_nothing_that_windmills_database_refuses(work: Work) -> None:
    event = work.events([ONE])[ONE]
    given = handed(event, {"a\0": ["b\0", "$\0"]}, 1)
    assert given["body"] == {"a\ufffd": ["b\ufffd", " $\ufffd"]}
    assert as_sent(given) == {"a\ufffd": ["b\ufffd", "$\ufffd"]}


def test_nothing_in_an_event_is_taken_for_a_variable(work: Work) -> None:
    event = work.events([ONE])[ONE]
    body = {"a/b~c": ["$var:f/a/b", {"d": "$res:f/a/b"}, "5 $var:"], "e": 1, "": "$"}
    given = handed(replace(event, type="$var:f/a/b"), body, 1)
    assert given["body"] == {"a/b~c": [" $var:f/a/b", {"d": " $res:f/a/b"}, "5 $var:"], "e": 1, "": " $"}
    assert given["escaped"] == ["/a~1b~0c/0", "/a~1b~0c/1/d", "/"]
    assert as_sent(given) == body
    assert given["type"] == " $var:f/a/b"
    assert handed(event, "$var:f/a/b", 1)["body"] == " $var:f/a/b"
    assert as_sent(handed(event, "$var:f/a/b", 1)) == "$var:f/a/b"
