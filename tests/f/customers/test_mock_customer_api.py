import re
from typing import Any

import pytest

from f.customers import mock_customer_api
from f.customers.mock_customer_api import preprocessor

ADA = {"name": "Ada", "email": "ada@example.com"}


def main(*args: Any, **options: Any) -> dict[str, Any]:
    """The answer over HTTP, of a mock that never fails by chance."""
    given: dict[str, Any] = {"failure_rate": 0.0, "as_reply": True, **options}
    return mock_customer_api.main(*args, **given)


@pytest.mark.parametrize("name", ["customer_data", "customer"])
def test_called_as_a_script_it_returns_what_the_api_has_in_its_body(name: str) -> None:
    given: dict[str, Any] = {name: ADA}
    body = mock_customer_api.main(**given)
    assert set(body) == {"id", "status", "data", "created_at", "api_version"}
    assert (body["status"], body["data"], body["api_version"]) == ("created", ADA, "v1")
    assert re.fullmatch(r"cust_[0-9a-f]{8}", body["id"])


@pytest.mark.parametrize(
    ("customer", "status", "error"),
    [({"name": "Ada"}, 400, "validation_failed"), (ADA, 409, "duplicate")],
)
def test_called_as_a_script_a_failure_names_its_status(
    customer: dict[str, str], status: int, error: str
) -> None:
    known = [ADA["email"]]
    body = mock_customer_api.main(customer, mode="advanced", known_emails=known, failure_rate=0)
    assert (body["status_code"], body["error"]) == (status, error)


def test_two_customers_in_one_call_are_refused() -> None:
    with pytest.raises(ValueError, match="give one of them"):
        mock_customer_api.main(ADA, customer={"name": "Bob"})


def test_the_advanced_mode_fails_at_one_call_in_ten_unless_told_otherwise() -> None:
    def failed(**options: Any) -> int:
        people = ({"name": "C", "email": f"c{number}@example.com"} for number in range(400))
        answers = (mock_customer_api.main(one, mode="advanced", **options) for one in people)
        return sum("status_code" in answer for answer in answers)

    event = {"method": "post", "body": ADA, "query": {"mode": "advanced"}, "headers": {}}
    assert preprocessor(event)["failure_rate"] == 0.1
    assert failed() == failed(failure_rate=0.1)
    assert 20 <= failed() <= 60
    assert failed(failure_rate=0) == 0


def test_the_simple_mock_makes_the_same_id_from_the_same_data() -> None:
    one, two = main(dict(reversed(ADA.items()))), main(ADA)
    assert one["windmill_status_code"] == 201
    body = one["result"]
    assert re.fullmatch(r"cust_[0-9a-f]{8}", body["id"])
    assert body["id"] == two["result"]["id"]
    assert (body["status"], body["data"], body["api_version"]) == ("created", ADA, "v1")
    assert body["created_at"]
    assert main({**ADA, "name": "Bob"})["result"]["id"] != body["id"]


def test_the_advanced_mock_knows_a_customer_by_the_e_mail_whatever_else_changed() -> None:
    ids = {
        main(customer, mode="advanced")["result"]["id"]
        for customer in (ADA, {**ADA, "name": "Bob"}, {**ADA, "email": "ADA@Example.com"})
    }
    assert len(ids) == 1
    assert main({**ADA, "email": "bob@example.com"}, mode="advanced")["result"]["id"] not in ids


@pytest.mark.parametrize(
    ("customer", "fields"),
    [
        ({}, ["name", "email"]),
        ({"name": "Ada"}, ["email"]),
        ({"name": " ", "email": "a@example.com"}, ["name"]),
    ],
)
def test_the_advanced_mock_names_each_missing_field(customer: dict[str, str], fields: list[str]) -> None:
    reply = main(customer, mode="advanced")
    assert reply["windmill_status_code"] == 400
    assert [detail["field"] for detail in reply["result"]["details"]] == fields


def test_the_advanced_mock_knows_some_customers_already() -> None:
    reply = main(
        {"name": "Ada", "email": "ADA@example.com"}, mode="advanced", known_emails=["ada@example.com"]
    )
    assert reply["windmill_status_code"] == 409
    assert reply["result"]["existing_id"].startswith("cust_")


def failures(rate: float, seed: int, attempt: int = 1) -> list[int]:
    people = ({"name": "C", "email": f"c{n}@example.com"} for n in range(400))
    replies = (main(p, mode="advanced", failure_rate=rate, seed=seed, attempt=attempt) for p in people)
    return [
        number for number, reply in enumerate(replies) if reply["windmill_status_code"] in {429, 500, 503}
    ]


def test_failures_come_at_the_given_rate_and_repeat_with_the_seed() -> None:
    assert 20 <= len(failures(0.1, seed=1)) <= 60
    assert failures(0.1, seed=1) == failures(0.1, seed=1)
    assert failures(0.1, seed=1) != failures(0.1, seed=2)
    assert failures(0.0, seed=1) == []
    assert len(failures(1.0, seed=1)) == 400


