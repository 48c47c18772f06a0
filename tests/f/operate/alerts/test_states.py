"""When people are told: once when it begins, a reminder, once when it is over; what flaps is one thing."""

from __future__ import annotations

import json
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from f.operate.alerts.findings import Finding
from f.operate.alerts.states import Alert, Patience, after_telling, from_json, step, to_json

PATIENCE = Patience(remind_seconds=3600, settle_seconds=600)
MINUTE = 60.0


def finding(bad: bool | None, kind: str = "failing", key: str = "failing crm") -> Finding:
    return Finding(kind=kind, key=key, subject="crm", message="It fails.", bad=bad)  # type: ignore[arg-type]  # a word of Kind


def told(looks: Sequence[bool | None], minutes: float = 1.0) -> list[tuple[int, str]]:
    """Return at which look what was told."""
    alerts: dict[str, Alert] = {}
    said: list[tuple[int, str]] = []
    for at, bad in enumerate(looks):
        now = 1000.0 + at * minutes * MINUTE
        stepped = step(alerts, [finding(bad)], now, PATIENCE)
        for news in stepped.news:
            after_telling(stepped.alerts, news, now)
            said.append((at, news.news))
        alerts = stepped.alerts
    return said


def test_it_is_told_when_it_begins_and_when_it_has_been_good_for_a_while() -> None:
    assert told([False, True, True, True] + [False] * 15) == [(1, "began"), (14, "over")]


def test_while_it_lasts_there_is_a_reminder_each_hour() -> None:
    assert told([True] * 130) == [(0, "began"), (60, "reminder"), (120, "reminder")]


def test_what_flaps_is_told_once() -> None:
    assert told([True, False] * 25) == [(0, "began")]


def test_what_says_nothing_changes_nothing() -> None:
    assert told([True, None, None, False, None, False] + [None] * 8) == [(0, "began")]
    assert told([None] * 5) == []


@given(looks=st.lists(st.sampled_from([True, False, None]), max_size=200))
def test_whatever_comes_messages_are_few_and_in_their_order(looks: list[bool | None]) -> None:
    said = told(looks)
    began_and_over = [news for _, news in said if news != "reminder"]
    assert began_and_over == (["began", "over"] * 200)[: len(began_and_over)]
    # Between two beginnings lies the time in which it was good, and between reminders an hour.
    assert len(said) <= 1 + len(looks) / 10 * 2 + len(looks) / 60
    overs = [at for at, news in said if news == "over"]
    for at in overs:
        assert True not in looks[at - 10 : at + 1]


def test_what_nobody_could_be_told_is_told_at_the_next_look_and_its_end_is_not() -> None:
    first = step({}, [finding(True)], 0.0, PATIENCE)
    second = step(first.alerts, [finding(True)], 60.0, PATIENCE)
    assert [news.news for news in second.news] == ["began"]
    good = step(second.alerts, [finding(False)], 120.0, PATIENCE)
    over = step(good.alerts, [finding(False)], 1000.0, PATIENCE)
    assert (over.alerts, over.news) == ({}, [])


def test_what_is_not_among_all_open_circuits_is_over_but_not_if_a_store_could_not_be_read() -> None:
    alerts = step({}, [finding(True, "circuit", "circuit x")], 0.0, PATIENCE).alerts
    after_telling(alerts, step({}, [finding(True, "circuit", "circuit x")], 0.0, PATIENCE).news[0], 1.0)
    blind = step(alerts, [], 60.0, PATIENCE, is_complete=False)
    assert blind.alerts["circuit x"].good_since == 0.0
    seen = step(alerts, [], 60.0, PATIENCE)
    assert [news.news for news in step(seen.alerts, [], 700.0, PATIENCE).news] == ["over"]


def test_what_nobody_calls_any_more_is_dropped_after_a_week() -> None:
    alerts = step({}, [finding(True)], 1.0, PATIENCE).alerts
    assert step(alerts, [], 6 * 86_400.0, PATIENCE).alerts
    assert step(alerts, [], 8 * 86_400.0, PATIENCE) == ({}, [])


def test_an_alert_is_kept_as_json_and_that_of_another_version_is_left_out() -> None:
    alert = step({}, [finding(True)], 1.0, PATIENCE).alerts["failing crm"]
    assert from_json(json.loads(json.dumps(to_json(alert)))) == alert
    assert from_json({"kind": "failing"}) is None
