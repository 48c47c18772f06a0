"""Events handled again, on every kind of store."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import replace
from typing import Any

import pytest

from f.connect.errors import FixInput, TryLater
from f.store.store import Store
from f.webhooks.inbox.inbox import Inbox
from f.webhooks.inbox.replaying import Order, Planned, Replayed, Replays
from f.webhooks.inbox.showing import ShownEvent, shown
from f.webhooks.inbox.work import Failure
from tests.f.webhooks.inbox.kept import Kept, key_of_source

ADA = Order(who="ada@example.com", note="the handler is mended")


@pytest.fixture
def kept(any_store: Store) -> Kept:
    return Kept(any_store)


def replay(kept: Kept, order: Order, *events: str, dry_run: bool = False) -> Replayed:
    return Replays(kept.store, key_of_source).replay(kept.found(*events), order, dry_run=dry_run)


def see(kept: Kept, event: str) -> ShownEvent:
    (found,) = kept.found(event)
    return shown(kept.store, found, key_of_source)


def outcomes(done: Replayed) -> list[tuple[str, list[str], str]]:
    return [(plan.outcome, [task.route for task in plan.tasks], plan.why) for plan in done.plans]


def test_a_given_up_handler_is_started_anew_and_what_succeeded_is_not(kept: Kept) -> None:
    one = kept.routed("evt_1", {"tell": "dead", "book": "done", "post": "later"})
    done = replay(kept, ADA, one)
    assert outcomes(done) == [("replayed", ["post", "tell"], "")]
    assert kept.states(one) == {"tell": ("due", 0, 1), "post": ("due", 0, 1), "book": ("done", 1, 0)}
    assert {task.route for task in kept.work.due(9)} == {"tell", "post"}
    assert kept.task(one, "tell").failure is None


def test_named_routes_alone_are_started_and_done_ones_only_if_asked_for(kept: Kept) -> None:
    one = kept.routed("evt_1", {"tell": "dead", "book": "done"})
    assert outcomes(replay(kept, replace(ADA, routes=("book",)), one)) == [
        ("left", [], "It was handled. With include_done it is handled again.")
    ]
    assert outcomes(replay(kept, replace(ADA, routes=("nobody",)), one)) == [
        ("left", [], "It has no such route, only book, tell.")
    ]
    replay(kept, replace(ADA, routes=("book",), include_done=True), one)
    assert kept.states(one) == {"tell": ("dead", 1, 0), "book": ("due", 0, 1)}


def test_a_running_handler_is_left_alone_and_named(kept: Kept) -> None:
    one = kept.routed("evt_1", {"tell": "running", "book": "dead"})
    two = kept.routed("evt_2", {"tell": "running"})
    done = replay(kept, replace(ADA, include_done=True), one, two)
    assert [plan.running for plan in done.plans] == [("tell",), ("tell",)]
    assert [plan.outcome for plan in done.plans] == ["replayed", "left"]
    assert kept.states(one) == {"tell": ("running", 1, 0), "book": ("due", 0, 1)}
    assert kept.states(two) == {"tell": ("running", 1, 0)}


def test_what_was_handed_to_nobody_is_routed_by_the_routing_of_today(kept: Kept) -> None:
    unhandled = kept.routed("evt_1", {})
    dropped, dead, new = kept.add("evt_2"), kept.add("evt_3"), kept.add("evt_4")
    events = kept.work.events([dropped, dead])
    kept.work.drop(kept.lease, events[dropped], "not ours")
    kept.work.give_up_routing(kept.lease, events[dead], Failure("KeyError", "no id"))
    done = replay(kept, ADA, unhandled, dropped, dead, new)
    assert [plan.outcome for plan in done.plans] == ["replayed", "replayed", "replayed", "left"]
    assert {event.id for event in kept.work.new_events(9)} == {unhandled, dropped, dead, new}
    assert {event.attempts for event in kept.work.new_events(9)} == {0}
    kept.work.plan(kept.lease, {unhandled: ["book"]})
    assert kept.states(unhandled) == {"book": ("due", 0, 0)}


def test_an_event_whose_routing_failed_is_routed_at_once(kept: Kept) -> None:
    one = kept.add("evt_1")
    kept.work.route_later(kept.lease, kept.work.events([one])[one], 9e9, Failure("KeyError", "no id"))
    assert not kept.work.new_events(9)
    assert outcomes(replay(kept, ADA, one)) == [("replayed", [], "")]
    assert [event.id for event in kept.work.new_events(9)] == [one]


def test_who_asked_and_why_is_kept_with_the_event(kept: Kept) -> None:
    one = kept.routed("evt_1", {"tell": "dead"})
    replay(kept, ADA, one)
    kept.settle(one, "tell", "dead")
    replay(kept, replace(ADA, who="ben"), one)
    first, second = see(kept, one)["replays"]
    assert (first["who"], first["note"], first["routes"]) == (ADA.who, ADA.note, ["tell"])
    assert second["who"] == "ben"
    assert kept.states(one) == {"tell": ("due", 0, 2)}


def test_a_dispatch_job_is_asked_for_once(kept: Kept) -> None:
    one, two = kept.routed("evt_1", {"tell": "dead"}), kept.routed("evt_2", {"tell": "done"})
    Inbox(kept.store).clear_wake()
    assert not replay(kept, ADA, two).wake
    assert replay(kept, ADA, one).wake
    assert not replay(kept, ADA, one).wake


def test_a_dry_run_says_the_same_and_changes_nothing(kept: Kept) -> None:
    one, two = kept.routed("evt_1", {"tell": "dead"}), kept.routed("evt_2", {})
    before = kept.whole()
    told = replay(kept, ADA, one, two, dry_run=True)
    assert kept.whole() == before
    assert not told.wake
    assert outcomes(replay(kept, ADA, one, two)) == outcomes(told)


def test_an_event_without_its_body_is_not_replayed(kept: Kept) -> None:
    one = kept.routed("evt_1", {"tell": "dead"})
    kept.store.execute("UPDATE webhook_event SET body = ''")
    ((outcome, _, why),) = outcomes(replay(kept, ADA, one))
    assert outcome == "purged"
    assert "was purged" in why
    assert kept.states(one) == {"tell": ("dead", 1, 0)}
    with pytest.raises(FixInput, match="was purged"):
        replay(kept, replace(ADA, changes={"a": 1}), one)


def test_handlers_get_the_changed_body_and_the_one_before_is_kept(kept: Kept) -> None:
    body = {"id": "evt_1", "customer": {"email": "ada@example.com", "plan": "old"}}
    one = kept.routed("evt_1", {"tell": "dead"}, body=body)
    replay(kept, replace(ADA, changes={"customer": {"plan": None}, "amount": 5}), one)
    assert kept.body(one) == {"id": "evt_1", "customer": {"email": "ada@example.com"}, "amount": 5}
    kept.settle(one, "tell", "dead")
    replay(kept, replace(ADA, changes={"customer": {"email": "ben@example.com"}}), one)
    view = see(kept, one)
    assert view["changed"]
    assert view["replays"][0]["changes"] == {"customer": {"plan": None}, "amount": 5}
    assert view["replays"][1]["changes"] == {"customer": {"email": "***"}}
    assert "ben@example.com" not in kept.whole()
    kept.settle(one, "tell", "done")
    replay(kept, replace(ADA, as_received=True, include_done=True), one)
    assert kept.body(one) == body
    assert not see(kept, one)["changed"]


@pytest.mark.parametrize(
    ("routes", "order", "error"),
    [
        ({"tell": "done"}, ADA, FixInput),
        ({"tell": "running"}, ADA, TryLater),
        ({"tell": "running", "book": "dead"}, ADA, TryLater),
        ({"tell": "running", "book": "dead"}, replace(ADA, routes=("book",)), TryLater),
    ],
)
def test_a_change_that_would_not_be_what_handlers_get_is_refused(
    routes: dict[str, str], order: Order, error: type[Exception], kept: Kept
) -> None:
    one = kept.routed("evt_1", routes)
    before = kept.whole()
    with pytest.raises(error):
        replay(kept, replace(order, changes={"a": 1}), one)
    assert kept.whole() == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"changes": '{"amount": 5}'}, "must be an object"),
        ({"changes": [1]}, "must be an object"),
        ({"changes": {"amount": 5}, "as_received": True}, "not both"),
    ],
)
def test_a_change_that_would_be_more_or_less_than_was_asked_for_is_refused(
    change: dict[str, Any], said: str, kept: Kept
) -> None:
    one = kept.routed("evt_1", {"tell": "dead"})
    with pytest.raises(FixInput, match=said):
        replay(kept, replace(ADA, **change), one)
    assert (kept.body(one), kept.states(one)["tell"][0]) == ({"id": "evt_1"}, "dead")


def test_what_is_shown_names_nobody_and_quotes_nobody(kept: Kept) -> None:
    body = {
        "billing_details": {"name": "Ada Lovelace", "address": {"line1": "Dorset St 1"}},
        "user_name": "ada.l",
        "userName": "ada.l",
        "event": {"text": "call me, Ada"},
        "Body": "it is Ada, card 4242",
        "ProfileName": "Ada",
        "FromCity": "Adatown",
        "WaId": "12025550123",
        "payload": '{"user": {"name": "Ada"}, "actions": [{"value": "1"}]}',
        "ip": "192.0.2.7 (Ada)",
        "amount": 5,
        "currency": "eur",
        "names": {"name": {"of": "kept"}},
    }
    one = kept.routed("evt_1", {"tell": "dead"}, body=body)
    content = see(kept, one)["content"]
    text = json.dumps(content)
    assert not re.search(r"ada\b|ada\.|adatown|dorset|4242|12025550123", text, re.IGNORECASE)
    assert (content["amount"], content["currency"], content["names"]) == (5, "eur", {"name": {"of": "kept"}})
    assert json.loads(content["payload"])["actions"] == [{"value": "1"}]


def test_a_change_is_of_one_event(kept: Kept) -> None:
    one, two = kept.routed("evt_1", {"tell": "dead"}), kept.routed("evt_2", {"tell": "dead"})
    with pytest.raises(FixInput, match="exactly one"):
        replay(kept, replace(ADA, changes={"a": 1}), one, two)


def test_a_dispatcher_begins_nothing_that_was_replayed_since_it_looked(kept: Kept) -> None:
    one = kept.routed("evt_1", {"tell": "due", "book": "due"})
    read = kept.work.due(9)
    replay(kept, replace(ADA, routes=("tell",), changes={"a": 1}), one)
    assert not kept.work.begin(kept.lease, read, "job-1"), "its body is the one before"
    assert kept.states(one) == {"tell": ("due", 0, 1), "book": ("due", 0, 1)}
    assert kept.work.begin(kept.lease, kept.work.due(9), "job-2")


class Overtaken(Replays):
    """Something happens between the reading of a block and the writing."""

    def __init__(self, kept: Kept, happens: Any) -> None:
        super().__init__(kept.store, key_of_source)
        self._happens = happens

    def _plan(self, ids: list[str], order: Order) -> list[Planned]:
        plans = super()._plan(ids, order)
        self._happens()
        return plans


def test_what_begins_meanwhile_is_not_replayed_and_nothing_of_its_event(kept: Kept) -> None:
    one = kept.routed("evt_1", {"tell": "due", "book": "dead"})
    two = kept.routed("evt_2", {"tell": "dead"})
    turns: list[int] = []

    def begin() -> None:
        if not turns:
            kept.settle(one, "tell", "running")
        turns.append(1)

    done = Overtaken(kept, begin).replay(kept.found(one, two), ADA)
    assert kept.states(one) == {"tell": ("running", 1, 0), "book": ("due", 0, 1)}
    assert kept.states(two) == {"tell": ("due", 0, 1)}
    assert {plan.event.id: plan.running for plan in done.plans} == {one: ("tell",), two: ()}
    assert len(turns) == 2
    assert kept.count("webhook_replay") == 2


def test_what_changes_all_the_time_is_left_with_a_reason(kept: Kept) -> None:
    one = kept.routed("evt_1", {"tell": "dead"})

    def another_replay() -> None:
        kept.store.execute("UPDATE webhook_task SET round = round + 1")

    ((outcome, _, why),) = outcomes(Overtaken(kept, another_replay).replay(kept.found(one), ADA))
    assert (outcome, why) == ("left", "A handler of it is being started just now.")
    with pytest.raises(TryLater):
        Overtaken(kept, another_replay).replay(kept.found(one), replace(ADA, changes={"a": 1}))
    assert kept.count("webhook_replay") == 0


def dispatch(kept: Kept, begun: list[tuple[str, int]], stop: threading.Event) -> None:
    """Begin what is due, and give it up at once; once more when nothing more comes."""
    is_last = False
    while not is_last:
        is_last = stop.is_set()
        for task in kept.work.due(99):
            job = f"{task.event} {task.round} {task.attempts}"
            if kept.work.begin(kept.lease, [task], job):
                begun.append((task.event, task.round))
                assert kept.work.dead(kept.lease, [task], job, Failure("E", "x"))


def test_replays_and_a_dispatcher_at_once_begin_no_round_twice(kept: Kept) -> None:
    """Every replay is recorded as often as a task got a round, and no job is begun twice."""
    ids = [kept.routed(f"evt_{number}", {"tell": "dead"}) for number in range(10)]
    begun: list[tuple[str, int]] = []
    stop = threading.Event()

    def replays() -> None:
        for _ in range(4):
            replay(kept, ADA, *ids)

    threads = [threading.Thread(target=replays) for _ in range(3)]
    working = threading.Thread(target=dispatch, args=(kept, begun, stop))
    for thread in (*threads, working):
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    working.join()
    rounds = sum(kept.task(one, "tell").round for one in ids)
    assert rounds == kept.count("webhook_replay") >= 10
    assert len(begun) == len(set(begun)) > 0
