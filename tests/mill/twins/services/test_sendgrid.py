"""The SendGrid twin takes what SendGrid documents and refuses the rest in its shape, field by field."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mill.twins.stage import TwinClient, TwinProcess

TO = {"to": [{"email": "ada@example.com"}]}
CROWD = {"to": [{"email": f"a{number}@example.com"} for number in range(1001)]}
MAIL: dict[str, Any] = {
    "personalizations": [TO],
    "from": {"email": "ops@example.com"},
    "subject": "Hi",
    "content": [{"type": "text/plain", "value": "x"}],
}


@pytest.fixture
def sendgrid(twins: TwinProcess) -> TwinClient:
    client = TwinClient(twins.client("sendgrid").url, token="SG.1")
    client.forget()
    return client


def test_an_email_is_accepted_with_an_id_and_no_body(sendgrid: TwinClient) -> None:
    answer = sendgrid.post("/v3/mail/send", MAIL)
    assert (answer.status, answer.body) == (202, b"")
    assert answer.headers["x-message-id"]
    assert sendgrid.ledger() == [("sent", "ada@example.com")]


def test_the_sandbox_checks_and_sends_nothing(sendgrid: TwinClient) -> None:
    sandbox = {"mail_settings": {"sandbox_mode": {"enable": True}}}
    assert sendgrid.post("/v3/mail/send", {**MAIL, **sandbox}).status == 200
    assert sendgrid.ledger() == []


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"personalizations": []}, 400, "personalizations"),
        ({"personalizations": [TO, {"to": [{"email": "nobody"}]}]}, 400, "personalizations.1.to.0.email"),
        ({"personalizations": [{**TO, "cc": [{"email": "ADA@example.com"}]}]}, 400, "personalizations.0"),
        ({"personalizations": [TO] * 1001}, 400, "personalizations"),
        ({"personalizations": [CROWD]}, 400, "personalizations"),
        ({"from": {"email": "ops@unverified.example.com"}}, 403, "from"),
        ({"subject": ""}, 400, "subject"),
        ({"subject": "a\r\nBcc: b"}, 400, "subject"),
        ({"content": []}, 400, "content"),
        ({"content": [{"type": kind, "value": "x"} for kind in ("text/html", "text/plain")]}, 400, "content"),
        ({"content": [{"type": "text/plain", "value": ""}]}, 400, "content.0.value"),
        ({"template_id": "d-none"}, 400, "template_id"),
        ({"categories": ["a"] * 11}, 400, "categories"),
        ({"attachments": [{"filename": "a", "content": "not base64!"}]}, 400, "attachments.0.content"),
        ({"custom_args": {"n": 1}}, 400, "custom_args.n"),
        ({"colour": "red"}, 400, "colour"),
    ],
)
def test_an_email_sendgrid_would_refuse_is_refused_with_its_field(
    sendgrid: TwinClient, changes: dict[str, Any], status: int, field: str
) -> None:
    answer = sendgrid.post("/v3/mail/send", {**MAIL, **changes})
    assert (answer.status, answer.json["errors"][0]["field"]) == (status, field)
    assert sendgrid.ledger() == []


@pytest.mark.parametrize(
    ("token", "status"), [(None, 401), ("x", 401), ("SG.wrong", 401), ("SG.restricted", 403)]
)
def test_a_key_sendgrid_would_refuse_is_refused(sendgrid: TwinClient, token: str | None, status: int) -> None:
    assert TwinClient(sendgrid.url, token).post("/v3/mail/send", MAIL).status == status


def test_a_template_needs_no_content(sendgrid: TwinClient) -> None:
    mail = {"personalizations": [TO], "from": {"email": "ops@example.com"}, "template_id": "d-welcome"}
    assert sendgrid.post("/v3/mail/send", mail).status == 202


def test_room_in_the_second_is_told_without_retry_after(sendgrid: TwinClient) -> None:
    sendgrid.put_settings(rate_limit=1)
    first, second = (sendgrid.post("/v3/mail/send", MAIL) for _ in range(2))
    assert (first.headers["x-ratelimit-remaining"], second.status) == ("0", 429)
    assert "retry-after" not in second.headers
