"""The customer_api resource: what ships opens, what is wrong is named."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from f.connect.calls.verdict import backoff
from f.connect.client import Client
from f.connect.errors import FixSettings, TryLater
from f.customers.targets.customer_api import customer_api, open_target
from f.records.target.guarantee import guarantee_of
from f.records.target.target import JournalKind
from tests.f.connect.wire import FakeClock, Wire, reply

ROOT = Path(__file__).parents[3]
GOOD = {"kind": "generic", "base_url": "https://api.example.com"}


def shipped() -> list[Path]:
    files = sorted((ROOT / "resources").rglob("*.resource.yaml"))
    return [file for file in files if "resource_type: customer_api" in file.read_text()]


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.name)
def test_every_target_that_ships_can_be_opened(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WM_BASE_URL", "http://127.0.0.1:8000")
    target = open_target(YAML(typ="safe").load(path)["value"])
    assert target.title.startswith(target.kind.name)


@pytest.mark.parametrize(
    ("kind", "endpoints", "batch_size"),
    [
        ("generic", {}, 200),
        ("generic", {"batch": "/batch"}, 1000),
        ("hubspot", {}, 1000),
        ("salesforce", {}, 2000),
    ],
)
def test_every_kind_has_defaults_enough_to_run(kind: str, endpoints: dict[str, str], batch_size: int) -> None:
    target = open_target({**GOOD, "kind": kind, "endpoints": endpoints})
    assert target.endpoint.startswith("/")
    assert (target.batch_size, target.max_concurrent_requests) == (batch_size, 10)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({}, {}, True),
        ({}, {"base_url": "https://other.example.com"}, False),
        ({}, {"endpoints": {"customers": "/clients"}}, False),
        ({}, {"authentication": {"type": "bearer_token", "token": "rotated"}}, True),
        ({}, {"settings": {"account": "b"}}, False),
        # the same place, written otherwise
        ({}, {"base_url": "https://api.example.com/"}, True),
        ({}, {"base_url": "https://API.Example.com:443"}, True),
        ({}, {"base_url": "https://api.example.com."}, True),
        ({}, {"endpoints": {"customers": "customers"}}, True),
        ({}, {"endpoints": {"customers": "/customers/"}}, True),
        ({}, {"endpoints": {"customers": "//customers"}}, True),
        (
            {"base_url": "https://api.example.com/v1"},
            {"base_url": "https://api.example.com", "endpoints": {"customers": "/v1/customers"}},
            True,
        ),
        # other places
        ({}, {"base_url": "https://api.example.com:8443"}, False),
        ({}, {"base_url": "https://api.example.com/v2"}, False),
        ({}, {"endpoints": {"customers": "/Customers"}}, False),
        ({}, {"endpoints": {"customers": "/customers?tenant=a"}}, False),
        (
            {"kind": "hubspot"},
            {"kind": "hubspot", "endpoints": {"customers": "/crm/objects/2026-03/contacts"}},
            True,
        ),
        (
            {"kind": "hubspot"},
            {"kind": "hubspot", "authentication": {"type": "bearer_token", "token": "b"}},
            False,
        ),
        (
            {"kind": "hubspot", "settings": {"account": "a"}},
            {
                "kind": "hubspot",
                "settings": {"account": "a"},
                "authentication": {"type": "bearer_token", "token": "b"},
            },
            True,
        ),
    ],
)
def test_the_journal_tells_targets_apart_by_address_and_account(
    one: dict[str, Any], other: dict[str, Any], same: bool
) -> None:
    assert (open_target({**GOOD, **one}).identity == open_target({**GOOD, **other}).identity) == same


LOOKUP_PROOF = {"at": "data", "many": True, "id_at": "id", "absent": "200 list"}


def proven(repeats: str | None, lookup: dict[str, Any] | None = None) -> dict[str, Any]:
    about = f"generic {GOOD['base_url']}/customers"
    return {
        "proven": {
            "target": about,
            "repeats": repeats,
            "lookup": lookup,
            "checked_at": "2026-11-28T09:00:00Z",
        }
    }


def guarantee(kind: str, journal: JournalKind, **parts: Any) -> str:
    return guarantee_of(open_target({**GOOD, "kind": kind, **parts}), journal)


@pytest.mark.parametrize(
    ("kind", "parts", "journal", "promise"),
    [
        ("generic", {}, "file", "At most once"),
        ("generic", proven("key"), "file", "Exactly once: every row carries an idempotency key"),
        ("generic", proven("key"), "none", "At least once"),
        ("generic", proven("record"), "none", "Exactly once: a check on 2026-11-28 showed"),
        ("generic", {"settings": {"idempotency_keys": False}}, "none", "At least once"),
        ("generic", {"settings": {"idempotency_keys": False}}, "postgres", "At most once"),
        ("generic", {"settings": {"idempotency_keys": False}}, "file", "At most once"),
        (
            "generic",
            {"endpoints": {"lookup": "/customers?email={email}"}},
            "postgres",
            "At most once",
        ),
        (
            "generic",
            {"endpoints": {"lookup": "/customers?email={email}"}, **proven(None, LOOKUP_PROOF)},
            "postgres",
            "Exactly once: the journal knows",
        ),
        ("generic", {"endpoints": {"batch": "/batch"}, **proven("key")}, "postgres", "At most once"),
        ("hubspot", {}, "none", "Exactly once: the target itself"),
        ("salesforce", {}, "none", "At least once"),
        ("salesforce", {}, "postgres", "Exactly once: the journal knows"),
        (
            "salesforce",
            {"settings": {"external_id_field": "Key__c"}},
            "none",
            "At least once",
        ),
    ],
)
def test_the_guarantee_is_what_target_and_journal_give_together(
    kind: str, parts: dict[str, Any], journal: JournalKind, promise: str
) -> None:
    assert guarantee(kind, journal, **parts).startswith(promise)


def test_a_journal_in_a_file_says_that_other_workers_do_not_see_it() -> None:
    assert "This holds for runs on one machine" in guarantee("salesforce", "file")
    for shared in ("postgres", "data_table"):
        assert "one machine" not in guarantee("salesforce", shared)


def test_what_the_run_says_goes_before_what_the_resource_says() -> None:
    api = {**GOOD, "settings": {"batch_size": 7, "max_concurrent_requests": 3, "delay_between_batches": 2}}
    target = open_target(api, {"batch_size": 9, "max_concurrent_requests": None})
    assert (target.batch_size, target.max_concurrent_requests, target.delay_between_batches) == (9, 3, 2)


@pytest.mark.parametrize(
    ("api", "code", "said"),
    [
        (None, "missing_target", "choose a resource of type customer_api"),
        ({}, "missing_target", "choose a resource"),
        ("$res:f/customers/gone", "missing_target", "choose a resource"),
        ({**GOOD, "kind": "pipedrive"}, "unknown_target_kind", "generic, hubspot, salesforce"),
        ({**GOOD, "base_ulr": "x"}, "bad_settings", "Did you mean 'base_url'?"),
        ({**GOOD, "settings": {"batchsize": 3}}, "bad_settings", "Did you mean 'batch_size'?"),
        ({**GOOD, "settings": {"batch_size": 0}}, "bad_settings", "at least 1"),
        ({**GOOD, "settings": {"batch_size": "many"}}, "bad_settings", "must be a number"),
        ({**GOOD, "settings": {"batch_size": float("nan")}}, "bad_settings", "must be a number"),
        ({**GOOD, "settings": {"delay_between_batches": float("inf")}}, "bad_settings", "must be a number"),
        ({**GOOD, "settings": {"daily_limit": float("nan")}}, "bad_settings", "must be a number"),
        ({**GOOD, "endpoints": {"customers": "/\ud800"}}, "bad_settings", "half of a character"),
        ({**GOOD, "endpoints": {"batches": "/b"}}, "bad_settings", "Did you mean 'batch'?"),
        ({**GOOD, "settings": {"bulk_from": 1}}, "bad_settings", "Unknown name 'bulk_from'"),
        ({**GOOD, "settings": [1]}, "bad_settings", "must be an object"),
        ({**GOOD, "mapping": {"name": "x", "email": "x"}}, "bad_mapping", "the same target field"),
        ({"kind": "generic"}, None, "base_url"),
        ({**GOOD, "base_url": "http://api.example.com"}, None, "http"),
        ({**GOOD, "base_url": "not a url"}, None, "base_url"),
        ({**GOOD, "authentication": {"type": "magic"}}, None, "must be one of"),
        ({**GOOD, "authentication": {"type": "bearer_token"}}, None, "token"),
    ],
)
def test_a_resource_that_cannot_work_says_what_to_change(api: Any, code: str | None, said: str) -> None:
    with pytest.raises(FixSettings) as caught:
        open_target(api)
    assert code is None or caught.value.code == code
    assert said in str(caught.value)


def test_the_resource_type_and_the_typed_dict_name_the_same_fields() -> None:
    declared = YAML(typ="safe").load(ROOT / "customer_api.resource-type.yaml")["schema"]["properties"]
    assert set(declared) == set(customer_api.__annotations__)


def test_no_secret_of_a_resource_is_in_the_text_of_its_target() -> None:
    target = open_target({**GOOD, "authentication": {"type": "bearer_token", "token": "t0p-secret"}})
    assert "t0p-secret" not in repr(target)


@pytest.mark.parametrize(
    ("settings", "waits"),
    [
        ({"backoff_factor": 1}, [1, 2, 4, 8]),
        ({"backoff_factor": 0.5}, [0.5, 1, 2, 4]),
        ({"backoff_factor": 2, "max_delay": 5}, [2, 4, 5, 5]),
        ({"backoff_factor": 60}, [60, 60, 60, 60]),
        ({"backoff_factor": 0}, [0, 0, 0, 0]),
        ({"backoff_factor": 1, "initial_delay": 1}, [1, 2, 4, 8]),
        ({"initial_delay": 0.1}, [0.1, 0.2, 0.4, 0.8]),
    ],
)
def test_retry_n_comes_after_at_most_backoff_factor_times_two_to_the_n(
    settings: dict[str, float], waits: list[float]
) -> None:
    retry = open_target({**GOOD, "settings": settings}).integration.retry
    assert [backoff(retry, n + 1, lambda: 1.0) for n in range(4)] == waits
    assert [backoff(retry, n + 1, lambda: 0.5) for n in range(4)] == [wait / 2 for wait in waits]


def test_the_waits_between_attempts_are_those_of_the_backoff_factor() -> None:
    clock, down = FakeClock(), reply(503)
    with Wire([down]) as wire:
        api = {**GOOD, "base_url": wire.url, "settings": {"backoff_factor": 1, "retry_attempts": 4}}
        with Client(open_target(api).integration, clock=clock) as client, pytest.raises(TryLater):
            client.get("/x")
    assert (clock.slept, len(wire.seen)) == ([1, 2, 4, 8], 5)


@pytest.mark.parametrize(
    "settings",
    [
        {"backoff_factor": -1},
        {"backoff_factor": 121},
        {"backoff_factor": "2"},
        {"backoff_factor": True},
        {"backoff_factor": float("nan")},
        {"backoff_factor": 2, "initial_delay": 1},
        {"backoff_factor": 2, "max_delay": 1},
        {"backoff_factor": 2, "max_delay": "x"},
    ],
)
def test_a_backoff_that_cannot_be_used_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(FixSettings, match=r"backoff_factor|max_delay"):
        open_target({**GOOD, "settings": settings})
