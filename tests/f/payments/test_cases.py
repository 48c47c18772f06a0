"""Every script through its main against the twin: what it does once, a second time, and with bad input."""

from __future__ import annotations

from typing import Any

import pytest

from f.connect.errors import ConnectError, FixInput, FixSettings, GiveUpRecord, SignInAgain
from f.payments import (
    cancel_payment,
    capture_payment,
    confirm_payment,
    create_customer,
    create_payment_intent,
    create_refund,
    find_customer,
    list_customers,
    list_payments,
    update_customer,
)
from tests.f.payments.conftest import KEY, Twin

URL = "https://shop.example"
NULL: Any = None
TEXT: Any = "5"
NUMBER: Any = 5


def customer(twin: Twin, **more: Any) -> str:
    return create_customer.main(twin.resource, **{"name": "Ada", "email": "ada@example.com", **more})["id"]


def payment(twin: Twin, key: Any = "order-1", **more: Any) -> Any:
    given: dict[str, Any] = {"amount": "10.99", "currency": "EUR", "request_key": key, **more}
    return create_payment_intent.main(stripe=twin.resource, **given)


def paid(twin: Twin, key: str = "order-1", **more: Any) -> str:
    number: str = payment(twin, key, **more)["id"]
    confirm_payment.main(number, twin.resource, payment_method="pm_card_visa", return_url=URL)
    return number


def test_a_customer_is_made_once_for_an_external_id(twin: Twin) -> None:
    first = create_customer.main(
        twin.resource, name="Ada", email="ada@example.com", external_id="crm-1", city="Bonn", country="de"
    )
    second = create_customer.main(twin.resource, name="Ada", email="a@example.com", external_id="crm-1")
    assert (first["outcome"], second["outcome"]) == ("done", "already_done")
    assert first["id"] == second["id"]
    assert "another e-mail address" in second["notices"][0]
    made = twin.get(f"customers/{first['id']}")
    assert made["metadata"]["external_id"] == "crm-1"
    assert (made["address"]["city"], made["address"]["country"]) == ("Bonn", "DE")
    assert "millwright_mark" not in first["customer"]["metadata"]


def test_what_our_memory_has_forgotten_search_still_knows(twin: Twin, store: Any) -> None:
    twin.client.put_settings(search_lag_seconds=0)
    first = customer(twin, external_id="o'hara \\ 1")
    store.execute("DELETE FROM notify_sent")
    again = create_customer.main(twin.resource, name="Ada", external_id="o'hara \\ 1")
    assert (again["outcome"], again["id"]) == ("already_done", first)


def test_external_ids_that_differ_in_case_are_two_customers(twin: Twin, store: Any) -> None:
    """Stripe's search takes one for the other, and the wrong customer would be charged."""
    twin.client.put_settings(search_lag_seconds=0)
    first = customer(twin, external_id="A1")
    second = create_customer.main(twin.resource, name="Bob", external_id="a1")
    assert (second["outcome"], second["id"] != first) == ("done", True)
    store.execute("DELETE FROM notify_sent")
    assert customer(twin, external_id="A1") == first
    assert find_customer.main(twin.resource, external_id="a1")["id"] == second["id"]
    assert find_customer.main(twin.resource, external_id="A1")["id"] == first


def test_what_search_shows_of_a_minute_ago_is_not_the_customer_of_now(twin: Twin) -> None:
    first = customer(twin, external_id="crm-1")
    twin.client.put_settings(search_lag_seconds=0)
    stale = twin.get(f"customers/{first}")
    update_customer.main(first, twin.resource, external_id="crm-2")
    found = {"object": "search_result", "data": [{**stale, "metadata": {"external_id": "crm-2"}}]}
    twin.answer_next("search_customers", 200, {**found, "has_more": False})
    assert find_customer.main(twin.resource, external_id="crm-1")["count"] == 0


def test_a_customer_that_is_gone_is_made_anew_once(twin: Twin) -> None:
    first = customer(twin, external_id="crm-1")
    twin.client.send("DELETE", f"/v1/customers/{first}", headers={"Authorization": f"Bearer {KEY}"})
    made = [create_customer.main(twin.resource, name="Ada", external_id="crm-1") for _ in range(2)]
    assert [one["outcome"] for one in made] == ["done", "already_done"]
    assert made[0]["id"] == made[1]["id"] != first
    twin.client.forget()  # another account
    assert create_customer.main(twin.resource, name="Ada", external_id="crm-1")["outcome"] == "done"
    assert len(twin.get("customers")["data"]) == 1


