"""Each script once from end to end against the twins: what was sent, and how often."""

import base64
import json
from typing import Any

import pytest

from f.connect.errors import FixInput, OutcomeUnknown, TryLater
from f.notify.get_message_status import main as get_message_status
from f.notify.messages.driver_alerts import driver_text
from f.notify.send_driver_alert import main as send_driver_alert
from f.notify.send_email import main as send_email
from f.notify.send_report_email import main as send_report_email
from f.notify.send_slack_alert import main as send_slack_alert
from f.notify.send_slack_message import main as send_slack_message
from f.notify.send_sms import main as send_sms
from f.notify.send_template_email import main as send_template_email
from f.notify.send_welcome_email import main as send_welcome_email
from f.notify.send_whatsapp import main as send_whatsapp
from f.notify.set_opt_out import main as set_opt_out
from f.store.once import LEASE_SECONDS
from f.store.store import Store
from tests.f.notify.conftest import Twin

TO, SENDER = "+12025550123", "+15005550006"
MAIL: dict[str, Any] = {
    "to": ["ada@example.com"],
    "sender": "ops@example.com",
    "subject": "Hi",
    "html": "<p>x</p>",
}


def test_a_slack_message_is_posted_as_plain_text_in_its_thread(slack: Twin) -> None:
    first = send_slack_message("a <!here> b", slack=slack.resource, channel="#ops")
    send_slack_message("*b*", slack=slack.resource, channel="C0OPS", thread_ts=first["ts"], mrkdwn=True)
    plain, reply = slack.sent()
    assert (plain["text"], plain["mrkdwn"]) == ("a &lt;!here&gt; b", False)
    assert (reply["text"], reply["mrkdwn"], reply["thread_ts"]) == ("*b*", True, first["ts"])


def test_an_alert_has_colour_text_and_fields(slack: Twin, slack_webhook: Any) -> None:
    result = send_slack_alert(
        "Late",
        "By 2 h",
        "critical",
        {"vessel": "Aurora"},
        "https://example.com/1",
        slack_webhook=slack_webhook,
    )
    (sent,) = slack.sent()
    assert (result["status"], sent["via"], sent["text"]) == ("sent", "webhook", "Critical: Late")
    (attachment,) = sent["attachments"]
    assert attachment["color"] == "#7f1d1d"
    assert [block["type"] for block in attachment["blocks"]] == ["header", "section", "section", "section"]
    assert [field["text"] for field in attachment["blocks"][2]["fields"]] == ["*Vessel*", "Aurora"]


def test_parts_that_were_posted_are_counted_when_a_later_one_fails(slack: Twin) -> None:
    slack.client.put_faults(
        script=[
            {"operation": "post_message", "answer": {"status": 200, "body": {"ok": True, "ts": "1.0"}}},
            {
                "operation": "post_message",
                "answer": {"status": 200, "body": {"ok": False, "error": "is_archived"}},
            },
        ]
    )
    blocks = [{"type": "divider"}] * 51
    with pytest.raises(FixInput, match=r"1 of 2 parts had been posted before\."):
        send_slack_message("x", slack=slack.resource, channel="C0OPS", blocks=blocks)


def test_a_busy_slack_is_waited_for_as_it_asks(slack: Twin) -> None:
    slack.fail_next("post_message", "throttle_429", times=2)
    send_slack_message("x", slack=slack.resource, channel="C0OPS")
    assert len(slack.sent()) == 1


@pytest.mark.parametrize("fault", ["reset_after_commit", "internal_error"])
def test_a_post_whose_answer_was_lost_is_looked_up_and_not_repeated(slack: Twin, fault: str) -> None:
    if fault == "internal_error":
        answer = {"status": 200, "body": {"ok": False, "error": fault}, "applied": True}
        slack.client.put_faults(script=[{"operation": "post_message", "answer": answer}])
    else:
        slack.fail_next("post_message", fault)
    result = send_slack_message("x", slack=slack.resource, channel="C0OPS")
    (sent,) = slack.sent()
    assert result["ts"] == sent["ts"]


