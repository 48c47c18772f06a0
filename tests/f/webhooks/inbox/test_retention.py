"""What is kept for how long, on every kind of store."""

from __future__ import annotations

import itertools
import json
import secrets
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from f.connect.errors import FixInput
from f.store.store import Store
from f.store.stores import sqlite_store
from f.webhooks.inbox.erasing import Erased, erase
from f.webhooks.inbox.inbox import Inbox
from f.webhooks.inbox.replaying import Order, Replays
from f.webhooks.inbox.retention import Days, Purged, Retention
from f.webhooks.inbox.work import Failure
from f.webhooks.requests.event import IncomingEvent
from tests.f.webhooks.inbox.kept import SOURCE, Kept, key_of_source

DAYS = Days(keep=30, keep_dead=90, forget=400)


@pytest.fixture
def kept(any_store: Store) -> Kept:
    return Kept(any_store)


def purge(kept: Kept, days: Days = DAYS, *, dry_run: bool = False) -> Purged:
    return Retention(kept.store, sleep=lambda _: None).purge(days, dry_run=dry_run)


def erased(kept: Kept, about: str, *, dry_run: bool = False) -> Erased:
    retention = Retention(kept.store, sleep=lambda _: None)
    return erase(kept.store, about, key_of_source, retention, dry_run=dry_run)


# The tasks of an event (None: it is new), its age in days, and what a purge leaves of it.
AGES: list[tuple[dict[str, str] | None, float, str]] = [
    ({"tell": "done"}, 29, "body"),
    ({"tell": "done"}, 31, "row"),
    ({}, 31, "row"),
    ({}, 399, "row"),
    ({}, 401, "nothing"),
    ({"tell": "done", "book": "dead"}, 31, "body"),
    ({"tell": "done", "book": "dead"}, 91, "row"),
    ({"tell": "dead"}, 401, "nothing"),
    ({"tell": "due"}, 401, "body"),
    ({"tell": "dead", "book": "later"}, 401, "body"),
    ({"tell": "running"}, 401, "body"),
    (None, 401, "body"),
]


def test_bodies_go_first_rows_much_later_and_what_waits_never(kept: Kept) -> None:
    ids = []
    for number, (routes, age, _) in enumerate(AGES):
        one = kept.add(f"evt_{number}") if routes is None else kept.routed(f"evt_{number}", routes)
        kept.age(one, age)
        ids.append(one)
    expected = Purged(emptied=6, forgotten=2)
    told = purge(kept, dry_run=True)
    assert (told, kept.count("webhook_event")) == (expected, len(AGES))
    assert purge(kept) == expected
    events = kept.work.events(ids)
    left = ["nothing" if one not in events else "body" if events[one].body else "row" for one in ids]
    assert left == [leaves for *_, leaves in AGES]
    assert purge(kept) == Purged()


def test_what_was_told_again_lately_is_known_further_on(kept: Kept) -> None:
    one = kept.routed("evt_1", {"tell": "done"})
    kept.age(one, 500)
    kept.store.execute("UPDATE webhook_event SET last_seen_at = :now", {"now": kept.store.now()})
    assert purge(kept) == Purged(emptied=1)
    event = IncomingEvent(key="evt_1", type="invoice.paid", body={}, content_hash="c")
    assert Inbox(kept.store).receive(SOURCE, [event]).new == 0


def test_with_an_event_go_its_tasks_replays_and_the_lock_on_its_content(kept: Kept) -> None:
    one, two = kept.routed("evt_1", {"tell": "dead"}), kept.routed("evt_2", {"tell": "done"})
    order = Order(who="ada", changes={"a": 1}, include_done=True)
    for event in (one, two):
        Replays(kept.store, key_of_source).replay(kept.found(event), order)
        kept.settle(event, "tell", "done")
    kept.age(one, 401)
    kept.age(two, 31)
    kept.store.execute(
        "UPDATE webhook_content SET at = 0 WHERE content IN (SELECT MIN(content) FROM webhook_content)"
    )
    purge(kept)
    tables = ("webhook_event", "webhook_task", "webhook_replay", "webhook_content")
    assert [kept.count(table) for table in tables] == [1, 1, 1, 1]
    assert kept.store.execute("SELECT patch FROM webhook_replay") == [("",)]


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ({"forget": 29}, "at least 30"),
        ({"keep": -1}, "at least 0"),
        ({"keep": 500}, "at least keep_days"),
        ({"keep_dead": 401}, "at least keep_days"),
    ],
)
def test_days_that_would_lose_something_are_refused(days: dict[str, float], said: str) -> None:
    with pytest.raises(FixInput, match=said):
        Days(**days)