def test_the_next_attempt_has_luck_of_its_own() -> None:
    assert failures(0.1, seed=1) != failures(0.1, seed=1, attempt=2)


def test_several_customers_get_what_each_alone_would_get_in_their_order() -> None:
    known = ["known@example.com"]
    customers: list[dict[str, Any]] = [ADA, {"name": "Bob"}, {"name": "Cy", "email": "KNOWN@example.com"}]
    options: dict[str, Any] = {"mode": "advanced", "known_emails": known}
    alone = [main(customer, **options) for customer in customers]
    reply = main(customers=customers, **options)
    assert reply["windmill_status_code"] == 200
    results = reply["result"]["results"]
    assert [result["status"] for result in results] == [201, 400, 409]
    for result, one in zip(results, alone, strict=True):
        left_out = {"status", "created_at"}
        assert {**result, **dict.fromkeys(left_out)} == {**one["result"], **dict.fromkeys(left_out)}


def test_a_call_with_several_customers_fails_as_a_whole_and_is_lucky_the_next_time() -> None:
    batches = [[{"name": "C", "email": f"c{n}.{m}@example.com"} for m in range(3)] for n in range(200)]

    def failed(attempt: int) -> list[int]:
        replies = (
            main(customers=batch, mode="advanced", failure_rate=0.1, seed=1, attempt=attempt)
            for batch in batches
        )
        return [n for n, reply in enumerate(replies) if "results" not in reply["result"]]

    assert 5 <= len(failed(1)) <= 40
    assert failed(1) == failed(1) != failed(2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"customers": []}, "must be 1 to 1000, and are 0"),
        ({"customers": [ADA] * 1001}, "must be 1 to 1000, and are 1001"),
        ({"customers": [1]}, "must be a list, with an object for each"),
        ({"customers": {"name": "Ada"}}, "must be a list, with an object for each"),
        (preprocessor({"method": "post", "path": "mock/customers/batch", "body": ADA}), "and are 0"),
        (
            preprocessor({"method": "post", "path": "mock/customers/batch", "body": {"customers": None}}),
            "and are 0",
        ),
        ({"customers": [ADA], "customer_data": ADA}, "give one of them"),
        ({"customers": [ADA], "operation": "update"}, "can be created in one call, and nothing else"),
    ],
)
def test_several_customers_that_cannot_be_one_call_are_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        main(**arguments)


@pytest.mark.parametrize(
    ("event", "arguments"),
    [
        (
            {"method": "post", "body": ADA, "query": {}, "headers": {}},
            {"customer_data": ADA, "operation": "create", "mode": "simple", "attempt": 1},
        ),
        (
            {
                "method": "post",
                "body": ADA,
                "query": {"mode": "advanced", "failure_rate": "0.5", "seed": "3", "known": "a@x.org,b@x.org"},
                "headers": {"x-attempt": "2"},
            },
            {
                "mode": "advanced",
                "failure_rate": 0.5,
                "seed": 3,
                "attempt": 2,
                "known_emails": ["a@x.org", "b@x.org"],
            },
        ),
        (
            {"method": "post", "path": "mock/customers/batch", "body": {"customers": [ADA]}},
            {"customers": [ADA], "customer_data": None, "operation": "create"},
        ),
        ({"method": "get", "body": None, "query": {}, "headers": {}}, {"operation": "health"}),
        ({"method": "patch", "body": ADA, "query": {}, "headers": {}}, {"operation": "update"}),
    ],
)
def test_an_http_request_becomes_arguments(event: dict[str, Any], arguments: dict[str, Any]) -> None:
    made = preprocessor(event)
    assert {name: made[name] for name in arguments} == arguments
    assert main(**made)["windmill_status_code"] in {200, 201, 429, 500, 503}


def test_at_its_own_webhook_the_body_has_the_arguments() -> None:
    given = {"customer_data": ADA, "mode": "advanced", "known_emails": ["ada@example.com"], "failure_rate": 0}
    assert (
        main(**preprocessor({"kind": "webhook", "body": given, "query": {}}))["windmill_status_code"] == 409
    )


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"query": {"mod": "advanced"}}, "Did you mean mode?"),
        ({"query": {"mode": "advance"}}, "mode must be simple or advanced"),
        ({"query": {"failure_rate": "some"}}, "failure_rate must be a number"),
        ({"query": {"seed": "1.5"}}, "seed must be a number"),
        ({"headers": {"x-attempt": "last"}}, "X-Attempt must be a number"),
        ({"body": [1]}, "must be a JSON object"),
        ({"kind": "webhook", "body": {"client": ADA}}, "There are customer_data, customers"),
    ],
)
def test_a_request_that_would_be_misunderstood_is_refused(event: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        preprocessor({"kind": "http", "method": "post", "body": ADA, **event})
