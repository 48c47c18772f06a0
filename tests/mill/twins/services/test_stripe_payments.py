"""The Stripe twin's payments as the official SDK meets them: states, test cards, amounts, refunds."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from tests.mill.twins.services.stripe_sdk import KEY, refused, sdk
from tests.mill.twins.stage import TwinClient, TwinProcess

TEN: Any = {"amount": 1000, "currency": "usd"}
STAYS = {"automatic_payment_methods": {"enabled": True, "allow_redirects": "never"}}
PAID = {**TEN, **STAYS, "confirm": True, "payment_method": "pm_card_visa"}
UNEXPECTED = "payment_intent_unexpected_state"


@pytest.fixture
def twin(twins: TwinProcess) -> TwinClient:
    client = TwinClient(twins.client("stripe").url, KEY)
    client.forget()
    return client


@pytest.fixture
def client(twin: TwinClient) -> Any:
    return sdk(twin)


def test_an_intent_goes_from_state_to_state(twin: TwinClient, client: Any) -> None:
    intents = client.v1.payment_intents
    made = intents.create({**TEN, **STAYS, "metadata": {"order": "1"}})
    assert (made.status, made.amount_received) == ("requires_payment_method", 0)
    assert made.client_secret.startswith(f"{made.id}_secret_")
    given = intents.update(made.id, {"payment_method": "pm_card_visa", "amount": 1100})
    assert (given.status, given.amount) == ("requires_confirmation", 1100)
    paid = intents.confirm(made.id)
    assert (paid.status, paid.amount_received, paid.last_payment_error) == ("succeeded", 1100, None)
    assert intents.retrieve(made.id, {"expand": ["latest_charge"]}).latest_charge.captured
    for call in (intents.confirm, intents.cancel, intents.capture):
        problem = refused(call, 400, UNEXPECTED, made.id)
        assert problem.error.payment_intent.status == "succeeded"
    assert [kind for kind, _key in twin.ledger()] == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
    ]


def test_money_is_set_aside_then_taken_in_part(twin: TwinClient, client: Any) -> None:
    held = client.v1.payment_intents.create({**PAID, "capture_method": "manual"})
    assert (held.status, held.amount_capturable) == ("requires_capture", 1000)
    assert twin.ledger("charge.succeeded") == []
    refused(lambda: client.v1.refunds.create({"payment_intent": held.id}), 400, "charge_not_refundable")
    refused(
        lambda: client.v1.payment_intents.capture(held.id, {"amount_to_capture": 1001}),
        400,
        "amount_too_large",
    )
    taken = client.v1.payment_intents.capture(held.id, {"amount_to_capture": 400})
    assert (taken.status, taken.amount_received, taken.amount_capturable) == ("succeeded", 400, 0)
    assert client.v1.refunds.create({"payment_intent": held.id}).amount == 400


def test_what_was_set_aside_is_released(client: Any) -> None:
    held = client.v1.payment_intents.create({**PAID, "capture_method": "manual"})
    gone = client.v1.payment_intents.cancel(held.id, {"cancellation_reason": "abandoned"})
    assert (gone.status, gone.amount_capturable, gone.cancellation_reason) == ("canceled", 0, "abandoned")
    refused(lambda: client.v1.payment_intents.cancel(held.id), 400, UNEXPECTED)


@pytest.mark.parametrize(
    ("card", "code", "decline", "advice"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline", "try_again_later"),
        ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline", "try_again_later"),
        (
            "pm_card_chargeDeclinedInsufficientFunds",
            "card_declined",
            "insufficient_funds",
            "try_again_later",
        ),
        ("pm_card_chargeDeclinedLostCard", "card_declined", "lost_card", "do_not_try_again"),
        ("pm_card_chargeDeclinedStolenCard", "card_declined", "stolen_card", "do_not_try_again"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", None, "confirm_card_data"),
        ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", None, "confirm_card_data"),
        ("pm_card_chargeDeclinedProcessingError", "processing_error", None, "try_again_later"),
    ],
)
def test_a_declined_card_leaves_the_intent(
    twin: TwinClient, client: Any, card: str, code: str, decline: str | None, advice: str
) -> None:
    create = {**PAID, "payment_method": card}
    problem = refused(lambda: client.v1.payment_intents.create(create, {"idempotency_key": "k"}), 402, code)
    error = problem.json_body["error"]
    assert type(problem) is stripe.CardError
    assert (error["type"], error.get("decline_code"), error["advice_code"]) == ("card_error", decline, advice)
    intent = error["payment_intent"]
    assert (intent["status"], intent["payment_method"]) == ("requires_payment_method", None)
    assert intent["last_payment_error"]["code"] == code
    assert "_magic" not in str(error)
    # A key that was refused stays refused; a card that works pays the same intent.
    refused(lambda: client.v1.payment_intents.create(create, {"idempotency_key": "k"}), 402, code)
    assert len(twin.ledger("payment_intent.created")) == 1
    paid = client.v1.payment_intents.confirm(intent["id"], {"payment_method": "pm_card_visa"})
    assert paid.status == "succeeded"


def test_authentication(client: Any) -> None:
    card = {**PAID, "payment_method": "pm_card_authenticationRequired"}
    asked = client.v1.payment_intents.create({**card, "return_url": "https://example.com/back"})
    assert (asked.status, asked.next_action.type) == ("requires_action", "redirect_to_url")
    shown = client.v1.payment_intents.create(card)
    assert shown.next_action.type == "use_stripe_sdk"
    for more in ({"off_session": True}, {"error_on_requires_action": True}):
        create = client.v1.payment_intents.create
        refused(create, 402, "authentication_required", {**card, **more})


def test_confirming_needs_a_card_and_somewhere_to_come_back_to(client: Any) -> None:
    intents = client.v1.payment_intents
    refused(lambda: intents.create({**TEN, **STAYS, "confirm": True}), 400, UNEXPECTED)
    redirects = {**TEN, "confirm": True, "payment_method": "pm_card_visa"}
    assert "return_url" in str(refused(lambda: intents.create(redirects), 400))
    assert intents.create({**redirects, "return_url": "https://example.com"}).status == "succeeded"
    refused(lambda: intents.create({**TEN, "off_session": True}), 400)
    refused(lambda: intents.create({**PAID, "payment_method": "pm_none"}), 400, "resource_missing")
    refused(lambda: intents.create({**TEN, "customer": "cus_none"}), 400, "resource_missing")
    refused(lambda: intents.retrieve("pi_none"), 404, "resource_missing")


@pytest.mark.parametrize(
    ("amount", "currency", "code"),
    [
        (49, "usd", "amount_too_small"),
        (50, "usd", None),
        (29, "gbp", "amount_too_small"),
        (49, "jpy", "amount_too_small"),
        (50, "JPY", None),
        (100_000_000, "usd", "amount_too_large"),
        (1001, "kwd", "invalid_charge_amount"),
        (1010, "kwd", None),
        (150, "isk", "invalid_charge_amount"),
        (200, "isk", None),
        (1, "xaf", None),
        (0, "usd", "parameter_invalid_integer"),
        (-5, "usd", "parameter_invalid_integer"),
        ("10.50", "usd", "parameter_invalid_integer"),
        ("", "usd", "parameter_invalid_empty"),
        (1000, "xyz", "none"),
        (1000, "", "parameter_invalid_empty"),
    ],
)
def test_amounts_are_checked_by_stripes_own_table(
    twin: TwinClient, client: Any, amount: Any, currency: str, code: str | None
) -> None:
    create = {"amount": amount, "currency": currency}
    if code is None:
        assert client.v1.payment_intents.create(create).currency == currency.lower()
        return
    problem = refused(lambda: client.v1.payment_intents.create(create), 400, None if code == "none" else code)
    assert problem.param in {"amount", "currency"}
    assert twin.ledger() == []


def test_payment_method_types_are_taken_no_more(client: Any) -> None:
    old = {**TEN, "payment_method_types": ["card"]}
    code = "payment_method_types_no_longer_supported"
    assert refused(lambda: client.v1.payment_intents.create(old), 400, code).param == "payment_method_types"
    made = client.v1.payment_intents.create(TEN)
    assert made.payment_method_types == ["card", "link"]
    refused(lambda: client.v1.payment_intents.confirm(made.id, {"payment_method_types": ["card"]}), 400, code)
    missing = refused(lambda: client.v1.payment_intents.create({"amount": 100}), 400, "parameter_missing")
    assert missing.param == "currency"


def test_no_more_is_refunded_than_was_charged(twin: TwinClient, client: Any) -> None:
    paid = client.v1.payment_intents.create(PAID)
    refunds = client.v1.refunds
    first = refunds.create({"payment_intent": paid.id, "amount": 600, "reason": "duplicate"})
    assert (first.status, first.amount, first.charge) == ("succeeded", 600, paid.latest_charge)
    over = refused(lambda: refunds.create({"charge": paid.latest_charge, "amount": 401}), 400)
    assert "greater than unrefunded amount" in str(over)
    assert refunds.create({"charge": paid.latest_charge}).amount == 400
    refused(lambda: refunds.create({"payment_intent": paid.id}), 400, "charge_already_refunded")
    refused(lambda: refunds.create({}), 400, "parameter_missing")
    refused(lambda: refunds.create({"charge": "ch_1", "payment_intent": "pi_1"}), 400, "parameter_missing")
    refused(lambda: refunds.create({"payment_intent": "pi_none"}), 400, "resource_missing")
    unpaid = client.v1.payment_intents.create(TEN)
    refused(lambda: refunds.create({"payment_intent": unpaid.id}), 400, "charge_not_refundable")
    assert len(refunds.list({"payment_intent": paid.id}).data) == 2
    assert refunds.retrieve(first.id, {"expand": ["charge"]}).charge.amount_refunded == 1000
    assert len(twin.ledger("refund.created")) == 2


def test_intents_are_listed_and_expanded(client: Any) -> None:
    customer = client.v1.customers.create({"email": "ada@example.com"})
    for number in range(3):
        client.v1.payment_intents.create({**TEN, "customer": customer.id, "amount": 100 + number})
    client.v1.payment_intents.create(TEN)
    page = client.v1.payment_intents.list({"customer": customer.id, "limit": 2, "expand": ["data.customer"]})
    assert [one.amount for one in page.data] == [102, 101]
    assert page.data[0].customer.email == "ada@example.com"
    assert [one.amount for one in page.auto_paging_iter()] == [102, 101, 100]
    refused(lambda: client.v1.payment_intents.list({"expand": ["data.shoes"]}), 400)


def test_a_list_may_be_written_without_numbers(twin: TwinClient, client: Any) -> None:
    customer = client.v1.customers.create({"email": "ada@example.com"})
    paid = client.v1.payment_intents.create({**PAID, "customer": customer.id})
    shown = twin.get(f"/v1/payment_intents/{paid.id}?expand[]=customer&expand[]=latest_charge").json
    assert (shown["customer"]["id"], shown["latest_charge"]["captured"]) == (customer.id, True)


def test_a_wrong_expand_makes_nothing(twin: TwinClient, client: Any) -> None:
    refused(lambda: client.v1.payment_intents.create({**TEN, "expand": ["shoes"]}), 400)
    assert twin.ledger() == []
    assert client.v1.payment_intents.list().data == []


def test_a_card_of_a_customer(client: Any) -> None:
    customer = client.v1.customers.create({"email": "ada@example.com"})
    method = client.v1.payment_methods.attach("pm_card_visa", {"customer": customer.id})
    client.v1.customers.update(customer.id, {"invoice_settings": {"default_payment_method": method.id}})
    paid = client.v1.payment_intents.create(
        {**TEN, "customer": customer.id, "payment_method": method.id, "confirm": True, "off_session": True}
    )
    assert (paid.status, paid.payment_method) == ("succeeded", method.id)
    other = client.v1.customers.create({"email": "bob@example.com"})
    for payer in ({"customer": other.id}, {}):
        theirs: Any = {**PAID, **payer, "payment_method": method.id}
        refused(lambda theirs=theirs: client.v1.payment_intents.create(theirs), 400)
    refused(lambda: client.v1.payment_methods.attach(method.id, {"customer": other.id}), 400)
    made = client.v1.payment_methods.create({"type": "card", "card": {"token": "tok_mastercard"}})
    assert made.card.brand == "mastercard"
