"""What Stripe's errors mean: the class says what the caller does next, the sentence how."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from f.connect.calls.message import Request, Response
from f.connect.errors import (
    ConnectError,
    FixInput,
    FixSettings,
    GiveUpRecord,
    OutcomeUnknown,
    SignInAgain,
    TryLater,
)
from f.payments.stripe.client import integration_of, write_request
from f.payments.stripe.reasons import ADVICE, DECLINES, ERROR_CODES
from f.payments.stripe.replies import object_of, refusal

POST, GET = "POST", "GET"


def reply(status: int, body: Any, headers: Mapping[str, str] | None = None, **more: Any) -> Response:

    method = more.pop("method", POST)
    request = write_request("payment_intents", {"amount": 1, "description": "Ada's secret thing"}, "mark")
    if method == GET:
        request = Request(method="GET", path="/v1/payment_intents")
    return Response(
        request=request,
        status=status,
        headers=headers or {},
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        elapsed=0,
        attempts=1,
        request_id="r",
        call="POST api.stripe.com/v1/payment_intents",
        url="",
        **more,
    )


def error(kind: str = "invalid_request_error", **more: Any) -> dict[str, Any]:
    return {"error": {"type": kind, **more}}


CARD = "card_error"
CASES: list[tuple[int, dict[str, Any], type[ConnectError], str, str]] = [
    (400, error(code="parameter_missing", param="amount"), FixInput, "parameter_missing", "about amount"),
    (400, error(code="parameter_unknown", param="x"), FixSettings, "parameter_unknown", "does not know"),
    (400, error(code="amount_too_small"), FixInput, "amount_too_small", "below the least"),
    (400, error(code="payment_method_types_no_longer_supported"), FixInput,
     "payment_method_types_no_longer_supported", "Leave it out"),
    (400, error(code="something_new", message="It is odd."), GiveUpRecord, "something_new", "It is odd"),
    (400, error(param="currency", message="Invalid currency."), FixInput, "http_400", "Invalid currency"),
    (400, error("idempotency_error"), FixInput, "idempotency_error", "belongs to another request"),
    (409, error("idempotency_error", code="idempotency_key_in_use"), TryLater,
     "idempotency_key_in_use", "still working"),
    (409, error(), TryLater, "http_409", "another request is changing"),
    (429, error(code="lock_timeout"), TryLater, "lock_timeout", "another request is changing"),
    (429, error(code="rate_limit"), TryLater, "rate_limit", "too many requests"),
    (401, error(), SignInAgain, "http_401", "Check the token"),
    (403, error(), FixSettings, "http_403", "may not do this"),
    (404, error(code="resource_missing", param="customer"), FixInput, "resource_missing", "about customer"),
    (402, error(CARD, code="card_declined"), GiveUpRecord, "card_declined", "card_declined"),
    (402, error(CARD, code="expired_card"), GiveUpRecord, "expired_card", "takes another card"),
    (402, error(CARD, code="authentication_required", decline_code="authentication_required"), GiveUpRecord,
     "authentication_required", "Bring the payer back"),
    (402, error(code="invoice_payment_intent_requires_action"), GiveUpRecord,
     "invoice_payment_intent_requires_action", "Bring the payer back"),
    (424, error("api_error"), OutcomeUnknown, "http_424", "may have been applied"),
    (500, error("api_error"), OutcomeUnknown, "http_500", "may have been applied"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind", "code", "sentence"), CASES, ids=str)
def test_each_error_has_its_class(
    status: int, body: dict[str, Any], kind: type[ConnectError], code: str, sentence: str
) -> None:
    told = refusal(reply(status, body))
    assert type(told) is kind
    assert (told.code, told.status) == (code, status)
    assert sentence in str(told)
    assert told.call == "POST api.stripe.com/v1/payment_intents"


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        ("global-rate", "account sends too many requests a second"),
        ("global-concurrency", "under way at once"),
        ("endpoint-rate", "this endpoint too often"),
        ("endpoint-concurrency", "this endpoint are under way"),
        ("resource-specific", "1,000 updates an hour"),
        ("something else", "too many requests"),
    ],
)
def test_stripe_says_which_limit_it_was(reason: str, sentence: str) -> None:
    headers = {"Stripe-Rate-Limited-Reason": reason}
    assert sentence in str(refusal(reply(429, error(), headers)))


@pytest.mark.parametrize("advice", ADVICE)
def test_the_banks_advice_stands_instead_of_ours(advice: str) -> None:
    declined = error(CARD, code="card_declined", decline_code="do_not_honor", advice_code=advice)
    sentence = str(refusal(reply(402, declined)))
    assert ADVICE[advice] in sentence
    assert "asks the bank" not in sentence


@pytest.mark.parametrize(
    "code", ["fraudulent", "lost_card", "stolen_card", "pickup_card", "merchant_blacklist"]
)
def test_a_thief_is_not_told_what_is_known(code: str) -> None:
    declined = error(CARD, code="card_declined", decline_code=code, advice_code="try_again_later")
    assert "say no more than that the card was declined" in str(refusal(reply(402, declined)))


def test_every_sentence_of_the_tables_is_one() -> None:
    told = [text for _, text in ERROR_CODES.values()] + list(ADVICE.values())
    told += [f"{why} {step}." for why, step in DECLINES.values()]
    odd = [text for text in told if not text.endswith(".") or ".." in text.replace("...", "") or "  " in text]
    assert odd == []


def test_a_declined_payment_is_named() -> None:
    declined = error(CARD, code="card_declined", payment_intent={"id": "pi_1", "status": "requires_action"})
    assert "The payment pi_1 is there, in state requires_action." in str(refusal(reply(402, declined)))


@pytest.mark.parametrize("status", [401, 403, 409, 429])
def test_what_is_busy_now_says_nothing_of_a_lost_attempt_before(status: int) -> None:
    told = refusal(reply(status, error(), in_doubt=True))
    assert type(told) is OutcomeUnknown
    assert "An earlier attempt was sent without an answer" in str(told)
    assert type(refusal(reply(status, error(), in_doubt=True, method=GET))) is not OutcomeUnknown


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, OutcomeUnknown), (402, OutcomeUnknown), (404, FixSettings), (405, FixSettings), (429, TryLater)],
)
@pytest.mark.parametrize("body", [b"<html>no</html>", b"", b"[]", b'{"error": "no"}', b'{"error": {}}'])
def test_an_error_that_is_not_stripes_proves_little(
    status: int, kind: type[ConnectError], body: bytes
) -> None:
    assert type(refusal(reply(status, body))) is kind


def test_a_read_that_fails_is_for_later() -> None:
    assert type(refusal(reply(500, error("api_error"), method=GET))) is TryLater


@pytest.mark.parametrize(
    "body", [{}, {"object": "customer", "id": "x"}, {"object": "payment_intent"}, []], ids=str
)
def test_a_success_without_its_object_is_in_doubt(body: Any) -> None:
    with pytest.raises(OutcomeUnknown, match="payment intent that was asked for"):
        object_of(reply(200, body), "payment_intent")


def test_an_error_does_not_quote_what_was_sent() -> None:
    told = refusal(reply(400, error(message="Invalid description: Ada's secret thing", param="description")))
    assert "secret thing" not in str(told)


def test_a_sandbox_and_a_live_account_have_their_own_limits() -> None:
    sandbox, live = (integration_of({"token": f"sk_{mode}_1"}) for mode in ("test", "live"))
    assert (sandbox.rate_limit, live.rate_limit) != (None, None)
    assert sandbox.rate_limit is not None
    assert live.rate_limit is not None
    assert (sandbox.rate_limit.max_requests, live.rate_limit.max_requests) == (25, 100)
    assert live.endpoint_limits["customers"].max_requests == 25
    assert live.endpoint_limits["search"].max_requests == 20
    assert "customers" not in sandbox.endpoint_limits
