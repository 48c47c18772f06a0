from __future__ import annotations

from typing import Any

import pytest

from tests.mill.twins.stage import TwinClient, TwinProcess

ADA = {"name": "Ada Example", "email": "ada@example.com"}


@pytest.fixture
def api(twins: TwinProcess) -> TwinClient:
    client = twins.client("customers")
    client.forget()
    return client


def test_a_customer_is_created_once_and_found_by_id_and_email(api: TwinClient) -> None:
    created = api.post("/customers", {**ADA, "tier": "gold"})
    assert created.status == 201
    assert created.headers["location"] == f"/customers/{created.json['id']}"
    assert (
        api.get(created.headers["location"]).json
        == created.json
        == {**ADA, "tier": "gold", "id": created.json["id"]}
    )
    assert api.get("/customers?email=ADA@example.com").json == {"data": [created.json]}
    assert api.ledger() == [("created", "ada@example.com")]


def test_a_known_email_is_refused_with_the_id_it_has(api: TwinClient) -> None:
    first = api.post("/customers", ADA).json["id"]
    again = api.post("/customers", {**ADA, "email": "ADA@example.com"})
    assert (again.status, again.json["existing_id"]) == (409, first)
    assert api.ledger() == [("created", "ada@example.com")]


def test_without_unique_emails_a_second_create_shows_in_the_ledger(api: TwinClient) -> None:
    api.put_settings(unique_email=False)
    for _ in range(2):
        assert api.post("/customers", ADA).status == 201
    check = api.post("/_ledger/check", {"keys": ["ada@example.com", "bob@example.com"]})
    assert check.json == {"never": ["bob@example.com"], "once": 0, "twice": ["ada@example.com"]}


@pytest.mark.parametrize(
    ("settings", "second", "status", "ledger"),
    [
        ({}, ADA, 201, 1),
        ({}, {**ADA, "name": "Another"}, 422, 1),
        ({"idempotency_keys": False}, ADA, 409, 1),
        ({"idempotency_keys": False, "unique_email": False}, ADA, 201, 2),
    ],
    ids=["same payload: stored reply", "other payload: 422", "keys off: 409", "nothing on: twice"],
)
def test_an_idempotency_key(
    api: TwinClient, settings: dict[str, Any], second: dict[str, str], status: int, ledger: int
) -> None:
    api.put_settings(**settings)
    first = api.post("/customers", ADA, idempotency_key="k1")
    again = api.post("/customers", second, idempotency_key="k1")
    assert again.status == status
    assert len(api.ledger()) == ledger
    if settings == {} and status == 201:
        assert (again.body, again.headers["location"]) == (first.body, first.headers["location"])


def test_a_batch_answers_each_customer_in_order(api: TwinClient) -> None:
    bob = {"name": "Bob", "email": "bob@example.com"}
    batch = {"customers": [ADA, {"name": "No address"}, ADA, bob]}
    reply = api.post("/customers/batch", batch, idempotency_key="b1")
    assert [result["status"] for result in reply.json["results"]] == [201, 422, 409, 201]
    assert api.post("/customers/batch", batch, idempotency_key="b1").json == reply.json
    assert api.ledger() == [("created", "ada@example.com"), ("created", "bob@example.com")]


def test_an_update_changes_what_it_names_and_keeps_emails_unique(api: TwinClient) -> None:
    ada = api.post("/customers", {**ADA, "tier": "gold"}).json["id"]
    api.post("/customers", {"name": "Bob", "email": "bob@example.com"})
    assert api.patch(f"/customers/{ada}", {"name": "Ada E."}).json == {
        **ADA,
        "name": "Ada E.",
        "tier": "gold",
        "id": ada,
    }
    assert api.patch(f"/customers/{ada}", {"email": "bob@example.com"}).status == 409
    assert api.patch("/customers/999999", {"name": "Nobody"}).status == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("POST", "/customers", ADA, {"Authorization": ""}, 401),
        ("POST", "/customers", ADA, {"Authorization": "Basic dTpw"}, 401),
        ("POST", "/customers", b"name=Ada", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ("POST", "/customers", b"{", {"Content-Type": "application/json"}, 400),
        ("POST", "/customers", [ADA], {}, 422),
        ("POST", "/customers", {"name": "Ada"}, {}, 422),
        ("POST", "/customers", {**ADA, "name": 7}, {}, 422),
        ("POST", "/customers", {**ADA, "email": "ada"}, {}, 422),
        ("POST", "/customers/batch", {"customers": []}, {}, 422),
        ("POST", "/customers/batch", {"customers": [ADA], "more": 1}, {}, 422),
        ("POST", "/customers", ADA, {"Idempotency-Key": "k" * 256}, 400),
        ("GET", "/customers", None, {}, 400),
        ("DELETE", "/customers", None, {}, 405),
        ("GET", "/clients", None, {}, 404),
    ],
)
def test_what_is_not_of_the_contract_is_refused(
    api: TwinClient, method: str, path: str, body: Any, headers: dict[str, str], status: int
) -> None:
    reply = api.send(method, path, body, headers)
    assert reply.status == status
    assert set(reply.json) >= {"error", "message"}
    assert api.ledger() == []


def test_an_api_key_enters_too_and_a_wrong_token_does_not(api: TwinClient) -> None:
    api.put_settings(token="right")
    entered = api.send("GET", "/health", headers={"Authorization": "", "X-API-Key": "right"})
    assert (entered.status, entered.json) == (200, {"status": "ok"})
    assert api.get("/health").status == 401


def test_more_than_the_rate_limit_in_a_second_is_refused_with_how_long_to_wait(api: TwinClient) -> None:
    api.put_settings(rate_limit=2)
    first = api.get("/health")
    assert (first.status, first.headers["ratelimit"]) == (200, '"second";r=1;t=1')
    refused = next(reply for _ in range(100) if (reply := api.get("/health")).status != 200)
    assert (refused.status, refused.headers["retry-after"]) == (429, "1")
    assert refused.json["error"] == "rate_limited"
