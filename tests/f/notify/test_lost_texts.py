"""A text message whose answer was lost: found if it is certainly ours, in doubt if it may be another's."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs

import pytest

from f.connect.errors import OutcomeUnknown, TryLater
from f.notify.send_sms import main as send_sms
from f.notify.send_whatsapp import main as send_whatsapp
from f.store.store import Store
from tests.f.notify.conftest import Twin
from tests.loopback import Asked, Loopback, Reply, serve

TO, SENDER, SERVICE = "+12025550123", "+15005550006", f"MG{'0' * 32}"
Change = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass
class Stranger:
    """Twilio as other programs use it too: what it keeps, and what becomes of the next message.

    `lose`: the next messages whose answer is lost. `keep`: what those are kept as; None: not at all.
    """

    skew: float = 0.0
    lose: int = 0
    keep: Change | None = lambda message: message
    messages: list[dict[str, Any]] = field(default_factory=list)
    dated: bool = True
    more: bool = False
    server: Loopback | None = None

    def message(self, **changes: Any) -> dict[str, Any]:
        """A message as the API lists it, by default the very one that is sent here."""
        return {
            "sid": f"SM{secrets.token_hex(16)}", "to": TO, "from": SENDER, "messaging_service_sid": None,
            "body": "x", "direction": "outbound-api", "num_media": "0", "num_segments": "1",
            "status": "queued", "date_created": formatdate(self.now(), usegmt=True), **changes,
        }  # fmt: skip

    def now(self) -> float:
        return time.time() + self.skew

    def answer(self, asked: Asked) -> Reply:
        headers = {"Date": formatdate(self.now(), usegmt=True) if self.dated else ""}
        if asked.method == "GET":
            more = {"next_page_uri": "/2"} if self.more else {}
            return Reply(200, {"messages": self.messages[::-1], **more}, headers)
        form = {name: values[0] for name, values in parse_qs(asked.body.decode()).items()}
        message = self.message(body=form.get("Body", "A template's text"), to=form["To"])
        message["from"], message["messaging_service_sid"] = form.get("From"), form.get("MessagingServiceSid")
        if not self.lose:
            self.messages.append(message)
            return Reply(201, message, headers)
        self.lose -= 1
        if self.keep is not None:
            self.messages.append(self.keep(message))
        return Reply(drop=True)

    @property
    def resource(self) -> Any:
        assert self.server is not None
        return {"accountSid": "AC1", "token": "t", "base_url": self.server.url}

    def sends(self) -> int:
        assert self.server is not None
        return sum(asked.method == "POST" for asked in self.server.asked)


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    there = Stranger()
    with serve(there.answer) as server:
        there.server = server
        yield there


def send(stranger: Stranger, key: str = "k", body: str = "x", sender: str = SENDER) -> Any:
    return send_sms(TO, body, stranger.resource, sender, message_key=key)


@pytest.mark.parametrize("body", ["x", "x  ", "Grüße\n“quoted”", "👋 1 < 2"])
@pytest.mark.parametrize("skew", [0.0, 3600.0, -3600.0])
def test_what_was_sent_is_found_by_twilios_clock(stranger: Stranger, body: str, skew: float) -> None:
    stranger.lose, stranger.skew = 1, skew
    assert send(stranger, body=body)["sid"] == stranger.messages[0]["sid"]
    assert send(stranger, body=body)["status"] == "already_sent"
    assert stranger.sends() == 1


def test_a_trial_accounts_words_before_the_text_are_known(stranger: Stranger) -> None:
    stranger.lose = 1
    stranger.keep = lambda one: {**one, "body": f"Sent from your Twilio trial account - {one['body']}"}
    assert send(stranger)["sid"] == stranger.messages[0]["sid"]


def test_a_message_through_a_service_is_found(stranger: Stranger) -> None:
    stranger.lose = 1
    assert send(stranger, sender=SERVICE)["sid"] == stranger.messages[0]["sid"]


OTHERS: dict[str, dict[str, Any]] = {
    "another text": {"body": "another"},
    "a text that ends the same": {"body": "not this x"},
    "another sender": {"from": "+15005550007"},
    "another recipient": {"to": "+12025550199"},
    "an answer of theirs": {"direction": "inbound"},
    "an answer to theirs": {"direction": "outbound-reply"},
    "one with a picture": {"num_media": "1"},
    "an hour ago": {"date_created": formatdate(0, usegmt=True)},
}


@pytest.mark.parametrize("other", OTHERS)
def test_anothers_message_is_not_taken_for_ours(stranger: Stranger, other: str) -> None:
    stranger.lose, stranger.keep = 1, lambda one: {**one, **OTHERS[other], "sid": "SMother"}
    with pytest.raises(OutcomeUnknown, match="look it up"):
        send(stranger)
    assert send(stranger)["status"] == "sent", "it is certainly not there"
    assert stranger.sends() == 2


MAYBES: dict[str, dict[str, Any]] = {
    "redacted": {"body": ""},
    "white space gone": {"body": "x y"},
    "quotes replaced": {"body": '"x y"'},
    "no direction": {"direction": None},
    "no date": {"date_created": None},
    "an odd date": {"date_created": [1]},
    "no sender": {"from": None},
    "through a service": {"messaging_service_sid": SERVICE},
    "no sid": {"sid": None},
    "no count of media": {"num_media": None},
}


@pytest.mark.parametrize("maybe", MAYBES)
def test_what_may_be_ours_is_in_doubt_and_nothing_is_sent_again(stranger: Stranger, maybe: str) -> None:
    stranger.lose, stranger.keep = 1, lambda one: {**one, **MAYBES[maybe]}
    body = " x y\n" if "body" in MAYBES[maybe] else "x"
    for _ in range(2):
        with pytest.raises(OutcomeUnknown, match="1 that may be it or another one"):
            send(stranger, body=body)
    assert stranger.sends() == 1


def test_of_two_that_look_alike_none_is_taken(stranger: Stranger) -> None:
    stranger.lose = 1

    def twice(message: dict[str, Any]) -> dict[str, Any]:
        stranger.messages.append(stranger.message())  # of another program
        return message

    stranger.keep = twice
    for _ in range(2):
        with pytest.raises(OutcomeUnknown, match="2 that may be it"):
            send(stranger)
    assert stranger.sends() == 1


@pytest.mark.parametrize("first_key", ["first", ""])
def test_the_same_text_sent_on_purpose_before_is_not_taken_for_it(stranger: Stranger, first_key: str) -> None:
    first = send(stranger, first_key)
    stranger.lose, stranger.keep = 1, None
    with pytest.raises(OutcomeUnknown, match="look it up"):
        send(stranger, "second")
    second = send(stranger, "second")
    assert (second["status"], stranger.sends()) == ("sent", 3)
    assert [first["sid"], second["sid"]] == [message["sid"] for message in stranger.messages]


def test_each_of_two_lost_answers_gets_its_own_message_or_none(stranger: Stranger) -> None:
    """While the first is in doubt, the one that is there may be its or the second's."""
    stranger.lose, stranger.keep = 1, None
    with pytest.raises(OutcomeUnknown, match="look it up"):
        send(stranger, "first")
    stranger.lose, stranger.keep = 1, lambda message: message
    for key in ("second", "first"):
        with pytest.raises(OutcomeUnknown, match="1 that may be it"):
            send(stranger, key)
    assert stranger.sends() == 2


