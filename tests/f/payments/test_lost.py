"""Answers that are lost, late or stored: nothing is made twice, and what nobody can tell is unknown."""

from __future__ import annotations

from typing import Any

import pytest

from f.connect.errors import ConnectError, FixInput, GiveUpRecord, OutcomeUnknown, TryLater
from f.connect.times import Clock
from f.payments import (
    cancel_payment,
    capture_payment,
    confirm_payment,
    create_customer,
    create_payment_intent,
    create_refund,
    update_customer,
)
from f.payments.stripe.client import KEY_SECONDS
from f.store.store import Store
from tests.f.payments.conftest import Twin

URL = "https://shop.example"
NEVER = {"Stripe-Should-Retry": "false"}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Clock, "sleep", lambda _self, _seconds: False)


def payment(twin: Twin, key: str = "order-1", **more: Any) -> Any:
    given: dict[str, Any] = {"amount": "10.99", "currency": "EUR", "request_key": key, **more}
    return create_payment_intent.main(stripe=twin.resource, **given)


def payments(twin: Twin) -> int:
    return len(twin.get("payment_intents?limit=100")["data"])


def a_day_later(twin: Twin, store: Store) -> None:
    """Let so much time pass that Stripe has forgotten the keys."""
    store.execute("UPDATE notify_sent SET at = at - :day", {"day": KEY_SECONDS + 1})
    store.execute("UPDATE store_lease SET until = 0")
    twin.client.put_settings(clock_ahead_seconds=90_000)


@pytest.mark.parametrize(
    "fault", ["reset_after_commit", "reset_before", "error_500", "error_503", "key_in_use"]
)
def test_one_bad_answer_is_asked_again_under_the_same_key(twin: Twin, fault: str) -> None:
    twin.fail_next("create_intent", fault)
    assert payment(twin)["outcome"] == "done"
    assert payments(twin) == 1


def test_a_payment_whose_answers_are_all_lost_is_found_at_once(twin: Twin) -> None:
    twin.fail_next("create_intent", "reset_after_commit", times=4)
    made = payment(twin)
    assert (made["outcome"], payments(twin)) == ("done", 1)
    assert payment(twin)["id"] == made["id"]


def test_a_payment_that_nobody_can_find_is_unknown_and_the_next_run_finds_out(twin: Twin) -> None:
    twin.client.put_faults(
        script=[
            {"operation": "create_intent", "fault": "reset_after_commit", "times": 4},
            {"operation": "list_intents", "fault": "error_503", "times": 4},
        ]
    )
    with pytest.raises(OutcomeUnknown, match="Looking it up failed"):
        payment(twin)
    assert payment(twin)["outcome"] == "done"
    assert payments(twin) == 1


def test_a_lost_refund_is_not_made_again_after_stripe_forgot_its_key(twin: Twin, store: Store) -> None:
    number = payment(twin)["id"]
    confirm_payment.main(number, twin.resource, payment_method="pm_card_visa", return_url=URL)
    twin.client.put_faults(
        script=[
            {"operation": "create_refund", "fault": "reset_after_commit", "times": 4},
            {"operation": "list_refunds", "fault": "error_503", "times": 4},
        ]
    )
    with pytest.raises(OutcomeUnknown):
        create_refund.main(number, twin.resource, amount="1")
    a_day_later(twin, store)
    again = create_refund.main(number, twin.resource, amount="1")
    assert (again["outcome"], len(twin.get("refunds")["data"])) == ("already_done", 1)


def test_a_payment_that_was_never_made_is_made_after_a_day(twin: Twin, store: Store) -> None:
    twin.fail_next("create_intent", "reset_before", times=4)
    with pytest.raises(OutcomeUnknown):
        payment(twin)
    a_day_later(twin, store)
    assert payment(twin)["outcome"] == "done"
    assert payments(twin) == 1


def test_a_stored_500_is_known_for_what_it_is_and_the_payment_found(twin: Twin) -> None:
    twin.fail_next("create_intent", "stored_500")
    made = payment(twin)
    assert (made["status"], payments(twin)) == ("requires_payment_method", 1)


def test_a_stored_500_that_made_nothing_is_unknown_and_not_asked_for_ever(twin: Twin) -> None:
    body = {"error": {"type": "api_error", "message": "An unknown error occurred."}}
    headers = {"Idempotent-Replayed": "true"}
    twin.answer_next("create_intent", 500, body, headers, times=9)
    with pytest.raises(OutcomeUnknown) as unknown:
        payment(twin)
    assert (unknown.value.code, unknown.value.attempts) == ("stored_failure", 1)


def test_stripes_word_on_another_attempt_is_obeyed_both_ways(twin: Twin) -> None:
    failed = {"error": {"type": "api_error", "message": "x"}}
    twin.answer_next("create_intent", 500, failed, NEVER)
    with pytest.raises(OutcomeUnknown) as unknown:
        payment(twin)
    assert unknown.value.attempts == 1
    refused = {"error": {"type": "invalid_request_error", "message": "x"}}
    twin.answer_next("create_intent", 400, refused, {"Stripe-Should-Retry": "true"})
    assert payment(twin, "order-2")["outcome"] == "done"


