from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mill.twins.message import Refused, Request
from mill.twins.services.hubspot import build
from mill.twins.store import Ledger, Records, Store
from mill.twins.twin import Setup
from tests.mill.twins.stage import Answer, TwinClient, TwinProcess

PATH = "/crm/v3/objects/contacts"
ADA = {"email": "ada@example.com", "firstname": "Ada"}
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()


@pytest.fixture
def api(twins: TwinProcess) -> TwinClient:
    client = twins.client("hubspot")
    client.forget()
    client.put_settings(search_lag_seconds=0)
    return client


def create(api: TwinClient, **properties: str) -> str:
    created = api.post(PATH, {"properties": properties})
    assert created.status == 201, created.body
    return str(created.json["id"])


def batch(api: TwinClient, operation: str, *inputs: dict[str, Any], **more: Any) -> Answer:
    return api.post(f"{PATH}/batch/{operation}", {"inputs": list(inputs), **more})


@pytest.mark.parametrize("path", [PATH, "/crm/objects/2026-03/contacts"])
def test_a_contact_is_created_read_updated_and_archived(api: TwinClient, path: str) -> None:
    created = api.post(path, {"properties": {**ADA, "email": "ADA@example.com"}, "associations": []})
    assert created.status == 201
    assert created.json["properties"]["email"] == "ada@example.com"
    one = f"{path}/{created.json['id']}"
    assert (
        api.patch(f"{path}/ada%40example.com?idProperty=email", {"properties": {"city": "Paris"}}).status
        == 200
    )
    assert api.get(f"{one}?properties=city").json["properties"]["city"] == "Paris"
    assert api.send("DELETE", one).status == 204
    assert api.get(one).json["category"] == "OBJECT_NOT_FOUND"
    assert [kind for kind, _key in api.ledger()] == ["created", "updated", "archived"]
    assert create(api, **ADA) != created.json["id"]


def test_a_version_that_was_never_published_is_not_found(api: TwinClient) -> None:
    assert api.post("/crm/objects/v4/contacts", {"properties": ADA}).status == 404


def test_a_second_create_of_an_email_names_the_contact_that_has_it(api: TwinClient) -> None:
    existing = create(api, **ADA)
    again = api.post(PATH, {"properties": ADA})
    assert again.status == 409
    assert again.json["category"] == "CONFLICT"
    assert again.json["message"] == f"Contact already exists. Existing ID: {existing}"
    assert re.fullmatch(r"[0-9a-f-]{36}", again.json["correlationId"])


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"email": "ada@"}, "INVALID_EMAIL"),
        ({"shoe_size": "38"}, "PROPERTY_DOESNT_EXIST"),
        ({"lifecyclestage": "friend"}, "INVALID_OPTION"),
        ({"hs_object_id": "1"}, "READ_ONLY_VALUE"),
    ],
)
def test_values_hubspot_does_not_take(api: TwinClient, properties: dict[str, str], code: str) -> None:
    refused = api.post(PATH, {"properties": properties})
    assert (refused.status, refused.json["category"]) == (400, "VALIDATION_ERROR")
    assert f'"error":"{code}"' in refused.json["message"]


@pytest.mark.parametrize(
    ("path", "body", "headers", "status", "category"),
    [
        ("", {"properties": ADA}, {"Authorization": ""}, 401, "INVALID_AUTHENTICATION"),
        ("", {}, {}, 400, "VALIDATION_ERROR"),
        ("", {"properties": ADA, "extra": 1}, {}, 400, "VALIDATION_ERROR"),
        ("", {"properties": {"email": ["ada@example.com"]}}, {}, 400, "VALIDATION_ERROR"),
        ("", b"properties=1", {"Content-Type": "text/plain"}, 415, None),
        ("/batch/create", {"inputs": []}, {}, 400, "VALIDATION_ERROR"),
        ("/batch/create", {"inputs": [{"properties": {}}] * 101}, {}, 400, "VALIDATION_ERROR"),
        ("/batch/create", {"inputs": [{"id": "1", "properties": {}}]}, {}, 400, "VALIDATION_ERROR"),
        (
            "/batch/upsert",
            {"inputs": [{"id": "a@example.com", "properties": {}}]},
            {},
            400,
            "VALIDATION_ERROR",
        ),
        ("/batch/merge", {"inputs": []}, {}, 404, "OBJECT_NOT_FOUND"),
    ],
)
def test_what_is_not_of_the_contract_is_refused(
    api: TwinClient, path: str, body: Any, headers: dict[str, str], status: int, category: str | None
) -> None:
    refused = api.send("POST", PATH + path, body, headers)
    assert (refused.status, refused.json.get("category")) == (status, category)
    assert refused.json["status"] == "error"
    assert api.ledger() == []


def test_a_token_without_the_scope_is_told_which(api: TwinClient) -> None:
    api.put_settings(scopes=["crm.objects.contacts.read"])
    refused = api.post(PATH, {"properties": ADA})
    assert (refused.status, refused.json["category"]) == (403, "MISSING_SCOPES")
    assert refused.json["errors"][0]["context"]["requiredGranularScopes"] == ["crm.objects.contacts.write"]
    assert batch(api, "read", {"id": "1"}).status == 207


