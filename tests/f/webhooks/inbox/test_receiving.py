"""Which requests tell the same event, on every kind of store."""

from __future__ import annotations

import functools
import itertools
import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from random import Random

import psycopg
import pytest

from f.connect.errors import FixSettings
from f.store.postgres_store import PostgresStore
from f.store.store import Row, Statement, Store
from f.store.stores import SqliteStore, postgres_store, sqlite_store
from f.webhooks.inbox.inbox import Inbox, Received, event_id
from f.webhooks.inbox.sealing import open_body
from f.webhooks.inbox.work import Work
from f.webhooks.requests.event import IncomingEvent
from f.webhooks.requests.source import Source

SOURCE = Source(name="github", kind="github", secrets=("s",), storage_key="k" * 32)
PUSH = IncomingEvent(key="d-1", type="push", body={"ref": "main"}, content_hash="c-1")


def told(inbox: Inbox, *events: IncomingEvent, source: Source = SOURCE) -> tuple[int, int]:
    received = inbox.receive(source, events)
    return received.new, received.repeated


def count(store: Store) -> int:
    return int(store.execute("SELECT COUNT(*) FROM webhook_event")[0][0])


def test_an_event_that_is_told_again_is_kept_once(any_store: Store) -> None:
    inbox = Inbox(any_store)
    assert told(inbox, PUSH) == (1, 0)
    assert told(inbox, replace(PUSH, body={"ref": "main", "attempt": 2}, content_hash="c-2")) == (0, 1)
    assert any_store.execute("SELECT repeats FROM webhook_event") == [(1,)]


def test_two_events_may_be_equal_to_the_byte(any_store: Store) -> None:
    inbox = Inbox(any_store)
    assert told(inbox, PUSH, replace(PUSH, key="d-2")) == (2, 0)
    assert told(inbox, replace(PUSH, key="d-3")) == (1, 0)


def test_an_event_without_its_id_is_one_that_came_with_it(any_store: Store) -> None:
    inbox = Inbox(any_store)
    assert told(inbox, PUSH) == (1, 0)
    assert told(inbox, replace(PUSH, key="")) == (0, 1)
    assert told(inbox, replace(PUSH, key="", content_hash="c-2")) == (1, 0)


def test_an_event_whose_id_comes_later_is_one(any_store: Store) -> None:
    inbox = Inbox(any_store)
    assert told(inbox, replace(PUSH, key="")) == (1, 0)
    assert told(inbox, PUSH) == (0, 1)
    assert told(inbox, PUSH) == (0, 1)
    assert inbox.known("github", ["d-1", "d-2"]) == {"d-1"}
    assert told(inbox, replace(PUSH, key="d-2")) == (1, 0), "another event that is equal to it"
    assert told(inbox, replace(PUSH, key="")) == (0, 1)


@pytest.mark.parametrize("order", list(itertools.permutations(["", "d-1", "d-2"])), ids="-".join)
def test_in_any_order_two_events_of_one_content_are_two(order: tuple[str, ...], tmp_path: Path) -> None:
    with sqlite_store(tmp_path / "state.sqlite") as store:
        inbox = Inbox(store)
        for key in (*order, *order):
            told(inbox, replace(PUSH, key=key))
        assert count(store) == 2
        assert inbox.known("github", ["d-1", "d-2"]) == {"d-1", "d-2"}


def test_one_request_may_tell_an_event_twice(any_store: Store) -> None:
    inbox = Inbox(any_store)
    keyless = replace(PUSH, key="", content_hash="c-2")
    assert told(inbox, PUSH, PUSH, keyless, keyless) == (2, 2)


def test_what_one_source_told_another_may_tell_as_well(any_store: Store) -> None:
    inbox = Inbox(any_store)
    assert told(inbox, PUSH) == (1, 0)
    assert told(inbox, PUSH, source=replace(SOURCE, name="fork")) == (1, 0)
    assert told(inbox, replace(PUSH, key=""), source=replace(SOURCE, name="third")) == (1, 0)


def test_no_id_is_taken_for_the_hash_of_a_content(any_store: Store) -> None:
    inbox = Inbox(any_store)
    told(inbox, replace(PUSH, key=""))
    (found,) = any_store.execute("SELECT id FROM webhook_event")
    assert told(inbox, replace(PUSH, key=str(found[0]), content_hash="c-2")) == (1, 0)


def test_the_first_who_has_something_new_starts_the_dispatch_job(any_store: Store) -> None:
    inbox = Inbox(any_store)
    assert inbox.receive(SOURCE, [PUSH]) == Received(1, 0, wake=True)
    assert not inbox.receive(SOURCE, [replace(PUSH, key="d-2")]).wake
    assert inbox.is_wanted()
    assert inbox.clear_wake()
    assert not inbox.clear_wake()
    assert not inbox.is_wanted()
    assert inbox.receive(SOURCE, [replace(PUSH, key="d-3")]).wake


