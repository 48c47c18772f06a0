"""Nothing secret and nothing personal comes out."""

# ruff: noqa: E501 - a table reads best with a case on a line

from __future__ import annotations

import json
import logging

import pytest

from f.connect.redact import (
    RedactingFilter,
    fold_path,
    mask_body,
    mask_headers,
    mask_json,
    mask_path,
    mask_text,
    mask_url,
)

STRIPE_LIKE = (
    "sk_" + "test_" + "a1b2c3d4e5f6g7h8"
)  # put together here, so that no scanner takes it for a real one
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Authorization: Bearer abc.def-123456", "Authorization: Bearer ***"),
        ("sent basic dXNlcjpwYXNz to it", "sent basic *** to it"),
        (f"key {STRIPE_LIKE} refused", "key *** refused"),
        (f"token was {JWT}", "token was ***"),
        ("mail ada@example.com now", "mail *** now"),
        ("call +1 555 0100 123 now", "call *** now"),
        ("postgresql://user:pa55@db.example.com/x", "postgresql://***@db.example.com/x"),
        ("?access_token=abc123&page=2", "?access_token=***&page=2"),
        ('{"password": "hunter2", "id": 5}', '{"password": "***", "id": 5}'),
        ("client_secret=s3cr3t, grant=x", "client_secret=***, grant=x"),
        (
            "recommendations_of_the_token server, basic settings",
            "recommendations_of_the_token server, basic settings",
        ),
        ("key AKIA" + "ABCDEFGH12345678 used", "key *** used"),
        ("order 12345 at 10:30 was created", "order 12345 at 10:30 was created"),
        ("GET api.example.com/v1/customers answered 503", "GET api.example.com/v1/customers answered 503"),
    ],
)
def test_text_loses_what_looks_secret_or_personal_and_keeps_the_rest(text: str, masked: str) -> None:
    assert mask_text(text) == masked


def test_json_is_masked_by_name_and_by_look_at_any_depth() -> None:
    value = {
        "id": 7, "email": "ada@example.com", "nested": [{"api_key": "k", "note": "ask bob@example.org"}],
        "first_name": "Ada", "phone": "+15550100", "token": None, "status": "ok", "last-name": "L",
    }  # fmt: skip
    assert mask_json(value) == {
        "id": 7, "email": "***", "nested": [{"api_key": "***", "note": "ask ***"}],
        "first_name": "***", "phone": "***", "token": None, "status": "ok", "last-name": "***",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("https://u:p@api.example.com/a?key=1&q=ada#frag", "https://api.example.com/a?key=***&q=***#***"),
        ("https://api.example.com/contacts/ada%40example.com", "https://api.example.com/contacts/***"),
        ("https://api.example.com/contacts/ada@example.com/x", "https://api.example.com/contacts/***/x"),
        ("/api/r/x?token=1", "/api/r/x?token=***"),
    ],
)
def test_urls_keep_host_and_path_and_lose_values(url: str, masked: str) -> None:
    assert mask_url(url) == masked


def test_headers_are_masked_by_name() -> None:
    headers = {
        "Authorization": "x",
        "X-API-Key": "y",
        "Set-Cookie": "z",
        "Content-Type": "text/html",
        "X-Note": "a@example.com",
    }
    assert mask_headers(headers) == {
        "Authorization": "***", "X-API-Key": "***", "Set-Cookie": "***", "Content-Type": "text/html", "X-Note": "***",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("path", "folded"),
    [
        ("/customers", "/customers"),
        ("/customers/123?x=1", "/customers/{id}"),
        ("/crm/v3/objects/contacts/a@example.com", "/crm/v3/objects/contacts/{id}"),
        ("/crm/objects/2026-03/contacts", "/crm/objects/2026-03/contacts"),
        ("/services/data/v60.0/sobjects/Contact", "/services/data/v60.0/sobjects/Contact"),
        ("/users/6f1c2a3b-aaaa-bbbb-cccc-1234567890ab/mail", "/users/{id}/mail"),
    ],
)
def test_calls_of_one_endpoint_share_a_name(path: str, folded: str) -> None:
    assert fold_path(path) == folded


def test_a_long_body_is_cut_and_a_json_body_is_masked() -> None:
    assert mask_body(b'{"password":"x"}') == '{"password": "***"}'
    cut = mask_body(json.dumps({"a": "b" * 2000}))
    assert cut.endswith("(2009 bytes)")
    assert len(cut) < 600
    assert mask_body(b"\xff\xfe mail a@example.com") == "\ufffd\ufffd mail ***"


def test_a_log_handler_with_the_filter_masks_other_peoples_messages(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("somebody.else")
    caplog.handler.addFilter(masking := RedactingFilter())
    try:
        logger.warning("user %s has password=%s", "ada@example.com", "hunter2")
    finally:
        caplog.handler.removeFilter(masking)
    assert caplog.messages == ["user *** has password=***"]


def test_a_path_without_anything_personal_is_left_alone() -> None:
    assert mask_path("/v1/customers/42") == "/v1/customers/42"