def test_spaces_in_an_external_id_and_lines_in_metadata_are_kept(twin: Twin, store: Any) -> None:
    first = create_customer.main(
        twin.resource, email="ada@example.com", external_id="A  1", metadata={"note": "one\ntwo  three"}
    )
    assert first["customer"]["metadata"] == {"note": "one\ntwo  three"}
    store.execute("DELETE FROM notify_sent")
    twin.client.put_settings(search_lag_seconds=600)
    assert customer(twin, external_id="A  1") == first["id"]


def test_numbers_of_a_flow_are_taken_for_the_texts_of_a_form(twin: Twin) -> None:
    made = customer(twin, postal_code=53111, external_id=7, metadata={"n": 1.5, "yes": True, "none": None})
    told = twin.get(f"customers/{made}")
    assert (told["address"]["postal_code"], told["metadata"]["external_id"]) == ("53111", "7")
    assert (told["metadata"]["n"], told["metadata"]["yes"]) == ("1.5", "true")
    assert payment(twin, 4711, amount=5)["payment"]["amount"] == "5.00"


def test_what_search_does_not_know_yet_a_list_by_address_shows(twin: Twin, store: Any) -> None:
    twin.client.put_settings(search_lag_seconds=600)
    first = customer(twin, external_id="crm-1")
    store.execute("DELETE FROM notify_sent")
    again = create_customer.main(twin.resource, email="ada@example.com", external_id="crm-1")
    assert (again["outcome"], again["id"]) == ("already_done", first)


def test_without_an_external_id_every_run_makes_a_customer(twin: Twin) -> None:
    assert customer(twin) != customer(twin)
    found = find_customer.main(twin.resource, email="ada@example.com")
    assert (found["id"], found["count"]) == ("", 2)
    assert "choose one by its id" in found["notices"][0]


def test_a_customer_is_found_by_each_of_its_names(twin: Twin) -> None:
    twin.client.put_settings(search_lag_seconds=0)
    number = customer(twin, external_id="crm-7")
    by_id = find_customer.main(twin.resource, customer=number)
    by_email = find_customer.main(twin.resource, email="ada@example.com")
    by_ours = find_customer.main(twin.resource, external_id="crm-7")
    assert by_id["id"] == by_email["id"] == by_ours["id"] == number
    assert find_customer.main(twin.resource, email="ADA@example.com")["count"] == 0


def test_a_change_leaves_the_rest_and_clears_what_it_is_told_to(twin: Twin) -> None:
    number = customer(twin, phone="+491", external_id="crm-1")
    done = update_customer.main(number, twin.resource, name="Ada L.", clear=["phone", "external_id"])
    told = done["customer"]
    assert (told["name"], told["email"], told["phone"], told["external_id"]) == (
        "Ada L.", "ada@example.com", "", "",
    )  # fmt: skip


def test_lists_go_on_where_they_stopped(twin: Twin) -> None:
    numbers = [customer(twin, name=f"P{index}") for index in range(5)]
    first = list_customers.main(twin.resource, limit=3)
    rest = list_customers.main(twin.resource, limit=3, starting_after=first["next"])
    listed = [one["id"] for one in first["customers"] + rest["customers"]]
    assert listed == numbers[::-1]
    assert (first["has_more"], rest["has_more"], rest["next"]) == (True, False, "")
    assert list_customers.main(twin.resource, created_from="2100-01-01")["count"] == 0


def test_a_payment_is_made_once_for_its_key(twin: Twin) -> None:
    first, second = payment(twin), payment(twin)
    assert (first["outcome"], second["outcome"]) == ("done", "already_done")
    assert first["id"] == second["id"]
    assert first["client_secret"] == second["client_secret"] != ""
    assert len(twin.get("payment_intents")["data"]) == 1
    assert payment(twin, "order-2", return_client_secret=False)["client_secret"] == ""
    made = twin.get(f"payment_intents/{first['id']}")
    assert made["automatic_payment_methods"]["enabled"] is True


