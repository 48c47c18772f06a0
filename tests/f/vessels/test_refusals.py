"""What cannot be asked is refused before anything is sent, and no answer is taken on trust."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from f.connect.errors import ConnectError, FixInput, FixSettings, SignInAgain, TryLater
from f.vessels.check_compliance import main as check_compliance
from f.vessels.list_port_calls import main as list_port_calls
from f.vessels.search_vessels import main as search_vessels
from f.vessels.track_vessel import main as track_vessel
from f.vessels.vessey.client import integration_of, rate_limit_of
from tests.f.vessels.conftest import IMO, NOW, Vessey
from tests.loopback import Reply, serve

NOWHERE: Any = {"api_key": "k", "base_url": "http://127.0.0.1:9/v1"}  # nothing listens on discard


def track(**changes: Any) -> Callable[[], object]:
    return lambda: track_vessel(**{"imo": IMO, "vessey": NOWHERE, **changes})


def calls(**changes: Any) -> Callable[[], object]:
    return lambda: list_port_calls(**{"vessey": NOWHERE, **changes})


def search(**changes: Any) -> Callable[[], object]:
    return lambda: search_vessels(**{"vessey": NOWHERE, **changes})


@pytest.mark.parametrize(
    ("call", "kind", "code", "said"),
    [
        (track(imo="9074728"), FixInput, "bad_imo", "check digit must be 9"),
        (track(imo=""), FixInput, "bad_imo", "No IMO number"),
        (track(start="2026-11-02", end="2026-10-01"), FixInput, "bad_period", "wrong way round"),
        (track(start="2026-01-01", end="2026-03-01"), FixInput, "period_too_long", "at most 31"),
        (track(start="2026-13-01"), FixInput, "bad_time", "is not a time"),
        (track(start="yesterday"), FixInput, "bad_time", "is not a time"),
        (track(start="0001-01-01T00:00:00+23:00", end="2026-01-01"), FixInput, "bad_time", "not a time"),
        (track(end="2026-01-01"), FixInput, "bad_period", "Give a start"),
        (track(start="2027-01-01T00:00:00Z", end="2026-11-01"), FixInput, "bad_period", "must be before"),
        (track(max_positions=0), FixInput, "bad_input", "from 1 to 10,000"),
        (track(stale_after_minutes=-1), FixInput, "bad_input", "from 0"),
        (track(vessey={}), FixSettings, "bad_settings", "no api_key"),
        (track(vessey={"api_key": "schlüssel\n"}), FixSettings, "bad_settings", "ASCII"),
        (track(vessey={**NOWHERE, "requests_per_minute": 0.5}), FixSettings, "bad_settings", "whole"),
        (track(vessey={"api_key": "k", "base_url": "http://a.example"}), FixSettings, "bad_settings", "http"),
        (calls(), FixInput, "no_vessels", "IMO number or a port"),
        (calls(port="ROTTERDAM"), FixInput, "bad_port", "UN/LOCODE"),
        (calls(imo=IMO, from_date="2024-01-01", to_date="2026-01-01"), FixInput, "period_too_long", "366"),
        (calls(imo=IMO, from_date="2026-02-01", to_date="2026-01-01"), FixInput, "bad_period", "from"),
        (search(flag="Norway"), FixInput, "bad_filter", "two letters"),
        (search(type="boat"), FixInput, "bad_filter", "must be one of"),
        (search(status="asleep"), FixInput, "bad_filter", "must be one of"),
        (search(min_lat=50, max_lat=40, min_lon=0, max_lon=1), FixInput, "bad_filter", "min_lat"),
        (search(min_lat=50), FixInput, "bad_filter", "max_lat, min_lon, max_lon is missing"),
        (search(min_lat=-91, max_lat=40, min_lon=0, max_lon=1), FixInput, "bad_filter", "-90 to 90"),
        (search(min_speed=20, max_speed=10), FixInput, "bad_filter", "min_speed"),
        (search(min_speed=float("nan")), FixInput, "bad_filter", "min_speed"),
        (search(name="x" * 81), FixInput, "bad_filter", "longer than 80"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_before_it_is_sent(
    call: Callable[[], object], kind: type[ConnectError], code: str, said: str
) -> None:
    with pytest.raises(kind, match=said) as caught:
        call()
    assert (caught.value.code, caught.value.attempts) == (code, 0)


@pytest.mark.parametrize(
    ("imo", "key", "kind", "code"),
    [
        ("9999993", "vk", FixInput, "vessey_vessel_not_found"),
        (IMO, "restricted", SignInAgain, "vessey_forbidden"),
    ],
)
@pytest.mark.parametrize("script", [track_vessel, check_compliance], ids=["track", "compliance"])
def test_a_refusal_of_vessey(
    vessey: Vessey, script: Any, imo: str, key: str, kind: type[ConnectError], code: str
) -> None:
    with pytest.raises(kind) as caught:
        script(imo, vessey.with_key(key))
    assert caught.value.code == code
    assert caught.value.call is not None


def test_a_wrong_key_is_said_and_not_sent_again(vessey: Vessey) -> None:
    for attempts in (1, 0):
        with pytest.raises(SignInAgain) as caught:
            track_vessel(IMO, vessey.with_key("wrong"))
        assert caught.value.attempts == attempts
        assert "wrong" not in f"{caught.value} {vars(caught.value)}"


def test_port_calls_of_an_unknown_vessel_are_an_error_and_not_an_empty_list(vessey: Vessey) -> None:
    with pytest.raises(FixInput, match="knows no vessel"):
        list_port_calls(vessey.resource, imo="9999993")


@pytest.mark.parametrize("script", [track_vessel, check_compliance], ids=["track", "compliance"])
def test_another_vessel_than_was_asked_for_is_not_passed_on(vessey: Vessey, script: Any) -> None:
    vessey.fail_next("*", "other_vessel")
    with pytest.raises(TryLater, match=f"asked about IMO {IMO}") as caught:
        script(IMO, vessey.resource)
    assert caught.value.code == "wrong_vessel"


def test_a_port_call_of_another_vessel_is_not_passed_on(vessey: Vessey) -> None:
    call = {"port_call_id": "1", "imo": 9076038, "port": {"locode": "NLRTM"}}
    vessey.answer_next("list_port_calls", {"data": [call], "next_cursor": None})
    with pytest.raises(TryLater, match="another vessel"):
        list_port_calls(vessey.resource, imo=IMO)


@pytest.mark.parametrize(
    "ask",
    [
        lambda vessey: list_port_calls(vessey.resource, port="NLRTM"),
        lambda vessey: search_vessels(vessey.resource, flag="NL"),
        lambda vessey: search_vessels(vessey.resource, type="tanker"),
    ],
    ids=["port", "flag", "type"],
)
def test_a_list_for_which_a_filter_was_left_out_is_not_passed_on(
    vessey: Vessey, ask: Callable[[Vessey], Any]
) -> None:
    other = {"imo": int(IMO), "vessel_id": "v", "flag": "SG", "type": "cargo", "port": {"locode": "SGSIN"}}
    vessey.answer_next("*", {"data": [other], "next_cursor": None})
    with pytest.raises(TryLater, match="and listed others as well") as caught:
        ask(vessey)
    assert caught.value.code == "filter_ignored"


@pytest.mark.parametrize(
    "resource", ["$res:f/x/y", ["vk"], {"api_key": "vk", "base_url": 5}], ids=["text", "list", "address"]
)
def test_a_resource_that_is_no_account_is_refused_in_a_sentence(resource: Any) -> None:
    with pytest.raises(FixSettings, match=r"is not an object with an api_key|base_url is not a text"):
        track_vessel(IMO, resource)


def test_a_page_that_leads_back_to_itself_ends_the_walk(vessey: Vessey) -> None:
    vessey.fail_next("search_vessels", "same_cursor", times=50)
    with pytest.raises(FixSettings, match="repeats its page token") as caught:
        search_vessels(vessey.resource)
    assert caught.value.code == "pages_repeat"


LIES: list[Any] = [
    b"<html>Welcome</html>", b"", b"null", b"[]", b"3", b'"x"', b"{}", b"[" * 3000, b'{"data": 3}',
    b'{"data": [3], "next_cursor": null}', b'{"data": [], "next_cursor": 5}', b'{"vessel_id": "v"}',
    b'{"vessel_id": "v", "imo": true}', b'{"compliant": true}', b"\xff\xfe",
]  # fmt: skip


@pytest.mark.parametrize("body", LIES, ids=range(len(LIES)))
@pytest.mark.parametrize(
    "call",
    [
        lambda account: track_vessel(IMO, account),
        lambda account: track_vessel(IMO, account, start="2026-11-01", end="2026-11-02"),
        lambda account: check_compliance(IMO, account),
        lambda account: list_port_calls(account, imo=IMO),
        search_vessels,
    ],
    ids=["vessel", "track", "compliance", "port_calls", "search"],
)
def test_what_is_no_answer_is_not_taken_for_one(call: Callable[[Any], Any], body: bytes) -> None:
    with serve(lambda _: Reply(200, body, {"Content-Type": "application/json"})) as server:
        account = {"api_key": "k", "base_url": f"{server.url}/v1"}
        with pytest.raises(TryLater, match="Vessey"):
            call(account)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (404, b"<html>nothing here</html>", FixSettings),
        (404, {"error": {"code": "not_found", "message": "No."}}, FixSettings),
        (404, {"error": "vessel_not_found"}, FixSettings),
        (400, {"error": {"code": "invalid_parameter", "message": "limit must be less."}}, FixInput),
        (418, {"error": {"code": ["x"], "message": {}}}, FixInput),
        (403, b"", SignInAgain),
        (401, b"", SignInAgain),
    ],
)
def test_an_error_is_read_whoever_it_is_from(status: int, body: Any, kind: type[ConnectError]) -> None:
    with serve(lambda _: Reply(status, body)) as server, pytest.raises(kind):
        track_vessel(IMO, {"api_key": "k", "base_url": f"{server.url}/v1"})


WRONG: list[Any] = [None, True, 3, -1, 1.5, "x", "", [], {}, [3], {"a": 1}, 10**30]


@pytest.mark.parametrize("wrong", WRONG, ids=range(len(WRONG)))
def test_a_field_of_another_type_is_left_out_and_the_rest_passes(vessey: Vessey, wrong: Any) -> None:
    good = vessey.client.send("GET", f"/v1/vessels/{IMO}", headers={"X-API-Key": "k"}).json
    bodies = [{**good, name: wrong} for name in good if name not in {"vessel_id", "imo"}]
    bodies += [{**good, "position": {**good["position"], name: wrong}} for name in good["position"]]
    bodies += [{**good, "voyage": {**good["voyage"], name: wrong}} for name in good["voyage"]]
    with serve(lambda asked: Reply(200, bodies[len(server.asked) - 1])) as server:
        account: Any = {"api_key": "k", "base_url": server.url, "requests_per_minute": 100_000}
        for _ in bodies:
            vessel = track_vessel(IMO, account)
            assert vessel["imo"] == IMO
            json.dumps(vessel, allow_nan=False)


@pytest.mark.parametrize("wrong", WRONG, ids=range(len(WRONG)))
def test_a_record_with_a_field_of_another_type_passes_without_it(vessey: Vessey, wrong: Any) -> None:
    good = vessey.client.send("GET", f"/v1/vessels/{IMO}/compliance", headers={"X-API-Key": "k"}).json
    bodies = [{**good, name: wrong} for name in good if name != "imo"]
    for name in ("certificates", "inspections", "deficiencies"):
        bodies += [{**good, name: [{field: wrong}]} for field in ("number", "status", "date", "opened_on")]
    with serve(lambda asked: Reply(200, bodies[len(server.asked) - 1])) as server:
        account: Any = {"api_key": "k", "base_url": server.url, "requests_per_minute": 100_000}
        for body in bodies:
            record = check_compliance(IMO, account)
            json.dumps(record, allow_nan=False)
            assert record["compliant"] is None or record["compliant"] is body["compliant"]


def test_an_impossible_position_is_left_out_and_said(vessey: Vessey) -> None:
    vessey.fail_next("get_vessel", "impossible_position")
    vessel: Any = track_vessel(IMO, vessey.resource)
    assert (vessel["position"]["lat"], vessel["position"]["lon"]) == (None, None)
    assert (vessel["position"]["speed"], vessel["status"]) == (None, None)
    assert vessel["notes"] == [
        "lat 95 lies outside -90 to 90 and was left out.",
        "sog is not a number and was left out.",
        "nav_status 17 is not a status and was left out.",
    ]


def test_a_service_that_is_down_is_tried_again(vessey: Vessey) -> None:
    vessey.fail_next("get_vessel", "throttle_429")
    assert track_vessel(IMO, vessey.resource)["imo"] == IMO


def test_a_time_is_utc_or_left_out(vessey: Vessey) -> None:
    vessey.client.put_settings(now=NOW)
    good = vessey.client.send("GET", f"/v1/vessels/{IMO}", headers={"X-API-Key": "k"}).json
    for text, expected, said in (
        ("2026-11-23T12:00:00+02:00", "2026-11-23T10:00:00+00:00", ""),
        ("2026-11-23T12:00:00", None, "not a time with its offset"),
        ("2099-01-01T00:00:00Z", None, "lies in the future"),
    ):
        body = {**good, "position": {**good["position"], "received_at": text}}
        vessey.answer_next("get_vessel", body)
        vessel: Any = track_vessel(IMO, vessey.resource)
        assert vessel["position"]["timestamp"] == expected
        assert said in " ".join(vessel["notes"])
        assert vessel["position"]["stale"] is True  # days old, or nobody knows


@pytest.mark.parametrize("per_minute", [1, 5, 10, 99, 100, 1000])
def test_no_minute_has_more_than_the_limit(per_minute: int) -> None:
    limit = rate_limit_of(per_minute)
    assert limit.max_requests + limit.burst <= max(per_minute, 2)


def test_the_limit_is_100_a_minute_unless_told() -> None:
    limit = integration_of({"api_key": "k"}).rate_limit
    assert limit is not None
    assert limit.max_requests + limit.burst == 100


def test_a_key_goes_in_the_header_alone() -> None:
    with serve(lambda _: Reply(401)) as server, pytest.raises(SignInAgain):
        track_vessel(IMO, {"api_key": "vk_secret_key", "base_url": server.url})
    (asked,) = server.asked
    assert asked.headers["X-API-Key"] == "vk_secret_key"
    assert "vk_secret_key" not in asked.path