def test_a_post_that_is_not_there_is_sent_again_only_by_the_next_run_with_its_key(slack: Twin) -> None:
    slack.fail_next("post_message", "reset_before")
    call: dict[str, Any] = {"slack": slack.resource, "channel": "C0OPS", "message_key": "k"}
    with pytest.raises(OutcomeUnknown):
        send_slack_message("x", **call)
    assert slack.sent() == []
    assert send_slack_message("x", **call)["status"] == "sent"
    assert send_slack_message("x", **call)["status"] == "already_sent"
    assert len(slack.sent()) == 1


def test_a_post_that_slack_does_not_let_us_look_for_is_in_doubt_and_not_repeated(slack: Twin) -> None:
    refused = {"status": 200, "body": {"ok": False, "error": "missing_scope"}}
    slack.client.put_faults(
        script=[
            {"operation": "post_message", "fault": "reset_after_commit"},
            {"operation": "history", "answer": refused, "times": 2},
        ]
    )
    for _ in range(2):
        with pytest.raises(OutcomeUnknown, match="give the app the scope channels:history"):
            send_slack_message("x", slack=slack.resource, channel="C0OPS", message_key="k")
    assert len(slack.sent()) == 1


def test_a_webhooks_lost_answer_stays_unknown_as_nobody_can_be_asked(slack: Twin, slack_webhook: Any) -> None:
    slack.fail_next("webhook", "reset_after_commit")
    for said in ("may have been applied", "cannot be asked"):
        with pytest.raises(OutcomeUnknown, match=said):
            send_slack_message("x", slack_webhook=slack_webhook, message_key="k")
    assert len(slack.sent()) == 1


def test_a_text_message_is_counted_and_its_state_can_be_asked(twilio: Twin) -> None:
    sent = send_sms("(202) 555-0123", "Grüße ж" * 20, twilio.resource, SENDER, default_country="US")
    assert (sent["segments"], sent["encoding"]) == (3, "UCS-2")
    assert sent["notices"] == ["These characters make it 3 segments: ж"]
    assert twilio.sent()[0]["to"] == TO
    state = get_message_status(sent["sid"], twilio.resource)
    assert (state["status"], state["final"]) == ("delivered", True)


def test_media_make_it_an_mms(twilio: Twin) -> None:
    media = ["https://example.com/a.png", "https://example.com/b.png"]
    sent = send_sms(TO, "", twilio.resource, SENDER, media)
    assert sent["sid"].startswith("MM")
    assert twilio.sent()[0]["num_media"] == "2"


def test_free_text_outside_whatsapps_window_shows_as_undelivered_and_a_template_arrives(twilio: Twin) -> None:
    twilio.client.put_settings(whatsapp_window_open=False)
    free = send_whatsapp(TO, twilio.resource, sender=SENDER, body="Hello")
    templated = send_whatsapp(
        TO, twilio.resource, content_sid="HX1", sender=SENDER, content_variables={"1": "Ada", "2": 4}
    )
    states = [get_message_status(one["sid"], twilio.resource) for one in (free, templated)]
    assert [(one["status"], one["error_code"]) for one in states] == [
        ("undelivered", 63016),
        ("delivered", None),
    ]
    assert [one["to"] for one in twilio.sent()] == [f"whatsapp:{TO}"] * 2
    assert json.loads(twilio.sent()[1]["body"].removeprefix("[HX1 ").removesuffix("]")) == {
        "1": "Ada",
        "2": "4",
    }


def test_who_opted_out_at_the_operator_is_remembered_and_not_asked_again(twilio: Twin) -> None:
    twilio.client.put_settings(opted_out=[TO])
    first = send_sms(TO, "x", twilio.resource, SENDER)
    twilio.client.put_settings()
    again = send_sms(TO, "x", twilio.resource, SENDER)
    assert (first["status"], again["status"]) == ("suppressed", "suppressed")
    assert twilio.sent() == []
    set_opt_out("sms", TO, opted_out=False)
    assert send_sms(TO, "x", twilio.resource, SENDER)["status"] == "sent"


