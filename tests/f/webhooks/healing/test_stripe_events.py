"""Stripe's list, over HTTP: page by page, by type, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import stripe as stripe_sdk

from f.connect.errors import FixInput, FixSettings, SignInAgain, TryLater
from f.payments.stripe.account import open_account
from f.payments.stripe.client import API_VERSION
from f.store.store import Store
from f.store.stores import memory_store
from f.webhooks.healing.healer import Healed
from f.webhooks.healing.stripe_events import StripeEvents
from f.webhooks.healing.wanted import Wanted
from tests.f.webhooks.healing.stage import (
    ALL,
    DAY,
    events_in,
    heal,
    receive,
    stripe_event,
    stripe_list,
)
from tests.loopback import Asked, Loopback, Reply

# Of an account in live mode: as many requests as in one second of a busy day.
KEY = "rk_live_1"


@pytest.fixture
def store() -> Iterator[Store]:
    with memory_store() as opened:
        yield opened


def healed(store: Store, server: Loopback, wanted: Wanted = ALL, **changes: Any) -> Healed:
    with open_account({"token": KEY, "base_url": server.url}, store) as account:
        return heal(store, StripeEvents(account, wanted), wanted=wanted, **changes)


@pytest.mark.parametrize(
    ("count", "pages"), [(0, 1), (1, 1), (99, 1), (100, 1), (101, 2), (200, 2), (250, 3)]
)
def test_the_list_is_walked_to_its_end(count: int, pages: int, store: Store) -> None:
    events = [stripe_event(number, age=3600.0 + number) for number in range(count)]
    with stripe_list(events) as server:
        result = healed(store, server)
        assert (result["looked_at"], result["pages"], len(server.asked)) == (count, pages, pages)
        assert set(events_in(store)) == {event["id"] for event in events}
        assert healed(store, server)["healed"] == {}


def test_what_happens_while_it_is_walked_moves_no_page(store: Store) -> None:
    events = [stripe_event(number, age=3600.0 + number) for number in range(250)]

    def happen(number: int) -> None:
        events.append(stripe_event(1000 + number, age=1))

    with stripe_list(events, happen) as server:
        result = healed(store, server)
    assert (result["healed"], result["too_young"]) == ({"invoice.paid": 250}, 1)


def test_a_month_and_no_more_is_looked_at(store: Store) -> None:
    events = [stripe_event(1, age=29.9 * DAY), stripe_event(2, age=29.97 * DAY)]
    with stripe_list(events) as server:
        result = healed(store, server, back=60 * DAY)
    assert set(events_in(store)) == {"evt_1"}
    assert not result["complete"]


@pytest.mark.parametrize(
    ("patterns", "asked_for"),
    [
        (("invoice.paid", "charge.failed"), "&types%5B0%5D=invoice.paid&types%5B1%5D=charge.failed"),
        (("invoice.*",), ""),
        (tuple(f"type.{number}" for number in range(21)), ""),
    ],
)
def test_stripe_is_asked_for_the_types_alone_where_it_can_be(
    patterns: tuple[str, ...], asked_for: str, store: Store
) -> None:
    with stripe_list([stripe_event(1), stripe_event(2, name="payout.paid")]) as server:
        result = healed(store, server, Wanted(patterns))
    assert ("types" in server.asked[0].path) == bool(asked_for)
    assert asked_for in server.asked[0].path
    assert set(events_in(store)) == ({"evt_1"} if patterns[0].startswith("invoice") else set())
    assert result["complete"]


def test_the_version_is_ours_and_the_key_goes_in_a_header(store: Store) -> None:
    with stripe_list([]) as server:
        healed(store, server)
    assert server.asked[0].headers["Stripe-Version"] == API_VERSION
    assert server.asked[0].headers["Authorization"] == f"Bearer {KEY}"
    assert KEY not in server.asked[0].path


def test_a_page_that_stripe_will_not_give_just_now_is_asked_for_again(store: Store) -> None:
    events = [stripe_event(number, age=3600.0 + number) for number in range(150)]
    limited = Reply(429, {"error": {"type": "invalid_request_error"}}, {"Retry-After": "0"})
    with stripe_list(events, lambda number: limited if number == 1 else None) as server:
        result = healed(store, server)
    assert (result["healed"], len(server.asked)) == ({"invoice.paid": 150}, 3)


@pytest.mark.parametrize(
    ("status", "error", "sentence"),
    [
        (401, SignInAgain, "credential"),
        (403, FixSettings, "Give the restricted key this right"),
        (400, FixInput, "Stripe refused an input"),
    ],
)
def test_a_refusal_says_what_to_do(status: int, error: type[Exception], sentence: str, store: Store) -> None:
    body = {"error": {"type": "invalid_request_error", "param": "created", "message": "no"}}
    with stripe_list([], lambda _number: Reply(status, body)) as server, pytest.raises(error, match=sentence):
        healed(store, server)
    assert events_in(store) == {}


@pytest.mark.parametrize(
    "broken",
    [{"id": None}, {"type": 7}, {"created": "soon"}, {"created": True}, {"created": 10**18}],
    ids=str,
)
def test_an_event_without_id_type_or_time_is_not_guessed(broken: dict[str, object], store: Store) -> None:
    event = {**stripe_event(1), **broken}
    page = {"object": "list", "data": [event], "has_more": False}
    with (
        stripe_list([], lambda _number: Reply(200, page)) as server,
        pytest.raises(TryLater, match="without id, type or time"),
    ):
        healed(store, server)


def test_a_list_that_leads_back_to_its_start_ends(store: Store) -> None:
    page = {"object": "list", "data": [stripe_event(n) for n in range(100)], "has_more": True}
    with (
        stripe_list([], lambda _number: Reply(200, page)) as server,
        pytest.raises(FixSettings, match="leads back to its start"),
    ):
        healed(store, server)
    assert len(server.asked) == 2


def test_the_official_sdk_reads_the_list_that_we_test_against_and_asks_as_we_do(store: Store) -> None:
    events = [stripe_event(number, age=3600.0 + number) for number in range(120)]
    with stripe_list(events) as server:
        client = stripe_sdk.StripeClient(KEY, base_addresses={"api": server.url})
        created = events[-1]["created"]
        listed = client.v1.events.list({"created": {"gte": created}, "types": ["invoice.paid"], "limit": 100})
        theirs = [event.id for event in listed.auto_paging_iter()]
        healed(store, server, Wanted(("invoice.paid",)), back=2 * 3600)
    assert theirs == [event["id"] for event in events]
    theirs_asked, ours_asked = ([name for name, _ in _query(server.asked[place])] for place in (0, 2))
    assert sorted(theirs_asked) == sorted(ours_asked)


def _query(asked: Asked) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(asked.path).query)


def test_a_healed_event_holds_what_the_webhook_would_have_said(store: Store) -> None:
    event = stripe_event(1)
    with memory_store() as other, stripe_list([event]) as server:
        receive(other, "stripe", json.dumps(event).encode())
        healed(store, server)
        columns = "id, type, provider_id, kind, source, occurred_at, headers"
        there = store.execute(f"SELECT {columns} FROM webhook_event")
        assert there == other.execute(f"SELECT {columns} FROM webhook_event")