def test_one_bad_row_fails_a_whole_batch_without_trace_ids(api: TwinClient) -> None:
    existing = create(api, **ADA)
    bob = {"properties": {"email": "bob@example.com"}}
    refused = batch(api, "create", bob, {"properties": ADA})
    assert (refused.status, refused.json["message"]) == (
        409,
        f"Contact already exists. Existing ID: {existing}",
    )
    same = {"objectWriteTraceId": "same"}
    assert batch(api, "create", {**bob, **same}, {"properties": ADA, **same}).status == 409
    assert api.ledger() == [("created", "ada@example.com")]


def test_with_unique_trace_ids_the_good_rows_of_a_batch_go_through(api: TwinClient) -> None:
    existing = create(api, **ADA)
    reply = batch(
        api,
        "create",
        {"properties": {"email": "bob@example.com"}, "objectWriteTraceId": "t0"},
        {"properties": ADA, "objectWriteTraceId": "t1"},
        {"properties": {"email": "x"}, "objectWriteTraceId": "t2"},
        {"properties": {"email": "eve@example.com"}, "objectWriteTraceId": "t3"},
    )
    assert (reply.status, reply.json["numErrors"]) == (207, 2)
    assert [result["objectWriteTraceId"] for result in reply.json["results"]] == ["t3", "t0"]
    conflict, invalid = reply.json["errors"]
    assert conflict["category"] == "CONFLICT"
    assert conflict["context"] == {"existingId": [existing], "objectWriteTraceId": ["t1"]}
    assert invalid["context"]["objectWriteTraceId"] == ["t2"]


def test_an_upsert_says_for_each_row_whether_it_is_new(api: TwinClient) -> None:
    create(api, **ADA)
    reply = batch(
        api,
        "upsert",
        {"id": "Ada@example.com", "idProperty": "email", "properties": {"city": "Paris"}},
        {"id": "bob@example.com", "idProperty": "email", "properties": {"firstname": "Bob"}},
    )
    assert reply.status == 200
    new = {result["properties"]["email"]: result["new"] for result in reply.json["results"]}
    assert new == {"ada@example.com": False, "bob@example.com": True}
    reply = batch(
        api, "upsert", {"id": "e-7", "idProperty": "external_id", "properties": {"email": "eve@example.com"}}
    )
    assert reply.json["results"][0]["new"] is True
    assert api.ledger("created") == [("created", f"{name}@example.com") for name in ("ada", "bob", "eve")]


@pytest.mark.parametrize(
    ("operation", "inputs", "message"),
    [
        (
            "upsert",
            [{"id": "a@example.com", "idProperty": "email", "properties": {}}] * 2,
            "Duplicate IDs found in batch input: [a@example.com]. IDs must be unique",
        ),
        (
            "upsert",
            [{"id": "Paris", "idProperty": "city", "properties": {}}],
            "Unable to perform update/upsert by non-unique 0-1 property city",
        ),
        (
            "update",
            [{"id": "a@example.com", "idProperty": "email", "properties": {}}],
            "Unable to perform update/upsert by non-unique 0-1 property email",
        ),
    ],
)
def test_ids_a_batch_cannot_tell_contacts_by(
    api: TwinClient, operation: str, inputs: list[dict[str, Any]], message: str
) -> None:
    refused = batch(api, operation, *inputs)
    assert (refused.status, refused.json["message"]) == (400, message)


def test_reading_and_archiving_batches(api: TwinClient) -> None:
    ada = create(api, **ADA)
    read = batch(
        api,
        "read",
        {"id": "ada@example.com"},
        {"id": "no@example.com"},
        idProperty="email",
        properties=["firstname"],
    )
    assert read.status == 207
    assert read.json["results"][0]["properties"]["firstname"] == "Ada"
    assert read.json["errors"][0]["context"] == {"ids": ["no@example.com"]}
    assert batch(api, "update", {"id": ada, "properties": {"city": "Paris"}}).json["results"][0]["id"] == ada
    assert batch(api, "archive", {"id": ada}).status == 204
    assert batch(api, "read", {"id": ada}).json["results"] == []


def search(api: TwinClient, operator: str, **more: Any) -> Answer:
    one = {"propertyName": "email", "operator": operator, **more}
    return api.post(f"{PATH}/search", {"filterGroups": [{"filters": [one]}], "limit": 2})


@pytest.mark.parametrize(
    ("operator", "more", "total"),
    [
        ("EQ", {"value": "c1@example.com"}, 1),
        ("IN", {"values": ["c0@example.com", "c2@example.com", "c9@example.com"]}, 2),
        ("NEQ", {"value": "c1@example.com"}, 2),
        ("NOT_IN", {"values": ["c1@example.com"]}, 2),
        ("HAS_PROPERTY", {}, 3),
        ("NOT_HAS_PROPERTY", {}, 0),
    ],
)
def test_search_filters(api: TwinClient, operator: str, more: dict[str, Any], total: int) -> None:
    for number in range(3):
        create(api, email=f"c{number}@example.com")
    found = search(api, operator, **more).json
    assert found["total"] == total
    assert found.get("paging", {}).get("next") == ({"after": "2"} if total > 2 else None)


