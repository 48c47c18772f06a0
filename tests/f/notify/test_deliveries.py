"""The record of deliveries is the same in whatever order, and however often, services tell of a message."""

from __future__ import annotations

import itertools
import math
import time
from functools import partial
from typing import Any

import pytest
from twilio.rest.api.v2010.account.message import MessageInstance  # type: ignore[import-untyped]  # not typed

from f.connect.times import parse_iso
from f.notify.deliveries.facts import BESIDE, STATES, Fact, Told, state_of
from f.notify.deliveries.record import KEEP_SECONDS, Deliveries, merge
from f.notify.deliveries.sendgrid_events import read_event
from f.notify.deliveries.twilio_callbacks import read_callback
from f.notify.messages.opt_outs import OptOuts, Wish
from f.store.store import Store
from tests.f.notify.histories import (
    ADDRESS,
    ENDS,
    HISTORIES,
    MESSAGE_ID,
    NUMBER,
    REFUSED,
    SID,
    START,
    reply,
    sendgrid,
    twilio,
)

COLUMNS = "fact, service, recipient, first_at, last_at, code, reason, tie"


def read(event: dict[str, Any]) -> Told:
    reader = {"twilio": read_callback, "sendgrid": read_event}[event["kind"]]
    heard_at = parse_iso(event["received_at"])
    assert heard_at is not None
    return reader(event["type"].removeprefix("message."), event["body"], heard_at)


def fact_of(event: dict[str, Any], id_: str = "") -> Fact:
    """The fact, of another message where an id is given."""
    new = {"MessageSid": f"SM{id_}", "sg_message_id": f"SM{id_}.filter0001.16648.5515E0B88.0"} if id_ else {}
    fact = read({**event, "body": event["body"] | new}).fact
    assert fact is not None
    return fact


def state_name(*facts: Fact) -> str:
    state = state_of(facts)
    return state.name if state else ""


@pytest.mark.parametrize("name", HISTORIES)
def test_every_order_and_doubling_of_a_history_makes_the_same_rows(name: str, any_store: Store) -> None:
    """Each order is told of a message of its own, and once more from its end."""
    history = HISTORIES[name]
    every = [order + order[::-1] for order in itertools.permutations(history)]
    deliveries = Deliveries(any_store)
    for told in zip(*every, strict=True):  # of each message one more, all of them as one block
        deliveries.record([fact_of(one, str(number)) for number, one in enumerate(told)])
    rows: dict[str, list[Any]] = {}
    for id_, *row in any_store.execute(f"SELECT id, {COLUMNS} FROM notify_delivery ORDER BY id, fact"):
        rows.setdefault(id_, []).append(row)
    assert len(rows) == math.factorial(len(history))
    assert all(one == rows["SM0"] for one in rows.values())
    deliveries.record([fact_of(one, "whole") for one in history])  # as one block, merged before it is written
    whole = any_store.execute(f"SELECT {COLUMNS} FROM notify_delivery WHERE id = 'SMwhole' ORDER BY fact")
    assert [list(row) for row in whole] == rows["SM0"]
    (facts,) = deliveries.of(history[0]["kind"], "SM0").values()
    assert state_name(*facts) == ENDS[name][0]


def test_of_a_kind_of_fact_the_first_time_and_the_last_are_kept_with_the_last_reason(
    any_store: Store,
) -> None:
    deliveries = Deliveries(any_store)
    for after, said in ((5, "450 first"), (9, "451 last"), (7, "452 between")):
        deliveries.record([fact_of(sendgrid("deferred", after, response=said))])
    ((fact,),) = deliveries.of("sendgrid", MESSAGE_ID).values()
    assert (fact.first_at - START, fact.last_at - START, fact.reason) == (5, 9, "451 last")


def test_facts_of_one_block_are_counted_as_if_they_came_one_by_one(any_store: Store) -> None:
    deliveries = Deliveries(any_store)
    facts = [fact_of(one) for one in (twilio("delivered"), twilio("sent"), twilio("sent"), sendgrid("open"))]
    counted = deliveries.record(facts)
    assert (counted.new, counted.older, counted.repeated) == (2, 1, 1)
    again = deliveries.record(facts)
    assert (again.new, again.older, again.repeated) == (0, 0, 4)