def test_an_opt_out_from_sms_is_none_from_whatsapp(twilio: Twin) -> None:
    set_opt_out("sms", "(202) 555-0123", default_country="US")
    assert send_sms(TO, "x", twilio.resource, SENDER)["status"] == "suppressed"
    assert send_whatsapp(TO, twilio.resource, sender=SENDER, body="x")["status"] == "sent"


def test_a_text_whose_answer_was_lost_is_found_in_twilios_list(twilio: Twin) -> None:
    twilio.fail_next("create_message", "reset_after_commit")
    sent = send_sms(TO, "x", twilio.resource, SENDER)
    assert [one["sid"] for one in twilio.sent()] == [sent["sid"]]


def test_another_text_to_the_same_number_is_not_taken_for_it(twilio: Twin) -> None:
    send_sms(TO, "other", twilio.resource, SENDER)
    twilio.fail_next("create_message", "reset_before")
    with pytest.raises(OutcomeUnknown, match="look it up"):
        send_sms(TO, "x", twilio.resource, SENDER)


def test_twilios_429_was_never_processed_and_is_repeated(twilio: Twin) -> None:
    twilio.fail_next("create_message", "throttle_429")
    send_sms(TO, "x", twilio.resource, SENDER)
    assert len(twilio.sent()) == 1


def test_a_job_that_was_killed_while_sending_is_followed_by_a_look_and_no_second_message(
    twilio: Twin, store: Store
) -> None:
    first = send_sms(TO, "x", twilio.resource, SENDER, message_key="k")
    store.execute("UPDATE notify_sent SET state = 'sending', id = ''")  # as a kill after the send leaves it
    with pytest.raises(TryLater, match="Another job is sending"):
        send_sms(TO, "x", twilio.resource, SENDER, message_key="k")
    store.execute("UPDATE notify_sent SET at = at - :lease", {"lease": LEASE_SECONDS})
    twilio.client.put_settings()
    found = send_sms(TO, "x", twilio.resource, SENDER, message_key="k")
    assert (found["status"], found["sid"]) == ("already_sent", first["sid"])
    assert len(twilio.sent()) == 1


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        (
            "shift_reminder",
            {"driver": "Ada", "starts_at": "Monday 06:00", "place": "Dock 4"},
            "Hello Ada, your shift starts Monday 06:00 at Dock 4.",
        ),
        (
            "compliance_alert",
            {"driver": "Ada", "issue": "licence expires"},
            "Ada, please act: licence expires.",
        ),
        (
            "route_update",
            {"driver": "Ada", "change": "A7 is closed", "eta": "17:40"},
            "Ada, your route has changed: A7 is closed. New arrival time: 17:40.",
        ),
    ],
)
def test_a_driver_is_told(twilio: Twin, kind: Any, data: dict[str, Any], text: str) -> None:
    assert send_driver_alert(kind, TO, data, twilio.resource, SENDER)["notices"] == []
    assert twilio.sent()[0]["body"] == text
    with pytest.raises(FixInput, match=rf"A {kind} lacks driver \(or driver_name\)"):
        send_driver_alert(kind, TO, {}, twilio.resource, SENDER)


@pytest.mark.parametrize(
    ("kind", "data", "text"),
    [
        (
            "shift_reminder",
            {"driver_name": "Ada", "time": "06:00", "location": "Dock 4", "action": "Bring the papers."},
            "Hello Ada, your shift starts 06:00 at Dock 4. What to do: Bring the papers.",
        ),
        (
            "compliance_alert",
            {"driver_name": "Ada", "issue": "licence expires", "action": "renew it", "deadline": "1 May"},
            "Ada, please act: licence expires. What to do: renew it. Deadline: 1 May.",
        ),
        ("compliance_alert", {"driver_name": "Ada", "action": "call in"}, "Ada, please act: call in."),
        (
            "route_update",
            {"driver_name": "Ada", "new_route": "by the A1", "reason": "A7 is closed", "eta": "17:40"},
            "Ada, your new route is by the A1. New arrival time: 17:40. Reason: A7 is closed.",
        ),
        (
            "route_update",
            {"driver_name": "Ada", "location": "Gate 2", "time": "17:40", "action": "call {dispatch}"},
            "Ada, your route has changed. Place: Gate 2. Time: 17:40. What to do: call {dispatch}.",
        ),
    ],
)
def test_a_driver_is_told_by_the_other_names_of_fields_too(
    kind: str, data: dict[str, Any], text: str
) -> None:
    assert driver_text(kind, data) == (text, [])