def test_a_template_is_never_certain_as_its_text_is_twilios(stranger: Stranger) -> None:
    stranger.lose = 1
    with pytest.raises(OutcomeUnknown, match="1 that may be it"):
        send_whatsapp(TO, stranger.resource, sender=SENDER, content_sid="HX1", message_key="k")


def test_a_look_up_that_fails_leaves_it_in_doubt(stranger: Stranger) -> None:
    """Or the claim would be given back, and the next run would send a second time."""
    stranger.lose, stranger.keep = 1, None
    stranger.messages = [None]  # type: ignore[list-item]  # a list that cannot be read
    with pytest.raises(OutcomeUnknown, match="Looking it up failed: Twilio answered 200 without a list"):
        send(stranger)
    with pytest.raises(TryLater, match="without a list of messages"):
        send(stranger)
    assert stranger.sends() == 1


def test_a_list_that_does_not_go_back_far_enough_proves_nothing(stranger: Stranger) -> None:
    stranger.lose, stranger.keep, stranger.more = 1, None, True
    stranger.messages.append(stranger.message(body="another"))
    with pytest.raises(OutcomeUnknown, match="without all messages since then"):
        send(stranger)
    stranger.messages.insert(0, stranger.message(date_created=formatdate(0, usegmt=True)))
    assert send(stranger)["status"] == "sent"


def test_without_a_date_in_the_reply_the_clocks_may_differ_by_seconds(stranger: Stranger) -> None:
    stranger.lose, stranger.dated = 1, False
    assert send(stranger)["sid"] == stranger.messages[0]["sid"]


def test_two_keys_with_the_same_text_are_two_messages_at_the_twin(twilio: Twin, store: Store) -> None:
    twilio.fail_next("create_message", "reset_after_commit")
    sids = [send_sms(TO, "x", twilio.resource, SENDER, message_key=key)["sid"] for key in ("a", "b")]
    twilio.fail_next("create_message", "reset_after_commit")
    sids.append(send_sms(TO, "x", twilio.resource, SENDER, message_key="c")["sid"])
    assert sids == [one["sid"] for one in twilio.sent()]
    assert len(set(sids)) == 3
    kept = store.execute("SELECT id FROM once_attempt ORDER BY at")
    assert [row[0] for row in kept] == sids
    assert TO not in str(store.execute("SELECT * FROM once_attempt"))
