"""What is not taken: its status, the one line that its sender reads, the reason in the log, nothing kept."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from f.webhooks.receive_event import preprocessor
from tests.f.webhooks.post_office import (
    BASE,
    FORM,
    JSON,
    KINDS,
    SAMPLES,
    Delivered,
    PostOffice,
    encoded,
    signed,
)

INVALID = (401, "The request is not signed as it must be.", "invalid_signature")
UNKNOWN = (404, "Not found.", "unknown_source")
GONE = (410, "Gone.", "switched_off")
LARGE = (413, "The body is too large.", "too_large")
TYPE = (415, "The content type is not taken here.", "wrong_type")
BODY = (400, "The body cannot be read.", "bad_body")
STRIPE = encoded(SAMPLES["stripe"])
SIGNATURES = {
    "stripe": "stripe-signature",
    "slack": "x-slack-signature",
    "twilio": "x-twilio-signature",
    "sendgrid": "x-twilio-email-event-webhook-signature",
    "github": "x-hub-signature-256",
    "shopify": "x-shopify-hmac-sha256",
    "hubspot": "x-hubspot-signature-v3",
    "standard": "webhook-signature",
    "generic": "x-webhook-signature",
}
TIMED = ("stripe", "slack", "sendgrid", "hubspot", "standard", "generic")


def without(headers: dict[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in names}


def assert_refused(office: PostOffice, told: Delivered, expected: tuple[int, str, str], reason: str) -> None:
    status, line, code = expected
    assert (told.status, told.text) == (status, line)
    assert told.content_type.startswith("text/plain")
    assert told.log.startswith(f"refused {status} {code} "), told.log
    assert told.log.count("\n") == 1
    assert reason in told.log
    assert office.kept() == []
    assert office.started == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_signed_is_refused(office: PostOffice, kind: str) -> None:
    body = encoded(SAMPLES[kind])
    told = office.post(kind, body, without(signed(kind, body), SIGNATURES[kind]))
    assert_refused(office, told, INVALID, SIGNATURES[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_signed_with_another_secret_is_refused(office: PostOffice, kind: str) -> None:
    body = encoded(SAMPLES[kind])
    headers = signed(kind, body)
    office.source(kind, secret=_another_secret(kind))
    assert_refused(office, office.post(kind, body, headers), INVALID, kind)


def _another_secret(kind: str) -> str:
    if kind == "sendgrid":  # the key of the twin in resources/mock
        return (
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAETbpMzhELmCjlm+xSl9iM3pPDv71S6hEOTRwh7/bNtd7R8hnVaSZjpFTQAlHpxDj0"
            "fWWG/Oh++wR3VPrsmb/3CA=="
        )
    return (
        "whsec_" + "b3RoZXIgc3RhbmRhcmQgc2VjcmV0IG9mIDMyIGJ5dGVz" if kind == "standard" else "another secret"
    )


@pytest.mark.parametrize("kind", TIMED)
@pytest.mark.parametrize(("by", "reason"), [(-301, "past"), (+400, "future")])
def test_what_is_too_old_or_from_the_future_is_refused(
    office: PostOffice, kind: str, by: int, reason: str
) -> None:
    body = encoded(SAMPLES[kind])
    told = office.post(kind, body, signed(kind, body, at=time.time() + by))
    assert_refused(office, told, INVALID, reason)


@pytest.mark.parametrize("kind", KINDS)
def test_another_body_under_a_good_signature_is_refused(office: PostOffice, kind: str) -> None:
    headers = signed(kind, encoded(SAMPLES[kind]))
    assert_refused(office, office.post(kind, encoded({"forged": 1}), headers), INVALID, kind)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "stripe"])
def test_the_request_of_another_provider_is_refused(office: PostOffice, kind: str) -> None:
    assert_refused(office, office.post(kind, STRIPE, signed("stripe", STRIPE)), INVALID, kind)


@pytest.mark.parametrize(
    "name",
    ["nobody", "", "..", "a/b", "%2e%2e", "$var:f", "x" * 65, "stripe\n", "stripe?x", "é", "routing"],
)
def test_who_is_no_source_is_unknown(office: PostOffice, name: str) -> None:
    office.source("routing", resource_type="webhook_routing")
    told = office.post(name, STRIPE, signed("stripe", STRIPE))
    if name == "a/b":  # the last part of the path is the name, and there is none called b
        assert "there is no resource f/webhooks/b" in told.log
    assert_refused(office, told, UNKNOWN, "")


def test_a_job_that_no_route_has_started_names_no_source(office: PostOffice) -> None:
    event = {"kind": "webhook", "path": "local/webhooks/stripe", "raw_string": STRIPE, "headers": {}}
    assert_refused(office, office.run(preprocessor(event)), UNKNOWN, "names no source")


def test_a_source_that_is_off_is_gone_and_nothing_else_is(office: PostOffice) -> None:
    office.source("standard", enabled=False)
    body = encoded(SAMPLES["standard"])
    assert_refused(office, office.post("standard", body, signed("standard", body)), GONE, "switched off")


@pytest.mark.parametrize(
    ("body", "said"), [("x" * 1001, None), (STRIPE, "1001"), ("é" * 501, None), (STRIPE, "9" * 19)]
)
def test_a_body_that_is_too_large_is_refused_before_it_is_verified(
    office: PostOffice, body: str, said: str | None
) -> None:
    office.source("stripe", max_body_bytes=1000)
    headers = without(signed("stripe", body), "content-length", "stripe-signature")
    headers |= {"content-length": said} if said else {}
    assert_refused(office, office.post("stripe", body, headers), LARGE, "and 1000 are taken")


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        *((kind, "text/plain") for kind in KINDS),
        *((kind, "") for kind in KINDS),
        *((kind, FORM) for kind in KINDS if kind not in {"slack", "twilio", "github"}),
        ("stripe", "application/jsonp"),
        ("stripe", "text/json; application/json"),
    ],
)
def test_a_content_type_that_the_provider_does_not_send_is_refused(
    office: PostOffice, kind: str, content_type: str
) -> None:
    body = encoded(SAMPLES[kind])
    headers = signed(kind, body) | {"content-type": content_type}
    assert_refused(office, office.post(kind, body, headers), TYPE, JSON)


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON ;x=y"])
def test_a_content_type_may_have_parameters(office: PostOffice, content_type: str) -> None:
    headers = signed("stripe", STRIPE) | {"content-type": content_type}
    assert office.post("stripe", STRIPE, headers).status == 200


BAD_JSON = {
    "nothing": ("", "not valid JSON"),
    "text": ("hello", "not valid JSON"),
    "half": ('{"id": ', "not valid JSON"),
    "two values": ("{} {}", "not valid JSON"),
    "NaN": ('{"amount": NaN}', "not valid JSON"),
    "infinite": ('{"amount": 1e999}', "not valid JSON"),
    "more digits than a number has": ('{"amount": %s}' % ("9" * 5000), "not valid JSON"),
    "deep": ('{"a":' * 200 + "1" + "}" * 200, "100 levels"),
    "as deep as no parser goes": ("[" * 100_000, "not valid JSON"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("what", BAD_JSON)
def test_a_signed_body_that_is_no_json_is_refused(office: PostOffice, kind: str, what: str) -> None:
    body, reason = BAD_JSON[what]
    assert_refused(office, office.send(kind, body), BODY, reason)


@pytest.mark.parametrize(
    ("kind", "body", "content_type", "reason"),
    [
        ("stripe", "[]", JSON, "no object"),
        ("stripe", '"evt_1"', JSON, "no object"),
        ("github", "[]", JSON, "no object"),
        ("github", "payload=[]", FORM, "no object"),
        ("github", "body={}", FORM, "no payload"),
        ("slack", "[]", JSON, "no object"),
        ("slack", "payload=%7B", FORM, "not valid JSON"),
        ("slack", "a=1", FORM, "neither payload nor command"),
        ("slack", {"type": "url_verification"}, JSON, "no short text"),
        ("slack", {"type": "url_verification", "challenge": "a\r\nb"}, JSON, "no short text"),
        ("slack", {"type": "url_verification", "challenge": "x" * 501}, JSON, "no short text"),
        ("sendgrid", "[1]", JSON, "no array of objects"),
        ("sendgrid", "[" + ",".join(["{}"] * 5001) + "]", JSON, "more than 5000 entries"),
        ("hubspot", "5", JSON, "no array of objects"),
    ],
)
def test_a_signed_body_of_another_form_is_refused(
    office: PostOffice, kind: str, body: Any, content_type: str, reason: str
) -> None:
    assert_refused(office, office.send(kind, body, content_type=content_type), BODY, reason)


LOOKED_UP = "$var:f/webhooks/stripe_secret"


@pytest.mark.parametrize(
    "send",
    [
        lambda office: office.post("stripe", LOOKED_UP, signed("stripe", STRIPE)),
        lambda office: office.post("stripe", STRIPE, dict.fromkeys(signed("stripe", STRIPE), LOOKED_UP)),
        lambda office: office.post(LOOKED_UP, STRIPE, signed("stripe", STRIPE)),
        lambda office: office.post("slack", encoded({"type": "url_verification", "challenge": LOOKED_UP}), {
            "content-type": JSON}),
    ],
    ids=["body", "headers", "path", "challenge"],
)  # fmt: skip
def test_a_text_that_windmill_would_look_up_gains_nothing(
    office: PostOffice, send: Callable[[PostOffice], Delivered]
) -> None:
    """Windmill puts the variable's text in its place, which is what the second request does by hand."""
    told = send(office)
    assert told.status in {401, 404, 415}
    assert LOOKED_UP not in told.text
    assert LOOKED_UP not in told.log
    assert office.kept() == []


