"""The Twilio twin takes what Twilio documents, knows its magic numbers, and refuses by Twilio's codes."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import urlencode

import pytest

from tests.mill.twins.stage import Answer, TwinClient, TwinProcess

ROOT = "/2010-04-01/Accounts/AC1/Messages"
SMS = {"To": "+12025550123", "From": "+15005550006", "Body": "x"}


def signed(user: str = "AC1", token: str = "t") -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()}


@pytest.fixture
def twilio(twins: TwinProcess) -> TwinClient:
    client = twins.client("twilio")
    client.forget()
    return client


def post(client: TwinClient, form: Mapping[str, object], **auth: str) -> Answer:
    headers = {**signed(**auth), "Content-Type": "application/x-www-form-urlencoded"}
    return client.send("POST", f"{ROOT}.json", urlencode(form, doseq=True).encode(), headers)


def get(client: TwinClient, path: str) -> Answer:
    return client.send("GET", path, headers=signed())


def test_a_message_is_queued_then_delivered_and_listed(twilio: TwinClient) -> None:
    made = post(twilio, SMS)
    assert (made.status, made.json["status"], made.json["num_segments"]) == (201, "queued", "1")
    sid = made.json["sid"]
    assert get(twilio, f"{ROOT}/{sid}.json").json["status"] == "delivered"
    assert [one["sid"] for one in get(twilio, f"{ROOT}.json?To=%2B12025550123").json["messages"]] == [sid]
    assert get(twilio, f"{ROOT}.json?To=%2B12025550124").json["messages"] == []
    assert get(twilio, f"{ROOT}/SM0.json").status == 404


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "2025550123"}, 21211),
        ({"To": "+15005550001"}, 21211),
        ({"To": "+15005550002"}, 21612),
        ({"To": "+15005550003"}, 21408),
        ({"To": "+15005550004"}, 21610),
        ({"To": "+15005550009"}, 21614),
        ({"To": "whatsapp:+12025550123"}, 21612),
        ({"From": ""}, 21603),
        ({"From": "+15005550001"}, 21212),
        ({"From": "+15005550007"}, 21606),
        ({"From": "not+a-sender"}, 21212),
        ({"Body": ""}, 21602),
        ({"Body": "x" * 1601}, 21617),
        ({"MediaUrl": "ftp://example.com"}, 21620),
        ({"MediaUrl": ["https://example.com"] * 11}, 21623),
        ({"Text": "x"}, 20001),
        ({"Body": ["a", "b"]}, 20001),
    ],
)
def test_a_message_twilio_would_refuse_is_refused(
    twilio: TwinClient, changes: dict[str, object], code: int
) -> None:
    answer = post(twilio, {**SMS, **changes})
    assert (answer.status, answer.json["code"], answer.json["status"]) == (400, code, 400)
    assert twilio.ledger() == []


def test_a_full_queue_is_a_429(twilio: TwinClient) -> None:
    answer = post(twilio, {**SMS, "From": "+15005550008"})
    assert (answer.status, answer.json["code"]) == (429, 21611)


@pytest.mark.parametrize(("user", "token"), [("XX1", "t"), ("AC1", ""), ("AC1", "wrong")])
def test_a_credential_twilio_would_refuse_is_refused(twilio: TwinClient, user: str, token: str) -> None:
    answer = post(twilio, SMS, user=user, token=token)
    assert (answer.status, answer.json["code"]) == (401, 20003)


def test_a_message_is_a_form_and_nothing_else(twilio: TwinClient) -> None:
    assert twilio.send("POST", f"{ROOT}.json", SMS, signed()).status == 415


def test_what_cannot_be_delivered_shows_later(twilio: TwinClient) -> None:
    twilio.put_settings(undeliverable={"+12025550123": 30003})
    sid = post(twilio, SMS).json["sid"]
    state = get(twilio, f"{ROOT}/{sid}.json").json
    assert (state["status"], state["error_code"]) == ("undelivered", 30003)


def test_the_list_goes_on_where_a_page_ended_whatever_is_sent_meanwhile(twilio: TwinClient) -> None:
    sent = [post(twilio, SMS).json["sid"] for _ in range(5)]
    listed: list[str] = []
    path = f"{ROOT}.json?PageSize=2"
    while path:
        page = get(twilio, path).json
        listed += [one["sid"] for one in page["messages"]]
        path = page["next_page_uri"]
        post(twilio, SMS)
    assert listed == sent[::-1]
