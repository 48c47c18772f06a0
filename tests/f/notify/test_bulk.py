"""Many recipients: each once, each with an end of its own."""

from typing import Any

import pytest

from f.connect.client import Client
from f.connect.errors import FixInput
from f.notify.send_bulk_email import main as send_bulk_email
from f.notify.set_opt_out import main as set_opt_out
from tests.f.notify.conftest import Twin

SENDER = "news@example.com"


def people(count: int) -> list[dict[str, Any]]:
    return [{"email": f"p{number}@example.com", "name": f"P{number}"} for number in range(count)]


def ends(result: dict[str, Any]) -> list[str]:
    return [one["status"] for one in result["recipients"]]


def test_sendgrid_gets_a_thousand_a_request_where_the_content_is_the_same(sendgrid: Twin) -> None:
    result = send_bulk_email(people(1001), SENDER, "Hi {{ name }}", "<p>News</p>", sendgrid=sendgrid.resource)
    sent = sendgrid.sent() + [
        entry["body"] for entry in sendgrid.client.get("/_ledger?after=1000&kind=sent").json["entries"]
    ]
    assert len({one["id"] for one in sent}) == 2
    assert result["counts"] == {"sent": 1001}
    assert sent[7]["to"] == [{"email": "p7@example.com", "name": "P7"}]


def test_resend_gets_a_hundred_a_request_each_filled_for_its_recipient(resend: Twin) -> None:
    everybody = [{**one, "data": {"city": "<Rotterdam>"}} for one in people(150)]
    result = send_bulk_email(everybody, SENDER, "Hi {{ name }}", "<p>{{ city }}</p>", resend=resend.resource)
    sent = resend.sent()
    assert result["counts"] == {"sent": 150}
    assert (sent[149]["subject"], sent[149]["html"]) == ("Hi P149", "<p>&lt;Rotterdam&gt;</p>")
    assert [one["id"] for one in result["recipients"]] == [one["id"] for one in sent]
    assert all(len(one["to"]) == 1 for one in sent)


def test_every_recipient_has_an_end_and_the_job_is_red_if_one_was_not_reached(sendgrid: Twin) -> None:
    set_opt_out("email", "p1@example.com")
    everybody: list[Any] = [*people(2), {"email": "no address"}, {"email": "P0@example.com"}, "x"]
    result = send_bulk_email(everybody, SENDER, "Hi", "<p>x</p>", sendgrid=sendgrid.resource)
    assert ends(result) == ["sent", "suppressed", "refused", "refused", "refused"]
    assert (
        result["wm_failure"] == "Not everybody was reached: 3 refused, 1 sent, 1 suppressed. See recipients."
    )
    assert len(sendgrid.sent()) == 1


def test_one_sendgrid_refuses_stops_no_other(sendgrid: Twin) -> None:
    refusal = {
        "errors": [{"message": "Does not contain a valid address.", "field": "personalizations.1.to.0.email"}]
    }
    sendgrid.answer_next("mail_send", 400, refusal)
    result = send_bulk_email(people(3), SENDER, "Hi", "<p>x</p>", sendgrid=sendgrid.resource)
    assert ends(result) == ["sent", "refused", "sent"]
    assert [one["to"][0]["email"] for one in sendgrid.sent()] == ["p0@example.com", "p2@example.com"]


def test_one_resend_refuses_stops_no_other(resend: Twin) -> None:
    body = {"data": [{"id": "a"}, {"id": "c"}], "errors": [{"index": 1, "message": "Invalid `to` field."}]}
    resend.answer_next("send_batch", 200, body)
    result = send_bulk_email(people(3), SENDER, "Hi", "<p>x</p>", resend=resend.resource)
    assert [(one["status"], one["id"]) for one in result["recipients"]] == [
        ("sent", "a"),
        ("refused", ""),
        ("sent", "c"),
    ]


def test_a_refused_key_stops_the_run_and_nobody_is_forgotten(sendgrid: Twin) -> None:
    result = send_bulk_email(
        people(3), SENDER, "{{ name }}", "{{ name }}", sendgrid=sendgrid.with_token("SG.restricted")
    )
    assert ends(result) == ["failed"] * 3
    assert result["recipients"][2]["reason"].startswith("Not sent, as the run stopped")


def test_a_lost_answer_is_unknown_for_those_it_was_about(sendgrid: Twin) -> None:
    sendgrid.fail_next("mail_send", "reset_after_commit")
    result = send_bulk_email(people(2), SENDER, "Hi", "{{ name }}", sendgrid=sendgrid.resource)
    assert ends(result) == ["unknown", "sent"]


def test_a_second_run_with_the_key_sends_only_what_the_first_did_not(resend: Twin) -> None:
    call: dict[str, Any] = {
        "subject": "Hi",
        "html": "<p>x</p>",
        "resend": resend.resource,
        "message_key": "news-1",
    }
    resend.answer_next("send_batch", 422, {"name": "validation_error", "message": "No."})
    assert ends(send_bulk_email(people(101), SENDER, **call)) == ["failed"] * 100 + ["sent"]
    again = ends(send_bulk_email(people(101), SENDER, **call))
    assert again == ["sent"] * 100 + ["already_sent"]
    assert len(resend.sent()) == 101


