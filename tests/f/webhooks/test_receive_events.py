"""What is taken: kept once whatever comes twice, answered as the provider wants it, handled in a job."""

from __future__ import annotations

import json
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest

from f.connect.errors import TryLater
from f.store.stores import SqliteStore
from tests.f.webhooks.post_office import (
    FORM,
    JSON,
    KINDS,
    SAMPLES,
    SECRETS,
    STORAGE_KEY,
    PostOffice,
    by_svix,
    encoded,
    signed,
)
from tests.loopback import Asked, Reply, serve

ROOT = Path(__file__).parents[3]
GITHUB = ROOT / "node_modules/@octokit/webhooks-examples/api.github.com/index.json"
SOURCE = {"kind": "stripe", "secret": SECRETS["stripe"], "storage_key": STORAGE_KEY}
# What takes the id off, where it is in a header that is not signed.
UNSIGNED_IDS = {
    "github": "x-github-delivery",
    "shopify": "x-shopify-webhook-id",
    "twilio": "i-twilio-idempotency-token",
    "generic": "x-webhook-id",
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_signed_event_is_kept_once_however_often_it_comes(office: PostOffice, kind: str) -> None:
    body = encoded(SAMPLES[kind])
    headers = signed(kind, body)
    logs = [office.post(kind, body, headers).log for _ in range(3)]
    assert logs == [f"received {kind}: {new} new, {1 - new} repeated\n" for new in (1, 0, 0)]
    assert office.kept("source, kind, origin, repeats") == [(kind, kind, "received", 2)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_later_attempt_is_signed_anew_and_is_the_same_event(office: PostOffice, kind: str) -> None:
    body = encoded(SAMPLES[kind])
    first = signed(kind, body)
    again = {**signed(kind, body, at=None), **{name: first[name] for name in first if name.endswith("-id")}}
    for name in UNSIGNED_IDS.values():
        if name in first:
            again[name] = first[name]
    if kind != "standard":  # its id is signed
        assert "1 new" in office.post(kind, body, first).log
        assert "0 new, 1 repeated" in office.post(kind, body, again).log


@pytest.mark.parametrize(("kind", "name"), UNSIGNED_IDS.items())
def test_equal_bodies_under_two_ids_are_two_events_and_without_the_id_one_of_them(
    office: PostOffice, kind: str, name: str
) -> None:
    body = encoded(SAMPLES[kind])
    first, second = signed(kind, body), signed(kind, body)
    assert "1 new" in office.post(kind, body, first).log
    assert "1 new" in office.post(kind, body, second).log
    odd = ("$var:f/webhooks/stripe_secret", "x" * 300, "a b", "\N{SNOWMAN}")
    for forged in ("", *(odd if kind != "generic" else ())):  # a sender of one's own has ids of its own
        assert "0 new, 1 repeated" in office.post(kind, body, first | {name: forged}).log
    assert len(office.kept()) == 2


@pytest.mark.parametrize(("kind", "name"), UNSIGNED_IDS.items())
def test_an_event_that_came_without_its_id_is_one_with_it(office: PostOffice, kind: str, name: str) -> None:
    body = encoded(SAMPLES[kind])
    headers = signed(kind, body)
    bare = {key: value for key, value in headers.items() if key != name}
    assert [office.post(kind, body, one).log.split()[2] for one in (bare, bare, headers, headers)] == list(
        "1000"
    )


def test_one_dispatch_job_is_started_for_many_events(office: PostOffice) -> None:
    for number in range(5):
        office.send("stripe", SAMPLES["stripe"] | {"id": f"evt_{number}"})
    assert office.started == ["dispatch"]


def test_an_event_is_taken_though_nothing_can_be_dispatched(office: PostOffice) -> None:
    del office.scripts["f/webhooks/dispatch_events"]
    told = office.send("stripe", SAMPLES["stripe"])
    assert told.status == 200
    assert "not dispatched yet: Windmill did not start f/webhooks/dispatch_events (status 400)" in told.log
    assert office.kept() == ["payment_intent.succeeded"]


def test_no_provider_waits_for_a_dispatch_job_that_is_slow_to_start(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()

    def answer(asked: Asked) -> Reply:
        if "/jobs/run/" in asked.path:
            ended.wait(30)
        return Reply(200, SOURCE)

    monkeypatch.setattr("f.webhooks.receive_event._WAKE_SECONDS", 0.05)
    with serve(answer) as server:
        monkeypatch.setenv("BASE_INTERNAL_URL", server.url)
        told = office.send("stripe", SAMPLES["stripe"])
        ended.set()
    assert told.status == 200
    assert "not dispatched yet: Windmill did not answer jobs/run/p/f/webhooks/dispatch_events" in told.log
    assert office.kept() == ["payment_intent.succeeded"]


@pytest.mark.parametrize(
    ("kind", "body", "content_type", "answer"),
    [
        ("stripe", SAMPLES["stripe"], JSON, (JSON, "{}")),
        ("slack", SAMPLES["slack"], JSON, ("text/plain; charset=utf-8", "")),
        ("slack", {"command": "/ship", "trigger_id": "1.2"}, FORM, ("text/plain; charset=utf-8", "")),
        ("slack", {"ssl_check": "1"}, FORM, ("text/plain; charset=utf-8", "")),
        ("slack", {"type": "url_verification", "token": "t", "challenge": "3eZbrw1aB"}, JSON,
         ("text/plain; charset=utf-8", "3eZbrw1aB")),
        ("twilio", {"MessageSid": "SM1", "MessageStatus": "sent"}, FORM,
         ("text/xml", '<?xml version="1.0" encoding="UTF-8"?><Response/>')),
        ("sendgrid", [], JSON, (JSON, "{}")),
    ],
)  # fmt: skip
def test_each_provider_is_answered_in_its_words(
    office: PostOffice, kind: str, body: Any, content_type: str, answer: tuple[str, str]
) -> None:
    told = office.send(kind, body, content_type=content_type)
    assert (told.status, told.content_type, told.text) == (200, *answer)


def test_what_only_asks_who_is_there_is_no_event(office: PostOffice) -> None:
    office.send("slack", {"type": "url_verification", "challenge": "c"})
    office.send("slack", {"ssl_check": "1", "token": "t"}, content_type=FORM)
    office.send("sendgrid", [])
    assert office.kept() == []
    assert office.started == []


def test_batches_that_overlap_are_kept_once(office: PostOffice) -> None:
    def batch(*numbers: int) -> list[dict[str, Any]]:
        return [
            {"email": "a@example.com", "event": "delivered", "sg_message_id": f"m{number}",
             "timestamp": 1_790_000_000, "sg_event_id": str(uuid.uuid4())}
            for number in numbers
        ]  # fmt: skip

    logs = [office.send("sendgrid", batch(*numbers)).log for numbers in ((1, 2, 2), (2, 3), (1, 2, 3))]
    assert [line.split(": ")[1] for line in logs] == [
        "2 new, 1 repeated\n", "1 new, 1 repeated\n", "0 new, 3 repeated\n",
    ]  # fmt: skip
    assert office.kept("type, provider_id") == [("message.delivered", f"m{number}") for number in (1, 2, 3)]


def test_svix_signs_under_its_own_names(office: PostOffice) -> None:
    body = encoded(SAMPLES["standard"])
    headers = by_svix(body)
    assert "1 new" in office.post("standard", body, headers).log
    assert "0 new" in office.post("standard", body, headers).log
    assert office.kept("provider_id") == [headers["svix-id"]]


def test_every_example_of_github_is_received_once(office: PostOffice) -> None:
    """Hundreds of real payloads, each delivered twice, with the type that its event and action make."""
    named = [(one["name"], example) for one in json.loads(GITHUB.read_text()) for example in one["examples"]]
    expected = []
    for name, example in named:
        body = encoded(example)
        headers = signed("github", body) | {"x-github-event": name}
        assert "1 new, 0 repeated" in office.post("github", body, headers).log, name
        assert "0 new, 1 repeated" in office.post("github", body, headers).log, name
        action = f".{example['action']}" if example.get("action") else ""
        expected.append((f"{name}{action}", headers["x-github-delivery"]))
    assert sorted(office.kept("type, provider_id")) == sorted(expected)
    assert len(expected) > 300
    assert ("ping", ...) in [(kind, ...) for kind, _ in expected]


def test_a_body_of_a_megabyte_is_taken(office: PostOffice) -> None:
    told = office.send("stripe", SAMPLES["stripe"] | {"data": {"text": "é" * 180_000}})
    assert told.status == 200


def test_the_log_of_a_taken_request_tells_nothing_of_it(office: PostOffice) -> None:
    body = SAMPLES["stripe"] | {"data": {"object": {"email": "ada@example.com"}}}
    told = office.send("stripe", body)
    assert told.log == "received stripe: 1 new, 0 repeated\n"
    assert "ada@example.com" not in str(office.kept("body"))


# Our own faults -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"secret": ""}, "secret is missing"),
        ({"kind": "strype"}, "kind must be one of"),
        ({"kind": ["stripe"], "url": ""}, "kind must be one of"),
        ({"storage_key": "short"}, "storage_key"),
        ({"storage_key": " " * 40}, "storage_key"),
        ({"secret": "$var:f/webhooks/none"}, "names a variable or resource that this job may not read"),
    ],
)
def test_settings_that_are_broken_are_our_fault_and_the_provider_comes_again(
    office: PostOffice, fields: dict[str, Any], reason: str
) -> None:
    office.source("stripe", **fields)
    told = office.send("stripe", SAMPLES["stripe"])
    assert (told.status, told.text, told.headers) == (
        503, "Not available. Try again later.", {"Retry-After": "60"},
    )  # fmt: skip
    assert "FAULT 503 bad_settings stripe: " in told.log
    assert reason in told.log
    office.source("stripe")
    assert office.send("stripe", SAMPLES["stripe"]).status == 200


def test_a_store_that_is_not_there_is_our_fault(office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any) -> None:
        raise TryLater("The store is away.", code="store")

    with monkeypatch.context() as away:
        away.setattr(SqliteStore, "together", gone)
        told = office.send("stripe", SAMPLES["stripe"])
    assert (told.status, told.headers) == (503, {"Retry-After": "60"})
    assert "FAULT 503 store stripe: The store is away." in told.log
    assert "1 new" in office.send("stripe", SAMPLES["stripe"]).log


@pytest.mark.parametrize(
    "reply", [Reply(500), Reply(401), Reply(302, headers={"Location": "/"}), Reply(drop=True)]
)
def test_a_windmill_that_does_not_answer_is_our_fault(
    office: PostOffice, monkeypatch: pytest.MonkeyPatch, reply: Reply
) -> None:
    with serve(lambda _: reply) as server:
        monkeypatch.setenv("BASE_INTERNAL_URL", server.url)
        told = office.send("stripe", SAMPLES["stripe"])
    assert told.status == 503
    assert "FAULT 503 platform stripe: " in told.log
    assert office.kept() == []


def test_people_hear_of_a_fault_once_an_hour(office: PostOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setitem(
        office.scripts, "f/notify/notify_event", lambda arguments: told.append(dict(arguments))
    )
    monkeypatch.setenv("NOTIFY_ROUTING", "f/notify/routing")
    file = office.templates / "f/notify/routing.resource.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text('{"value": {}}')
    office.source("stripe", secret="")
    for _ in range(3):
        assert office.send("stripe", SAMPLES["stripe"]).status == 503
    (one,) = told
    assert one["event"] == "integration_error"
    assert one["data"]["service"] == "The webhook source stripe"
    assert "secret is missing" in one["data"]["error_message"]