def test_a_dispatch_job_that_never_began_is_started_again(any_store: Store) -> None:
    inbox = Inbox(any_store)
    assert inbox.receive(SOURCE, [PUSH]).wake
    any_store.execute("UPDATE webhook_wake SET at = at - 11")
    assert inbox.receive(SOURCE, [PUSH]).wake, "told again while nobody looks at it"


def test_what_came_before_the_clock_was_set_back_is_handled_now(tmp_path: Path) -> None:
    hour = [3600.0]
    with SqliteStore(tmp_path / "state.sqlite", clock=lambda: hour[0]) as store:
        inbox = Inbox(store)
        inbox.receive(SOURCE, [PUSH])
        hour[0] = 0.0
        assert [event.type for event in Work(store).new_events(10)] == ["push"]
        assert inbox.receive(SOURCE, [PUSH]).wake


def test_nobody_is_woken_for_what_was_looked_at(any_store: Store) -> None:
    inbox = Inbox(any_store)
    inbox.receive(SOURCE, [PUSH])
    inbox.clear_wake()
    any_store.execute("UPDATE webhook_event SET state = 'routed'")
    assert inbox.receive(SOURCE, [PUSH]) == Received(0, 1, wake=False)


def test_a_body_is_sealed_for_its_event(any_store: Store) -> None:
    body = {"email": "ada@example.com", "name": "Ada \u2615 \ud800"}
    Inbox(any_store).receive(SOURCE, [replace(PUSH, body=body)])
    one, sealed = any_store.execute("SELECT id, body FROM webhook_event")[0]
    assert one == event_id("github", "d-1")
    assert "example" not in sealed.lower()
    assert open_body(sealed, one, SOURCE.storage_key) == body
    for event, key in ((event_id("github", "d-2"), SOURCE.storage_key), (one, "j" * 32)):
        with pytest.raises(FixSettings) as caught:
            open_body(sealed, event, key)
        assert caught.value.code == "sealed_otherwise"


def tell_from_many(make: Callable[[], Store]) -> tuple[int, int]:
    """Eight at once tell five events, half of them without the id. Return how many were new, and are kept."""
    new: list[int] = []
    start = threading.Barrier(8)

    def tell(number: int) -> None:
        with make() as store:
            inbox = Inbox(store)
            start.wait()
            for content in range(5):
                key = f"d-{content}" if number % 2 else ""
                new.append(told(inbox, replace(PUSH, key=key, content_hash=f"c-{content}"))[0])

    threads = [threading.Thread(target=tell, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(new) == 40
    with make() as store:
        return sum(new), count(store)


def test_of_many_who_tell_it_at_once_one_is_the_first(tmp_path: Path) -> None:
    assert tell_from_many(lambda: sqlite_store(tmp_path / "state.sqlite")) == (5, 5)


def test_of_many_who_tell_a_postgres_at_once_one_is_the_first(postgres: str) -> None:
    assert tell_from_many(lambda: postgres_store(postgres)) == (5, 5)


class OneTry(PostgresStore):
    """A transaction that is ended for the sake of others is not run again."""

    def together(self, statements: Sequence[Statement]) -> list[list[Row]]:
        return self._together(statements)


def test_batches_that_tell_the_same_events_never_wait_for_each_other(postgres: str) -> None:
    make = functools.partial(OneTry, postgres)
    start = threading.Barrier(6)

    def tell(number: int) -> int:
        with make() as store:
            inbox, random = Inbox(store), Random(number)
            start.wait()
            new = 0
            for at in range(8):
                keys = random.sample(range(30), 20)
                batch = [replace(PUSH, key=f"d-{key}", content_hash=f"{number}-{at}-{key}") for key in keys]
                new += inbox.receive(SOURCE, batch).new
            return new

    with make() as store:
        Inbox(store)
        with ThreadPoolExecutor(6) as pool:
            told_new = sum(pool.map(tell, range(6)))
        assert told_new == count(store) == 30


def test_a_job_that_begins_waits_for_nobody_who_writes(postgres: str) -> None:
    with postgres_store(postgres) as store, psycopg.connect(postgres) as writer:
        told(Inbox(store), PUSH)
        writer.execute("UPDATE webhook_event SET repeats = 1")
        with postgres_store(f"{postgres}&options=-c%20lock_timeout%3D2s") as other:
            assert told(Inbox(other), replace(PUSH, key="d-2", content_hash="c-2")) == (1, 0)
        writer.rollback()


def test_headers_are_kept_as_json(any_store: Store) -> None:
    Inbox(any_store).receive(SOURCE, [replace(PUSH, headers={"user-agent": "GitHub-Hookshot/1"})])
    (row,) = any_store.execute("SELECT headers FROM webhook_event")
    assert json.loads(row[0]) == {"user-agent": "GitHub-Hookshot/1"}


def test_a_type_that_no_database_can_keep_is_kept_readable(any_store: Store) -> None:
    Inbox(any_store).receive(SOURCE, [replace(PUSH, type="a\0b\ud800c", provider_id="\0")])
    assert any_store.execute("SELECT type, provider_id FROM webhook_event") == [("a\ufffdb\ufffdc", "\ufffd")]
