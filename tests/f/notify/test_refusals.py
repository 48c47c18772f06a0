"""What a service's error means is a class to act by, a code, and a sentence: one table per service."""

from typing import Any

import pytest

from f.connect.errors import (
    ConnectError,
    FixInput,
    FixSettings,
    GiveUpRecord,
    OutcomeUnknown,
    SignInAgain,
    TryLater,
    WaitForQuota,
)
from f.notify.get_message_status import main as get_message_status
from f.notify.send_email import main as send_email
from f.notify.send_slack_message import main as send_slack_message
from f.notify.send_sms import main as send_sms
from tests.f.notify.conftest import Twin

SENDER = "+15005550006"
MAIL: dict[str, Any] = {"to": ["ada@example.com"], "sender": "ops@example.com", "subject": "Hi", "text": "x"}


@pytest.mark.parametrize(
    ("token", "channel", "kind", "code", "said"),
    [
        ("xoxb-wrong", "C0OPS", SignInAgain, "invalid_auth", "the token is wrong"),
        ("xoxb-expired", "C0OPS", SignInAgain, "token_expired", "the token has expired"),
        ("xoxb-revoked", "C0OPS", SignInAgain, "token_revoked", "the token was revoked"),
        ("xoxb-unscoped", "C0OPS", SignInAgain, "missing_scope", "Add chat:write"),
        ("xoxb-good", "C0NOWHERE", FixInput, "channel_not_found", "the channel is unknown"),
        ("xoxb-good", "#nowhere", FixInput, "channel_not_found", "the channel is unknown"),
        ("xoxb-good", "C0OLD", FixInput, "is_archived", "archived"),
        ("xoxb-good", "C0PRIVATE", FixSettings, "not_in_channel", "Invite it"),
    ],
)
def test_a_refusal_of_slack(
    slack: Twin, token: str, channel: str, kind: type[ConnectError], code: str, said: str
) -> None:
    with pytest.raises(kind, match=said) as caught:
        send_slack_message("x", slack=slack.with_token(token), channel=channel)
    assert caught.value.code == code
    assert token not in str(vars(caught.value))
    assert slack.sent() == []


@pytest.mark.parametrize(
    ("status", "answer", "kind", "said"),
    [
        (200, {"ok": False, "error": "ratelimited"}, TryLater, "Try again later"),
        (200, {"ok": False, "error": "fatal_error"}, OutcomeUnknown, "may be there"),
        (200, {"ok": False, "error": "some_new_error"}, GiveUpRecord, "some_new_error"),
        (200, {"ok": False, "error": "invalid_blocks"}, FixInput, "Block Kit Builder"),
    ],
)
def test_ok_false_is_never_taken_for_success(
    slack: Twin, status: int, answer: dict[str, Any], kind: type[ConnectError], said: str
) -> None:
    slack.answer_next("post_message", status, answer)
    with pytest.raises(kind, match=said):
        send_slack_message("x", slack=slack.resource, channel="#ops")


@pytest.mark.parametrize(
    ("secret", "kind", "code"),
    [
        ("removed", FixSettings, "no_service"),
        ("archived", FixInput, "channel_is_archived"),
        ("prohibited", FixSettings, "action_prohibited"),
    ],
)
def test_a_refusal_of_a_webhook_names_no_part_of_its_url(
    slack: Twin, secret: str, kind: type[ConnectError], code: str
) -> None:
    url = f"{slack.client.url}/services/T0/B0/{secret}"
    with pytest.raises(kind) as caught:
        send_slack_message("x", slack_webhook={"url": url})
    assert caught.value.code == code
    assert "/services/" not in f"{caught.value} {vars(caught.value)}"


@pytest.mark.parametrize(
    ("to", "sender", "kind", "code", "said"),
    [
        ("+15005550001", SENDER, FixInput, "twilio_21211", "number is not valid"),
        ("+15005550002", SENDER, FixInput, "twilio_21612", "Use another sender"),
        ("+15005550003", SENDER, FixSettings, "twilio_21408", "Geo permissions"),
        ("+15005550009", SENDER, FixInput, "twilio_21614", "takes no text messages"),
        ("+12025550123", "+15005550001", FixSettings, "twilio_21212", "sender's number"),
        ("+12025550123", "+15005550007", FixSettings, "twilio_21606", "Check sender"),
    ],
)
def test_a_refusal_of_twilio(
    twilio: Twin, to: str, sender: str, kind: type[ConnectError], code: str, said: str
) -> None:
    with pytest.raises(kind, match=said) as caught:
        send_sms(to, "x", twilio.resource, sender)
    assert caught.value.code == code
    assert to not in str(caught.value)
    assert twilio.sent() == []


def test_twilios_wrong_token_is_a_matter_of_signing_in(twilio: Twin) -> None:
    with pytest.raises(SignInAgain, match="credential was refused"):
        send_sms("+12025550123", "x", twilio.with_token("wrong"), SENDER)


def test_an_unknown_message_is_said_to_be_unknown(twilio: Twin) -> None:
    with pytest.raises(FixInput, match="knows no such message"):
        get_message_status("SM0", twilio.resource)


