"""From a message that is sent to the answer whether it was delivered, through what the services tell."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from f.connect.errors import FixInput, FixSettings, OutcomeUnknown
from f.notify.get_delivery import main as get_delivery
from f.notify.send_bulk_email import main as send_bulk_email
from f.notify.send_email import main as send_email
from f.notify.send_sms import main as send_sms
from f.notify.send_whatsapp import main as send_whatsapp
from f.notify.set_opt_out import main as set_opt_out
from f.store.once import LEASE_SECONDS
from f.store.store import Store
from f.store.stores import sqlite_store
from f.webhooks.record_delivery import main as record_delivery
from tests.f.notify.conftest import Twin
from tests.f.notify.histories import (
    ADDRESS,
    ENDS,
    HISTORIES,
    NUMBER,
    SENDER,
    SID,
    START,
    iso,
    reply,
    sendgrid,
    twilio,
)
from tests.mill.twins.stage import TwinProcess

MAIL: dict[str, Any] = {"subject": "Hi", "sender": "ops@example.com", "text": "x"}
NOTHING = dict.fromkeys(
    ("recorded", "older", "repeated", "not_named", "other", "not_ours", "confirmed", "opted_out", "opted_in"),
    0,
)


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def store() -> Iterator[Store]:
    with sqlite_store(Path.home() / ".millwright" / "notify.sqlite") as opened:
        yield opened


@pytest.fixture
def account(twins: TwinProcess) -> Twin:
    client = twins.client("twilio")
    resource = {"accountSid": "AC1", "token": "good", "base_url": client.url}
    return Twin(client, {**resource, "status_callback": "https://hooks.example.com/twilio?a=1"})


@pytest.fixture
def mailer(twins: TwinProcess) -> Twin:
    client = twins.client("sendgrid")
    return Twin(client, {"token": "SG.good", "base_url": f"{client.url}/v3"})


def counts(**some: int) -> dict[str, int]:
    return {**NOTHING, **some}


def test_a_text_message_is_sent_told_of_and_found_to_be_delivered(account: Twin) -> None:
    assert get_delivery("sms", "k", NUMBER)["answer"] == "not_known"
    sid = send_sms(NUMBER, "Hi", account.resource, SENDER, message_key="k")["sid"]
    (sent,) = account.sent()
    assert sent["status_callback"] == "https://hooks.example.com/twilio?a=1"
    assert get_delivery("sms", "k", NUMBER)["answer"] == "nothing_heard"
    for answer, event in (
        ("on_its_way", twilio("sent", 1, sid=sid)),
        ("delivered", twilio("delivered", 2, sid=sid)),
        ("delivered", twilio("sending", 0, sid=sid)),
    ):
        record_delivery([event])
        assert get_delivery("sms", "k", NUMBER)["answer"] == answer
    found = get_delivery("sms", "k", "(202) 555-0123", default_country="US")
    assert (found["id"], found["state"], found["final"]) == (sid, "delivered", True)
    assert [one["fact"] for one in found["history"]] == ["sending", "sent", "delivered"]
    assert get_delivery("sms", service_id=sid) == found
    assert get_delivery("whatsapp", "k", NUMBER)["answer"] == "not_known"


def test_a_whatsapp_message_without_a_key_is_known_by_its_id(account: Twin) -> None:
    sid = send_whatsapp(NUMBER, account.resource, "Hi", sender=SENDER)["sid"]
    assert get_delivery("whatsapp", service_id=sid)["answer"] == "nothing_heard"
    events = [twilio("failed", 2, sid=sid, ErrorCode="63016"), twilio("queued", 1, sid=sid)]
    assert record_delivery(events) == counts(recorded=1, older=1)
    found = get_delivery("whatsapp", service_id=sid)
    assert (found["answer"], found["state"]) == ("not_delivered", "failed")
    assert found["says"].startswith("It was not delivered. Reason: 24 hours after a person's last message")
    assert found["reason"].endswith("(https://www.twilio.com/docs/api/errors/63016)")


@pytest.mark.parametrize("name", ENDS)
def test_every_history_has_its_answer_in_whatever_order_it_is_told(name: str) -> None:
    history = HISTORIES[name]
    for order in itertools.islice(itertools.permutations(history), 0, None, 7):
        record_delivery([*order, *order])
    channel: Any = "email" if history[0]["kind"] == "sendgrid" else "sms"
    body = history[0]["body"]
    found = get_delivery(channel, service_id=body.get("MessageSid") or body["sg_message_id"])
    assert (found["state"], found["answer"]) == ENDS[name][:2]
    assert found["reason"] in ENDS[name][2:]


def test_an_e_mail_is_found_by_its_key_and_each_recipient_by_its_address(mailer: Twin) -> None:
    to = [ADDRESS, "b@example.com"]
    id_ = send_email(to, **MAIL, sendgrid=mailer.resource, message_key="k")["id"]
    told = [sendgrid("delivered", 1, message_id=id_), sendgrid("deferred", 1, to=to[1], message_id=id_)]
    assert record_delivery(told) == counts(recorded=2)
    answers = [get_delivery("email", "k", one)["answer"] for one in (ADDRESS.title(), to[1], "c@example.com")]
    assert answers == ["delivered", "on_its_way", "nothing_heard"]
    both = get_delivery("email", "k")
    assert (both["answer"], both["recipients"], both["states"]) == (
        "on_its_way",
        2,
        {"deferred": 1, "delivered": 1},
    )
    assert "example.com" not in json.dumps(both)


def test_a_recipient_of_many_is_found_by_key_and_address(mailer: Twin) -> None:
    recipients = [{"email": one} for one in (ADDRESS, "b@example.com")]
    result = send_bulk_email(recipients, **MAIL, sendgrid=mailer.resource, message_key="k")
    id_ = result["recipients"][0]["id"]
    record_delivery([sendgrid("bounce", 1, message_id=id_, type="bounce", reason="550 no")])
    found = get_delivery("email", "k", ADDRESS)
    assert (found["answer"], found["reason"]) == ("not_delivered", "550 no")
    assert get_delivery("email", "k", "b@example.com")["answer"] == "nothing_heard"
    assert get_delivery("email", "k", "c@example.com")["answer"] == "not_known"


@pytest.mark.parametrize("bulk", [False, True])
def test_an_e_mail_whose_answer_was_lost_is_found_by_our_mark(
    mailer: Twin, store: Store, *, bulk: bool
) -> None:
    def send() -> Any:
        if bulk:
            many = [{"email": ADDRESS}, {"email": "b@example.com"}]
            return send_bulk_email(many, **MAIL, sendgrid=mailer.resource, message_key="k")
        return send_email([ADDRESS], **MAIL, sendgrid=mailer.resource, message_key="k")

    mailer.fail_next("mail_send", "reset_after_commit")
    if bulk:
        assert send()["counts"] == {"unknown": 2}
    else:
        with pytest.raises(OutcomeUnknown):
            send()
    assert get_delivery("email", "k", ADDRESS)["answer"] == "in_doubt"
    sent = mailer.sent()[0]
    told = sendgrid("processed", message_id=sent["id"], **sent["custom_args"])
    assert record_delivery([told]) == counts(recorded=1, confirmed=1)
    assert record_delivery([told]) == counts(repeated=1)
    found = get_delivery("email", "k", ADDRESS)
    assert (found["answer"], found["id"]) == ("on_its_way", sent["id"])
    store.execute("UPDATE store_lease SET until = until - :lease", {"lease": LEASE_SECONDS})
    again = send()
    assert (again["counts"] if bulk else again["status"]) == ({"already_sent": 2} if bulk else "already_sent")
    assert len(mailer.sent()) == (2 if bulk else 1)


def test_who_replies_stop_gets_nothing_until_they_reply_start(account: Twin) -> None:
    stop, start = reply("Stop", 5, OptOutType="STOP"), reply("Start", 9, OptOutType="START")
    assert record_delivery([stop]) == counts(other=1, opted_out=1)
    assert send_sms(NUMBER, "Hi", account.resource, SENDER)["status"] == "suppressed"
    assert record_delivery([start]) == counts(other=1, opted_in=1)
    record_delivery([stop])  # told again, late
    assert send_sms(NUMBER, "Hi", account.resource, SENDER)["status"] == "sent"
    set_opt_out("sms", NUMBER)
    record_delivery([start])
    assert send_sms(NUMBER, "Hi", account.resource, SENDER)["status"] == "suppressed"


def test_who_unsubscribes_gets_no_e_mail_and_whose_mailbox_is_full_still_does(mailer: Twin) -> None:
    record_delivery([sendgrid("unsubscribe"), sendgrid("bounce", to="b@example.com", type="bounce")])
    result = send_email([ADDRESS, "b@example.com"], **MAIL, sendgrid=mailer.resource)
    assert (result["recipients"], result["suppressed"]) == (1, [ADDRESS])


def test_a_message_that_nobody_here_sent_is_kept_and_counted(account: Twin) -> None:
    assert record_delivery([twilio("delivered"), sendgrid("open")]) == counts(recorded=2, not_ours=2)
    assert get_delivery("sms", service_id=twilio("sent")["body"]["MessageSid"])["answer"] == "delivered"
    assert account.sent() == []


def test_an_e_mail_without_a_key_is_ours_by_our_mark(mailer: Twin) -> None:
    send_email([ADDRESS], **MAIL, sendgrid=mailer.resource)
    (sent,) = mailer.sent()
    told = sendgrid("delivered", message_id=sent["id"], **sent["custom_args"])
    assert record_delivery([told]) == counts(recorded=1)
    assert get_delivery("email", service_id=sent["id"])["answer"] == "delivered"


def test_the_time_is_the_providers_where_it_tells_one() -> None:
    told = {**twilio("delivered", 9), "occurred_at": iso(START + 5)}
    record_delivery([told])
    assert get_delivery("sms", service_id=SID)["since"] == iso(START + 5)


def test_what_is_no_fact_of_a_message_is_counted_and_stops_nothing() -> None:
    others: list[Any] = [
        {}, {**twilio("sent"), "body": None}, {**twilio("sent"), "type": 7},
        {**twilio("sent"), "kind": "slack"}, {**twilio("sent"), "kind": ["twilio"]},
        {**twilio("sent"), "received_at": "soon"}, {**twilio("sent"), "type": "call.ringing"}, reply("Hello"),
    ]  # fmt: skip
    told = record_delivery([*others, twilio("sent"), sendgrid("bounce", message_id="")])
    assert told == counts(recorded=1, other=len(others), not_named=1, not_ours=1)


def test_a_message_is_named_by_one_of_its_two_names() -> None:
    for key, service_id in (("", ""), ("k", "SM1")):
        with pytest.raises(FixInput, match="either message_key or service_id"):
            get_delivery("sms", key, NUMBER, service_id)
    with pytest.raises(FixInput, match="Give the number in `to`"):
        get_delivery("sms", "k")


def test_a_status_callback_that_is_no_address_is_refused_before_anything_is_sent(account: Twin) -> None:
    for wrong in ("hooks.example.com", 7):
        with pytest.raises(FixSettings, match="status_callback"):
            send_sms(NUMBER, "Hi", account.resource | {"status_callback": wrong}, SENDER)
    assert account.sent() == []