def test_a_purge_ends_in_time_and_the_next_goes_on(kept: Kept) -> None:
    events = [
        IncomingEvent(key=f"evt_{number}", type="t", body={}, content_hash=str(number))
        for number in range(1200)
    ]
    Inbox(kept.store).receive(SOURCE, events)
    kept.store.execute("UPDATE webhook_event SET state = 'unhandled', received_at = 0")
    turns: list[Purged] = []
    while not turns or not turns[-1].complete:
        ticks = map(float, itertools.count())
        retention = Retention(kept.store, ticks=ticks.__next__, sleep=lambda _: None, seconds=1)
        turns.append(retention.purge(DAYS))
    assert [turn.emptied for turn in turns] == [500, 500, 200, 0]
    assert kept.store.execute("SELECT COUNT(*) FROM webhook_event WHERE body <> ''") == [(0,)]


class Replaced(Retention):
    """Something happens between the look at old events and their removal."""

    kept: Kept
    order = Order(who="ada")

    def _empty(self, ids: list[str], old: object) -> int:
        Replays(self.kept.store, key_of_source).replay(self.kept.found(*ids), self.order)
        return super()._empty(ids, old)  # type: ignore[arg-type]  # as it came


def test_an_event_that_is_replayed_meanwhile_keeps_its_body(kept: Kept) -> None:
    one = kept.routed("evt_1", {"tell": "dead"})
    kept.age(one, 100)
    retention = Replaced(kept.store, sleep=lambda _: None)
    retention.kept = kept
    assert retention.purge(DAYS) == Purged()
    assert kept.body(one) == {"id": "evt_1"}


ABOUT = "Ada@example.com"


def test_every_event_about_a_person_is_emptied_and_stays_known(kept: Kept) -> None:
    bodies = {
        "in the body": {"customer": {"email": "ada@EXAMPLE.com"}},
        "in a name": {"by": {ABOUT: 1}},
        "in an address": {"url": "https://example.com/?to=ada%40example.com"},
        "in a text": {"text": f'"{ABOUT}" wrote'},
        "of another": {"email": "ben@example.com"},
    }
    ids = {name: kept.routed(name, {"tell": "done"}, body=body) for name, body in bodies.items()}
    ids["in a header"] = kept.routed("h", {}, headers={"x-to": ABOUT})
    ids["in the provider's id"] = kept.routed(ABOUT.lower(), {"tell": "dead"}, body={"a": 1})
    assert erased(kept, ABOUT, dry_run=True) == erased(kept, ABOUT) == Erased(erased=6)
    events = kept.work.events(list(ids.values()))
    for name, one in ids.items():
        assert bool(events[one].body) is (name == "of another"), name
    assert "example.com" not in kept.whole().lower()
    assert kept.task(ids["in the provider's id"], "tell").failure is None
    assert Inbox(kept.store).known("stripe", ["in the body", "h"]) == {"in the body", "h"}
    assert erased(kept, ABOUT) == Erased()


def test_what_a_replay_has_put_in_or_taken_out_is_found_as_well(kept: Kept) -> None:
    one = kept.routed("evt_1", {"tell": "dead"}, body={"email": ABOUT})
    two = kept.routed("evt_2", {"tell": "dead"})
    for event, order in (
        (one, Order(who="a", changes={"email": None})),
        (two, Order(who="a", note=f"for {ABOUT}")),
    ):
        Replays(kept.store, key_of_source).replay(kept.found(event), order)
        kept.settle(event, "tell", "done")
    assert erased(kept, ABOUT) == Erased(erased=2)
    assert kept.store.execute("SELECT note, patch FROM webhook_replay") == [("", "")] * 2


