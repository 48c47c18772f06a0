"""Kept events as people see them, on every kind of store."""

from __future__ import annotations

import pytest

from f.connect.errors import FixInput
from f.store.store import Store
from f.webhooks.inbox.listing import totals
from f.webhooks.inbox.selection import STATES, Selection, selection_of
from f.webhooks.inbox.work import Failure
from tests.f.webhooks.inbox.kept import FAILURE, SOURCE, Kept


@pytest.fixture
def kept(any_store: Store) -> Kept:
    return Kept(any_store)


def in_every_state(kept: Kept) -> dict[str, str]:
    """Return an event for each state of an event as a whole."""
    ids = {
        "waiting": kept.routed("evt_waiting", {"tell": "done", "book": "later"}),
        "done": kept.routed("evt_done", {"tell": "done", "book": "done"}),
        "dead": kept.routed("evt_dead", {"tell": "dead", "book": "due"}),
        "unhandled": kept.routed("evt_unhandled", {}, type="charge.updated"),
        "dropped": kept.add("evt_dropped"),
        "unroutable": kept.add("evt_unroutable"),
        "new": kept.add("evt_new"),
    }
    events = kept.work.events(list(ids.values()))
    kept.work.drop(kept.lease, events[ids["dropped"]], "not ours")
    kept.work.give_up_routing(kept.lease, events[ids["unroutable"]], Failure("KeyError", "no id"))
    return ids


def test_an_event_is_in_the_state_of_its_tasks_and_found_by_it(kept: Kept) -> None:
    ids = in_every_state(kept)
    listed = {found.event.id: found.state for found in kept.listing.page(Selection(), 99)}
    assert listed == {one: "dead" if name == "unroutable" else name for name, one in ids.items()}
    for state in STATES:
        page = kept.listing.page(Selection(state=state), 99)
        assert {found.event.id for found in page} == {one for one, of in listed.items() if of == state}
        assert {found.state for found in page} == {state}


def test_what_is_not_handled_is_counted_by_source_and_type(kept: Kept) -> None:
    in_every_state(kept)
    counts = kept.listing.counts(Selection())
    assert [(one["type"], one["events"], one["unhandled"]) for one in counts] == [
        ("invoice.paid", 6, 0),
        ("charge.updated", 1, 1),
    ]
    assert totals(counts) == {"new": 1, "waiting": 1, "done": 1, "dead": 2, "unhandled": 1, "dropped": 1}
    assert totals(kept.listing.counts(Selection(state="dead"))) == {**dict.fromkeys(STATES, 0), "dead": 2}


def test_a_dead_letter_says_why_and_how_often_it_was_tried(kept: Kept) -> None:
    dead = kept.routed("evt_1", {"tell": "dead"})
    (view,) = kept.listing.views(kept.found(dead))
    (task,) = view["tasks"]
    assert (view["source"], view["type"], view["provider_id"]) == ("stripe", "invoice.paid", "evt_1")
    assert (task["route"], task["state"], task["attempts"], task["due_at"]) == ("tell", "dead", 1, None)
    assert task["failure"] == {
        "error": "TryLater",
        "code": "busy",
        "message": FAILURE.message,
        "hint": "Wait.",
    }


FILTERS: dict[str, tuple[Selection, set[str]]] = {
    "a type": (Selection(type="invoice.paid"), {"a", "b"}),
    "a pattern": (Selection(type="*voice.*"), {"a", "b", "c"}),
    "a pattern in other letters": (Selection(type="INVOICE.v*"), {"c"}),
    "what LIKE would take for a pattern": (Selection(type="invoice_paid"), set()),
    "a percent sign": (Selection(type="%"), set()),
    "every type": (Selection(type="*"), {"a", "b", "c", "d"}),
    "a source": (Selection(source="stripe"), {"a", "b", "c", "d"}),
    "another source": (Selection(source="github"), set()),
    "the provider's id": (Selection(provider_id="b"), {"b"}),
    "a class of errors": (Selection(error="TryLater"), {"a"}),
    "a code of errors": (Selection(error="busy"), {"a"}),
    "words of the message": (Selection(error="service"), set()),
    "later than all": (Selection(since=9e9), set()),
    "earlier than all": (Selection(until=1.0), set()),
    "all times": (Selection(since=1.0, until=9e9), {"a", "b", "c", "d"}),
    "two at once": (Selection(type="invoice.*", state="dead"), {"a"}),
}


def test_a_filter_selects_what_it_says(kept: Kept) -> None:
    kept.routed("a", {"tell": "dead"})
    kept.routed("b", {"tell": "done"})
    kept.add("c", type="invoice.voided")
    kept.add("d", type="charge.refunded")
    for name, (selection, keys) in FILTERS.items():
        page = kept.listing.page(selection, 99)
        assert {found.event.provider_id for found in page} == keys, name
        assert sum(one["events"] for one in kept.listing.counts(selection)) == len(keys), name


def test_pages_show_every_event_once_newest_first(kept: Kept) -> None:
    ids = [kept.add(f"evt_{number}") for number in range(7)]
    for number, one in enumerate(ids):
        kept.age(one, 1 if number < 4 else 0)
    seen, after = [], None
    while page := kept.listing.page(Selection(), 3, after):
        seen += [found.event.id for found in page]
        after = page[-1]
    assert len(seen) == 7
    assert set(seen) == set(ids)
    assert set(seen[:3]) == set(ids[4:])


def test_an_event_is_found_by_our_id_its_first_digits_and_the_provider_s(kept: Kept) -> None:
    one = kept.add("evt_1")
    for name in (one, one[:8], "evt_1"):
        assert [found.event.id for found in kept.found(name)] == [one]
    assert len(kept.found(one, "evt_1")) == 1
    for unknown in ("", "evt_2", one[:7], "f" * 40):
        with pytest.raises(FixInput, match="There is no event"):
            kept.found(unknown)


def test_an_id_of_several_events_is_refused_and_names_them(kept: Kept) -> None:
    sent = kept.add("SM1 sent", type="message.sent")
    kept.add("SM1 delivered", type="message.delivered")
    kept.store.execute("UPDATE webhook_event SET provider_id = 'SM1'")
    with pytest.raises(FixInput, match=f"{sent} \\(message.sent\\)"):
        kept.found("SM1")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"state": "lost"}, "state must be one of"),
        ({"since": "yesterday"}, "is not a time"),
        ({"hours": 0}, "above 0"),
        ({"hours": float("nan")}, "above 0"),
        ({"hours": 10**30}, "ten years"),
        ({"hours": 2, "since": "2026-01-01T00:00:00Z"}, "not both"),
        ({"since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z"}, "later than since"),
    ],
)
def test_a_filter_that_nobody_can_mean_is_refused(given: dict[str, object], said: str, kept: Kept) -> None:
    with pytest.raises(FixInput, match=said):
        selection_of(kept.store, **given)  # type: ignore[arg-type]  # a table of cases


def test_a_source_may_be_named_by_its_path(kept: Kept) -> None:
    kept.add("evt_1")
    selection = selection_of(kept.store, source=f"f/webhooks/{SOURCE.name}", hours=1)
    assert len(kept.listing.page(selection, 9)) == 1