@pytest.mark.parametrize("where", ["body", "headers"])
def test_a_secret_that_windmill_has_put_into_a_request_comes_out_nowhere(
    office: PostOffice, where: str
) -> None:
    secret = "a-secret-that-a-request-has-named"
    office.source("github", previous_secrets=[secret])
    headers = signed("github", "{}")
    if where == "headers":
        headers |= dict.fromkeys(
            ("x-github-event", "x-github-delivery", "user-agent", "x-hub-signature-256"), secret
        )
    told = office.post("github", secret if where == "body" else "{}", headers)
    assert told.status == 401
    assert secret not in json.dumps([told.text, told.log, dict(told.headers)])
    assert office.kept() == []


def test_the_preprocessor_hands_on_neither_cookies_nor_credentials_nor_what_the_route_says_it_is() -> None:
    event = {
        "kind": "http", "path": "local/webhooks/stripe", "params": {"provider": LOOKED_UP}, "method": "post",
        "raw_string": "{}", "query": {"a": "b"}, "body": {"a": 1},
        "headers": {"Cookie": "token=t", "authorization": "Bearer t", "x-api-key": "k",
                    "Stripe-Signature": "s", "content-type": JSON, "odd": ["a"]},
    }  # fmt: skip
    assert preprocessor(event) == {
        "provider": "stripe",
        "request": {
            "method": "POST", "headers": {"stripe-signature": "s", "content-type": JSON}, "body": "{}"
        },
    }  # fmt: skip
    assert BASE not in str(preprocessor(event))