def test_a_person_is_found_whose_name_stands_where_no_body_is_any_more(kept: Kept) -> None:
    about, hint = "Jörg Ölmann", Failure("GiveUpRecord", "The CRM refused Jörg Ölmann.")
    handled = kept.routed("evt_1", {"tell": "dead"})
    unrouted, noted, named = (
        kept.add("evt_2"),
        kept.routed("evt_3", {"tell": "dead"}),
        kept.routed("evt_4", {}),
    )
    text = json.dumps(asdict(hint))
    kept.store.execute(
        "UPDATE webhook_task SET failure = :text WHERE event = :id", {"text": text, "id": handled}
    )
    assert kept.work.give_up_routing(kept.lease, kept.work.events([unrouted])[unrouted], hint)
    Replays(kept.store, key_of_source).replay(kept.found(noted), Order(who="a", note=f'for "{about}"'))
    kept.settle(noted, "tell", "dead")
    headers = json.dumps({"x-name": about})
    kept.store.execute(
        "UPDATE webhook_event SET headers = :text WHERE id = :id", {"text": headers, "id": named}
    )
    kept.store.execute("UPDATE webhook_event SET body = '', provider_id = ''")
    assert erased(kept, about.upper(), dry_run=True) == erased(kept, about.upper()) == Erased(erased=4)
    assert "lmann" not in kept.whole()


def test_what_waits_or_cannot_be_opened_is_counted(kept: Kept) -> None:
    body = {"email": ABOUT}
    waits = kept.routed("evt_1", {"tell": "done", "book": "due"}, body=body)
    kept.routed("evt_2", {"tell": "done"}, body=body, source=replace(SOURCE, name="gone"))
    kept.routed("evt_3", {"tell": "done"}, body=body, source=replace(SOURCE, storage_key="other" * 9))
    assert erased(kept, ABOUT) == Erased(waiting=1, unreadable={"gone": 1, "stripe": 1})
    assert kept.body(waits) == body


def test_a_text_that_stands_everywhere_is_refused(kept: Kept) -> None:
    with pytest.raises(FixInput, match="at least 5"):
        erased(kept, " ada ")


def test_what_was_purged_is_in_the_file_no_more(tmp_path: Path) -> None:
    """SQLite itself leaves it there: in pages that are free, and in its log."""
    file = tmp_path / "s.sqlite"
    with sqlite_store(file) as store:
        kept = Kept(store)
        one = kept.routed("evt_1", {"tell": "done"}, body={"text": secrets.token_hex(20_000)})
        sealed = kept.work.events([one])[one].body.encode()
        kept.age(one, 31)
        store.execute("PRAGMA secure_delete = OFF")

        def traces() -> int:
            files = b"".join(path.read_bytes() for path in tmp_path.iterdir())
            pieces = [sealed[at : at + 200] for at in range(0, len(sealed), 1000)]
            return sum(piece in files for piece in pieces)

        assert traces() > 10
        purge(kept)
        assert traces() == 0


def test_what_was_erased_is_nowhere_in_the_file_though_its_rows_were_moved(tmp_path: Path) -> None:
    """SQLite leaves copies of what it moves from page to page, whatever is overwritten."""
    failure = json.dumps(asdict(Failure("GiveUpRecord", "The CRM refused it. " * 12)))
    with sqlite_store(tmp_path / "s.sqlite") as store:
        kept = Kept(store)
        for number in range(400):
            headers = {"x-name": "Ada Lovelace", "x-more": "m" * (number % 200)}
            kept.add(f"evt_{number}", body={"name": "Ada Lovelace"}, headers=headers)
        store.execute("UPDATE webhook_event SET state = 'dead', failure = :text", {"text": failure})
        assert erased(kept, "ada lovelace") == Erased(erased=400)
        assert b"Lovelace" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
