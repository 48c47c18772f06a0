"""What a provider lists and we have not is taken in, once, however the run ends."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f.connect.errors import FixInput, FixSettings, GiveUpRecord, TryLater
from f.store.store import Store
from f.store.stores import memory_store
from f.webhooks.healing.healer import Healer, look_of
from f.webhooks.healing.listing import Listed, as_told
from f.webhooks.healing.record import came_with
from f.webhooks.healing.wanted import Wanted
from f.webhooks.inbox.inbox import Inbox
from f.webhooks.requests.event import IncomingEvent
from f.webhooks.requests.request import JSON
from f.webhooks.requests.source import Kind, Source
from tests.f.webhooks.healing.stage import ALL, DAY, events_in, heal, look, receive, source_of, stripe_event

ROUTED = Wanted(("invoice.*",))


@dataclass
class Told:
    """A list of Stripe's events in memory, whose pages or single events may fail."""

    events: Sequence[dict[str, object]]
    page_size: int = 10
    bad_page: int = -1
    bad_events: dict[str, Exception] = field(default_factory=dict)
    kind: Kind = "stripe"
    service: str = "Stripe"
    keeps: float = 30 * DAY
    by_id: bool = False
    header: tuple[str, str] | None = None

    def pages(self, since: float) -> Iterator[list[Listed]]:
        newest = sorted((_listed(event) for event in self.events), key=lambda one: -one.at)
        kept = [one for one in newest if one.at >= since]
        for number, start in enumerate(range(0, len(kept), self.page_size)):
            if number == self.bad_page:
                raise TryLater("Stripe failed (500). Try again later.", status=500)
            yield kept[start : start + self.page_size]

    def event(self, listed: Listed, source: Source) -> IncomingEvent:
        if listed.key in self.bad_events:
            raise self.bad_events[listed.key]
        return as_told(source, listed, JSON, json.dumps(listed.item).encode())


def _listed(event: dict[str, object]) -> Listed:
    key, name, at = str(event["id"]), str(event["type"]), float(str(event["created"]))
    return Listed(key=key, type=name, at=at, provider_id=key, item=event)


def history(count: int) -> list[dict[str, object]]:
    return [stripe_event(number, age=3600.0 + number * 60) for number in range(count)]


def tell(store: Store, event: dict[str, object]) -> None:
    receive(store, "stripe", json.dumps(event).encode())


@pytest.fixture
def store() -> Iterator[Store]:
    with memory_store() as opened:
        yield opened


@given(
    received=st.lists(st.booleans(), min_size=1, max_size=60),
    page_size=st.integers(1, 25),
    most=st.integers(1, 70),
    bad_page=st.integers(-1, 6),
)
def test_wherever_the_gaps_are_all_is_there_once_in_the_end(
    received: list[bool], page_size: int, most: int, bad_page: int
) -> None:
    events = history(len(received))
    missing = {str(event["id"]) for event, came in zip(events, received, strict=True) if not came}
    with memory_store() as store:
        for event, came in zip(events, received, strict=True):
            if came:
                tell(store, event)
        healed = 0
        try:
            healed += sum(heal(store, Told(events, page_size, bad_page), most=most)["healed"].values())
        except TryLater:
            healed = len(events_in(store)) - sum(received) if events_in(store) else 0
        while not (result := heal(store, Told(events, page_size), most=most))["complete"]:
            healed += sum(result["healed"].values())
        healed += sum(result["healed"].values())
        there = events_in(store)
        assert {one for one, origin in there.items() if origin == "healed"} == missing
        assert len(there) == len(events)
        assert healed == len(missing)
        again = heal(store, Told(events, page_size))
        assert (again["healed"], again["known"], again["looked_at"]) == ({}, len(events), len(events))


def test_an_event_that_comes_after_it_was_healed_is_a_repeat(store: Store) -> None:
    (event,) = history(1)
    assert heal(store, Told([event]))["healed"] == {"invoice.paid": 1}
    tell(store, event)
    assert store.execute("SELECT origin, repeats FROM webhook_event") == [("healed", 1)]


