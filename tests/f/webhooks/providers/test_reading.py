"""What a verified request tells: the type, the key, the time, and what a provider calls it."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f.webhooks.providers.content import id_of, json_of, seconds_of, type_of
from f.webhooks.providers.reading import read_events
from f.webhooks.requests.event import IncomingEvent
from f.webhooks.requests.refusal import RefuseRequest
from f.webhooks.requests.request import WebhookRequest
from f.webhooks.requests.source import Source
from tests.f.webhooks.post_office import FORM, JSON, KINDS, encoded

AT = 1_790_000_000
GUID = "72d3162e-cc78-11e3-81ab-4c9367dc0958"


def read(
    kind: Any, body: Any, headers: dict[str, str] | None = None, *, content_type: str = JSON
) -> tuple[IncomingEvent, ...]:
    text = encoded(body, content_type)
    request = WebhookRequest("POST", "", {"content-type": content_type, **(headers or {})}, text.encode())
    source = Source(name=kind, kind=kind, secrets=("s",), storage_key="k" * 32)
    return read_events(request, source).events


def one(kind: Any, body: Any, headers: dict[str, str] | None = None, **more: Any) -> IncomingEvent:
    (event,) = read(kind, body, headers, **more)
    return event


SNAPSHOT = {"id": "evt_1", "type": "charge.failed", "created": AT, "api_version": "2026-10-28.dahlia"}
THIN = {"id": "evt_2", "object": "v2.core.event", "created": "2026-09-21T14:13:20.000Z"}
COMMAND = {"command": "/ship", "text": "", "trigger_id": "13345224609.738474920.8088930838d88f", "token": "t"}
CLICK = {"sg_message_id": "m.1", "event": "click", "email": "a@example.com", "timestamp": AT}
HUBSPOT = {
    "eventId": 100,
    "subscriptionId": 7,
    "objectId": 9,
    "occurredAt": AT * 1000,
    "propertyName": "email",
}
ASSOCIATION = {  # it has no objectId
    "eventId": 100,
    "subscriptionId": 7,
    "occurredAt": AT * 1000,
    "fromObjectId": 10,
    "toObjectId": 11,
    "associationTypeId": 4,
    "associationRemoved": False,
}
TYPED = [
    ("stripe", SNAPSHOT, {}, "charge.failed", "evt_1", AT),
    ("stripe", THIN | {"type": "v1.charge.failed"}, {}, "charge.failed", "evt_2", AT),
    ("stripe", THIN | {"type": "v2.core.account.created"}, {}, "v2.core.account.created", "evt_2", AT),
    ("slack", {"type": "event_callback", "event_id": "Ev1", "event_time": AT, "event": {"type": "message"}},
     {}, "message", "Ev1", AT),
    ("slack", {"type": "app_rate_limited", "minute_rate_limited": AT}, {}, "app_rate_limited", "", None),
    ("slack", {"type": "event_callback", "event_id": "Ev1", "event": "odd"}, {}, "untyped", "Ev1", None),
    ("github", {"action": "opened"}, {"x-github-event": "issues", "x-github-delivery": GUID},
     "issues.opened", GUID, None),
    ("github", {"ref": "refs/heads/main"}, {"x-github-event": "push", "x-github-delivery": GUID.upper()},
     "push", GUID, None),
    ("github", {"zen": "Design for failure."}, {"x-github-event": "ping"}, "ping", "", None),
    ("github", {"action": {"odd": 1}}, {"x-github-event": "issues"}, "issues", "", None),
    ("github", {"action": "a\nb"}, {"x-github-event": "issues"}, "issues", "", None),
    ("github", {}, {"x-github-event": "Issues!"}, "untyped", "", None),
    ("github", {"action": "opened"}, {}, "untyped", "", None),
    ("shopify", {"id": 1}, {"x-shopify-topic": "orders/create", "x-shopify-webhook-id": GUID,
                            "x-shopify-triggered-at": "2026-09-21T14:13:20.000000Z"},
     "orders/create", GUID, AT),
    ("standard", {"type": "user.created", "timestamp": "2026-09-21T14:13:20Z"}, {"webhook-id": "msg_1"},
     "user.created", "msg_1", AT),
    ("standard", {"type": "user.created"}, {"svix-id": "msg_2", "svix-signature": "v1,x"},
     "user.created", "msg_2", None),
    ("standard", {}, {"webhook-id": "msg_1", "webhook-signature": "v1,x", "svix-id": "msg_2"},
     "untyped", "msg_1", None),
    ("generic", {"type": "order.paid", "event": "x"}, {"x-webhook-id": "d1"}, "order.paid", "d1", None),
    ("generic", {"event": "order.paid"}, {"x-webhook-event": "x"}, "order.paid", "", None),
    ("generic", [1], {"x-webhook-event": "order.paid"}, "order.paid", "", None),
    ("generic", {"type": {"odd": 1}}, {}, "untyped", "", None),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body", "headers", "type_", "key", "at"), TYPED)
def test_an_event_has_its_providers_type_id_and_time(
    kind: str, body: Any, headers: dict[str, str], type_: str, key: str, at: float | None
) -> None:
    event = one(kind, body, headers)
    assert (event.type, event.key, event.provider_id, event.occurred_at) == (type_, key, key, at)
    assert event.body == body


@pytest.mark.parametrize(
    ("fields", "type_", "sid"),
    [
        ({"MessageSid": "SM1", "MessageStatus": "delivered"}, "message.delivered", "SM1"),
        ({"SmsSid": "SM1", "MessageStatus": "read"}, "message.read", "SM1"),
        ({"MessageSid": "SM2", "SmsStatus": "received", "Body": "Hi"}, "message.received", "SM2"),
        ({"MessageSid": "MM1", "Body": "", "NumMedia": "1"}, "message.received", "MM1"),
        ({"CallSid": "CA1", "CallStatus": "no-answer"}, "call.no-answer", "CA1"),
        ({"AccountSid": "AC1", "Level": "ERROR"}, "twilio.other", ""),
    ],
)
def test_twilio_tells_of_messages_and_calls(fields: dict[str, str], type_: str, sid: str) -> None:
    headers = {"i-twilio-idempotency-token": GUID}
    for content_type in (FORM, JSON):
        event = one("twilio", fields, headers, content_type=content_type)
        assert (event.type, event.key, event.provider_id, event.body) == (type_, GUID, sid, fields)


def test_a_call_of_twilio_says_when_it_was() -> None:
    fields = {"CallSid": "CA1", "CallStatus": "completed", "Timestamp": "Mon, 21 Sep 2026 14:13:20 +0000"}
    assert one("twilio", fields, content_type=FORM).occurred_at == AT


def test_a_field_that_comes_twice_loses_none_of_its_values() -> None:
    event = one("twilio", "MediaUrl=a&MediaUrl=b&MediaUrl=c&Body=", content_type=FORM)
    assert event.body == {"MediaUrl": ["a", "b", "c"], "Body": ""}


def test_slack_hands_on_commands_and_buttons_without_its_own_token() -> None:
    command = one("slack", COMMAND, content_type=FORM)
    assert (command.type, command.key) == ("slash_command", COMMAND["trigger_id"])
    assert command.body == {name: value for name, value in COMMAND.items() if name != "token"}
    pressed = {"type": "block_actions", "trigger_id": "1.2.a", "token": "t", "actions": []}
    button = one("slack", {"payload": json.dumps(pressed)}, content_type=FORM)
    assert (button.type, button.key, button.body["actions"]) == ("block_actions", "1.2.a", [])
    assert "token" not in button.body


def test_a_second_attempt_of_slack_is_seen_as_one() -> None:
    retry = {"x-slack-retry-num": "1", "x-slack-retry-reason": "http_timeout"}
    event = one("slack", {"type": "event_callback", "event_id": "Ev1", "event": {"type": "m"}}, retry)
    assert event.headers == retry


def test_github_sends_forms_as_well() -> None:
    headers = {"x-github-event": "issues", "x-github-delivery": GUID}
    assert one("github", {"payload": '{"action": "opened"}'}, headers, content_type=FORM).body == {
        "action": "opened"
    }


@pytest.mark.parametrize(
    ("kind", "entry", "same", "others"),
    [
        ("sendgrid", CLICK, {"sg_event_id": "other"},
         [{"event": "open"}, {"timestamp": AT + 1}, {"email": "b@example.com"}, {"sg_message_id": "m.2"},
          {"url": "https://example.com/a"}, {"url": "https://example.com/b"}]),
        ("hubspot", HUBSPOT, {"attemptNumber": 2},
         [{"eventId": 101}, {"subscriptionId": 8}, {"objectId": 10}, {"occurredAt": AT * 1000 + 1},
          {"propertyName": "phone"}, {"portalId": 2}, {"messageId": "m"}]),
        ("hubspot", ASSOCIATION, {"attemptNumber": 2},
         [{"fromObjectId": 12}, {"toObjectId": 13}, {"associationTypeId": 5}, {"associationRemoved": True}]),
    ],
)  # fmt: skip
def test_entries_of_a_batch_are_told_apart_by_what_makes_them_one_event(
    kind: str, entry: dict[str, Any], same: dict[str, Any], others: list[dict[str, Any]]
) -> None:
    first, again, *rest = (
        event.key for event in read(kind, [entry, entry | same, *(entry | o for o in others)])
    )
    assert first == again
    assert len({first, *rest}) == 1 + len(others)
    assert "example" not in first  # it tells nothing of a person


@pytest.mark.parametrize(
    ("kind", "entry", "missing", "changes"),
    [("sendgrid", CLICK, "sg_message_id", "sg_event_id"), ("hubspot", HUBSPOT, "eventId", "attemptNumber")],
)
def test_an_entry_without_its_id_is_known_by_its_content(
    kind: str, entry: dict[str, Any], missing: str, changes: str
) -> None:
    bare = {name: value for name, value in entry.items() if name != missing}
    reordered = dict(reversed(bare.items())) | {changes: 3}
    one_, two, other = read(kind, [bare, reordered, bare | {"more": 1}])
    assert (one_.key, two.key) == ("", "")
    assert one_.content_hash == two.content_hash != other.content_hash


@pytest.mark.parametrize(("kind", "header"), [("standard", "webhook-id"), ("generic", "x-webhook-id")])
@pytest.mark.parametrize("odd", ["order@{}", "<{}>", "a {}", "x" * 300 + "{}", "$var:f/{}"])
def test_two_events_are_two_whatever_their_ids_look_like(kind: str, header: str, odd: str) -> None:
    first, again, second = (one(kind, {"type": "ping"}, {header: odd.format(n)}) for n in (1, 1, 2))
    assert first.key == again.key != second.key
    assert "" not in (first.key, second.key)
    assert first.provider_id == "", "what is shown is a plain id or none"


def test_types_and_times_of_batches() -> None:
    (click,) = read("sendgrid", [CLICK])
    assert (click.type, click.provider_id, click.occurred_at) == ("message.click", "m.1", AT)
    (change,) = read(
        "hubspot", [HUBSPOT | {"subscriptionType": "contact.propertyChange", "attemptNumber": 1}]
    )
    assert (change.type, change.provider_id, change.occurred_at) == ("contact.propertyChange", "100", AT)
    assert change.headers == {"attempt": "1"}
    assert [event.type for event in read("sendgrid", [{}, {"event": 5}])] == ["untyped", "message.5"]


def test_the_content_is_of_the_bytes_that_were_signed() -> None:
    spaced, bare = one("generic", '{"a": 1}'), one("generic", '{"a":1}')
    assert spaced.body == bare.body
    assert spaced.content_hash != bare.content_hash


def test_only_harmless_facts_of_the_headers_are_kept() -> None:
    headers = {"user-agent": "Stripe/1.0 (+https://stripe.com)", "x-webhook-retry": "2",
               "x-webhook-source": "$var:f/a", "x-webhook-signature": "s", "x-webhook-a": "o"}  # fmt: skip
    assert one("generic", {}, headers).headers == {
        "user-agent": headers["user-agent"],
        "x-webhook-retry": "2",
    }
    assert one("generic", {}, {"user-agent": "$var:f/a/b"}).headers == {}
    assert one("stripe", SNAPSHOT).headers == {"api-version": "2026-10-28.dahlia"}


@pytest.mark.parametrize(
    ("said", "taken"),
    [("evt_1", "evt_1"), (5, "5"), ("a b", ""), ("$var:f/a", ""), ("", ""), ("x" * 256, ""), (True, ""),
     (None, ""), (1 << 70, ""), (["a"], ""), ("a\n", ""), (1.5, "")],
)  # fmt: skip
def test_an_id_is_a_short_text_without_surprises(said: object, taken: str) -> None:
    assert id_of(said) == taken


@pytest.mark.parametrize(
    ("said", "at"),
    [(AT, AT), (float(AT), AT), (str(AT), AT), (0, None), (-1, None), (1e300, None), (float("nan"), None),
     (float("inf"), None), (True, None), ("soon", None), ("9" * 30, None), (None, None), (10**400, None)],
)  # fmt: skip
def test_a_time_is_one_of_this_century_or_none(said: object, at: float | None) -> None:
    assert seconds_of(said) == at


def test_a_type_is_a_short_text_without_surprises() -> None:
    assert type_of("$var:f/a", "a\nb", "x" * 201, None, "", "orders/create") == "orders/create"
    assert type_of() == "untyped"


def test_json_is_what_others_can_read_as_well() -> None:
    assert json_of('{"a": "\\ud800", "b": "\\ud83d\\ude00"}') == {
        "a": "\N{REPLACEMENT CHARACTER}",
        "b": "\N{GRINNING FACE}",
    }
    assert json_of(b'\xef\xbb\xbf{"a": 1, "a": 2}') == {"a": 2}
    assert json_of("[" * 100 + "]" * 100)
    for wrong in (b"\xff", "[" * 101 + "]" * 101):
        with pytest.raises(RefuseRequest):
            json_of(wrong)


_NAMES = sorted({
    "id", "type", "created", "action", "event", "event_id", "event_time", "trigger_id", "payload", "command",
    "MessageSid", "MessageStatus", "CallStatus", "Timestamp", "sg_message_id", "email", "timestamp", "url",
    "eventId", "occurredAt", "objectId", "subscriptionType", "challenge", "api_version",
})  # fmt: skip
_SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(_NAMES)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=8),
    max_leaves=12,
)
_HEADERS = st.dictionaries(
    st.sampled_from(
        ["x-github-event", "x-github-delivery", "x-shopify-topic", "x-shopify-triggered-at", "webhook-id",
         "svix-id", "x-webhook-id", "x-webhook-event", "i-twilio-idempotency-token", "user-agent"]
    ),
    st.text(),
)  # fmt: skip


@given(st.sampled_from(KINDS), _VALUES | st.binary(), _HEADERS, st.sampled_from([FORM, JSON]))
def test_whatever_is_signed_is_read_or_refused(
    kind: Any, value: Any, headers: dict[str, str], content_type: str
) -> None:
    body = value if isinstance(value, bytes) else json.dumps(value).encode()
    request = WebhookRequest("POST", "", {"content-type": content_type, **headers}, body)
    source = Source(name=kind, kind=kind, secrets=("s",), storage_key="k" * 32)
    with contextlib.suppress(RefuseRequest):
        for event in read_events(request, source).events:
            assert event.content_hash
            assert event.type.isprintable()
            json.dumps([event.body, event.headers], allow_nan=False).encode()
