"""A write under a once_key happens once, in every kind of store, however often it is asked for or stopped."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import pytest

from f.connect.errors import FixInput, GiveUpRecord, OutcomeUnknown, TryLater
from f.store.store import Row, Store, Values
from f.tools.effects.ledger import IN_DOUBT_SECONDS, LEASE_SECONDS, Effect, Ledger, ledger_key
from f.tools.effects.once_only import Acted, Write, once_only

ARGUMENTS = {"channel": "ops", "text": "Hello Ada", "to": ""}


@dataclass
class Service:
    """Something outside that keeps what was done, under the mark it was done with."""

    done: list[str] = field(default_factory=list)
    calls: int = 0
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None

    def act(self, effect: Effect, in_doubt: bool) -> Acted:
        self.calls += 1
        if in_doubt and effect.key in self.done:
            return Acted("confirmed", "It was found.", {"id": effect.key[:6]})
        self.before()
        self.done.append(effect.key)
        self.after()
        return Acted("done", "It was done.", {"id": effect.key[:6]})

    def write(self, **changes: Any) -> Write:
        arguments = {**ARGUMENTS, **changes.pop("arguments", {})}
        return Write(**{"tool": "send_once", "arguments": arguments, "act": self.act, **changes})


def raising(error: BaseException) -> Callable[[], None]:
    def step() -> None:
        raise error

    return step


def lapse(store: Store, seconds: float = LEASE_SECONDS) -> None:
    """Let so much time pass that whoever acts has lost its lease."""
    store.execute("UPDATE store_lease SET until = until - :seconds", {"seconds": seconds})
    store.execute("UPDATE tool_effect SET at = at - :seconds", {"seconds": seconds})


def test_the_same_key_and_arguments_give_the_first_result(any_store: Store) -> None:
    service, ledger = Service(), Ledger(any_store)
    first, second = (once_only(ledger, " k ", service.write()) for _ in range(2))
    assert (first["status"], second["status"]) == ("done", "already_done")
    assert first["result"] == second["result"] == {"id": service.done[0][:6]}
    assert (len(service.done), service.calls, first["once_key"]) == (1, 1, "k")


def test_other_arguments_are_refused_and_named_without_their_values(any_store: Store) -> None:
    service, ledger = Service(), Ledger(any_store)
    once_only(ledger, "k", service.write())
    other = once_only(ledger, "k", service.write(arguments={"text": "Hello Ben", "to": "x@example.com"}))
    assert other["status"] == "refused"
    assert "other arguments: text, to." in other["message"]
    assert "Ben" not in other["message"]
    assert "example.com" not in other["message"]
    assert once_only(ledger, "k", service.write(tool="apply_plan"))["status"] == "refused"
    assert len(service.done) == 1


def test_the_ledger_holds_neither_key_nor_argument(any_store: Store) -> None:
    once_only(Ledger(any_store), "secret-key", Service().write(kept={"channel": "ops"}))
    rows = str(any_store.execute("SELECT * FROM tool_effect"))
    assert "secret-key" not in rows
    assert "Hello" not in rows


def test_of_two_at_the_same_moment_one_acts_and_the_other_waits(any_store: Store) -> None:
    may_end, has_begun = Event(), Event()

    def slowly() -> None:
        has_begun.set()
        assert may_end.wait(20)

    service, ledger = Service(before=slowly), Ledger(any_store)
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(once_only, ledger, "k", service.write())
        assert has_begun.wait(20)
        assert once_only(ledger, "k", service.write(), wait=0.0)["status"] == "running"
        other = pool.submit(once_only, ledger, "k", service.write(), wait=20.0)
        time.sleep(0.3)
        may_end.set()
        assert (one.result(20)["status"], other.result(20)["status"]) == ("done", "already_done")
    assert len(service.done) == 1


def test_a_lost_answer_is_unknown_and_then_looked_up(any_store: Store) -> None:
    service, ledger = Service(after=raising(OutcomeUnknown("The answer was lost."))), Ledger(any_store)
    lost = once_only(ledger, "k", service.write())
    assert lost["status"] == "unknown"
    assert "the same once_key and arguments" in lost["message"]
    assert once_only(ledger, "k", service.write())["status"] == "confirmed"
    assert once_only(ledger, "k", service.write())["status"] == "already_done"
    assert len(service.done) == 1


def test_what_was_certainly_not_done_leaves_the_key_free(any_store: Store) -> None:
    service, ledger = Service(before=raising(TryLater("Busy."))), Ledger(any_store)
    with pytest.raises(TryLater):
        once_only(ledger, "k", service.write())
    service.before = raising(GiveUpRecord("No such number."))
    refused = once_only(ledger, "k", service.write())
    assert (refused["status"], refused["message"]) == ("refused", "No such number.")
    service.before = lambda: None
    assert once_only(ledger, "k", service.write(arguments={"text": "other"}))["status"] == "done"


def test_a_write_of_several_parts_keeps_its_key_when_one_fails(any_store: Store) -> None:
    service, ledger = Service(before=raising(TryLater("Busy."))), Ledger(any_store)
    with pytest.raises(TryLater):
        once_only(ledger, "k", service.write(keeps_row=True))
    other = once_only(ledger, "k", service.write(arguments={"text": "other"}, keeps_row=True))
    assert other["status"] == "refused"


def test_no_more_than_so_many_within_an_hour(any_store: Store) -> None:
    service, ledger = Service(), Ledger(any_store)

    def ask(number: int) -> str:
        return once_only(ledger, f"k{number}", service.write(most=5, too_many="Enough."))["status"]

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(ask, range(16)))
    assert sorted(statuses) == ["done"] * 5 + ["refused"] * 11
    assert len(service.done) == 5
    assert ledger.of_the_hour("send_once")[0] == 5
    assert once_only(ledger, "k0", service.write(most=5))["message"] != ""
    lapse(any_store, 3601.0)
    assert ask(99) == "done"


def test_what_was_begun_too_long_ago_to_be_looked_up_is_never_acted_on(any_store: Store) -> None:
    service, ledger = Service(before=raising(OutcomeUnknown("Lost."))), Ledger(any_store)
    once_only(ledger, "k", service.write())
    lapse(any_store, IN_DOUBT_SECONDS + 60)
    service.before = lambda: None
    assert once_only(ledger, "k", service.write())["status"] == "unknown"
    assert service.done == []


@pytest.mark.parametrize("key", ["", "  ", "a\nb", "x" * 201])
def test_a_key_that_names_nothing_is_refused(any_store: Store, key: str) -> None:
    with pytest.raises(FixInput, match="once_key must be a text"):
        once_only(Ledger(any_store), key, Service().write())


class Killed(BaseException):
    """As SIGKILL ends a process: nothing of it runs any more."""


class Mortal(Store):
    """A store whose user is killed at its nth statement, before it or after it was committed."""

    def __init__(self, store: Store, at: int, *, after: bool) -> None:
        super().__init__()
        self.in_memory, self._store, self._left, self._after = False, store, at, after

    def _through(self, act: Callable[[], Any]) -> Any:
        self._left -= 1
        if self._left < 0 or (self._left == 0 and not self._after):
            raise Killed
        done = act()
        if self._left == 0:
            raise Killed
        return done

    def now(self) -> float:
        return self._store.now()

    def execute(self, sql: str, values: Values | None = None) -> list[Row]:
        rows: list[Row] = self._through(lambda: self._store.execute(sql, values))
        return rows

    def together(self, statements: Any) -> list[list[Row]]:
        rows: list[list[Row]] = self._through(lambda: self._store.together(statements))
        return rows

    def create(self, table: str, *, durable: bool = True, written_twice: bool = False) -> None:
        self._through(lambda: self._store.create(table, durable=durable, written_twice=written_twice))

    def columns(self, table: str) -> list[str]:
        return self._store.columns(table)

    def close(self) -> None:
        pass


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_killed_at_any_statement_and_repeated_it_is_done_once(any_store: Store, after: bool) -> None:
    once_only(Ledger(any_store), "first", Service().write())  # so that there are tables
    deaths = 0
    for at in range(1, 40):
        service, key = Service(), f"k{at}"
        try:
            once_only(Ledger(Mortal(any_store, at, after=after)), key, service.write())
        except Killed:
            deaths += 1
        else:
            break
        any_store.execute("UPDATE store_lease SET until = 0")
        repeated = once_only(Ledger(any_store), key, service.write())
        assert repeated["status"] in {"done", "confirmed", "already_done"}
        assert service.done == [ledger_key(key)]
        assert once_only(Ledger(any_store), key, service.write())["status"] == "already_done"
    assert deaths >= 8
