"""The sentinel, end to end: a twin whose API changes, the table, and the event that people are told by."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from f.operate.contracts.judging import sentence
from f.operate.contracts.sentinel import ContractReport, look_at
from f.operate.services.registry import service_of
from f.store.store import Store
from f.store.stores import sqlite_store
from tests.mill.twins.stage import TwinClient, TwinProcess

SUNSET = "Sun, 06 Nov 2126 08:49:37 GMT"
# Resource type, twin, the resource without its address, and what stands behind the twin's own.
SERVICES: dict[str, tuple[str, dict[str, Any], str]] = {
    "stripe": ("stripe", {"token": "sk_test_x"}, ""),
    "slack": ("slack", {"token": "xoxb-good"}, "/api"),
    "twilio": ("twilio", {"accountSid": "AC1", "token": "good"}, ""),
    "sendgrid": ("sendgrid", {"token": "SG.good"}, "/v3"),
    "resend": ("resend", {"token": "re_good"}, ""),
    "github": ("github", {"token": "good"}, ""),
    "vessey": ("vessey", {"api_key": "good"}, "/v1"),
    "graphql": ("graphql", {"bearer_token": "good"}, "/graphql"),
    "customer_api": ("customers", {"kind": "generic"}, ""),
    "hubspot": ("hubspot", {"kind": "hubspot"}, ""),
    "salesforce": ("salesforce", {"kind": "salesforce"}, ""),
}
# A field that our code reads, in an answer of this service.
READ_BY_US = {
    "stripe": "error.message",
    "slack": "team_id",
    "twilio": "code",
    "sendgrid": "scopes",
    "resend": "statusCode",
    "github": "resources.core.remaining",
    "vessey": "error.code",
    "graphql": "errors",
    "hubspot": "message",
    "salesforce": "[].message",
}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with sqlite_store(tmp_path / "operate.sqlite") as opened:
        yield opened


class Api:
    """A service at its twin, looked at as the sentinel does."""

    def __init__(self, kind: str, twins: TwinProcess, store: Store) -> None:
        twin, fields, path = SERVICES[kind]
        self.client: TwinClient = twins.client(twin)
        self.client.forget()
        self.client.put_faults()
        self._kind, self._store = kind, store
        self.resource = {**fields, "base_url": f"{self.client.url}{path}"}
        if "kind" in fields:
            self.resource["authentication"] = {"type": "bearer_token", "token": "token"}
        if kind == "customer_api":
            self.resource["endpoints"] = {"customers": "/customers", "health": "/health"}

    def look(self, *, accept: bool = False) -> ContractReport:
        service = service_of("customer_api" if "kind" in self.resource else self._kind)
        assert service is not None
        return look_at(service, f"f/test/{self._kind}", self.resource, self._store, accept=accept)

    def change(self, **changed: Any) -> None:
        self.client.put_faults(changed=changed)


@pytest.mark.parametrize("kind", SERVICES)
def test_a_service_is_remembered_and_then_as_expected(kind: str, twins: TwinProcess, store: Store) -> None:
    api = Api(kind, twins, store)
    first, second = api.look(), api.look()
    assert (first["status"], first["findings"], first["not_seen"]) == ("first_seen", [], [])
    assert (second["status"], second["findings"]) == ("unchanged", [])
    assert second["calls"] >= 2


@pytest.mark.parametrize("kind", READ_BY_US)
def test_a_lost_field_that_our_code_reads_is_told_at_first_sight(
    kind: str, twins: TwinProcess, store: Store
) -> None:
    api = Api(kind, twins, store)
    api.change(lost_fields=[READ_BY_US[kind]])
    report = api.look()
    assert report["status"] == "changed"
    [finding] = report["findings"]
    assert finding["what"] == f"the field {READ_BY_US[kind]}"
    assert (finding["severity"], finding["read_by_us"], finding["now"]) == ("error", True, "")
    api.look(accept=True)
    assert api.look()["status"] == "changed", "what our code needs cannot be accepted away"
    api.change()
    assert api.look()["findings"] == []


def test_a_lost_field_that_nobody_reads_is_a_warning_until_it_is_accepted(
    twins: TwinProcess, store: Store
) -> None:
    api = Api("stripe", twins, store)
    api.look()
    api.change(lost_fields=["pending"], as_text=["available"])
    reports = [api.look() for _ in range(2)]
    for report in reports:
        assert [sentence(one) for one in report["findings"]] == [
            "The field available of the canary's answer changed: it was list, it is string.",
            "The field pending of the canary's answer changed: it was list, it is not there.",
        ]
        assert {one["severity"] for one in report["findings"]} == {"warning"}
    assert reports[0]["findings"][0]["since"] == reports[1]["findings"][0]["since"] != ""
    assert api.look(accept=True)["status"] == "accepted"
    assert api.look()["status"] == "unchanged"


def test_what_comes_back_is_no_change_any_more(twins: TwinProcess, store: Store) -> None:
    api = Api("stripe", twins, store)
    api.look()
    api.change(lost_fields=["pending"])
    assert api.look()["status"] == "changed"
    api.change()
    assert api.look()["status"] == "unchanged"


def test_an_announced_end_is_told_once_for_all_calls(twins: TwinProcess, store: Store) -> None:
    api = Api("stripe", twins, store)
    api.look()
    link = '<https://api.example.com/changes>; rel="sunset"'
    api.change(headers={"Sunset": SUNSET, "Deprecation": "@1688169599", "Link": link})
    report = api.look()
    assert [(one["what"], one["severity"], one["link"]) for one in report["findings"]] == [
        ("The call is deprecated since 2023-06-30", "warning", "https://api.example.com/changes"),
        ("The call ends on 2126-11-06", "warning", "https://api.example.com/changes"),
    ]


def test_another_version_than_ours_is_told(twins: TwinProcess, store: Store) -> None:
    api = Api("stripe", twins, store)
    api.change(headers={"Stripe-Version": "2027-03-31.next"})
    findings = api.look()["findings"]
    assert {(one["what"], one["was"], one["now"]) for one in findings} == {
        ("the API version", "2026-10-28.endive", "2027-03-31.next")
    }


def test_an_endpoint_that_is_gone_is_told(twins: TwinProcess, store: Store) -> None:
    api = Api("stripe", twins, store)
    gone = {"status": 410, "body": {"error": {"type": "invalid_request_error", "message": "Gone."}}}
    api.client.put_faults(script=[{"operation": "get_balance", "answer": gone}])
    [finding] = api.look()["findings"]
    assert (finding["what"], finding["was"], finding["now"]) == ("the status", "200", "410")


@pytest.mark.parametrize("fault", ["error_503", "throttle_429", "reset_before"])
def test_a_bad_hour_is_no_change(fault: str, twins: TwinProcess, store: Store) -> None:
    api = Api("twilio", twins, store)
    api.look()
    api.client.put_faults(rates={fault: 1}, retry_after=0)
    report = api.look()
    assert (report["status"], report["findings"], report["calls"]) == ("not_seen", [], 0)
    assert report["detail"]


def test_a_refused_credential_is_no_change(twins: TwinProcess, store: Store) -> None:
    api = Api("github", twins, store)
    api.resource["token"] = "wrong"
    report = api.look()
    assert (report["status"], report["findings"]) == ("not_seen", [])
    assert "wrong" not in json.dumps(report)


def test_nothing_that_stood_in_an_answer_is_kept(twins: TwinProcess, store: Store) -> None:
    api = Api("stripe", twins, store)
    customer = {"email": "zuse@example.com", "name": "Konrad Zuse", "metadata[zuse@example.com]": "Zuse"}
    body = "&".join(f"{name}={value}" for name, value in customer.items()).encode()
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": "Bearer sk_test_x"}
    assert api.client.send("POST", "/v1/customers", body, headers).status == 200
    report = api.look()
    assert report["calls"] == 3
    kept = store.execute("SELECT sight FROM contract_sights")
    assert "email" in str(kept)
    assert "zuse" not in f"{kept} {report}".lower()