@pytest.mark.parametrize(
    ("fault", "code", "sentence"),
    [
        ("lock_timeout", "lock_timeout", "another request is changing the same object"),
        ("throttle_429", "rate_limit", "this account sends too many requests a second"),
        ("key_in_use", "idempotency_key_in_use", "still working on the same request"),
    ],
)
def test_a_busy_stripe_is_asked_again_and_then_named(
    twin: Twin, fault: str, code: str, sentence: str
) -> None:
    twin.fail_next("create_intent", fault, times=4)
    with pytest.raises(TryLater, match=sentence) as busy:
        payment(twin)
    assert (busy.value.code, busy.value.attempts) == (code, 4)
    assert payment(twin)["outcome"] == "done"


def test_a_key_of_other_inputs_is_their_fault(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("f.store.once.secrets.token_hex", lambda _size: "the-same-mark")
    payment(twin)
    with pytest.raises(FixInput, match="belongs to another request") as refused:
        payment(twin, "order-2", description="another")
    assert refused.value.code == "idempotency_error"


def lose_a_payment(twin: Twin) -> None:
    """A payment is made, and the run that made it learns nothing of it."""
    twin.client.put_faults(
        script=[
            {"operation": "create_intent", "fault": "reset_after_commit", "times": 4},
            {"operation": "list_intents", "fault": "error_503", "times": 4},
        ]
    )
    with pytest.raises(OutcomeUnknown):
        payment(twin)


@pytest.mark.parametrize("later", [False, True])
def test_a_lost_payment_is_not_given_up_for_other_inputs(twin: Twin, store: Store, *, later: bool) -> None:
    lose_a_payment(twin)
    if later:
        a_day_later(twin, store)
    with pytest.raises(FixInput, match="Run it with the inputs of then"):
        payment(twin, amount="11")
    assert payment(twin)["payment"]["amount"] == "10.99"
    assert payments(twin) == 1


def test_a_refusal_of_other_words_does_not_give_a_lost_payment_up(twin: Twin) -> None:
    lose_a_payment(twin)
    refused = {"error": {"type": "invalid_request_error", "code": "parameter_invalid", "message": "x"}}
    twin.answer_next("create_intent", 400, refused)
    found = payment(twin, description="x" * 2000)
    assert (found["outcome"], payment(twin)["id"], payments(twin)) == ("already_done", found["id"], 1)


def test_a_refusal_settles_an_earlier_lost_attempt_and_a_busy_stripe_does_not(twin: Twin) -> None:
    body = {"error": {"type": "api_error", "message": "x"}}
    declined = {"error": {"type": "card_error", "code": "card_declined", "decline_code": "do_not_honor"}}
    number = payment(twin)["id"]
    confirm: Any = {"payment_method": "pm_card_visa", "return_url": URL}
    twin.answer_next("confirm_intent", 500, body, NEVER)
    with pytest.raises(OutcomeUnknown):
        confirm_payment.main(number, twin.resource, **confirm)
    twin.fail_next("confirm_intent", "lock_timeout", times=4)
    with pytest.raises(OutcomeUnknown, match="An earlier run sent this confirmation of a payment"):
        confirm_payment.main(number, twin.resource, **confirm)
    twin.answer_next("confirm_intent", 402, declined)
    with pytest.raises(GiveUpRecord, match="do_not_honor"):
        confirm_payment.main(number, twin.resource, **confirm)
    assert confirm_payment.main(number, twin.resource, **confirm)["status"] == "succeeded"


def test_states_that_were_reached_without_an_answer_are_seen(twin: Twin) -> None:
    number = payment(twin, capture="later")["id"]
    lost: Any = {"fault": "reset_after_commit", "times": 4}
    twin.client.put_faults(script=[{"operation": "confirm_intent", **lost}])
    done = confirm_payment.main(number, twin.resource, payment_method="pm_card_visa", return_url=URL)
    assert done["status"] == "requires_capture"
    twin.client.put_faults(script=[{"operation": "capture_intent", **lost}])
    assert capture_payment.main(number, twin.resource)["status"] == "succeeded"
    twin.client.put_faults(script=[{"operation": "cancel_intent", **lost}])
    assert cancel_payment.main(payment(twin, "order-2")["id"], twin.resource)["status"] == "canceled"


def test_a_customer_whose_answer_was_lost_is_found_by_our_mark(twin: Twin) -> None:
    twin.fail_next("create_customer", "reset_after_commit", times=4)
    made = create_customer.main(twin.resource, name="Ada")
    assert len(twin.get("customers")["data"]) == 1
    twin.fail_next("update_customer", "reset_after_commit", times=4)
    changed = update_customer.main(made["id"], twin.resource, phone="+491", metadata={"a": "b"}, city="Bonn")
    assert changed["customer"]["phone"] == "+491"


@pytest.mark.parametrize("body", [None, b"", b"<html>", {"object": "list", "data": []}, {"id": "pi_1"}, [1]])
def test_a_success_that_is_not_stripes_is_no_success(twin: Twin, body: Any) -> None:
    text = body.decode() if isinstance(body, bytes) else body
    twin.answer_next("create_intent", 200, text, times=1)
    with pytest.raises(OutcomeUnknown, match="may have been applied"):
        payment(twin)


def test_a_job_that_was_killed_between_two_steps_is_gone_on_with(twin: Twin, store: Store) -> None:
    made = payment(twin)
    store.execute("UPDATE notify_sent SET state = 'sending', id = '', at = at - 200")
    again = payment(twin)
    assert (again["id"], payments(twin)) == (made["id"], 1)


def test_every_error_says_which_call_it_was(twin: Twin) -> None:
    with pytest.raises(ConnectError) as caught:
        confirm_payment.main("pi_0", twin.resource)
    assert caught.value.call is not None
    assert "payment_intents" in caught.value.call
    assert caught.value.status == 404
