"""The Stripe twin as Stripe's official SDK meets it: customers, idempotency keys, who may call what."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import pytest
import stripe

from tests.mill.twins.services.stripe_sdk import FORM, KEY, refused, sdk
from tests.mill.twins.stage import Answer, TwinClient, TwinProcess

ADA: Any = {"email": "ada@example.com", "name": "Ada Lovelace"}


@pytest.fixture
def twin(twins: TwinProcess) -> TwinClient:
    client = TwinClient(twins.client("stripe").url, KEY)
    client.forget()
    client.put_settings(search_lag_seconds=0)
    return client


@pytest.fixture
def client(twin: TwinClient) -> Any:
    return sdk(twin)


def post(twin: TwinClient, path: str, form: str = "", **headers: str) -> Answer:
    sent = {"Content-Type": FORM, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return twin.send("POST", path, form.encode(), sent)


def test_a_customer_is_created_changed_found_and_deleted(twin: TwinClient, client: Any) -> None:
    customers = client.v1.customers
    made = customers.create(
        {**ADA, "address": {"line1": "1 St James", "country": "GB"}, "metadata": {"external_id": "7"}}
    )
    assert (made.object, made.email, made.livemode) == ("customer", "ada@example.com", False)
    assert made.address.line1 == "1 St James"
    changed = customers.update(made.id, {"metadata": {"tier": "gold"}, "phone": "+4420"})
    assert changed.metadata.to_dict() == {"external_id": "7", "tier": "gold"}
    unset = customers.update(made.id, {"metadata": {"tier": ""}})
    assert unset.metadata.to_dict() == {"external_id": "7"}
    assert customers.retrieve(made.id).phone == "+4420"
    assert [one.id for one in customers.search({"query": "metadata['external_id']:'7'"}).data] == [made.id]
    assert [one.id for one in customers.list({"email": "ada@example.com"}).data] == [made.id]
    assert customers.list({"email": "ADA@example.com"}).data == []
    assert customers.delete(made.id).deleted
    assert customers.retrieve(made.id).deleted
    assert customers.list({"email": "ada@example.com"}).data == []
    refused(lambda: customers.update(made.id, {"name": "x"}), 404, "resource_missing")
    assert [kind for kind, _key in twin.ledger()] == ["created", "updated", "updated", "deleted"]


def test_an_email_need_not_be_unique(twin: TwinClient, client: Any) -> None:
    first, second = (client.v1.customers.create(ADA) for _ in range(2))
    found = client.v1.customers.list({"email": "ada@example.com"}).data
    assert [one.id for one in found] == [second.id, first.id]
    assert twin.ledger("created") == [("created", "ada@example.com")] * 2


def test_a_search_sees_what_was_written_a_while_ago(twin: TwinClient, client: Any) -> None:
    twin.put_settings(search_lag_seconds=60)
    made = client.v1.customers.create(ADA)
    query: Any = {"query": "email:'ada@example.com'"}
    assert client.v1.customers.search(query).data == []
    twin.put_settings(search_lag_seconds=60, clock_ahead_seconds=61)
    client.v1.customers.update(made.id, {"email": "new@example.com"})
    assert [one.email for one in client.v1.customers.search(query).data] == ["ada@example.com"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("email:'ada@example.com'", 1),
        ("email~'EXAMPLE'", 2),
        ("-email:'ada@example.com'", 1),
        ("name:'Ada Lovelace' AND email:'bob@example.com'", 0),
        ("email:'ada@example.com' OR email:'bob@example.com'", 2),
        ('metadata["external_id"]:"7\\"8"', 1),
        ("metadata['external_id']:null", 1),
        ("created>0", 2),
    ],
)
def test_searches(client: Any, query: str, found: int) -> None:
    client.v1.customers.create({**ADA, "metadata": {"external_id": '7"8'}})
    client.v1.customers.create({"email": "bob@example.com"})
    assert len(client.v1.customers.search({"query": query}).data) == found


@pytest.mark.parametrize(
    "query",
    [
        "",
        "ada",
        "email='ada'",
        "email:'a' AND name:'b' OR name:'c'",
        "shoe:'38'",
        "email~'a'",
        "email:'a' name:'b'",
    ],
)
def test_a_query_that_cannot_be_read_is_refused(client: Any, query: str) -> None:
    code = "parameter_invalid_empty" if query == "" else None
    refused(lambda: client.v1.customers.search({"query": query}), 400, code)


def test_pages_are_walked_by_the_sdk(client: Any) -> None:
    made = [client.v1.customers.create({"name": str(number)}).id for number in range(5)]
    page = client.v1.customers.list({"limit": 2})
    assert page.has_more
    assert [one.id for one in page.auto_paging_iter()] == made[::-1]
    back = client.v1.customers.list({"limit": 2, "ending_before": made[0]})
    assert ([one.id for one in back.data], back.has_more) == (made[2:0:-1], True)
    refused(lambda: client.v1.customers.list({"limit": 101}), 400, "parameter_invalid_integer")
    refused(lambda: client.v1.customers.list({"starting_after": "cus_none"}), 400, "resource_missing")
    assert client.v1.customers.list({"created": {"gt": 4_000_000_000}}).data == []


@pytest.mark.parametrize(
    ("form", "param", "code"),
    [
        ("colour=red", "colour", "parameter_unknown"),
        ("address[planet]=Mars", "address[planet]", "parameter_unknown"),
        ("email=ada@", "email", "email_invalid"),
        ("phone=" + "1" * 21, "phone", "parameter_invalid_string_too_long"),
        ("name=" + "n" * 257, "name", "parameter_invalid_string_too_long"),
        ("balance=ten", "balance", "parameter_invalid_integer"),
        ("balance=", "balance", "parameter_invalid_empty"),
        ("name[first]=Ada", "name", None),
        ("address=Paris", "address", None),
        ("preferred_locales=fr", "preferred_locales", None),
        ("tax_exempt=perhaps", "tax_exempt", None),
        ("metadata=x", "metadata", None),
        ("metadata[a][b]=x", "metadata[a]", None),
        (f"metadata[{'k' * 41}]=x", "metadata", None),
        (f"metadata[k]={'v' * 501}", "metadata[k]", None),
        (urlencode([(f"metadata[k{number}]", "v") for number in range(51)]), "metadata", None),
        ("expand[]=shoes", "expand[0]", None),
        ("shipping[name]=Ada", "shipping[address]", "parameter_missing"),
        ("name=a&name[b]=c", "name[b]", None),
        ("[name]=a", "[name]", None),
    ],
)
def test_parameters_are_read_strictly(twin: TwinClient, form: str, param: str, code: str | None) -> None:
    answer = post(twin, "/v1/customers", form, Idempotency_Key="k")
    error = answer.json["error"]
    assert (answer.status, error["type"], error["param"], error.get("code")) == (
        400,
        "invalid_request_error",
        param,
        code,
    )
    assert twin.ledger() == []
    # No method has begun, so nothing is kept under the key.
    assert post(twin, "/v1/customers", "name=Ada", Idempotency_Key="k").status == 200


@pytest.mark.parametrize("body", [b"name", b"name=%ff", b"name=\xff"])
def test_a_form_that_cannot_be_read(twin: TwinClient, body: bytes) -> None:
    assert twin.send("POST", "/v1/customers", body, {"Content-Type": FORM}).status == 400


def test_json_is_no_form(twin: TwinClient) -> None:
    answer = twin.post("/v1/customers", ADA)
    assert (answer.status, answer.json["error"]["type"]) == (400, "invalid_request_error")


@pytest.mark.parametrize(
    ("key", "status", "code"),
    [
        ("sk_test_wrong", 401, None),
        ("sk_test_expired", 401, "api_key_expired"),
        ("sk_live_real", 401, None),
        ("pk_test_x", 401, "secret_key_required"),
        ("rk_test_x", 403, None),
    ],
)
def test_keys_that_may_not(twin: TwinClient, key: str, status: int, code: str | None) -> None:
    problem = refused(lambda: sdk(twin, key).v1.customers.create(ADA), status, code)
    assert key not in str(problem)
    assert problem.headers["request-id"].startswith("req_")
    right = stripe.PermissionError if status == 403 else stripe.AuthenticationError
    assert isinstance(problem, right)


def test_a_restricted_key_may_what_it_is_permitted(twin: TwinClient) -> None:
    twin.put_settings(permissions=["customers:read"])
    restricted = sdk(twin, "rk_test_x").v1.customers
    assert restricted.list().data == []
    refused(lambda: restricted.create(ADA), 403)


def test_no_key_no_version_no_path(twin: TwinClient) -> None:
    anonymous = TwinClient(twin.url, token=None).get("/v1/customers")
    assert (anonymous.status, anonymous.headers["www-authenticate"]) == (401, 'Basic realm="Stripe"')
    assert twin.get("/v1/customers", Authorization="Basic c2tfdGVzdF94Og==").status == 200
    spoken = twin.get("/v1/customers")
    assert spoken.headers["stripe-version"] == "2026-10-28.endive"
    assert spoken.headers["request-id"].startswith("req_")
    other = twin.send("GET", "/v1/customers", headers={"Stripe-Version": "2019-01-01"})
    assert (other.status, "Invalid Stripe API version" in other.json["error"]["message"]) == (400, True)
    for method, path in (("GET", "/v1/unicorns"), ("PUT", "/v1/customers")):
        unknown = twin.send(method, path)
        assert (unknown.status, unknown.json["error"]["message"]) == (
            404,
            f"Unrecognized request URL ({method} {path}).",
        )


def test_the_same_key_gets_the_same_reply(twin: TwinClient) -> None:
    first = post(twin, "/v1/customers", "name=Ada&metadata[a]=1", Idempotency_Key="k")
    again = post(twin, "/v1/customers", "metadata[a]=1&name=Ada", Idempotency_Key="k")
    assert (again.status, again.body) == (first.status, first.body)
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert (
        again.headers["original-request"] == first.headers["request-id"] == first.headers["original-request"]
    )
    assert again.headers["request-id"] != first.headers["request-id"]
    assert len(twin.ledger("created")) == 1


def test_a_key_is_for_one_request(twin: TwinClient, client: Any) -> None:
    client.v1.customers.create(ADA, {"idempotency_key": "k"})
    other: Any = {**ADA, "name": "Bob"}
    with pytest.raises(stripe.IdempotencyError, match="same parameters"):
        client.v1.customers.create(other, {"idempotency_key": "k"})
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        client.v1.payment_intents.create({"amount": 100, "currency": "usd"}, {"idempotency_key": "k"})
    with pytest.raises(stripe.IdempotencyError):
        client.v1.customers.create(ADA, {"idempotency_key": "k" * 256})
    assert len(twin.ledger()) == 1


def test_a_key_is_forgotten_after_a_day(twin: TwinClient, client: Any) -> None:
    first = client.v1.customers.create(ADA, {"idempotency_key": "k"}).id
    twin.put_settings(clock_ahead_seconds=86_399)
    assert client.v1.customers.create(ADA, {"idempotency_key": "k"}).id == first
    twin.put_settings(clock_ahead_seconds=86_401)
    assert client.v1.customers.create(ADA, {"idempotency_key": "k"}).id != first


def test_a_500_is_kept_although_it_was_applied(twin: TwinClient) -> None:
    twin.put_faults(script=[{"operation": "create_customer", "fault": "stored_500"}])
    first = post(twin, "/v1/customers", "name=Ada", Idempotency_Key="k")
    again = post(twin, "/v1/customers", "name=Ada", Idempotency_Key="k")
    assert (first.status, again.status, again.body) == (500, 500, first.body)
    assert again.headers["idempotent-replayed"] == "true"
    assert len(twin.ledger("created")) == 1
    assert post(twin, "/v1/customers", "name=Ada", Idempotency_Key="k2").status == 200


def test_a_missing_object_is_kept_too(twin: TwinClient) -> None:
    path = "/v1/customers/cus_none"
    assert post(twin, path, "name=Ada", Idempotency_Key="k").status == 404
    assert post(twin, path, "name=Ada", Idempotency_Key="k").headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize("fault", ["error_503", "error_500", "throttle_429", "lock_timeout", "key_in_use"])
def test_nothing_is_kept_of_what_came_before_the_method(twin: TwinClient, fault: str) -> None:
    twin.put_faults(script=[{"fault": fault}])
    assert post(twin, "/v1/customers", "name=Ada", Idempotency_Key="k").status in {409, 429, 500, 503}
    answer = post(twin, "/v1/customers", "name=Ada", Idempotency_Key="k")
    assert (answer.status, "idempotent-replayed" in answer.headers) == (200, False)


@pytest.mark.parametrize("fault", ["reset_after_commit", "timeout_after_commit"])
def test_a_lost_answer_is_had_again_by_its_key(twin: TwinClient, fault: str) -> None:
    twin.put_faults(script=[{"fault": fault}], hang_seconds=0.2)
    made = sdk(twin, retries=2).v1.customers.create(ADA)  # the SDK makes a key and repeats by itself
    assert made.last_response is not None
    assert made.last_response.headers["idempotent-replayed"] == "true"
    assert len(twin.ledger("created")) == 1


def test_two_at_once_with_one_key(twin: TwinClient) -> None:
    twin.put_faults(script=[{"fault": "slow", "operation": "create_customer"}], slow_seconds=0.6)
    with ThreadPoolExecutor(2) as pool:
        both = list(
            pool.map(
                lambda _: post(twin, "/v1/customers", "name=Ada", Idempotency_Key="k"),
                range(2),
            )
        )
    assert sorted(answer.status for answer in both) == [200, 409]
    busy = next(answer for answer in both if answer.status == 409)
    assert busy.json["error"]["code"] == "idempotency_key_in_use"
    assert post(twin, "/v1/customers", "name=Ada", Idempotency_Key="k").status == 200
    assert len(twin.ledger("created")) == 1


def test_a_key_is_free_again_after_a_broken_connection(twin: TwinClient) -> None:
    twin.put_faults(script=[{"fault": "reset_before"}])
    with pytest.raises((ConnectionError, OSError)):
        post(twin, "/v1/customers", "name=Ada", Idempotency_Key="k")
    assert post(twin, "/v1/customers", "name=Ada", Idempotency_Key="k").status == 200


def test_limits_say_which_one_it_was(twin: TwinClient, client: Any) -> None:
    twin.put_settings(rate_limit=1)
    client.v1.customers.list()
    problem = refused(client.v1.customers.list, 429, "rate_limit")
    assert isinstance(problem, stripe.RateLimitError)
    assert problem.headers is not None
    assert problem.headers["stripe-rate-limited-reason"] == "global-rate"
    assert "retry-after" not in problem.headers
    twin.put_settings()
    twin.put_faults(script=[{"fault": "lock_timeout"}])
    locked = refused(lambda: client.v1.customers.create(ADA), 429, "lock_timeout")
    assert locked.headers["stripe-should-retry"] == "true"
