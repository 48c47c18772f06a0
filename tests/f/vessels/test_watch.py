"""A watch tells of each arrival and each issue once, from its second look on, whatever ends a run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from f.connect.errors import FixInput, SignInAgain, TryLater
from f.store.store import Store
from f.vessels.find_vessel_events import main as find
from f.vessels.mark_vessel_event import main as mark
from f.vessels.report_vessel_watch import main as report
from f.vessels.vessey.records import Compliance
from f.vessels.watching import looking
from f.vessels.watching.events import arrivals_in, issues_in
from f.vessels.watching.memory import MOST_ATTEMPTS
from f.vessels.watching.outcome import failure_in
from tests.f.vessels.conftest import IMO, Vessey

OTHER = "9076038"
TOLD = {"channels": {"ops": {"status": "sent"}}}
FAILED = {"channels": {"ops": {"status": "failed", "detail": "Slack is down."}}}


def hours_ago(hours: float) -> str:
    return (datetime.now(UTC) - timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%SZ")


def arrive(vessey: Vessey, *arrivals: tuple[str, str, float], findings: tuple[str, ...] = ()) -> None:
    """Let these vessels have arrived at these ports so many hours ago, and IMO have these deficiencies."""
    vessey.client.put_settings(
        arrivals=[{"imo": imo, "port": port, "at": hours_ago(hours)} for imo, port, hours in arrivals],
        findings=[{"imo": IMO, "id": one, "description": f"{one} is broken"} for one in findings],
    )


def age(store: Store, hours: float = 13) -> None:
    """Let what was seen have been seen so many hours before."""
    store.execute("UPDATE vessel_event SET seen_at = seen_at - :by", {"by": hours * 3600})


def keys(found: Any) -> list[str]:
    return [event["key"] for event in found["events"]]


def test_the_first_look_tells_nothing_and_the_second_what_is_new(vessey: Vessey) -> None:
    first = find([IMO, f"IMO {IMO}", OTHER], vessey.resource)
    assert (first["events"], first["baseline"]) == ([], [IMO, OTHER])
    assert find([IMO, OTHER], vessey.resource)["events"] == []
    arrive(vessey, (IMO, "SGSIN", 1), findings=("lifeboat",))
    found = find([IMO, OTHER], vessey.resource)
    assert keys(found) == [
        f"arrival:{IMO}:pc_{IMO}_own_0",
        f"deficiency:{IMO}:lifeboat:{datetime.now(UTC):%Y-%m-%d}",
    ]
    arrival, issue = found["events"]
    assert arrival["event"] == "vessel_arrival"
    assert list(arrival["data"]) == ["vessel_name", "imo", "port", "eta", "actual_arrival"]
    assert (arrival["data"]["vessel_name"], arrival["data"]["port"]) == ("AURORA", "Singapore (SGSIN)")
    assert issue["event"] == "compliance_issue"
    assert list(issue["data"]) == ["vessel_name", "issue_description"]
    assert "lifeboat is broken (code 99999, major)" in issue["data"]["issue_description"]


def test_what_was_there_at_the_first_look_is_never_told(vessey: Vessey) -> None:
    arrive(vessey, (IMO, "SGSIN", 1), findings=("lifeboat",))
    assert find([IMO], vessey.resource)["events"] == []
    assert find([IMO], vessey.resource)["events"] == []
    assert find([IMO], vessey.resource, notify_first=True)["events"] == []


def test_an_event_is_found_until_it_is_told_and_never_after(vessey: Vessey) -> None:
    find([IMO], vessey.resource)
    arrive(vessey, (IMO, "SGSIN", 1))
    (event,) = find([IMO], vessey.resource)["events"]
    assert find([IMO], vessey.resource)["events"] == [event]  # as after a run that was killed
    assert mark(dict(event), TOLD)["status"] == "notified"
    assert find([IMO], vessey.resource)["events"] == []
    assert mark(dict(event), TOLD)["status"] == "notified"
    assert find([IMO], vessey.resource, watch="another")["baseline"] == [IMO]


def test_what_reached_no_channel_is_told_later_and_at_last_given_up(vessey: Vessey) -> None:
    find([IMO], vessey.resource)
    arrive(vessey, (IMO, "SGSIN", 1))
    for attempt in range(1, MOST_ATTEMPTS + 1):
        (event,) = find([IMO], vessey.resource)["events"]
        marked = mark(dict(event), FAILED)
        assert marked["status"] == ("given_up" if attempt == MOST_ATTEMPTS else "pending")
        assert marked["detail"] == "ops: Slack is down."
    assert find([IMO], vessey.resource)["events"] == []


@pytest.mark.parametrize(
    ("notification", "failure"),
    [
        (TOLD, ""),
        ({"channels": {}}, ""),
        ({"channels": {"a": {"status": "duplicate"}, "b": {"status": "digest"}}}, ""),
        ({"channels": {"a": {"status": "unknown", "detail": "x"}}}, ""),
        ({"channels": {"a": {"status": "sent"}, "b": {"status": "failed", "detail": "No."}}}, "b: No."),
        ({"error": {"name": "TryLater", "message": "The job failed."}}, "The job failed."),
        ({"error": {}}, "The notification failed."),
        (None, "The notification did not run."),
        ({"x": 1}, "The notification returned no channels."),
    ],
)
def test_what_a_notification_was_decides_whether_it_is_repeated(notification: Any, failure: str) -> None:
    assert failure_in(notification) == failure


def test_a_first_look_may_tell_what_is_there(vessey: Vessey) -> None:
    arrive(vessey, (IMO, "SGSIN", 1))
    found = find([IMO], vessey.resource, notify_first=True)
    assert f"arrival:{IMO}:pc_{IMO}_own_0" in keys(found)
    assert found["baseline"] == []


def test_a_longer_past_tells_no_old_arrivals(vessey: Vessey) -> None:
    find([IMO], vessey.resource, lookback_days=1)
    assert find([IMO], vessey.resource, lookback_days=300)["events"] == []


def test_after_a_pause_it_looks_back_to_the_last_look(vessey: Vessey, store: Store) -> None:
    find([IMO], vessey.resource, lookback_days=1)
    store.execute(
        "UPDATE vessel_watch SET since = since - :by, looked_at = looked_at - :by", {"by": 40 * 86_400}
    )
    arrive(vessey, (IMO, "SGSIN", 30 * 24))
    assert f"arrival:{IMO}:pc_{IMO}_own_0" in keys(find([IMO], vessey.resource, lookback_days=1))


def test_a_vessel_that_fails_stops_no_other_and_is_reported(vessey: Vessey) -> None:
    found = find(["9074728", "9999993", IMO], vessey.resource)
    assert found["looked_at"] == [IMO]
    assert [(one["imo"], one["code"]) for one in found["failures"]] == [
        ("9074728", "bad_imo"),
        ("9999993", "vessey_vessel_not_found"),
    ]
    told: Any = report(dict(found), [])
    assert "IMO 9074728: 9074728 is not an IMO number" in told["wm_failure"]
    assert (told["vessels"], len(told["failures"])) == (1, 2)


def test_a_vessel_that_fails_once_is_looked_at_again(vessey: Vessey) -> None:
    vessey.answer_next("get_compliance", {"x": 1})
    assert find([IMO, OTHER], vessey.resource)["failures"][0]["imo"] == IMO
    assert find([IMO, OTHER], vessey.resource)["baseline"] == [IMO]


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda vessey: find([], vessey.resource), FixInput),
        (lambda vessey: find(["", " "], vessey.resource), FixInput),
        (lambda vessey: find([IMO] * 501, vessey.resource), FixInput),
        (lambda vessey: find(["9074728"], vessey.resource), FixInput),
        (lambda vessey: find([IMO], vessey.resource, lookback_days=0), FixInput),
        (lambda vessey: find([IMO, OTHER], vessey.with_key("wrong")), SignInAgain),
    ],
    ids=["none", "blank", "too many", "only a wrong one", "no past", "wrong key"],
)
def test_what_concerns_all_vessels_fails_the_run(
    vessey: Vessey, call: Callable[[Vessey], Any], kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        call(vessey)


def test_when_no_vessel_can_be_looked_at_the_run_fails(vessey: Vessey) -> None:
    vessey.answer_next("*", {"x": 1}, times=9)
    with pytest.raises(TryLater):
        find([IMO, OTHER], vessey.resource)


def record(**changes: Any) -> Compliance:
    whole: Any = {
        "imo": IMO, "compliant": False, "certificates": [], "inspections": [], "deficiencies": [],
        "last_updated": None, "notes": [], **changes,
    }  # fmt: skip
    result: Compliance = whole
    return result


def test_a_certificate_that_is_not_valid_is_an_issue() -> None:
    certificates = [
        {"type": "Load Line", "number": "C1", "status": "expired", "expires_on": "2026-11-01"},
        {"type": "Safety", "number": "C2", "status": "suspended", "expires_on": None},
        {"type": "Oil", "number": "C3", "status": "valid", "expires_on": None},
    ]
    said = [
        one["data"]["issue_description"] for one in issues_in("AURORA", record(certificates=certificates))
    ]
    assert said == [
        f"The certificate Load Line C1 has expired on 2026-11-01. IMO {IMO}.",
        f"The certificate Safety C2 is suspended. IMO {IMO}.",
    ]


def test_a_vessel_that_does_not_comply_without_a_reason_is_one_issue() -> None:
    assert [one["key"] for one in issues_in("AURORA", record())] == [f"not_compliant:{IMO}"]
    assert list(issues_in("AURORA", record(compliant=True))) == []
    assert list(issues_in("AURORA", record(compliant=None))) == []


def test_that_it_does_not_comply_is_told_again_if_it_did_meanwhile(vessey: Vessey, store: Store) -> None:
    def look(*, compliant: bool) -> list[str]:
        body = {"imo": int(IMO), "compliant": compliant, "certificates": [], "inspections": [],
                "deficiencies": [], "last_updated": hours_ago(0)}  # fmt: skip
        vessey.answer_next("get_compliance", body)
        found = find([IMO], vessey.resource)
        for event in found["events"]:
            mark(dict(event), TOLD)
        age(store)
        return keys(found)

    turns = [look(compliant=one) for one in (True, False, False, True, False)]
    assert turns == [[], [f"not_compliant:{IMO}"], [], [], [f"not_compliant:{IMO}"]]


def test_a_rectified_deficiency_is_no_issue_and_one_without_facts_is() -> None:
    blank = dict.fromkeys(("code", "description", "severity", "status", "opened_on"))
    deficiencies = [{"deficiency_id": "d1", **blank, "status": "rectified"}, {"deficiency_id": "d2", **blank}]
    (issue,) = issues_in("AURORA", record(deficiencies=deficiencies))
    assert issue["key"] == f"deficiency:{IMO}:d2:"
    assert issue["data"]["issue_description"] == f"A deficiency without a description. IMO {IMO}."


def test_an_expected_call_is_no_arrival() -> None:
    call: Any = {
        "port_call_id": "1", "imo": IMO, "vessel_name": None, "port": "NLRTM", "port_name": None,
        "eta": None, "actual_arrival": None, "actual_departure": None, "berth": None,
    }  # fmt: skip
    assert list(arrivals_in("AURORA", IMO, [call])) == []
    call["actual_arrival"] = "2026-11-23T06:16:38+00:00"
    (event,) = arrivals_in("AURORA", IMO, [call])
    assert event["data"] == {
        "vessel_name": "AURORA", "imo": IMO, "port": "NLRTM", "eta": "not known",
        "actual_arrival": "2026-11-23 06:16 UTC",
    }  # fmt: skip


def test_a_report_counts_what_was_told_and_fails_if_something_was_not() -> None:
    found = {"looked_at": [IMO], "baseline": [], "failures": [], "waiting": 0}
    good = {"key": "a", "event": "vessel_arrival", "status": "notified", "detail": ""}
    bad = {"key": "b", "event": "vessel_arrival", "status": "pending", "detail": "ops: No."}
    assert "wm_failure" not in report(found, [good])
    assert report(found, [good])["events"] == {"vessel_arrival": 1}
    assert report(found, [good, bad])["wm_failure"] == "b was not told: ops: No."
    assert "1 events" in report(found, [good, {"error": {"message": "x"}}])["wm_failure"]


def test_a_ferry_with_more_calls_than_a_list_has_is_told_of_its_newest(vessey: Vessey) -> None:
    find([IMO], vessey.resource)
    arrive(vessey, *[(IMO, "SGSIN", 700 - hour) for hour in range(510)], (IMO, "NLRTM", 1))
    assert f"arrival:{IMO}:pc_{IMO}_own_510" in keys(find([IMO], vessey.resource))


def test_of_more_calls_than_are_looked_at_the_run_says_so(
    vessey: Vessey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "_MOST_CALLS", 2)
    arrive(vessey, *[(IMO, "SGSIN", hour) for hour in range(1, 5)])
    with pytest.raises(FixInput, match="its newest were not seen"):
        find([IMO], vessey.resource)


def test_an_arrival_that_lies_ahead_is_told_once_it_has_come(vessey: Vessey) -> None:
    find([IMO], vessey.resource)
    call = {"port_call_id": "pc_1", "imo": int(IMO), "port": {"locode": "NLRTM"}}
    ahead = {"data": [{**call, "actual_arrival": hours_ago(-2)}], "next_cursor": None}
    vessey.answer_next("list_port_calls", ahead)
    assert keys(find([IMO], vessey.resource)) == []
    come = {"data": [{**call, "actual_arrival": hours_ago(0)}], "next_cursor": None}
    vessey.answer_next("list_port_calls", come)
    assert keys(find([IMO], vessey.resource)) == [f"arrival:{IMO}:pc_1"]


def test_an_issue_that_comes_back_is_another_to_the_channels_and_so_is_each_watchs(
    vessey: Vessey, store: Store
) -> None:
    arrive(vessey, findings=("lifeboat",))

    def dedupe_keys(watch: str) -> set[str]:
        found = find([IMO], vessey.resource, watch=watch, notify_first=True)["events"]
        for event in found:
            mark(dict(event), TOLD, watch=watch)
        return {event["dedupe_key"] for event in found if "lifeboat" in event["key"]}

    first, other = dedupe_keys("a"), dedupe_keys("b")
    arrive(vessey)
    age(store)
    assert dedupe_keys("a") == set()
    arrive(vessey, findings=("lifeboat",))
    again = dedupe_keys("a")
    assert [len(one) for one in (first, other, again, first | other | again)] == [1, 1, 1, 3]


def test_an_issue_that_comes_and_goes_is_told_once(vessey: Vessey) -> None:
    find([IMO], vessey.resource)
    told = []
    for findings in (("lifeboat",), (), ("lifeboat",)):
        arrive(vessey, findings=findings)
        found = find([IMO], vessey.resource)
        told += keys(found)
        for event in found["events"]:
            mark(dict(event), TOLD)
    assert len(told) == 1


def test_a_garbled_record_ends_no_issue(vessey: Vessey, store: Store) -> None:
    find([IMO], vessey.resource)
    arrive(vessey, findings=("lifeboat",))
    (event,) = find([IMO], vessey.resource)["events"]
    mark(dict(event), TOLD)
    age(store)
    body = {"imo": int(IMO), "compliant": False, "certificates": None, "deficiencies": "x"}
    vessey.answer_next("get_compliance", body)
    find([IMO], vessey.resource)
    assert event["key"] not in keys(find([IMO], vessey.resource))


def test_a_certificate_of_the_same_number_that_runs_out_again_is_another_event() -> None:
    def key(day: str) -> str:
        certificate = {"type": "Load Line", "number": "C1", "status": "expired", "expires_on": day}
        (event,) = issues_in("AURORA", record(certificates=[certificate]))
        return event["key"]

    assert key("2026-11-01") != key("2027-04-01")


@pytest.mark.parametrize(
    ("channels", "status"),
    [
        ({}, "no_channel"),
        ({"a": {"status": "suppressed"}}, "no_channel"),
        ({"a": {"status": "suppressed"}, "b": {"status": "digest"}}, "notified"),
    ],
    ids=["no route", "opted out", "digest"],
)
def test_what_nobody_was_told_of_is_not_counted_as_told(
    vessey: Vessey, channels: dict[str, Any], status: str
) -> None:
    find([IMO], vessey.resource)
    arrive(vessey, (IMO, "SGSIN", 1))
    found = find([IMO], vessey.resource)
    marked = mark(dict(found["events"][0]), {"channels": channels})
    assert marked["status"] == status
    told: Any = report(dict(found), [dict(marked)])
    assert (told["notified"], told["no_channel"]) == ((1, 0) if status == "notified" else (0, 1))
    assert "wm_failure" not in told
    assert find([IMO], vessey.resource)["events"] == []


def test_an_event_without_a_key_is_not_marked(vessey: Vessey) -> None:
    with pytest.raises(FixInput, match="The event has no key"):
        mark({}, TOLD)