@pytest.mark.parametrize(
    ("changes", "token", "kind", "code"),
    [
        ({}, "re_wrong", SignInAgain, "invalid_api_key"),
        ({}, "re_restricted", SignInAgain, "http_401"),
        ({"sender": "ops@unverified.example.com"}, "re_good", FixSettings, "unverified_domain"),
        ({"to": [f"a{n}@example.com" for n in range(51)]}, "re_good", FixInput, "too_many_recipients"),
    ],
)
def test_a_refusal_of_resend(
    resend: Twin, changes: dict[str, Any], token: str, kind: type[ConnectError], code: str
) -> None:
    with pytest.raises(kind) as caught:
        send_email(**{**MAIL, **changes}, resend=resend.with_token(token))
    assert caught.value.code == code
    assert resend.sent() == []


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (409, {"name": "invalid_idempotent_request", "message": ""}, FixInput),
        (409, {"name": "concurrent_idempotent_requests", "message": ""}, TryLater),
        (422, {"name": "validation_error", "message": "Invalid `to` field."}, GiveUpRecord),
        (404, {"name": "not_found", "message": ""}, FixInput),
    ],
)
def test_what_resend_names_decides(
    resend: Twin, status: int, answer: dict[str, Any], kind: type[ConnectError]
) -> None:
    resend.answer_next("send_email", status, answer)
    with pytest.raises(kind):
        send_email(**MAIL, resend=resend.resource)


@pytest.mark.parametrize(
    ("changes", "token", "kind", "code"),
    [
        ({}, "SG.wrong", SignInAgain, "http_401"),
        ({}, "SG.restricted", SignInAgain, "sendgrid_403"),
        ({"sender": "ops@unverified.example.com"}, "SG.good", FixSettings, "unverified_sender"),
        ({"to": [f"a{n}@example.com" for n in range(1001)]}, "SG.good", FixInput, "too_many_recipients"),
    ],
)
def test_a_refusal_of_sendgrid(
    sendgrid: Twin, changes: dict[str, Any], token: str, kind: type[ConnectError], code: str
) -> None:
    with pytest.raises(kind) as caught:
        send_email(**{**MAIL, **changes}, sendgrid=sendgrid.with_token(token))
    assert caught.value.code == code
    assert sendgrid.sent() == []


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (400, {"errors": [{"message": "bad", "field": "template_id"}]}, FixInput),
        (400, {"errors": [{"message": "bad", "field": "content"}]}, GiveUpRecord),
        (413, {"errors": [{"message": "large", "field": None}]}, FixInput),
        (500, {"errors": [{"message": "oops", "field": None}]}, OutcomeUnknown),
    ],
)
def test_what_sendgrid_says_decides(
    sendgrid: Twin, status: int, answer: dict[str, Any], kind: type[ConnectError]
) -> None:
    sendgrid.answer_next("mail_send", status, answer)
    with pytest.raises(kind):
        send_email(**MAIL, sendgrid=sendgrid.resource)


def test_a_used_up_quota_is_to_be_waited_for(resend: Twin) -> None:
    resend.fail_next("send_email", "quota", times=9)
    with pytest.raises(WaitForQuota):
        send_email(**MAIL, resend=resend.resource)


@pytest.mark.parametrize(
    ("call", "kind", "said"),
    [
        (lambda: send_slack_message("x"), FixSettings, "either slack"),
        (
            lambda: send_slack_message("x", slack={"token": "a"}, slack_webhook={"url": "b"}),
            FixSettings,
            "either slack",
        ),
        (lambda: send_slack_message("x", slack={"token": "a"}), FixInput, "needs a channel"),
        (lambda: send_slack_message("x", slack={"base_url": "b"}, channel="C1"), FixSettings, "has no token"),
        (lambda: send_slack_message("x", slack_webhook={"url": "x.com"}), FixSettings, "no usable url"),
        (
            lambda: send_slack_message("x", slack_webhook={"url": "https://x.com/a"}, channel="#ops"),
            FixInput,
            "into its own channel only",
        ),
        (
            lambda: send_sms("+12025550123", "x", SENDER, SENDER),  # type: ignore[arg-type]  # as of old
            FixSettings,
            "must be a resource",
        ),
        (lambda: send_email(**{**MAIL, "sender": ""}, resend={"token": "a"}), FixInput, "from_email"),
        (lambda: send_sms("+12025550123", "x", {"token": "a"}, SENDER), FixSettings, "no accountSid"),
        (lambda: send_sms("", "x", {}, SENDER), FixInput, "No recipient"),
        (lambda: send_sms("+12025550123", "", {}, SENDER), FixInput, "either a text or a template"),
        (lambda: send_sms("+12025550123", "x" * 1601, {}, SENDER), FixInput, "1,601 characters"),
        (lambda: send_sms("+12025550123", "x", {}, ""), FixInput, "No sender"),
        (lambda: send_sms("+12025550123", "x", {}, "Much Too Long"), FixInput, "at most 11"),
        (lambda: send_sms("+12025550123", "x", {}, SENDER, ["ftp://x"]), FixInput, "media URL"),
        (lambda: send_sms("+12025550123", "x", {}, SENDER, ["http://["]), FixInput, "media URL"),
        (lambda: send_sms("+12025550123", "x", {}, SENDER, ["https://a.example"] * 11), FixInput, "10 media"),
        (lambda: send_email(**MAIL), FixSettings, "either resend or sendgrid"),
        (
            lambda: send_email(**MAIL, resend={"token": "a"}, sendgrid={"token": "b"}),
            FixSettings,
            "either resend",
        ),
        (lambda: send_email(**MAIL, sendgrid={"base_url": "x"}), FixSettings, "has no token"),
    ],
)
def test_what_can_be_seen_to_be_wrong_is_said_before_anything_is_sent(
    call: Any, kind: type[ConnectError], said: str
) -> None:
    with pytest.raises(kind, match=said) as caught:
        call()
    assert caught.value.attempts == 0