@pytest.mark.parametrize("other", [{"amount": "11"}, {"currency": "USD"}, {"capture": "later"}])
def test_a_key_of_another_payment_is_refused(twin: Twin, other: dict[str, str]) -> None:
    payment(twin)
    with pytest.raises(FixInput, match=r"belongs to another payment: pi_\w+, made with other inputs"):
        payment(twin, **other)


def test_a_key_of_another_customers_payment_is_refused(twin: Twin) -> None:
    payment(twin, customer=customer(twin))
    for other in (customer(twin), ""):
        with pytest.raises(FixInput, match="belongs to another payment"):
            payment(twin, customer=other)


def test_a_payment_is_confirmed_reserved_and_taken_once(twin: Twin) -> None:
    number = payment(twin, capture="later")["id"]
    done = confirm_payment.main(number, twin.resource, payment_method="pm_card_visa", return_url=URL)
    assert done["status"] == "requires_capture"
    first = capture_payment.main(number, twin.resource, amount="5")
    second = capture_payment.main(number, twin.resource, amount="5")
    assert (first["outcome"], second["outcome"]) == ("done", "already_done")
    assert second["payment"]["amount_received"] == "5.00"


def test_another_amount_than_was_taken_is_not_taken_for_it(twin: Twin, store: Any) -> None:
    number = payment(twin, capture="later")["id"]
    confirm_payment.main(number, twin.resource, payment_method="pm_card_visa", return_url=URL)
    capture_payment.main(number, twin.resource, amount="5")
    for other in ("7", ""):
        with pytest.raises(GiveUpRecord, match=r"5\.00 EUR of it were taken"):
            capture_payment.main(number, twin.resource, amount=other)
    store.execute("DELETE FROM notify_sent")
    assert capture_payment.main(number, twin.resource, amount="5")["outcome"] == "already_done"


def test_a_payment_that_was_canceled_since_is_not_reported_as_confirmed(twin: Twin) -> None:
    number = payment(twin, capture="later")["id"]
    confirm: Any = {"payment_method": "pm_card_visa", "return_url": URL}
    confirm_payment.main(number, twin.resource, **confirm)
    cancel_payment.main(number, twin.resource)
    with pytest.raises(GiveUpRecord, match="not paid: it is canceled"):
        confirm_payment.main(number, twin.resource, **confirm)


@pytest.mark.parametrize("status", ["", "requires_confirmation", "a_new_one"])
def test_a_state_in_which_nothing_was_paid_is_no_success(twin: Twin, status: str) -> None:
    number = payment(twin)["id"]
    twin.answer_next("confirm_intent", 200, {**twin.get(f"payment_intents/{number}"), "status": status})
    with pytest.raises(GiveUpRecord, match=r"not paid|may not be paid: it is in state (unknown|a_new_one)"):
        confirm_payment.main(number, twin.resource, payment_method="pm_card_visa", return_url=URL)