def test_what_is_young_may_be_on_its_way_and_what_is_known_is_known_at_any_age(store: Store) -> None:
    events = [stripe_event(1, age=30), stripe_event(2, age=60), stripe_event(3, age=700)]
    tell(store, events[0])
    result = heal(store, Told(events))
    assert (result["known"], result["too_young"], result["healed"]) == (1, 1, {"invoice.paid": 1})
    assert result["complete"]


def test_what_nobody_looks_for_is_left(store: Store) -> None:
    events = [stripe_event(1), stripe_event(2, name="charge.updated")]
    result = heal(store, Told(events), wanted=ROUTED)
    assert (result["looked_at"], set(events_in(store))) == (1, {"evt_1"})


def test_a_dry_run_says_what_would_be_healed(store: Store) -> None:
    result = heal(store, Told(history(3)), dry_run=True)
    assert (result["healed"], result["dry_run"], events_in(store)) == ({"invoice.paid": 3}, True, {})


def test_no_more_than_asked_for_are_taken_in_the_newest_first(store: Store) -> None:
    result = heal(store, Told(history(30)), most=12)
    assert (result["healed"], result["left"], result["complete"]) == ({"invoice.paid": 12}, 8, False)
    assert set(events_in(store)) == {f"evt_{number}" for number in range(12)}
    assert result["open"] == ["No more than 12 are taken in at once, and more are missing. Run it again."]


def test_what_the_provider_no_longer_keeps_is_said(store: Store) -> None:
    events = [stripe_event(1, age=29.9 * DAY), stripe_event(2, age=30.1 * DAY)]
    result = heal(store, Told(events), back=40 * DAY)
    assert (set(events_in(store)), result["complete"]) == ({"evt_1"}, False)
    assert result["open"] == ["Stripe is not asked for what is older than 30.0 days."]


def test_an_error_says_what_was_taken_in_before_it_and_the_next_run_goes_on(store: Store) -> None:
    with pytest.raises(TryLater, match=r"Before that, 20 events were looked at and 20 of them taken in\."):
        heal(store, Told(history(30), bad_page=2))
    result = heal(store, Told(history(30)))
    assert (result["known"], result["healed"]) == (20, {"invoice.paid": 10})


def test_one_event_that_cannot_be_read_keeps_no_other_back(store: Store) -> None:
    bad: dict[str, Exception] = {
        "evt_1": GiveUpRecord("GitHub does not have it any more."),
        "evt_2": TryLater("It failed (500).", status=500),
    }
    result = heal(store, Told(history(5), bad_events=bad))
    assert set(events_in(store)) == {"evt_0", "evt_3", "evt_4"}
    assert result["not_read"] == [
        "evt_2 (invoice.paid): It failed (500).",
        "evt_1 (invoice.paid): GitHub does not have it any more.",
    ]
    assert (result["complete"], result["open"]) == (False, ["2 events are listed and could not be read."])


@pytest.mark.parametrize(("status", "passed_over"), [(500, 2), (503, 2), (429, 0), (None, 0)])
def test_a_service_that_fails_at_event_after_event_is_left_alone(
    status: int | None, passed_over: int, store: Store
) -> None:
    bad: dict[str, Exception] = {f"evt_{n}": TryLater("It failed.", status=status) for n in range(5)}
    listing = Told([*history(5), stripe_event(9, age=3600.0 * 9)], bad_events=bad, page_size=1)
    with pytest.raises(TryLater, match="It failed") as caught:
        heal(store, listing)
    assert f"Before that, {passed_over + 1} events were looked at" in str(caught.value)


def test_an_event_that_is_not_what_its_list_says_is_not_taken(store: Store) -> None:
    event = stripe_event(1)
    listed = Listed(key="evt_2", type="invoice.paid", at=event["created"], provider_id="evt_2", item=event)
    with pytest.raises(GiveUpRecord, match="another event"):
        as_told(source_of("stripe"), listed, JSON, json.dumps(event).encode())


