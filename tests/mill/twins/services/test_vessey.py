"""The Vessey twin keeps its own contract, in each of its answers, and its fleet sails by the clock alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from mill.repository.yaml_file import read_mapping
from mill.twins.services.vessey.fleet import fleet_of
from mill.twins.services.vessey.service import CONTRACT
from tests.mill.twins.stage import Answer, TwinClient, TwinProcess

NOW = "2026-11-23T12:00:00Z"
IMO = "9074729"
DOCUMENT = read_mapping(CONTRACT)
REGISTRY: Any = Registry().with_resource(
    "urn:vessey", Resource.from_contents(DOCUMENT, default_specification=DRAFT202012)
)
MONTH = "start=2026-11-01T00:00:00Z&end=2026-11-20T00:00:00Z"
CALLS = "from=2026-10-01T00:00:00Z&to=2027-01-01T00:00:00Z"


class Keyed:
    """The twin, asked with a key, at a time that stands still; each answer is held against the contract."""

    def __init__(self, client: TwinClient) -> None:
        self.client = client
        client.forget()
        client.put_settings(now=NOW)

    def get(self, path: str, *, key: str = "vk", operation: str = "", method: str = "GET") -> Answer:
        answer = self.client.send(method, path, headers={"X-API-Key": key} if key else {})
        check(answer, operation)
        return answer


def check(answer: Answer, template: str) -> None:
    """Fail unless an answer is what the contract has for that path: a 200, or else an error."""
    schema = "urn:vessey#/components/schemas/Error"
    if answer.status == 200:
        escaped = template.replace("/", "~1")
        schema = f"urn:vessey#/paths/{escaped}/get/responses/200/content/application~1json/schema"
    Draft202012Validator({"$ref": schema}, registry=REGISTRY).validate(answer.json)


@pytest.fixture
def vessey(twins: TwinProcess) -> Iterator[Keyed]:
    keyed = Keyed(TwinClient(twins.client("vessey").url, token=None))
    yield keyed
    keyed.client.forget()


def test_the_contract_is_valid_openapi() -> None:
    validate(DOCUMENT)
    assert DOCUMENT["openapi"] == "3.1.0"


def test_the_contract_is_served_without_a_key(vessey: Keyed) -> None:
    assert vessey.get("/openapi.json", key="", operation="/openapi.json").json == DOCUMENT


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/v1/vessels?limit=200", "/v1/vessels"),
        ("/v1/vessels?limit=1", "/v1/vessels"),
        ("/v1/vessels?name=nobody", "/v1/vessels"),
        (f"/v1/vessels/{IMO}", "/v1/vessels/{imo}"),
        (f"/v1/vessels/{IMO}/track?{MONTH}&limit=200", "/v1/vessels/{imo}/track"),
        (f"/v1/vessels/{IMO}/compliance", "/v1/vessels/{imo}/compliance"),
        (f"/v1/port-calls?imo={IMO}&{CALLS}", "/v1/port-calls"),
        (f"/v1/port-calls?port=NLRTM&{CALLS}&limit=200", "/v1/port-calls"),
    ],
)
def test_an_answer_is_what_the_contract_says(vessey: Keyed, path: str, template: str) -> None:
    answer = vessey.get(path, operation=template)
    assert answer.status == 200
    assert answer.headers["ratelimit-limit"] == "100"


@pytest.mark.parametrize("number", range(0, 40, 10))  # ten ships a test: the twin counts requests
def test_every_ship_is_what_the_contract_says(vessey: Keyed, number: int) -> None:
    for ship in fleet_of(1, 40)[number : number + 10]:
        for rest in ("", "/compliance"):
            answer = vessey.get(f"/v1/vessels/{ship.imo}{rest}", operation=f"/v1/vessels/{{imo}}{rest}")
            assert answer.json["imo"] == int(ship.imo)


@pytest.mark.parametrize(
    ("path", "key", "status", "code"),
    [
        (f"/v1/vessels/{IMO}", "", 401, "missing_api_key"),
        (f"/v1/vessels/{IMO}", "wrong", 401, "invalid_api_key"),
        (f"/v1/vessels/{IMO}", "restricted", 403, "forbidden"),
        ("/v1/vessels/9074728", "vk", 400, "invalid_imo"),
        ("/v1/vessels/x", "vk", 400, "invalid_imo"),
        ("/v1/vessels/9999993", "vk", 404, "vessel_not_found"),
        (f"/v1/vessels/{IMO}?x=1", "vk", 400, "unknown_parameter"),
        ("/v1/ships", "vk", 404, "not_found"),
        ("/v1/vessels?limit=0", "vk", 400, "invalid_parameter"),
        ("/v1/vessels?limit=201", "vk", 400, "invalid_parameter"),
        ("/v1/vessels?bbox=1,2,3", "vk", 400, "invalid_parameter"),
        ("/v1/vessels?bbox=0,50,10,40", "vk", 400, "invalid_parameter"),
        ("/v1/vessels?min_speed=fast", "vk", 400, "invalid_parameter"),
        ("/v1/vessels?cursor=x", "vk", 400, "invalid_cursor"),
        (f"/v1/vessels/{IMO}/track", "vk", 400, "invalid_parameter"),
        (
            f"/v1/vessels/{IMO}/track?start=2026-11-02T00:00:00Z&end=2026-11-01T00:00:00Z",
            "vk", 400, "invalid_period",
        ),
        (
            f"/v1/vessels/{IMO}/track?start=2026-01-01T00:00:00Z&end=2026-03-01T00:00:00Z",
            "vk", 400, "period_too_long",
        ),
        (f"/v1/port-calls?{CALLS}", "vk", 400, "invalid_parameter"),
        (f"/v1/port-calls?imo=9999993&{CALLS}", "vk", 404, "vessel_not_found"),
    ],
)  # fmt: skip
def test_a_refusal_is_what_the_contract_says(
    vessey: Keyed, path: str, key: str, status: int, code: str
) -> None:
    answer = vessey.get(path, key=key)
    assert (answer.status, answer.json["error"]["code"]) == (status, code)


def test_another_method_is_refused_in_the_contracts_words(vessey: Keyed) -> None:
    answer = vessey.get("/v1/vessels", method="POST")
    assert (answer.status, answer.json["error"]["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize(("fault", "status"), [("error_503", 503), ("throttle_429", 429)])
def test_a_fault_is_what_the_contract_says(vessey: Keyed, fault: str, status: int) -> None:
    vessey.client.put_faults(script=[{"operation": "get_vessel", "fault": fault}])
    answer = vessey.get(f"/v1/vessels/{IMO}")
    assert answer.status == status
    assert int(answer.headers["retry-after"]) > 0


def test_beyond_the_limit_it_says_when_to_come_back(vessey: Keyed) -> None:
    vessey.client.put_settings(now=NOW, requests_per_minute=3)
    remaining = [
        vessey.get("/v1/vessels", operation="/v1/vessels").headers["ratelimit-remaining"] for _ in range(3)
    ]
    assert remaining == ["2", "1", "0"]
    answer = vessey.get("/v1/vessels")
    assert (answer.status, answer.json["error"]["code"]) == (429, "rate_limited")
    assert 0 < int(answer.headers["retry-after"]) <= 60


def pages(vessey: Keyed, path: str, template: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = vessey.get(f"{path}{cursor}", operation=template).json
        found += page["data"]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


def test_pages_hold_every_vessel_once_and_end(vessey: Keyed) -> None:
    found = pages(vessey, "/v1/vessels?limit=7", "/v1/vessels")
    assert [one["vessel_id"] for one in found] == sorted({one["vessel_id"] for one in found})
    assert len(found) == 40


def test_a_cursor_belongs_to_its_query(vessey: Keyed) -> None:
    cursor = vessey.get("/v1/vessels?limit=1", operation="/v1/vessels").json["next_cursor"]
    answer = vessey.get(f"/v1/vessels?flag=NL&limit=1&cursor={cursor}")
    assert answer.json["error"]["code"] == "invalid_cursor"


@pytest.mark.parametrize(
    ("query", "field"),
    [("flag=NO", "flag"), ("type=tanker", "type")],
)
def test_a_filter_is_obeyed(vessey: Keyed, query: str, field: str) -> None:
    everyone = pages(vessey, "/v1/vessels?limit=200", "/v1/vessels")
    found = pages(vessey, f"/v1/vessels?limit=200&{query}", "/v1/vessels")
    value = query.partition("=")[2]
    assert found == [one for one in everyone if one[field] == value] != []


def test_a_box_may_cross_the_180th_meridian(vessey: Keyed) -> None:
    everyone = pages(vessey, "/v1/vessels?limit=200", "/v1/vessels")
    found = pages(vessey, "/v1/vessels?limit=200&bbox=100,-90,-100,90", "/v1/vessels")
    expected = [
        one for one in everyone
        if one["position"]["lat"] <= 90 and not -100 < one["position"]["lon"] < 100
    ]  # fmt: skip
    assert found == expected != []


def test_the_fleet_is_the_same_for_a_seed_and_another_for_another(vessey: Keyed) -> None:
    one = vessey.get("/v1/vessels?limit=200", operation="/v1/vessels").json
    vessey.client.put_settings(now=NOW, seed=1)
    again = vessey.get("/v1/vessels?limit=200", operation="/v1/vessels").json
    vessey.client.put_settings(now=NOW, seed=2)
    other = vessey.get("/v1/vessels?limit=200", operation="/v1/vessels").json
    assert one == again != other


def test_a_track_leads_to_where_the_vessel_is_at_its_speed() -> None:
    ship = fleet_of(1, 1)[0]
    start = datetime(2026, 11, 1, tzinfo=UTC).timestamp()
    for hour in range(24 * 60):
        before, after = (ship.position(start + (hour + step) * 3600) for step in (0, 1))
        north = abs(after["lat"] - before["lat"]) * 60  # nautical miles
        assert north <= ship.speed * 1.01


def test_who_has_arrived_lies_in_that_port(vessey: Keyed) -> None:
    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    calls = pages(vessey, f"/v1/port-calls?imo={IMO}&{CALLS}", "/v1/port-calls")
    assert any(one["actual_arrival"] is None for one in calls)
    for call in calls:
        if call["actual_arrival"] is None:
            assert call["actual_departure"] is None
            continue
        arrived = datetime.fromisoformat(call["actual_arrival"])
        assert arrived <= now
        start = (arrived + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        end = (arrived + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
        track = vessey.get(
            f"/v1/vessels/{IMO}/track?start={start}&end={end}", operation="/v1/vessels/{imo}/track"
        ).json
        assert {one["nav_status"] for one in track["data"]} == {5}