NEWS: dict[str, Any] = {"subject": "Hi", "html": "<p>x</p>", "message_key": "news-1"}


def test_a_second_run_reaches_only_new_people_however_they_are_listed(resend: Twin, sendgrid: Twin) -> None:
    providers: list[tuple[str, Twin]] = [("resend", resend), ("sendgrid", sendgrid)]
    for name, twin in providers:
        call = {**NEWS, name: twin.resource}
        first = send_bulk_email(people(3), SENDER, **call)
        again = send_bulk_email([*people(5)[::-1]], SENDER, **call)
        assert ends(again) == ["sent"] * 2 + ["already_sent"] * 3
        assert [one["id"] for one in again["recipients"][:1:-1]] == [one["id"] for one in first["recipients"]]
        assert len(twin.sent()) == 5


def test_who_may_have_been_reached_is_not_sent_again_in_other_company(sendgrid: Twin) -> None:
    call = {**NEWS, "sendgrid": sendgrid.resource}
    sendgrid.fail_next("mail_send", "reset_after_commit")
    assert ends(send_bulk_email(people(2), SENDER, **call)) == ["unknown"] * 2
    assert ends(send_bulk_email(people(2)[::-1], SENDER, **call)) == ["unknown"] * 2
    assert ends(send_bulk_email(people(3), SENDER, **call)) == ["unknown", "unknown", "sent"]
    assert len(sendgrid.sent()) == 3


def test_a_lost_batch_is_repeated_safely_where_the_provider_knows_its_key(resend: Twin) -> None:
    call = {**NEWS, "resend": resend.resource}
    resend.fail_next("send_batch", "reset_after_commit", times=9)
    assert ends(send_bulk_email(people(2), SENDER, **call)) == ["unknown"] * 2
    resend.client.put_faults()
    assert set(ends(send_bulk_email(people(2)[::-1], SENDER, **call))) <= {"sent", "already_sent"}
    assert len(resend.sent()) == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"recipients": []}, "No recipients"),
        ({"subject": ""}, "no subject"),
        ({"html": ""}, "Give html or text"),
        ({"template_id": "x"}, "Resend takes no template_id in bulk"),
    ],
)
def test_what_can_be_seen_to_be_wrong_is_said_at_once(resend: Twin, given: dict[str, Any], said: str) -> None:
    call = {"recipients": people(1), "sender": SENDER, "subject": "Hi", "html": "<p>x</p>", **given}
    with pytest.raises(FixInput, match=said):
        send_bulk_email(**call, resend=resend.resource)


class Killed(BaseException):
    """Ends a job as a signal does: nothing of it runs any more."""


def addresses(twin: Twin) -> list[str]:
    return sorted(str(one["to"]) for one in twin.sent())


@pytest.mark.parametrize("name", ["resend", "sendgrid"])
def test_who_was_sent_to_by_a_run_that_was_killed_is_not_sent_again_by_a_longer_list(
    resend: Twin, sendgrid: Twin, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    twin = {"resend": resend, "sendgrid": sendgrid}[name]
    account: Any = {name: twin.resource}
    send = Client.request

    def killed_after(client: Client, request: Any) -> Any:
        send(client, request)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(Client, "request", killed_after)
        with pytest.raises(Killed):
            send_bulk_email(people(2), SENDER, "Hi", "<p>x</p>", message_key="may", **account)
    result = send_bulk_email(people(3), SENDER, "Hi", "<p>x</p>", message_key="may", **account)
    assert ends(result) == ["unknown", "unknown", "sent"]
    found = addresses(twin)
    assert len(found) == len(set(found)) == 3


def test_two_runs_at_once_with_other_lists_send_to_everybody_once(
    resend: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, results = Client.request, []

    def in_company(client: Client, request: Any) -> Any:
        monkeypatch.setattr(Client, "request", send)
        results.append(run(4))
        return send(client, request)

    def run(count: int) -> list[str]:
        return ends(
            send_bulk_email(people(count), SENDER, "Hi", "<p>x</p>", resend=resend.resource, message_key="m")
        )

    monkeypatch.setattr(Client, "request", in_company)
    assert run(3) == ["sent"] * 3
    assert results == [["unknown"] * 3 + ["sent"]]
    assert len(set(addresses(resend))) == len(addresses(resend)) == 4
    assert run(4) == ["already_sent"] * 4


def test_who_was_certainly_not_sent_to_is_sent_to_by_the_next_run(sendgrid: Twin) -> None:
    wrong, right = sendgrid.with_token("SG.restricted"), sendgrid.resource
    for account, status in ((wrong, "failed"), (right, "sent"), (right, "already_sent")):
        result = send_bulk_email(people(3), SENDER, "Hi", "<p>x</p>", sendgrid=account, message_key="m")
        assert ends(result) == [status] * 3