def test_what_a_drivers_text_has_no_sentence_for_is_named_in_the_result(twilio: Twin) -> None:
    data = {"driver": "Ada", "starts_at": "06:00", "gate": 4}
    result = send_driver_alert("shift_reminder", TO, data, twilio.resource, SENDER)
    assert result["notices"] == ["Not in the text, which has no sentence for it: gate."]


@pytest.mark.parametrize(
    ("kind", "data", "said"),
    [
        ("shift_reminder", {"driver": "Ada"}, r"lacks starts_at \(or start_time\)"),
        (
            "compliance_alert",
            {"driver": "Ada", "place": "x"},
            r"lacks issue \(or issue_description\) or action",
        ),
        (
            "route_update",
            {"driver": "Ada", "reason": "x"},
            r"lacks change or new_route or place \(or location\)",
        ),
        ("route_update", {"driver": "Ada", "driver_name": "Ben", "eta": "1"}, "two values for driver"),
    ],
)
def test_a_drivers_message_names_what_is_missing_or_said_twice(
    kind: str, data: dict[str, Any], said: str
) -> None:
    with pytest.raises(FixInput, match=said):
        driver_text(kind, data)


def test_an_email_goes_out_whole_through_resend(resend: Twin) -> None:
    content = base64.b64encode(b"%PDF-1.7").decode()
    result = send_email(
        **MAIL,
        resend=resend.resource,
        cc=["Ben <ben@example.com>"],
        bcc=["cleo@example.com"],
        reply_to="desk@example.com",
        attachments=[{"filename": "a.pdf", "content": content}],
        categories=["fleet report"],
    )
    (sent,) = resend.sent()
    assert sent == {
        "from": "ops@example.com",
        "to": ["ada@example.com"],
        "cc": ["Ben <ben@example.com>"],
        "bcc": ["cleo@example.com"],
        "reply_to": "desk@example.com",
        "subject": "Hi",
        "html": "<p>x</p>",
        "text": "x",
        "attachments": [{"filename": "a.pdf", "content": content, "content_type": "application/pdf"}],
        "tags": [{"name": "category", "value": "fleet_report"}],
        "id": result["id"],
    }


def test_an_email_goes_out_whole_through_sendgrid(sendgrid: Twin) -> None:
    result = send_email(**MAIL, sendgrid=sendgrid.resource, cc=["Ben <ben@example.com>"], categories=["news"])
    (sent,) = sendgrid.sent()
    assert sent.pop("custom_args").keys() == {"mark"}
    assert sent == {
        "from": {"email": "ops@example.com"},
        "to": [{"email": "ada@example.com"}],
        "cc": [{"email": "ben@example.com", "name": "Ben"}],
        "subject": "Hi",
        "content": [{"type": "text/plain", "value": "x"}, {"type": "text/html", "value": "<p>x</p>"}],
        "categories": ["news"],
        "id": result["id"],
    }


@pytest.mark.parametrize("fault", ["reset_after_commit", "error_503"])
def test_resend_is_asked_again_with_the_same_key_and_sends_once(resend: Twin, fault: str) -> None:
    resend.fail_next("send_email", fault)
    send_email(**MAIL, resend=resend.resource)
    assert len(resend.sent()) == 1


def test_sendgrids_lost_answer_stays_unknown(sendgrid: Twin) -> None:
    sendgrid.fail_next("mail_send", "reset_after_commit")
    for said in ("look it up", "cannot be asked"):
        with pytest.raises(OutcomeUnknown, match=said):
            send_email(**MAIL, sendgrid=sendgrid.resource, message_key="k")
    assert len(sendgrid.sent()) == 1