def test_the_payers_way_to_the_bank_is_not_cut_off(twin: Twin) -> None:
    number = payment(twin)["id"]
    url = f"https://hooks.stripe.com/redirect/{'x' * 900}"
    action = {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": URL}}
    waits = {**twin.get(f"payment_intents/{number}"), "status": "requires_action", "next_action": action}
    twin.answer_next("confirm_intent", 200, waits)
    told = confirm_payment.main(number, twin.resource, payment_method="pm_card_visa", return_url=URL)
    assert told["redirect_url"] == url


def test_a_declined_payment_says_why_and_can_be_confirmed_in_another_way(twin: Twin) -> None:
    number = payment(twin)["id"]
    card = "pm_card_chargeDeclinedInsufficientFunds"
    with pytest.raises(GiveUpRecord) as declined:
        confirm_payment.main(number, twin.resource, payment_method=card, return_url=URL)
    assert (declined.value.code, declined.value.status) == ("insufficient_funds", 402)
    assert f"{number} is there, in state requires_payment_method" in str(declined.value)
    assert "too little money" in list_payments.main(twin.resource)["payments"][0]["declined"]
    done = confirm_payment.main(number, twin.resource, payment_method="pm_card_visa", return_url=URL)
    assert done["status"] == "succeeded"
    again = confirm_payment.main(number, twin.resource, payment_method="pm_card_visa", return_url=URL)
    assert again["outcome"] == "already_done"


def test_cancelling_twice_is_one_cancellation_and_what_is_paid_is_not_cancelled(twin: Twin) -> None:
    number = payment(twin)["id"]
    outcomes = [cancel_payment.main(number, twin.resource)["outcome"] for _ in range(2)]
    assert outcomes == ["done", "already_done"]
    with pytest.raises(GiveUpRecord, match=r"in state succeeded.*create_refund"):
        cancel_payment.main(paid(twin, "order-2"), twin.resource)


def test_one_that_somebody_else_cancelled_is_no_failure(twin: Twin, store: Any) -> None:
    number = payment(twin)["id"]
    cancel_payment.main(number, twin.resource)
    store.execute("DELETE FROM notify_sent")
    assert cancel_payment.main(number, twin.resource)["outcome"] == "already_done"


def test_a_part_is_refunded_once_unless_each_refund_has_a_name(twin: Twin) -> None:
    number = paid(twin)
    refunds = [create_refund.main(number, twin.resource, amount="1") for _ in range(2)]
    assert [one["outcome"] for one in refunds] == ["done", "already_done"]
    create_refund.main(number, twin.resource, amount="1", request_key="second")
    assert len(twin.get("refunds")["data"]) == 2
    with pytest.raises(FixInput, match="belongs to another refund"):
        create_refund.main(number, twin.resource, amount="2", request_key="second")
    with pytest.raises(FixInput, match="belongs to another refund"):
        create_refund.main(number, twin.resource, request_key="second")
    with pytest.raises(ConnectError, match="amount"):
        create_refund.main(number, twin.resource, amount="100")


def test_a_refund_that_failed_later_is_not_taken_for_one(twin: Twin) -> None:
    number = paid(twin)
    made = create_refund.main(number, twin.resource)
    failed = {
        **twin.get(f"refunds/{made['id']}"),
        "status": "failed",
        "failure_reason": "lost_or_stolen_card",
    }
    twin.answer_next("get_refund", 200, failed)
    with pytest.raises(
        GiveUpRecord, match=r"is failed\. The refund failed: the card was lost or stolen\. To ref"
    ):
        create_refund.main(number, twin.resource)


def test_a_key_whose_payment_is_in_another_account_is_named(twin: Twin) -> None:
    payment(twin)
    twin.client.forget()
    with pytest.raises(FixInput, match="made in another account, or deleted"):
        payment(twin)


BAD: dict[str, tuple[Any, type[ConnectError], str]] = {
    "types": (lambda twin: payment(twin, payment_method_types=["card"]), FixInput, "Leave it empty"),
    "no key": (lambda twin: payment(twin, " "), FixInput, "Give a request_key"),
    "amount": (lambda twin: payment(twin, amount="1,5"), FixInput, "must be a number"),
    "currency": (lambda twin: payment(twin, currency="EURO"), FixInput, "three letters"),
    "unknown currency": (lambda twin: payment(twin, currency="XXX"), FixInput, "currency"),
    "too little": (lambda twin: payment(twin, amount="0.01"), FixInput, "below the least"),
    "customer": (lambda twin: payment(twin, customer="ada"), FixInput, "begins with cus_"),
    "path": (lambda twin: payment(twin, customer="cus_/../x"), FixInput, "begins with cus_"),
    "no customer": (lambda twin: payment(twin, customer="cus_none"), FixInput, "no such object"),
    "metadata key": (lambda twin: payment(twin, metadata={"a[b]": 1}), FixInput, "square brackets"),
    "metadata value": (lambda twin: payment(twin, metadata={"a": {}}), FixInput, "text or a number"),
    "metadata size": (lambda twin: payment(twin, metadata={"a": "x" * 501}), FixInput, "501 characters"),
    "metadata mark": (lambda twin: payment(twin, metadata={"millwright_mark": "x"}), FixInput, "is taken"),
    "receipt": (lambda twin: payment(twin, receipt_email="ada@"), FixInput, "e-mail"),
    "capture": (lambda twin: payment(twin, capture="Later"), FixInput, "one of these: now, later"),
    "redirects": (lambda twin: payment(twin, allow_redirects=False), FixInput, "one of these: always, never"),
    "null key": (lambda twin: payment(twin, None), FixInput, "Give a request_key"),
    "null amount": (lambda twin: payment(twin, amount=None), FixInput, "must be a number"),
    "null id": (lambda twin: confirm_payment.main(NULL, twin.resource), FixInput, "No payment was given"),
    "limit in text": (lambda twin: list_payments.main(twin.resource, limit=TEXT), FixInput, "whole number"),
    "no id": (lambda twin: confirm_payment.main("", twin.resource), FixInput, "No payment was given"),
    "unknown id": (lambda twin: confirm_payment.main("pi_0", twin.resource), FixInput, "no such object"),
    "return url": (
        lambda twin: confirm_payment.main("pi_0", twin.resource, return_url="ftp://x"), FixInput, "https://",
    ),
    "wrong state": (
        lambda twin: capture_payment.main(payment(twin)["id"], twin.resource), GiveUpRecord,
        "in state requires_payment_method",
    ),
    "nothing found by": (lambda twin: find_customer.main(twin.resource), FixInput, "Give one of these"),
    "two found by": (
        lambda twin: find_customer.main(twin.resource, email="a@b.de", external_id="1"), FixInput, "Give one",
    ),
    "empty customer": (lambda twin: create_customer.main(twin.resource), FixInput, "nothing of a cust"),
    "country": (lambda twin: customer(twin, country="Germany"), FixInput, "two letters"),
    "no change": (lambda twin: update_customer.main("cus_1", twin.resource), FixInput, "nothing to change"),
    "clear": (lambda twin: update_customer.main("cus_1", twin.resource, clear=["id"]), FixInput, "cleared"),
    "clear in a list": (
        lambda twin: update_customer.main("cus_1", twin.resource, clear=[["name"]]), FixInput, "cleared",  # type: ignore[list-item]
    ),
    "number for a url": (
        lambda twin: confirm_payment.main("pi_0", twin.resource, return_url=NUMBER), FixInput, "https://",
    ),
    "number for an address": (
        lambda twin: list_payments.main(twin.with_address(5)), FixSettings, "base_url must be like",
    ),
    "set and clear": (
        lambda twin: update_customer.main("cus_1", twin.resource, city="Bonn", clear=["address"]), FixInput,
        "both given and cleared: address",
    ),
    "external id in metadata": (
        lambda twin: customer(twin, metadata={"external_id": "1"}), FixInput, "input of its own",
    ),
    "limit": (lambda twin: list_payments.main(twin.resource, limit=0), FixInput, "from 1 to 10,000"),
    "time": (lambda twin: list_payments.main(twin.resource, created_from="May"), FixInput, "must be a date"),
    "span": (
        lambda twin: list_payments.main(twin.resource, created_from="2026-02-01", created_until="2026-01-01"),
        FixInput, "must be later",
    ),
    "no token": (lambda twin: list_payments.main(twin.with_token(" ")), FixSettings, "has no token"),
    "publishable": (lambda twin: list_payments.main(twin.with_token("pk_test_1")), FixSettings, "publish"),
    "not a key": (lambda twin: list_payments.main(twin.with_token("sk_test_ä")), FixSettings, "not a key"),
    "wrong key": (lambda twin: list_payments.main(twin.with_token("sk_test_wrong")), SignInAgain, "refused"),
    "no right": (lambda twin: list_payments.main(twin.with_token("rk_test_1")), FixSettings, "may not do"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_input_gets_one_sentence_and_makes_nothing(twin: Twin, name: str) -> None:
    run, kind, sentence = BAD[name]
    before = len(twin.get("payment_intents")["data"])
    with pytest.raises(ConnectError, match=sentence) as caught:
        run(twin)
    assert type(caught.value) is kind
    made = len(twin.get("payment_intents")["data"]) - before
    assert made == (1 if name == "wrong state" else 0)  # that one needs a payment to begin with


def test_no_error_and_no_result_but_the_one_asked_for_has_the_client_secret(twin: Twin) -> None:
    made = payment(twin)
    listed = list_payments.main(twin.resource)
    assert "_secret_" in made["client_secret"]
    assert made["client_secret"] not in str(listed)
    error = FixInput(f"quoted {made['client_secret']}")
    assert made["client_secret"] not in str(error)
