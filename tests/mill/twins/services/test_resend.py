"""The Resend twin takes what Resend documents and refuses the rest by Resend's names."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mill.twins.stage import TwinClient, TwinProcess

MAIL: dict[str, Any] = {
    "from": "Ops <ops@example.com>",
    "to": ["ada@example.com"],
    "subject": "Hi",
    "text": "x",
}


@pytest.fixture
def resend(twins: TwinProcess) -> TwinClient:
    client = TwinClient(twins.client("resend").url, token="re_1")
    client.forget()
    return client


@pytest.mark.parametrize(
    ("changes", "status", "name"),
    [
        ({"to": []}, 422, "validation_error"),
        ({"to": ["nobody"]}, 422, "validation_error"),
        ({"to": "ada@example.com"}, 422, "validation_error"),
        ({"to": ["a@example.com"] * 51}, 422, "validation_error"),
        ({"from": "Ops\r\nX: y <ops@example.com>"}, 422, "validation_error"),
        ({"from": "ops@unverified.example.com"}, 403, "validation_error"),
        ({"subject": ""}, 422, "missing_required_field"),
        ({"text": ""}, 422, "missing_required_field"),
        ({"colour": "red"}, 422, "validation_error"),
        ({"tags": [{"name": "a b", "value": "c"}]}, 422, "validation_error"),
        ({"template": {"id": "none"}, "text": None}, 404, "not_found"),
        ({"template": {"id": "welcome"}}, 422, "validation_error"),
        ({"template": {"id": "welcome"}, "text": None, "subject": None}, 422, "missing_required_field"),
    ],
)
def test_an_email_resend_would_refuse_is_refused(
    resend: TwinClient, changes: dict[str, Any], status: int, name: str
) -> None:
    answer = resend.post("/emails", {**MAIL, **changes})
    assert (answer.status, answer.json["name"], answer.json["statusCode"]) == (status, name, status)
    assert resend.ledger() == []


def test_a_missing_field_is_named(resend: TwinClient) -> None:
    answer = resend.post("/emails", {name: value for name, value in MAIL.items() if name != "to"})
    assert answer.json == {
        "statusCode": 422,
        "name": "missing_required_field",
        "message": "Missing `to` field.",
    }


@pytest.mark.parametrize(
    ("token", "status", "name"),
    [
        (None, 401, "missing_api_key"),
        ("x", 403, "invalid_api_key"),
        ("re_wrong", 403, "invalid_api_key"),
        ("re_restricted", 401, "restricted_api_key"),
    ],
)
def test_a_key_resend_would_refuse_is_refused(
    resend: TwinClient, token: str | None, status: int, name: str
) -> None:
    answer = TwinClient(resend.url, token).post("/emails", MAIL)
    assert (answer.status, answer.json["name"]) == (status, name)


def test_an_idempotency_key_sends_once_and_belongs_to_one_payload(resend: TwinClient) -> None:
    first, second = (resend.post("/emails", MAIL, Idempotency_Key="k") for _ in range(2))
    assert (first.status, second.json) == (200, first.json)
    other = resend.post("/emails", {**MAIL, "subject": "Other"}, Idempotency_Key="k")
    assert (other.status, other.json["name"]) == (409, "invalid_idempotent_request")
    long = resend.post("/emails", MAIL, Idempotency_Key="k" * 257)
    assert (long.status, long.json["name"]) == (400, "invalid_idempotency_key")
    assert resend.ledger() == [("sent", "ada@example.com")]


@pytest.mark.parametrize(("mode", "status", "sent"), [("strict", 422, 0), ("permissive", 200, 1)])
def test_a_batch_is_all_or_nothing_unless_permissive(
    resend: TwinClient, mode: str, status: int, sent: int
) -> None:
    answer = resend.post("/emails/batch", [{**MAIL, "to": []}, MAIL], x_batch_validation=mode)
    assert (answer.status, len(resend.ledger())) == (status, sent)
    if mode == "permissive":
        assert [error["index"] for error in answer.json["errors"]] == [0]


@pytest.mark.parametrize("batch", [[], [MAIL] * 101, MAIL, [{**MAIL, "scheduled_at": "now"}]])
def test_what_is_no_batch_is_refused(resend: TwinClient, batch: Any) -> None:
    assert resend.post("/emails/batch", batch).status == 422


def test_room_in_the_second_and_the_day_is_told(resend: TwinClient) -> None:
    resend.put_settings(rate_limit=1)
    first, second = (resend.post("/emails", MAIL) for _ in range(2))
    assert (first.status, first.headers["ratelimit-remaining"]) == (200, "0")
    assert (second.status, second.json["name"], second.headers["retry-after"]) == (
        429,
        "rate_limit_exceeded",
        "1",
    )
    resend.put_settings(daily_quota=1)
    assert resend.post("/emails", MAIL).json["name"] == "daily_quota_exceeded"
