"""The scripts against the twin: shapes of the integration guide, bounded pages, stale positions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from f.connect.errors import FixInput
from f.connect.times import Clock
from f.vessels.check_compliance import main as check_compliance
from f.vessels.list_port_calls import main as list_port_calls
from f.vessels.search_vessels import main as search_vessels
from f.vessels.track_vessel import main as track_vessel
from f.vessels.vessey.vessey_client import VesseyClient
from tests.f.vessels.conftest import IMO, NOW, Vessey


class Still(Clock):
    """It is always noon of that day."""

    def now(self) -> float:
        return datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()


@pytest.fixture
def client(vessey: Vessey) -> Any:
    vessey.client.put_settings(now=NOW)
    with VesseyClient(vessey.resource, clock=Still()) as opened:
        yield opened


def test_a_vessel_has_the_guides_shape(client: VesseyClient) -> None:
    vessel: Any = client.get_vessel(f"IMO {IMO}")
    assert {"vessel_id", "name", "imo", "position", "status", "destination", "eta"} <= vessel.keys()
    assert {"lat", "lon", "heading", "speed", "timestamp"} <= vessel["position"].keys()
    assert vessel["position"]["timestamp"] == "2026-11-23T12:00:00+00:00"
    assert (vessel["name"], vessel["position"]["stale"]) == ("AURORA", False)


def test_a_record_has_the_guides_shape(client: VesseyClient) -> None:
    record: Any = client.check_compliance(IMO)
    assert {"compliant", "certificates", "inspections", "deficiencies", "last_updated"} <= record.keys()
    assert record["certificates"] and record["inspections"]  # noqa: PT018 - neither may be empty
    assert record["notes"] == []


def test_the_guides_methods_are_there(client: VesseyClient) -> None:
    assert client.get_vessel_compliance(IMO) == client.check_compliance(IMO)
    assert client.track_vessel(IMO) == client.get_vessel_position(IMO) == client.get_vessel(IMO)
    track = client.get_vessel_track(IMO, "2026-11-20", "2026-11-21")
    assert client.track_vessel(IMO, "2026-11-20", "2026-11-21") == track
    assert client.get_port_calls(IMO)["port_calls"]
    assert client.search_vessels(name="aurora")["vessels"][0] == client.get_vessel(IMO)


def test_every_gap_of_the_fleet_is_null_and_no_value_is_out_of_range(client: VesseyClient) -> None:
    vessels: list[Any] = client.search_vessels(max_vessels=500)["vessels"]
    assert len(vessels) == 40
    for vessel in vessels:
        position = vessel["position"]
        assert position["lat"] is None or -90 <= position["lat"] <= 90
        assert position["lon"] is None or -180 <= position["lon"] <= 180
        assert position["heading"] is None or 0 <= position["heading"] < 360
        assert position["speed"] is None or position["speed"] <= 102.2
        assert vessel["name"] == vessel["name"].rstrip("@ ")
    gaps = {
        name: sum(vessel[name] is None for vessel in vessels)
        for name in ("status", "destination", "eta", "draught", "gross_tonnage")
    }
    assert all(0 < count < 40 for count in gaps.values()), gaps
    for name in ("lat", "heading", "speed", "course", "rate_of_turn"):
        assert 0 < sum(vessel["position"][name] is None for vessel in vessels) < 40


def test_a_position_is_stale_by_the_threshold(vessey: Vessey) -> None:
    silent = next(
        vessel for vessel in search_vessels(vessey.resource)["vessels"]
        if vessel["position"] and vessel["position"]["stale"]
    )  # fmt: skip
    assert silent["position"] is not None
    assert silent["position"]["age_seconds"] == pytest.approx(2 * 86_400, abs=60)
    awake: Any = track_vessel(str(silent["imo"]), vessey.resource, stale_after_minutes=3 * 24 * 60)
    assert awake["position"]["stale"] is False
    fresh: Any = track_vessel(IMO, vessey.resource)
    assert fresh["position"]["stale"] is False


def test_a_track_is_whole_or_says_where_it_goes_on(client: VesseyClient) -> None:
    whole = client.get_vessel_track(IMO, "2026-11-01", "2026-11-20")
    assert (len(whole["positions"]), whole["more_from"]) == (20 * 48, None)  # the last day as a whole
    times = [one["timestamp"] for one in whole["positions"]]
    assert times == sorted(set(times), key=str)
    part = client.get_vessel_track(IMO, "2026-11-01", "2026-11-20", max_positions=450)
    assert part["positions"] == whole["positions"][:450]
    assert part["more_from"] == times[450]
    rest = client.get_vessel_track(IMO, str(part["more_from"]), "2026-11-20")
    assert part["positions"] + rest["positions"] == whole["positions"]


def test_a_track_that_fits_exactly_has_no_more(client: VesseyClient) -> None:
    assert client.get_vessel_track(IMO, "2026-11-01", "2026-11-20", max_positions=960)["more_from"] is None


def test_a_track_asks_for_no_more_pages_than_it_needs(vessey: Vessey) -> None:
    vessey.client.put_settings(now=NOW, requests_per_minute=3)
    with VesseyClient(vessey.resource, clock=Still()) as client:
        client.get_vessel_track(IMO, "2026-11-01", "2026-11-20", max_positions=450)  # of 960: 3 pages of 200


def test_port_calls_are_those_of_a_vessel_or_a_port(client: VesseyClient) -> None:
    mine = client.get_port_calls(IMO, "2026-10-01", "2026-12-31")["port_calls"]
    assert {call["imo"] for call in mine} == {IMO}
    assert [call["eta"] for call in mine] == sorted(str(call["eta"]) for call in mine)
    there = client.get_port_calls(port="nl rtm", from_="2026-10-01", to="2026-12-31")["port_calls"]
    assert {call["port"] for call in there} == {"NLRTM"}
    assert len({call["imo"] for call in there}) > 1
    some = client.get_port_calls(port="NLRTM", from_="2026-10-01", to="2026-12-31", max_calls=2)
    assert (some["port_calls"], some["more"]) == (there[:2], True)


def test_without_a_period_there_is_a_month_of_past_and_of_future(client: VesseyClient) -> None:
    calls = client.get_port_calls(port="NLRTM")["port_calls"]
    assert {call["actual_arrival"] is None for call in calls} == {True, False}


@pytest.mark.parametrize(
    ("filters", "holds"),
    [
        ({"flag": "no"}, lambda one: one["flag"] == "NO"),
        ({"type": "tanker"}, lambda one: one["type"] == "tanker"),
        ({"status": "moored"}, lambda one: one["status"] == "moored"),
        ({"destination": "sydney"}, lambda one: one["destination"] == "SYDNEY"),
        ({"min_speed": 15}, lambda one: one["position"]["speed"] and one["position"]["speed"] >= 15),
        ({"max_speed": 0}, lambda one: one["position"]["speed"] == 0),
        ({"max_gross_tonnage": 50_000}, lambda one: one["gross_tonnage"] and one["gross_tonnage"] <= 50_000),
        (
            {"min_lat": -60, "max_lat": 60, "min_lon": 100, "max_lon": -100},
            lambda one: one["position"]["lat"] is not None and -60 <= one["position"]["lat"] <= 60
            and not -100 < one["position"]["lon"] < 100,
        ),
    ],
)  # fmt: skip
def test_a_filter_finds_what_it_says(client: VesseyClient, filters: Any, holds: Any) -> None:
    everyone = client.search_vessels()["vessels"]
    found = client.search_vessels(**filters)["vessels"]
    assert found == [one for one in everyone if holds(one)] != []


def test_a_search_says_that_there_are_more(vessey: Vessey) -> None:
    found = search_vessels(vessey.resource, max_vessels=3)
    assert (len(found["vessels"]), found["more"]) == (3, True)
    assert search_vessels(vessey.resource, max_vessels=40)["more"] is False


def test_a_filter_that_there_is_not_is_named(client: VesseyClient) -> None:
    with pytest.raises(FixInput, match="There is no filter colour"):
        client.search_vessels(colour="red")


def test_the_scripts_return_what_the_methods_do(vessey: Vessey) -> None:
    assert check_compliance(IMO, vessey.resource)["imo"] == IMO
    assert list_port_calls(vessey.resource, imo=IMO)["port_calls"][0]["imo"] == IMO
    track: Any = track_vessel(IMO, vessey.resource, start="2026-11-01", end="2026-11-01")
    assert len(track["positions"]) == 48


def test_an_end_without_a_zone_is_utc_and_one_with_it_is_converted(client: VesseyClient) -> None:
    here = client.get_vessel_track(IMO, "2026-11-20T06:00:00", "2026-11-20T08:00:00")
    there = client.get_vessel_track(IMO, "2026-11-20T08:00:00+02:00", "2026-11-20T10:00:00+02:00")
    assert here == there
    assert here["start"] == "2026-11-20T06:00:00+00:00"
