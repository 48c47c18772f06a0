"""What a target says is left today, against the twins and against an API that does not say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from f.customers.targets.customer_api import open_target
from f.records.planning.forecast import Forecast
from f.records.planning.quota import forecast_of
from f.records.sending.parking import ParkingClient
from f.records.sending.run import Sent, send_rows
from f.records.sending.session import open_limits
from f.records.target.target import Target
from tests.loopback import Reply, serve
from tests.mill.twins.stage import TwinClient, TwinProcess
from tests.records import customer_row

TOKEN = {"type": "bearer_token", "token": "token"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def twin(twins: TwinProcess, request: pytest.FixtureRequest) -> TwinClient:
    client = twins.client(request.param)
    client.forget()
    return client


def opened(kind: str, url: str, **settings: Any) -> Target:
    mapping = {} if "external_id_field" in settings else {"external_id": ""}
    api = {
        "kind": kind,
        "base_url": url,
        "authentication": TOKEN,
        "settings": settings,
        "mapping": mapping,
    }
    return open_target(api)


def told(kind: str, url: str, rows: int = 250, **settings: Any) -> Forecast:
    return forecast_of(opened(kind, url, **settings), [rows], "skip", None, 300)


@pytest.mark.parametrize("twin", ["hubspot"], indirect=True)
def test_hubspot_says_what_all_private_apps_have_left_and_when_it_renews(twin: TwinClient) -> None:
    resets_at = (datetime.now(UTC) + timedelta(hours=5)).replace(microsecond=0)
    twin.put_settings(daily_limit=40, resets_at=resets_at.isoformat())
    assert twin.get("/crm/v3/objects/contacts/1").status == 404
    made = told("hubspot", twin.url)
    assert (made["calls"], made["daily_limit"], made["left_today"]) == (4, 40, 38)
    assert made["renews_at"] == resets_at.isoformat()


@pytest.mark.parametrize("twin", ["salesforce"], indirect=True)
def test_salesforce_says_what_the_org_has_left_and_not_when(twin: TwinClient) -> None:
    twin.put_settings(daily_limit=40)
    made = told("salesforce", twin.url)
    assert (made["daily_limit"], made["left_today"], made["renews_at"]) == (40, 39, None)


@pytest.mark.parametrize("twin", ["hubspot", "salesforce"], indirect=True)
def test_the_smaller_of_the_apis_quota_and_the_own_limit_counts(twin: TwinClient) -> None:
    kind = twin.url.rsplit("/", 1)[-1]
    assert told(kind, twin.url, daily_limit=25)["left_today"] == 25
    twin.put_settings(daily_limit=20)
    assert told(kind, twin.url, daily_limit=25)["left_today"] == 19


def send(target: Target, rows: int) -> Sent:
    given = [
        customer_row(line, f"C {line}", f"c{line}@example.com", {"external_id": f"x{line}"})
        for line in range(2, rows + 2)
    ]
    with open_limits(None) as limits, ParkingClient(target, limits, park_after=300) as client:
        return send_rows(given, target, client)


def test_the_own_limit_counts_what_was_sent_today() -> None:
    with serve(lambda _: Reply(201, {"id": "1"})) as server:
        assert send(opened("generic", server.url, daily_limit=60), 7).requests == 7
        assert told("generic", server.url, daily_limit=60)["left_today"] == 53


@pytest.mark.parametrize(
    ("twin", "kind", "settings"),
    [
        ("customers", "generic", {}),
        ("hubspot", "hubspot", {}),
        ("hubspot", "hubspot", {"rows_per_request": 7, "max_concurrent_requests": 3}),
        ("salesforce", "salesforce", {}),
        ("salesforce", "salesforce", {"external_id_field": "External_Id__c"}),
        ("salesforce", "salesforce", {"external_id_field": "External_Id__c", "bulk_from": 100}),
    ],
    indirect=["twin"],
)
def test_an_import_makes_the_calls_that_were_forecast(
    twin: TwinClient, kind: str, settings: dict[str, Any]
) -> None:
    if kind == "salesforce":
        twin.put_settings(bulk_seconds=0.01)
    planned = told(kind, twin.url, **settings)
    sent = send(opened(kind, twin.url, **settings), 250)
    assert {end.outcome for _, end in sent.outcomes} == {"created"}
    assert planned["calls_at_least"] <= sent.requests <= planned["calls"]


@pytest.mark.parametrize(
    "reply",
    [
        Reply(403, [{"errorCode": "API_DISABLED_FOR_ORG"}]),
        Reply(404),
        Reply(500),
        Reply(200, b"no JSON"),
        Reply(200, {"results": [{"usageLimit": None}], "DailyApiRequests": {"Max": "many"}}),
        Reply(429, {"policyName": "DAILY", "message": "daily"}),
        Reply(drop=True),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["hubspot", "salesforce"])
def test_an_api_that_does_not_say_leaves_the_forecast_without_it(kind: str, reply: Reply) -> None:
    with serve(lambda _: reply) as server:
        made = told(kind, server.url)
    assert len(server.asked) == 1
    assert made["daily_limit"] is None
    assert made["message"].startswith("About ")