def test_the_list_of_another_account_is_refused(store: Store) -> None:
    for number in range(100, 103):
        tell(store, stripe_event(number, age=3600.0 + (number - 99) * 300))
    with pytest.raises(FixSettings, match="none of the events") as caught:
        heal(store, Told(history(30), page_size=30))
    assert caught.value.code == "other_account"
    assert set(events_in(store).values()) == {"received"}


def test_a_webhook_of_several_that_tell_a_source_is_healed_though_all_was_lost(any_store: Store) -> None:
    kinds: tuple[tuple[Kind, str], ...] = (("github", "77"), ("stripe", "5"))
    for kind, value in kinds:
        told = IncomingEvent(
            key="0", type="ping", body={}, content_hash="0", headers={"x-hook": value, "z": "9"}
        )
        Inbox(any_store).receive(source_of(kind), [told])
        assert came_with(any_store, kind, "x-hook", value)
    assert not came_with(any_store, "github", "x-hook", "7")
    for number in range(100, 103):
        tell(any_store, stripe_event(number, age=3600.0 + (number - 99) * 300))
    assert heal(any_store, Told(history(30), header=("x-hook", "5")))["healed"] == {"invoice.paid": 30}


def test_what_was_taken_from_a_list_before_does_not_speak_for_it(store: Store) -> None:
    heal(
        store, Told(history(1), header=("x-hook", "5"))
    )  # nothing had come at that time, so that it could not be seen
    for number in range(100, 103):
        tell(store, stripe_event(number, age=3600.0 + (number - 99) * 300))
    with pytest.raises(FixSettings, match="none of the events"):
        heal(store, Told(history(30), page_size=30, header=("x-hook", "5")))
    assert list(events_in(store).values()).count("healed") == 1


def test_the_list_of_our_own_account_is_taken_though_all_of_a_day_were_lost(store: Store) -> None:
    tell(store, stripe_event(100, age=2 * DAY))
    receive(store, "stripe", json.dumps(stripe_event(101, name="charge.updated")).encode())
    assert heal(store, Told(history(30)))["healed"] == {"invoice.paid": 30}


def test_a_dispatch_job_is_asked_for_once(store: Store) -> None:
    asked: list[float] = []
    heal(store, Told(history(50)), lambda: asked.append(time.time()))
    assert len(asked) == 1
    heal(store, Told(history(50)), lambda: asked.append(time.time()))
    assert len(asked) == 1


def test_what_comes_while_it_is_healed_is_no_gap(store: Store) -> None:
    events = history(3)

    class Late(Told):
        def event(self, listed: Listed, source: Source) -> IncomingEvent:
            if listed.key == "evt_1":
                tell(store, events[1])
            return super().event(listed, source)

    result = heal(store, Late(events))
    assert (result["known"], result["healed"]) == (1, {"invoice.paid": 2})
    assert events_in(store)["evt_1"] == "received"


def test_a_list_that_never_ends_does_not_hold_the_job(store: Store) -> None:
    class Endless(Told):
        def pages(self, since: float) -> Iterator[list[Listed]]:
            page = next(super().pages(since))
            while True:
                yield page

    result = heal(store, Endless(history(3)))
    assert (result["pages"], result["complete"], result["healed"]) == (2000, False, {"invoice.paid": 3})


def test_an_account_of_another_provider_is_refused(store: Store) -> None:
    with pytest.raises(FixInput, match="of the kind github, and the account is of Stripe"):
        Healer(store, source_of("github"), Told([]), lambda: None)


@pytest.mark.parametrize(
    "wrong",
    [{"hours": 0}, {"hours": float("nan")}, {"hours": True}, {"grace_minutes": -1}, {"most": 0}],
    ids=str,
)
def test_a_look_that_is_none_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(FixInput, match="must be a number"):
        look_of(**{"hours": 24, "grace_minutes": 10, "most": 5, "wanted": ALL, **wrong})  # type: ignore[arg-type]  # wrong on purpose


def test_healed_events_are_known_to_the_inbox_by_the_key_of_their_webhook(store: Store) -> None:
    assert heal(store, Told(history(1)), most=look().most)["looked_at"] == 1
    assert Inbox(store).known("stripe", ["evt_0", "evt_1"]) == {"evt_0"}