@pytest.mark.parametrize(
    ("events", "state"),
    [
        # The later of two that are both an end, by when each was told first.
        ([twilio("delivered", 1), twilio("undelivered", 2)], "undelivered"),
        ([twilio("undelivered", 1), twilio("delivered", 2)], "delivered"),
        ([twilio("undelivered", 1), twilio("delivered", 2), twilio("undelivered", 3)], "delivered"),
        ([twilio("failed", 9), twilio("read", 1)], "read"),
        ([twilio("sent", 9), twilio("delivered", 1)], "delivered"),
        ([sendgrid("bounce", 1), sendgrid("delivered", 9)], "bounce"),
        ([sendgrid("bounce", 9, type="blocked"), sendgrid("delivered", 1)], "blocked"),
        ([sendgrid("deferred", 9), sendgrid("processed", 1)], "deferred"),
        ([sendgrid("open", 9), sendgrid("click", 9)], ""),
        ([twilio("partially_delivered", 9), twilio("sent", 1)], "sent"),
    ],
)
def test_the_furthest_state_stands_whatever_came_last(events: list[dict[str, Any]], state: str) -> None:
    for order in itertools.permutations(events):
        assert state_name(*merge(map(fact_of, order)).values()) == state


def test_every_status_that_twilios_sdk_names_is_a_state_or_beside_it_or_of_a_received_message() -> None:
    named = {value for name, value in vars(MessageInstance.Status).items() if name.isupper()}
    assert named == {*STATES["twilio"], *BESIDE["twilio"], "receiving", "received"}


def test_no_address_and_no_name_of_one_is_in_the_record(any_store: Store) -> None:
    said = "550 mailbox of ADA.lovelace is full; ask ops@example.net or call +1 202 555 0199"
    deliveries = Deliveries(any_store)
    told = [sendgrid("bounce", 1, reason=REFUSED), sendgrid("deferred", 1, response=said), twilio("sent")]
    deliveries.record([fact_of(one) for one in told])
    OptOuts(any_store).hear([Wish("email", ADDRESS, opted_out=True, reason="x", at=START)])
    kept = str(
        [any_store.execute(f"SELECT * FROM {table}") for table in ("notify_delivery", "notify_opt_outs")]
    ).lower()
    assert "550 mailbox of *** is full; ask *** or call ***" in kept
    for personal in ("lovelace", "example.com", "example.net", NUMBER, "202 555"):
        assert personal not in kept


def test_each_recipient_of_one_e_mail_has_a_record_of_its_own(any_store: Store) -> None:
    deliveries = Deliveries(any_store)
    deliveries.record([fact_of(sendgrid("delivered", 1)), fact_of(sendgrid("bounce", 1, to="b@example.com"))])
    deliveries.record([fact_of(sendgrid("open", 9, to=ADDRESS.upper()))])
    found = deliveries.of("sendgrid", MESSAGE_ID)
    assert sorted([fact.name for fact in facts] for facts in found.values()) == [
        ["bounce"],
        ["delivered", "open"],
    ]
    assert deliveries.of("twilio", MESSAGE_ID) == {}


@pytest.mark.parametrize(
    ("event", "about"),
    [
        (twilio("sent", sid=""), "something else"),
        (twilio("sent", sid="SM1 OR 1"), "something else"),
        (twilio("teleported"), "something else"),
        (sendgrid("delivered", message_id=""), "message not named"),
        (sendgrid("delivered", to=""), "message not named"),
        (sendgrid("account_status_change"), "something else"),
        ({**sendgrid("delivered"), "body": {"email": 7, "sg_message_id": ["x"]}}, "message not named"),
    ],
)
def test_what_names_no_message_is_no_fact(event: dict[str, Any], about: str) -> None:
    told = read(event)
    assert (told.fact, told.wish, told.about) == (None, None, about)


@pytest.mark.parametrize("value", [None, "1790000000", True, -1, 0, math.nan, math.inf, 10**400, 1e300])
def test_a_time_that_is_none_gives_way_to_when_we_heard_of_it(value: object) -> None:
    event = sendgrid("delivered", timestamp=value)
    assert fact_of(event).first_at == START + 1000