def test_who_opted_out_of_email_is_left_out_and_named(resend: Twin) -> None:
    set_opt_out("email", "ADA@example.com")
    nobody = send_email(**MAIL, resend=resend.resource)
    others = send_email(**{**MAIL, "to": ["ada@example.com", "ben@example.com"]}, resend=resend.resource)
    assert (nobody["status"], nobody["suppressed"]) == ("suppressed", ["ada@example.com"])
    assert (others["recipients"], others["suppressed"]) == (1, ["ada@example.com"])
    assert [one["to"] for one in resend.sent()] == [["ben@example.com"]]


def test_a_template_is_the_providers_or_ones_own(resend: Twin, sendgrid: Twin) -> None:
    data = {"name": "<b>Ada</b>"}
    to, sender = ["ada@example.com"], "ops@example.com"
    send_template_email(
        to, data, sender, subject="Hi {{ name }}", html="<p>{{ name }}</p>", resend=resend.resource
    )
    send_template_email(
        to, data, sender, subject="Hi {{ name }}", template_id="welcome", resend=resend.resource
    )
    send_template_email(to, data, sender, template_id="d-welcome", sendgrid=sendgrid.resource)
    own, theirs = resend.sent()
    assert (own["subject"], own["html"]) == ("Hi <b>Ada</b>", "<p>&lt;b&gt;Ada&lt;/b&gt;</p>")
    assert theirs["template"] == {"id": "welcome", "variables": data}
    assert sendgrid.sent()[0]["dynamic_template_data"] == data


@pytest.mark.parametrize("given", [{}, {"template_id": "welcome", "html": "<p>x</p>"}])
def test_a_template_email_needs_one_template(resend: Twin, given: dict[str, Any]) -> None:
    with pytest.raises(FixInput, match="either a template_id"):
        send_template_email(["ada@example.com"], {}, "ops@example.com", **given, resend=resend.resource)


def test_a_provider_that_does_not_know_the_template_is_heard(resend: Twin, sendgrid: Twin) -> None:
    providers: list[dict[str, Any]] = [{"resend": resend.resource}, {"sendgrid": sendgrid.resource}]
    for provider in providers:
        with pytest.raises(FixInput, match="Check template_id"):
            send_template_email(
                ["ada@example.com"], {}, "ops@example.com", subject="Hi", template_id="d-none", **provider
            )


def test_resends_template_needs_a_subject_beside_it(resend: Twin) -> None:
    with pytest.raises(FixInput, match="a template needs a subject beside it"):
        send_template_email(
            ["ada@example.com"], {}, "ops@example.com", template_id="welcome", resend=resend.resource
        )
    assert resend.sent() == []


def test_a_customer_is_welcomed_once(sendgrid: Twin) -> None:
    call: dict[str, Any] = {
        "to": "Ada <ada@example.com>", "name": "Ada", "company": "Example & Co", "sender": "hi@example.com",
        "login_url": "https://example.com/login", "sendgrid": sendgrid.resource, "message_key": "customer-1",
    }  # fmt: skip
    assert [send_welcome_email(**call)["status"] for _ in range(2)] == ["sent", "already_sent"]
    (sent,) = sendgrid.sent()
    assert sent["subject"] == "Welcome to Example & Co"
    assert "https://example.com/login" in sent["content"][0]["value"]
    assert "Example &amp; Co" in sent["content"][1]["value"]


def test_a_report_has_period_table_and_link(resend: Twin) -> None:
    rows = [{"vessel": "Aurora", "port_calls": 4}, {"vessel": "Borealis", "delayed": True}]
    send_report_email(
        ["ada@example.com"],
        "Fleet",
        "October",
        rows,
        "ops@example.com",
        "https://example.com/r.pdf",
        resend=resend.resource,
    )
    (sent,) = resend.sent()
    assert sent["subject"] == "Fleet: October"
    for shown in (
        "October",
        "Vessel",
        "Port calls",
        "Delayed",
        "Aurora",
        ">4<",
        ">yes<",
        "https://example.com/r.pdf",
    ):
        assert shown in sent["html"]