def test_search_sorts_and_shows_what_it_is_asked_for(api: TwinClient) -> None:
    for city in ("Oslo", "Paris", "Bern"):
        create(api, email=f"{city.lower()}@example.com", city=city)
    sort = {"propertyName": "city", "direction": "DESCENDING"}
    found = api.post(f"{PATH}/search", {"sorts": [sort], "properties": ["city"]}).json["results"]
    assert [contact["properties"]["city"] for contact in found] == ["Paris", "Oslo", "Bern"]
    assert found[0]["properties"].keys() == {"city", "createdate", "hs_object_id", "lastmodifieddate"}
    found = api.post(f"{PATH}/search", {"sorts": ["city"], "limit": 1}).json["results"]
    assert found[0]["properties"]["email"] == "bern@example.com"


def test_search_does_not_yet_know_what_was_just_created(api: TwinClient) -> None:
    api.put_settings(search_lag_seconds=60)
    create(api, **ADA)
    assert search(api, "EQ", value="ada@example.com").json["total"] == 0
    assert api.get(f"{PATH}/ada%40example.com?idProperty=email").status == 200


def test_search_ends_at_ten_thousand(api: TwinClient) -> None:
    refused = api.post(f"{PATH}/search", {"after": "9900", "limit": 200})
    assert refused.status == 400


@pytest.mark.parametrize(
    ("settings", "path", "policy", "has_headers"),
    [
        ({"ten_secondly_limit": 2}, "/1", "TEN_SECONDLY_ROLLING", True),
        ({"daily_limit": 2}, "/1", "DAILY", True),
        ({"search_limit": 2}, "/search", "SECONDLY", False),
    ],
)
def test_each_limit_names_its_policy(
    api: TwinClient, settings: dict[str, int], path: str, policy: str, has_headers: bool
) -> None:
    api.put_settings(**settings)
    method = "POST" if path == "/search" else "GET"
    replies = [api.send(method, PATH + path, {} if method == "POST" else None) for _ in range(50)]
    assert replies[0].status != 429
    refused = next(reply for reply in replies if reply.status == 429)
    assert refused.json["policyName"] == policy
    for reply in (replies[0], refused):
        told = reply.headers.get("x-hubspot-ratelimit-interval-milliseconds")
        assert told == ("10000" if has_headers else None)


@pytest.mark.parametrize(
    ("fault", "status", "upsert_only"),
    [
        ("conflict_409", 409, True),
        ("locked_423", 423, False),
        ("daily_429", 429, False),
        ("throttle_429", 429, False),
    ],
)
def test_hubspots_own_faults_apply_nothing(
    api: TwinClient, fault: str, status: int, upsert_only: bool
) -> None:
    api.put_faults(script=[{"fault": fault, "times": 2}])
    created = api.post(PATH, {"properties": ADA})
    assert created.status == (201 if upsert_only else status)
    refused = batch(api, "upsert", {"id": "b@example.com", "idProperty": "email", "properties": {}})
    assert refused.status == status
    assert ("retry-after" in refused.headers) == (fault == "throttle_429")
    assert len(api.ledger()) == upsert_only


def test_the_usage_of_the_day_is_told_and_begins_anew_when_the_settings_say(api: TwinClient) -> None:
    resets_at = datetime.now(UTC) - timedelta(hours=23)
    api.put_settings(daily_limit=3, resets_at=resets_at.isoformat())
    api.get(f"{PATH}/1")
    [usage] = api.get("/account-info/v3/api-usage/daily/private-apps").json["results"]
    assert (usage["usageLimit"], usage["currentUsage"]) == (3, 2)
    assert abs(datetime.fromisoformat(usage["resetsAt"]) - resets_at - timedelta(days=1)) < timedelta(
        seconds=1
    )
    assert api.get("/account-info/2026-03/api-usage/daily/private-apps").status == 200
    assert api.get("/account-info/v3/api-usage/daily/private-apps").json["policyName"] == "DAILY"


def test_after_its_reset_the_day_is_empty(tmp_path: Path) -> None:
    now = [NOON]
    with Store(tmp_path) as store:
        twin = build(Setup(Ledger(store, "h"), Records(store, "h"), {"daily_limit": 1}, clock=lambda: now[0]))
        request = Request("GET", "/crm/v3/objects/contacts/1", {}, {"authorization": "Bearer x"}, b"", "")
        assert twin.gate(request)["X-HubSpot-RateLimit-Daily-Remaining"] == "0"
        with pytest.raises(Refused):
            twin.gate(request)
        now[0] += 12 * 3600
        assert twin.gate(request)["X-HubSpot-RateLimit-Daily-Remaining"] == "0"