def test_a_reason_that_no_database_takes_is_kept_without_what_it_does_not_take(any_store: Store) -> None:
    deliveries = Deliveries(any_store)
    deliveries.record([fact_of(sendgrid("deferred", reason=f"450 a\0b \ud83d {'x' * 10_000}"))])
    ((fact,),) = deliveries.of("sendgrid", MESSAGE_ID).values()
    assert fact.reason.startswith("450 a b \ufffd")
    assert len(fact.reason) < 400


@pytest.mark.parametrize("code", ["0", "", "30003; x", "1234567"])
def test_what_is_no_error_code_is_kept_as_none(code: str) -> None:
    assert fact_of(twilio("failed", ErrorCode=code)).code == ""


@pytest.mark.parametrize(
    ("event", "wish"),
    [
        (reply("Stop", OptOutType="STOP"), ("sms", NUMBER, True)),
        (reply("start", OptOutType="START", sender=f"whatsapp:{NUMBER}"), ("whatsapp", NUMBER, False)),
        (reply("help", OptOutType="HELP"), None),
        (reply("STOP"), None),  # only what Twilio has understood
        (reply("Stop", OptOutType="STOP", sender="12345"), None),
        (twilio("failed", ErrorCode="21610"), ("sms", NUMBER, True)),
        (twilio("failed", ErrorCode="30003"), None),
        (sendgrid("unsubscribe"), ("email", ADDRESS, True)),
        (sendgrid("spamreport", message_id=""), ("email", ADDRESS, True)),
        (sendgrid("group_unsubscribe", asm_group_id=1), None),
        (sendgrid("bounce", type="bounce", status="5.1.1"), None),
        (sendgrid("dropped", reason="Unsubscribed Address"), None),
    ],
)
def test_only_what_a_person_did_for_sure_is_a_wish(event: dict[str, Any], wish: object) -> None:
    told = read(event).wish
    assert (told and (told.medium, told.address, told.opted_out)) == wish


def test_the_latest_wish_stands_in_whatever_order_wishes_are_heard(any_store: Store) -> None:
    opt_outs = OptOuts(any_store)
    wishes = [
        Wish("sms", "{}", opted_out=True, reason="a", at=START),
        Wish("sms", "{}", opted_out=False, reason="", at=START + 1),
        Wish("sms", "{}", opted_out=True, reason="b", at=START + 2),
        Wish("sms", "{}", opted_out=False, reason="", at=START + 2),
    ]
    for count, expected in ((1, True), (2, False), (3, True), (4, True)):
        for number, order in enumerate(itertools.permutations(wishes[:count])):
            address = f"{count}-{number}"
            own = [Wish("sms", address, one.opted_out, one.reason, one.at) for one in order + order[::-1]]
            for wish in own:
                opt_outs.hear([wish])
            opt_outs.hear([Wish("email", address, one.opted_out, one.reason, one.at) for one in own])
            assert (opt_outs.has("sms", address), opt_outs.has("email", address)) == (expected, expected)


@pytest.mark.parametrize("opted_out", [True, False])
def test_a_wish_from_the_future_does_not_outlast_what_is_set_by_hand(
    opted_out: bool, any_store: Store
) -> None:
    opt_outs = OptOuts(any_store)
    opt_outs.hear([Wish("email", ADDRESS, opted_out, "a", at=any_store.now() + 1e6)])
    assert opt_outs.has("email", ADDRESS) is opted_out
    time.sleep(0.01)
    (opt_outs.remove if opted_out else partial(opt_outs.add, reason="set by hand"))("email", ADDRESS)
    assert opt_outs.has("email", ADDRESS) is not opted_out


def test_a_message_is_forgotten_as_a_whole_and_only_once_nothing_was_heard_of_it_for_long(
    any_store: Store,
) -> None:
    deliveries = Deliveries(any_store)
    deliveries.record([fact_of(twilio("delivered")), fact_of(sendgrid("delivered")), fact_of(twilio("sent"))])
    any_store.execute("UPDATE notify_delivery SET heard_at = heard_at - :age", {"age": KEEP_SECONDS + 1})
    deliveries.record([fact_of(sendgrid("open", 9))])
    deliveries._prepare()
    assert deliveries.of("twilio", SID) == {}
    ((delivered, opened),) = deliveries.of("sendgrid", MESSAGE_ID).values()
    assert (delivered.name, opened.name) == ("delivered", "open")
