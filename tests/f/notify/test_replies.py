"""Whatever a service answers ends in one of our errors, and what cannot be read is never taken for sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from f.connect.calls.message import Request, Response
from f.connect.errors import ConnectError, GiveUpRecord, OutcomeUnknown, TryLater
from f.notify.email.resend import Resend
from f.notify.email.sendgrid import Sendgrid
from f.notify.send_bulk_email import main as send_bulk_email
from f.notify.send_email import main as send_email
from f.notify.send_slack_message import main as send_slack_message
from f.notify.send_sms import main as send_sms
from f.notify.slack.client import find_mark, read_post, read_webhook
from f.notify.texts.client import Text, find_sent, read_state
from tests.loopback import Asked, Reply, serve

RESEND, SENDGRID = Resend({"token": "re_1"}), Sendgrid({"token": "SG.1"})
TEXT = Text("+12025550123", "+15005550006", "x")
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.sampled_from(["21211", "1e9", "\ud800", "²", "queued", "outbound-api", "x", "+12025550123"]),
)
_WORDS = """ok ts channel error messages metadata event_payload mark sid code message status num_segments
    error_code date_created body to from direction id data errors index name field statusCode"""
NAMES = st.sampled_from(_WORDS.split())
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(NAMES, inner, max_size=6)),
    max_leaves=20,
)
DEEP = b'{"a":' * 100_000
BODIES = st.one_of(
    VALUES.map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=30),
    st.sampled_from(
        [b"", b"<html>busy</html>", b"null", b"[]", b"ok", DEEP, b"[" * 100_000, b'"\xff"', b"NaN"]
    ),
)


def response(method: str, status: int, body: bytes) -> Response:
    return Response(
        request=Request(method=method, path="/x", json={"html": "the body of the mail"}, endpoint="x"),
        status=status,
        headers=CaseInsensitiveDict(),
        body=body,
        elapsed=0.1,
        attempts=1,
        request_id="r",
        call="POST x",
        url="http://x",
    )


Read = Callable[[Response], Any]
WRITES: dict[str, Read] = {
    "twilio": read_state,
    "slack": read_post,
    "webhook": read_webhook,
    "resend": RESEND.read_id,
    "sendgrid": SENDGRID.read_id,
}
READS: dict[str, Read] = {
    "twilio": lambda reply: find_sent(reply, TEXT, (60.0, 0.0), 1e9),
    "slack": lambda reply: find_mark(reply, "m"),
}


def failure_of(read: Read, reply: Response) -> ConnectError | None:
    try:
        read(reply)
    except ConnectError as error:
        return error
    return None


@pytest.mark.parametrize("service", WRITES)
@given(st.sampled_from([200, 201, 202, 204, 304, 400, 403, 404, 409, 413, 422, 429]), BODIES)
@example(400, b'{"code": "21610", "message": []}')
@example(200, b'{"ok": "false"}')
@example(200, b'{"ok": true, "ts": {"a": 1}}')
@example(201, b'{"sid": "SM1", "num_segments": "\xc2\xb2", "error_code": "x"}')
def test_any_reply_to_a_write_is_read_or_named(service: str, status: int, body: bytes) -> None:
    error = failure_of(WRITES[service], response("POST", status, body))
    if error is not None:
        refused = service == "slack" and b'"error"' in body
        assert refused or status >= 400 or isinstance(error, OutcomeUnknown)
        assert "the body of the mail" not in str(error)
        str(error).encode()
        json.dumps(vars(error))


@pytest.mark.parametrize("service", READS)
@given(st.sampled_from([200, 400, 403, 404, 429]), BODIES)
def test_any_reply_to_a_look_up_is_read_or_named(service: str, status: int, body: bytes) -> None:
    str(failure_of(READS[service], response("GET", status, body))).encode()


@given(st.integers(1, 5), BODIES)
@example(3, b'{"data": [{"id": "a"}, {"id": "b"}]}')
@example(2, b'{"data": [{"id": "a"}], "errors": [{"index": "0"}]}')
@example(2, b'{"data": [{"id": "a"}], "errors": [{"index": true}]}')
def test_any_reply_to_a_batch_has_as_many_ids_as_mails_or_none_is_sent(count: int, body: bytes) -> None:
    outcomes = RESEND.read_batch(response("POST", 200, body), count)
    assert len(outcomes) == count
    sent = [one for one in outcomes if isinstance(one, str)]
    assert all(sent)
    if sent:
        assert len(json.loads(body)["data"]) + sum(isinstance(one, GiveUpRecord) for one in outcomes) == count


@pytest.mark.parametrize(
    ("service", "status", "body"),
    [
        ("twilio", 201, b"{}"),
        ("twilio", 200, b"<html>busy</html>"),
        ("slack", 200, b""),
        ("slack", 200, b'{"ok": "true", "ts": "1.0"}'),
        ("slack", 200, b'{"ok": true}'),
        ("webhook", 200, b"<html>busy</html>"),
        ("webhook", 200, b""),
        ("resend", 200, b'{"id": null}'),
        ("resend", 200, b""),
        ("sendgrid", 202, b""),
        ("sendgrid", 304, b""),
        ("twilio", 304, b""),
        ("sendgrid", 200, b"<html>busy</html>"),
    ],
)
def test_a_success_that_does_not_say_so_is_in_doubt(service: str, status: int, body: bytes) -> None:
    with pytest.raises(OutcomeUnknown, match="may have been sent"):
        WRITES[service](response("POST", status, body))


@pytest.mark.parametrize(
    ("service", "message"),
    [
        ("resend", {"name": "validation_error", "message": "Bad html: the body of the mail"}),
        ("sendgrid", {"errors": [{"field": "content", "message": "Bad: the body of the mail"}]}),
    ],
)
def test_a_refusal_that_quotes_the_mail_is_told_without_it(service: str, message: dict[str, Any]) -> None:
    with pytest.raises(GiveUpRecord) as caught:
        WRITES[service](response("POST", 400, json.dumps(message).encode()))
    assert "the body" not in str(caught.value)


def test_a_code_written_as_text_means_the_same() -> None:
    for code in (b"21610", b'"21610"'):
        with pytest.raises(GiveUpRecord, match="opted out"):
            read_state(response("POST", 400, b'{"code": %s}' % code))


def test_a_list_of_messages_that_cannot_be_read_is_to_be_asked_for_again() -> None:
    for body in (b"{}", b'{"messages": null}', b'{"messages": [1]}', b"<html>", DEEP):
        with pytest.raises(TryLater):
            find_sent(response("GET", 200, body), TEXT, (60.0, 0.0), 1e9)


def test_a_post_is_looked_for_on_every_page_of_the_channel() -> None:
    marks: list[str] = []

    def answer(asked: Asked) -> Reply:
        if asked.method == "POST":
            marks.append(asked.json["metadata"]["event_payload"]["mark"])
            return Reply(drop=True)
        if "cursor=" not in asked.path:
            more = {"has_more": True, "response_metadata": {"next_cursor": "p2="}}
            return Reply(200, {"ok": True, "messages": [{"ts": "9.0", "metadata": None}], **more})
        found = {"ts": "1.0", "metadata": {"event_payload": {"mark": marks[0]}}}
        return Reply(200, {"ok": True, "messages": [found], "has_more": False})

    with serve(answer) as server:
        bot: Any = {"token": "xoxb-1", "base_url": server.url}
        assert send_slack_message("x", slack=bot, channel="C1")["ts"] == "1.0"
    assert [asked.method for asked in server.asked] == ["POST", "GET", "GET"]


ODD = [b"[1]", b"null", b"<html>busy</html>", b"", DEEP, b"\xff\xfe", b'{"id": {"a": 1}, "sid": 0.5}']
MAIL: dict[str, Any] = {"sender": "ops@example.com", "subject": "Hi", "html": "<p>x</p>"}
SENDS: dict[str, Callable[[str], Any]] = {
    "slack": lambda url: send_slack_message("x", slack={"token": "xoxb-1", "base_url": url}, channel="#a"),
    "webhook": lambda url: send_slack_message("x", slack_webhook={"url": f"{url}/services/T/B/x"}),
    "sms": lambda url: send_sms(
        TEXT.to, "x", {"accountSid": "AC1", "token": "t", "base_url": url}, TEXT.sender
    ),
    "resend": lambda url: send_email(["a@example.com"], **MAIL, resend={"token": "re_1", "base_url": url}),
    "sendgrid": lambda url: send_email(["a@example.com"], **MAIL, sendgrid={"token": "S", "base_url": url}),
}


@pytest.mark.parametrize("body", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("service", SENDS)
def test_a_script_whose_service_answers_nonsense_says_that_it_is_in_doubt(service: str, body: bytes) -> None:
    with serve(lambda _: Reply(200, body)) as server, pytest.raises(OutcomeUnknown):
        SENDS[service](server.url)
    assert sum(asked.method == "POST" for asked in server.asked) == 1


def test_a_batch_with_fewer_ids_than_mails_has_nobody_as_sent() -> None:
    people = [{"email": f"p{number}@example.com"} for number in range(3)]
    replies = iter([{"data": [{"id": "a"}, {"id": "b"}]}, {"data": [{"id": "a"}, {"id": "b"}, {}]}])
    with serve(lambda _: Reply(200, next(replies))) as server:
        provider: Any = {"token": "re_1", "base_url": server.url}
        results = [send_bulk_email(people, **MAIL, resend=provider) for _ in range(2)]
    fewer, unnamed = ([one["status"] for one in result["recipients"]] for result in results)
    assert fewer == ["unknown"] * 3
    assert unnamed == ["sent", "sent", "unknown"]
    assert "2 ids" in results[0]["recipients"][0]["reason"]
    assert "3 unknown" in results[0]["wm_failure"]


def test_a_second_run_knows_whom_the_first_was_refused_and_sends_to_them_alone() -> None:
    people = [{"email": f"p{number}@example.com"} for number in range(3)]
    replies = iter(
        [
            {"data": [{"id": "a"}, {"id": "c"}], "errors": [{"index": 1, "message": "No."}]},
            {"data": [{"id": "b"}], "errors": []},
        ]
    )
    with serve(lambda _: Reply(200, next(replies))) as server:
        provider: Any = {"token": "re_1", "base_url": server.url}
        results = [send_bulk_email(people, **MAIL, resend=provider, message_key="k") for _ in range(3)]
    told = [[(one["status"], one["id"]) for one in result["recipients"]] for result in results]
    assert told[0] == [("sent", "a"), ("refused", ""), ("sent", "c")]
    assert told[1] == [("already_sent", "a"), ("sent", "b"), ("already_sent", "c")]
    assert told[2] == [("already_sent", "a"), ("already_sent", "b"), ("already_sent", "c")]
    assert [len(asked.json) for asked in server.asked] == [3, 1]


@pytest.mark.parametrize("charset", ["undefined", "idna", "punycode", "nonsense", "utf-16"])
def test_a_charset_that_nobody_can_decode_changes_nothing(charset: str) -> None:
    for body, sent in ((b"ok", True), (b"\xff\xfe", False)):
        reply = response("POST", 200, body)
        reply.headers = {"Content-Type": f"text/plain; charset={charset}"}
        assert (failure_of(read_webhook, reply) is None) == sent
