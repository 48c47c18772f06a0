"""Customers go into Stripe: requests, replies, and whole imports into its twin."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import stripe

from f.connect.calls.message import Request, Response
from f.connect.client import Client
from f.connect.errors import FixSettings
from f.customers.check_target import main as check_target
from f.customers.targets.customer_api import customer_api, open_target
from f.records.journal.owner import LeasedOwner
from f.records.journal.row_journal import RowJournal
from f.records.rows.outcome import RowOutcome
from f.records.rows.row import Row
from f.records.sending.run import send_rows
from f.records.target.guarantee import guarantee_of
from f.records.target.target import OnDuplicate, Target
from f.store.stores import sqlite_store
from tests.foreign import built, free_port, running
from tests.mill.twins.services.stripe_sdk import KEY, sdk
from tests.mill.twins.stage import TwinClient, TwinProcess
from tests.records import customer_row

FAST = {
    "retry_attempts": 3,
    "initial_delay": 0.01,
    "max_delay": 0.05,
    "timeout": 5,
    "in_flight_seconds": 0.01,
    "rate_limit": {"max_requests": 10_000},
}
DAY = 86_400
ADA = {"external_id": "7", "street": "1 St James", "country": "GB", "company": "Example"}


def resource(base_url: str, token: str = KEY, **settings: Any) -> customer_api:
    signed_in = {"type": "bearer_token", "token": token}
    return {
        "kind": "stripe",
        "base_url": base_url,
        "authentication": signed_in,
        "settings": {**FAST, **settings},
    }


def target(base_url: str = "https://api.stripe.com", **settings: Any) -> Target:
    return open_target(resource(base_url, **settings))


def rows(count: int, name: str = "Customer", *, ids: bool = True) -> list[Row]:
    return [
        customer_row(
            line, f"{name} {line}", f"C{line}@example.com", {"external_id": f"x{line}"} if ids else {}
        )
        for line in range(2, count + 2)
    ]


def reply(
    status: int, body: Any, *, endpoint: str = "customers", headers: Mapping[str, str] | None = None
) -> Response:
    return Response(
        request=Request(method="POST", path="/v1/customers", endpoint=endpoint, idempotency_key="k"),
        status=status,
        headers={"Content-Type": "application/json", **(headers or {})},
        body=body if isinstance(body, bytes) else json.dumps(body).encode(),
        elapsed=0.0,
        attempts=1,
        request_id="1",
        call="POST api.stripe.com (customers)",
        url="https://api.stripe.com/v1/customers",
    )


def error(type: str, code: str, **more: Any) -> dict[str, Any]:
    return {"error": {"type": type, "code": code, "message": "No.", **more}}


def test_a_row_is_one_form_under_a_key_of_its_own() -> None:
    at = target()
    row = customer_row(2, "Ada Lovelace", "Ada@example.com", {**ADA, "custom": {"tier": "gold & more"}})  # type: ignore[dict-item]  # of many types
    [request] = at.kind.requests_for([row], at, "skip")
    assert (request.method, request.path, request.endpoint) == ("POST", "/v1/customers", "customers")
    assert request.data == {
        "name": "Ada Lovelace",
        "email": "Ada@example.com",
        "business_name": "Example",
        "address[line1]": "1 St James",
        "address[country]": "GB",
        "metadata[external_id]": "7",
        "metadata[tier]": "gold & more",
    }
    assert request.idempotency_key
    assert len(request.idempotency_key) <= 255
    [again] = at.kind.requests_for([row], at, "skip")
    assert again.idempotency_key == request.idempotency_key
    row.generation = 1
    [anew] = at.kind.requests_for([row], at, "skip")
    assert anew.idempotency_key != request.idempotency_key


def test_the_form_is_the_official_sdks() -> None:
    """What the SDK would send for the same parameters, byte for byte but for the order."""
    at = target()
    row = customer_row(2, "Ada ÄÖ", "ada@example.com", {**ADA, "custom": {"a b": "x=1&y"}})  # type: ignore[dict-item]  # the same
    [request] = at.kind.requests_for([row], at, "skip")
    sent: list[bytes] = []

    class Recording(stripe.HTTPClient):
        name = "recording"

        def request(self, *about: Any, **more: Any) -> Any:
            post_data = about[3] if len(about) > 3 else more["post_data"]
            sent.append(post_data.encode() if isinstance(post_data, str) else post_data)
            return b'{"id": "cus_1", "object": "customer"}', 200, {}

        def close(self) -> None:
            """Nothing is open."""

    client = stripe.StripeClient(KEY, http_client=Recording())
    client.v1.customers.create(at.record_of(row))  # type: ignore[arg-type]  # a record is a mapping
    assert isinstance(request.data, Mapping)
    assert sorted(parse_qsl(sent[0].decode())) == sorted(request.data.items())


def test_without_an_id_of_its_own_a_row_is_known_by_its_address() -> None:
    at = target()
    [row] = rows(1, ids=False)
    assert at.record_of(row)["metadata"] == {"external_id": "c2@example.com"}
    named = [request.endpoint for request in at.kind.lookup.lookups_for([row], at, [])]  # type: ignore[union-attr]  # this kind has look-ups
    assert named == ["customer_lookup", "customer_lookup", "search"]  # both spellings, then any other


@pytest.mark.parametrize(
    ("record", "code", "what"),
    [
        ({"phone": "1" * 21}, "too_long", "phone: 21 characters, at most 20"),
        ({"name": "n" * 257}, "too_long", "name: 257 characters"),
        ({"company": "c" * 151}, "too_long", "business_name: 151"),
        ({"notes": "n" * 5001}, "too_long", "description: 5001"),
        ({"city": "c" * 5001}, "too_long", "address.city: 5001"),
        ({"custom": {"k": "v" * 501}}, "too_long", "k: 501 characters, at most 500"),
        ({"custom": {"k" * 41: "v"}}, "too_long", "41 characters, at most 40"),
        ({"custom": {f"k{number}": "v" for number in range(50)}}, "too_long", "51 columns"),
        ({"custom": {"a[b]": "v"}}, "invalid_value", "square brackets"),
    ],
)
def test_what_stripe_would_refuse_is_refused_before_and_never_cut(
    record: dict[str, Any], code: str, what: str
) -> None:
    at = target()
    row = Row(2, [], "ada@example.com", {"name": "Ada", "email": "ada@example.com", **record})
    outcome = at.kind.refusal_before_sending(row, at)
    assert outcome is not None
    assert (outcome.outcome, outcome.code) == ("invalid", code)
    assert what in outcome.detail
    longest = {"name": "n" * 256, "phone": "1" * 20, "custom": {f"k{one}": "v" * 500 for one in range(49)}}
    assert at.kind.refusal_before_sending(Row(2, [], "a", {"email": "a@example.com", **longest}), at) is None


MADE = {"id": "cus_1", "object": "customer", "metadata": {"external_id": "x2"}}


@pytest.mark.parametrize(
    ("status", "body", "outcome", "code"),
    [
        (200, MADE, "created", ""),
        (200, {**MADE, "metadata": {"external_id": "x3"}}, "unknown", "answer_lost_keyed"),
        (200, {**MADE, "object": "charge"}, "unknown", "answer_lost_keyed"),
        (200, {"object": "list", "data": []}, "unknown", "answer_lost_keyed"),
        (200, b"<html>Sign in</html>", "unknown", "answer_lost_keyed"),
        (200, b"", "unknown", "answer_lost_keyed"),
        (400, error("invalid_request_error", "email_invalid", param="email"), "rejected", "rejected_by_api"),
        (400, error("idempotency_error", ""), "rejected", "rejected_by_api"),
        (402, error("card_error", "card_declined"), "rejected", "rejected_by_api"),
        (409, error("idempotency_error", "idempotency_key_in_use"), "failed", "service_unavailable"),
        (429, error("invalid_request_error", "lock_timeout"), "failed", "service_unavailable"),
        (429, error("invalid_request_error", "rate_limit"), "failed", "service_unavailable"),
        (500, error("api_error", ""), "unknown", "answer_unclear_keyed"),
        (502, b"<html>Bad gateway</html>", "unknown", "answer_unclear_keyed"),
    ],
)
def test_what_a_reply_means(status: int, body: Any, outcome: str, code: str) -> None:
    at = target()
    [read] = at.kind.outcomes_from(reply(status, body), rows(1), at)
    assert (read.outcome, read.code) == (outcome, code)
    assert read.id == ("cus_1" if outcome == "created" else None)


def listed(*customers: dict[str, Any], has_more: bool = False) -> dict[str, Any]:
    return {"object": "list", "data": list(customers), "has_more": has_more}


@pytest.mark.parametrize(
    ("status", "body", "endpoint", "found", "absent"),
    [
        (200, listed({**MADE, "id": "cus_2"}, MADE), "customer_lookup", {2: "cus_1"}, set()),
        (200, listed(), "customer_lookup", {}, {2}),
        (200, listed({"id": "cus_9", "metadata": {}}), "customer_lookup", {}, {2}),
        (200, listed({"id": "cus_9", "metadata": {}}, has_more=True), "customer_lookup", {}, set()),
        (200, {"data": []}, "customer_lookup", {}, set()),
        (200, {"object": "list"}, "customer_lookup", {}, set()),
        (200, b"<html>", "customer_lookup", {}, set()),
        (400, error("invalid_request_error", ""), "customer_lookup", {}, set()),
        (500, {}, "customer_lookup", {}, set()),
        (400, error("invalid_request_error", ""), "search", {}, {2}),  # not every account can search
        (200, {**listed(MADE), "object": "search_result"}, "search", {2: "cus_1"}, set()),
    ],
)
def test_a_lookup_says_not_there_only_where_the_reply_proves_it(
    status: int, body: Any, endpoint: str, found: dict[int, str], absent: set[int]
) -> None:
    at = target()
    assert at.lookup is not None
    reading = at.lookup.read_lookup(reply(status, body, endpoint=endpoint), rows(1), at, None)
    assert ({line: one.id for line, one in reading.found.items()}, set(reading.absent)) == (found, absent)


@pytest.mark.parametrize(
    ("token", "most", "endpoints"),
    [
        ("sk_test_1", 25, {}),
        ("rk_test_1", 25, {}),
        ("sk_live_1", 100, {"customers": 25, "customer": 25, "customer_lookup": 25, "search": 20}),
    ],
)
def test_an_account_has_stripes_limits_unless_told_otherwise(
    token: str, most: int, endpoints: dict[str, int]
) -> None:
    api: Any = {"kind": "stripe", "base_url": "", "authentication": {"type": "bearer_token", "token": token}}
    usual = open_target(api).integration
    assert usual.base_url == "https://api.stripe.com"
    assert usual.rate_limit is not None
    assert usual.rate_limit.max_requests == most
    assert {name: one.max_requests for name, one in usual.endpoint_limits.items()} == endpoints
    assert usual.default_headers == {"Stripe-Version": "2026-10-28.endive"}
    told = {"rate_limit": {"max_requests": 5}, "default_headers": {"Stripe-Account": "acct_1"}}
    own = open_target({**api, "settings": told}).integration
    assert own.rate_limit is not None
    assert (own.rate_limit.max_requests, own.endpoint_limits) == (5, {})
    assert own.default_headers == {"Stripe-Version": "2026-10-28.endive", "Stripe-Account": "acct_1"}


@pytest.mark.parametrize("token", ["pk_test_1", "sk test"])
def test_a_key_that_can_do_nothing_is_refused_without_being_shown(token: str) -> None:
    with pytest.raises(FixSettings) as caught:
        open_target(resource("", token))
    assert token not in str(caught.value)


def test_the_guarantee_rests_on_the_lookup_for_keys_are_forgotten() -> None:
    at = target()
    assert not at.repeats_safely("skip")
    promised = guarantee_of(at)
    assert promised.startswith("Exactly once")
    assert "looked up before it is sent again" in promised


@pytest.fixture
def twin(twins: TwinProcess) -> Iterator[TwinClient]:
    client = TwinClient(twins.client("stripe").url, KEY)
    client.forget()
    yield client
    client.forget()


def send(
    twin: TwinClient, given: list[Row], journal: Path, on_duplicate: OnDuplicate = "skip", **settings: Any
) -> list[RowOutcome]:
    at = target(twin.url, **settings)
    with sqlite_store(journal) as store, Client(at.integration) as client:
        known = RowJournal(store, at.identity, on_duplicate, LeasedOwner(store))
        sent = send_rows(given, at, client, journal=known, on_duplicate=on_duplicate, sleep=lambda _: None)
    return [outcome for _, outcome in sent.outcomes]


def codes(outcomes: list[RowOutcome]) -> dict[str, int]:
    return dict(Counter(one.code or one.outcome for one in outcomes))


def made(twin: TwinClient) -> list[str]:
    return sorted(key for _kind, key in twin.ledger("created"))


@pytest.mark.parametrize("ids", [True, False])
@pytest.mark.parametrize(
    ("on_duplicate", "existing"),
    [("skip", "already_exists"), ("update", "updated"), ("fail", "exists_and_must_not")],
)
def test_what_is_missing_is_created_and_the_rest_is_done_as_wished(
    twin: TwinClient, on_duplicate: OnDuplicate, existing: str, tmp_path: Path, *, ids: bool
) -> None:
    assert codes(send(twin, rows(3, "Earlier", ids=ids), tmp_path / "before")) == {"created": 3}
    given = rows(10, ids=ids)
    assert codes(send(twin, given, tmp_path / "journal", on_duplicate)) == {"created": 7, existing: 3}
    assert len(made(twin)) == 10
    names = {one.name for one in sdk(twin).v1.customers.list({"limit": 100}).data}
    assert ("Customer 2" in names) == (on_duplicate == "update")
    assert send(twin, given, tmp_path / "journal", on_duplicate)
    assert len(made(twin)) == 10


def test_a_customer_of_somebody_else_with_the_same_address_is_another_one(
    twin: TwinClient, tmp_path: Path
) -> None:
    theirs = sdk(twin).v1.customers.create({"email": "C2@example.com", "name": "Theirs"})
    assert codes(send(twin, rows(1), tmp_path / "journal", "update")) == {"created": 1}
    assert sdk(twin).v1.customers.retrieve(theirs.id).name == "Theirs"


def test_a_customer_whose_address_was_changed_is_found_by_its_id(twin: TwinClient, tmp_path: Path) -> None:
    twin.put_settings(search_lag_seconds=0)
    send(twin, rows(1), tmp_path / "one")
    [there] = sdk(twin).v1.customers.list().data
    sdk(twin).v1.customers.update(there.id, {"email": "moved@example.com"})
    assert codes(send(twin, rows(1, "Renamed"), tmp_path / "two", "update")) == {"updated": 1}
    now = sdk(twin).v1.customers.retrieve(there.id)
    assert (now.email, now.name) == ("C2@example.com", "Renamed 2")


def test_each_spelling_of_an_address_is_the_same_customer(twin: TwinClient, tmp_path: Path) -> None:
    twin.put_settings(search_lag_seconds=0)
    seen = [
        codes(send(twin, [customer_row(2, "Ada", address)], tmp_path / address))
        for address in ("ADA@Example.com", "Ada@example.com", "ada@example.com")
    ]
    assert seen == [{"created": 1}, {"already_exists": 1}, {"already_exists": 1}]


def test_a_row_among_too_many_of_its_address_is_told_why_it_waits(twin: TwinClient, tmp_path: Path) -> None:
    for _ in range(101):
        sdk(twin).v1.customers.create({"email": "C2@example.com"})
    [outcome] = send(twin, rows(1), tmp_path / "journal")
    assert (outcome.code, outcome.detail) == (
        "service_unavailable",
        "Stripe has over 100 customers with this address.",
    )
    assert len(made(twin)) == 101


def test_a_value_is_set_back_to_what_it_was(twin: TwinClient, tmp_path: Path) -> None:
    """An update has no key: under one made of its content Stripe would only repeat its answer of then."""
    for name in ("First", "Second", "First"):
        send(twin, rows(1, name), tmp_path / "journal", "update")
    [there] = sdk(twin).v1.customers.list().data
    assert there.name == "First 2"


@pytest.mark.parametrize(
    "fault",
    [
        *("reset_before", "reset_after_commit", "error_503", "error_500", "throttle_429", "lock_timeout"),
        *("key_in_use", "stored_500", "timeout_after_commit"),
    ],
)
@pytest.mark.parametrize("retries", [0, 2])
def test_no_row_is_lost_or_made_twice_whatever_becomes_of_the_answers(
    twin: TwinClient, fault: str, retries: int, tmp_path: Path
) -> None:
    given = rows(6)
    settings: dict[str, Any] = {"retry_attempts": retries, "timeout": 0.3}
    script = [{"operation": "create_customer", "fault": fault, "times": 3}]
    twin.put_faults(script=script, retry_after=0, hang_seconds=1)
    first = send(twin, given, tmp_path / "journal", **settings)
    assert len(first) == 6
    assert {one.outcome for one in first} <= {"created", "failed", "unknown"}
    twin.put_faults()
    # A day later Stripe has forgotten every key: the look-up alone tells what was made.
    twin.put_settings(clock_ahead_seconds=DAY + 1)
    second = send(twin, given, tmp_path / "journal", **settings)
    assert {one.outcome for one in second} <= {"created", "unchanged"}, codes(second)
    assert made(twin) == sorted(row.key for row in given)


def test_a_search_that_lags_behind_says_nothing(twin: TwinClient, tmp_path: Path) -> None:
    twin.put_settings(search_lag_seconds=3600)
    twin.put_faults(script=[{"operation": "create_customer", "fault": "stored_500", "times": 4}])
    assert codes(send(twin, rows(4), tmp_path / "journal")) == {"answer_lost": 4}
    assert codes(send(twin, rows(4), tmp_path / "journal")) == {"found_in_target": 4}
    assert len(made(twin)) == 4


def test_a_500_that_stripe_keeps_is_not_asked_for_again_and_again(twin: TwinClient, tmp_path: Path) -> None:
    twin.put_faults(script=[{"operation": "create_customer", "fault": "stored_500"}])
    [outcome] = send(twin, rows(1), tmp_path / "journal", retry_attempts=8)
    assert outcome.outcome == "unknown"
    assert len(made(twin)) == 1


def test_what_a_key_remembers_of_a_customer_that_was_deleted_is_no_customer(
    twin: TwinClient, tmp_path: Path
) -> None:
    send(twin, rows(1), tmp_path / "one")
    [there] = sdk(twin).v1.customers.list().data
    sdk(twin).v1.customers.delete(there.id)
    # The journal is gone too: Stripe answers as it did then, with the id of a customer that is no more.
    [outcome] = send(twin, rows(1), tmp_path / "two")
    assert outcome.outcome == "unknown"
    twin.put_settings(clock_ahead_seconds=DAY + 1)
    assert codes(send(twin, rows(1), tmp_path / "two")) == {"created": 1}


@pytest.mark.parametrize(
    ("token", "code"), [("sk_test_wrong", "credential_refused"), ("rk_test_x", "credential_refused")]
)
def test_a_refused_key_stops_the_import(twin: TwinClient, token: str, code: str, tmp_path: Path) -> None:
    at = open_target(resource(twin.url, token))
    with sqlite_store(tmp_path / "journal") as store, Client(at.integration) as client:
        journal = RowJournal(store, at.identity, "skip", LeasedOwner(store))
        sent = send_rows(rows(5), at, client, journal=journal, on_duplicate="skip", sleep=lambda _: None)
    assert sent.stopped is not None
    assert sent.stopped["code"] == code
    assert token not in str(sent)
    assert made(twin) == []


def test_a_check_measures_that_keys_work_and_leaves_nothing_behind(twin: TwinClient) -> None:
    twin.put_settings(search_lag_seconds=0)
    result = check_target(resource(twin.url), write=True)
    assert result["remaining"] == []
    assert result["proven"] is not None
    assert result["proven"]["repeats"] == "key"
    assert "idempotency key" in result["guarantee_after"]
    assert "looked up" in result["guarantee_before"]
    assert sdk(twin).v1.customers.list().data == []
    assert all(one["found"] for one in result["findings"])


def test_a_check_that_may_not_write_makes_nothing(twin: TwinClient) -> None:
    result = check_target(resource(twin.url))
    assert (result["wrote"], result["proven"], made(twin)) == (False, None, [])


def test_a_server_of_stripes_own_takes_every_request() -> None:
    """stripe-mock knows names and types by Stripe's own description; it keeps nothing, and no keys."""
    port = free_port()
    at = target(f"http://127.0.0.1:{port}", retry_attempts=0)
    row = customer_row(2, "Ada", "Ada@example.com", {**ADA, "phone": "+4420", "notes": "n", "website": "w"})
    assert at.lookup is not None
    requests = [
        *at.kind.requests_for([row], at, "skip"),
        at.kind.update_for(row, "cus_1", at),
        *at.lookup.lookups_for([row], at, []),
    ]
    assert [request.endpoint for request in requests] == [
        *("customers", "customer", "customer_lookup", "customer_lookup", "search")
    ]
    command = [built("stripe-mock"), "-http-addr", f"127.0.0.1:{port}"]
    with running(command, port), Client(at.integration) as client:
        for request in requests:
            answer = client.request(request)
            assert answer.status == 200, (request, answer.text)
