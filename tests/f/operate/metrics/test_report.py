"""The report on calls: figures beside the week before, bounded tables, pictures, and a page that is safe."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from f.connect.errors import FixInput
from f.operate.metrics.counts import OTHER, read_counts
from f.operate.metrics.numbers import MetricsReport, period_of
from f.operate.metrics.page import page_of, rate_text
from f.operate.metrics.pictures import calls_by_day, latencies
from f.operate.metrics.report import display_of, report_of
from f.operate.report_metrics import main
from f.store.store import Store
from f.store.stores import sqlite_store
from tests.f.operate.metrics.seeding import NOW, count


def report(store: Store, since: str = "", until: str = "", most: int = 20) -> MetricsReport:
    period = period_of(since, until, NOW)
    days = period.now._replace(since=period.before.since)
    return report_of(read_counts([store], days, period.now, most), period)


def test_today_stands_beside_the_seven_days_before(any_store: Store) -> None:
    if any_store.in_memory:
        pytest.skip("what is in memory ends with its job")
    for ago in range(1, 8):
        count(any_store, calls=40, days_ago=ago)
    count(any_store, calls=100, days_ago=8)  # of no interest
    count(any_store, calls=24, retries=1, waited=0.5)
    count(any_store, calls=6, outcome="TryLater", seconds=3.0)
    found = report(any_store)
    (line,) = found["integrations"]
    assert (line["calls"], line["success_rate"], line["errors"]) == (30, 0.8, {"TryLater": 6})
    assert (line["retries"], line["waits"], line["waited_seconds"]) == (24, 24, 12.0)
    assert line["average"] == pytest.approx((24 * 100 + 6 * 3000) / 30)
    assert line["before"]["calls_a_day"] == 40.0
    assert line["before"]["success_rate"] == 1.0
    assert line["verdict"] == "fails more often, slower"
    assert [day["calls"] for day in found["days"]] == [*([40] * 7), 30]
    assert found["compared"] == ("2026-11-22", "2026-11-28")


def test_a_range_of_days_can_be_chosen(tmp_path: Path) -> None:
    with sqlite_store(tmp_path / "a.sqlite") as store:
        for ago in range(20):
            count(store, calls=10 + ago, days_ago=ago)
        found = report(store, "2026-11-16", "2026-11-18")
    assert found["integrations"][0]["calls"] == 21 + 22 + 23
    assert found["integrations"][0]["calls_a_day"] == 22.0
    assert found["compared"] == ("2026-11-09", "2026-11-15")
    assert len(found["days"]) == 10


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        ("yesterday", "", "since is 'yesterday'. Write a day like 2026-11-29."),
        ("2026-11-28", "2026-11-27", "since (2026-11-28) comes after until (2026-11-27). Swap them."),
        ("", "2027-01-01", "until (2027-01-01) is in the future; today is 2026-11-29 in UTC."),
        ("2026-01-01", "", "since is 2026-01-01; calls are kept by day for 35 days: from 2026-10-25 on."),
    ],
)
def test_days_that_cannot_be_reported_are_named(since: str, until: str, said: str) -> None:
    with pytest.raises(FixInput) as raised:
        period_of(since, until, NOW)
    assert str(raised.value) == said


def test_ten_thousand_endpoints_and_many_integrations_make_no_larger_report(tmp_path: Path) -> None:
    with sqlite_store(tmp_path / "a.sqlite") as store:
        rows = ", ".join(f"('2026-11-29', 'crm', '/x/{n}', 'timed', 1)" for n in range(10_000))
        count(store, "crm", "/busiest", calls=5)
        store.execute(f"INSERT INTO connect_metrics_day VALUES {rows}")
        for n in range(120):
            count(store, f"api{n:03}", "/x", calls=1 + (n < 3))
        found = report(store, most=10)
    assert len(found["endpoints"]) == 10
    assert found["endpoints"][0]["endpoint"] == "/busiest"
    assert found["endpoints_left_out"] == 10_121 - 10
    assert len(found["integrations"]) == 101
    assert next(line for line in found["integrations"] if line["integration"] == OTHER)["calls"] == 21
    assert len(page_of(found)) < 100_000
    assert latencies(found["integrations"]).count("<text") < 40


def test_what_other_people_named_cannot_become_part_of_the_page(tmp_path: Path) -> None:
    with sqlite_store(tmp_path / "a.sqlite") as store:
        count(store, "<script>alert(1)</script>", "/\"'><img src=x>", outcome="<b>")
        found = report(store)
    page = page_of(found)
    assert not re.search(r"<(script|img|b)\b", page)
    assert "default-src 'none'" in page
    for picture in (calls_by_day(found["days"], found["since"]), latencies(found["integrations"])):
        ET.fromstring(picture)  # an SVG that stands alone must be well-formed
        assert "prefers-color-scheme:dark" in picture


def test_a_failure_is_never_rounded_away() -> None:
    assert [rate_text(rate) for rate in (1.0, 0.9999, 0.5, 0.0, None)] == [
        "100.0%",
        ">99.9%",
        "50.0%",
        "0.0%",
        "",
    ]


def test_the_script_reads_every_file_of_the_machine_and_changes_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(as_data=True)["integrations"] == []
    folder = tmp_path / ".millwright"
    for purpose, integration in (("imports", "crm"), ("payments", "stripe")):
        with sqlite_store(folder / f"{purpose}.sqlite") as store:
            from f.connect.metrics import Metrics  # noqa: PLC0415 - on the real clock, as the script is

            metrics = Metrics(store)
            metrics.record(integration, "/x", "success", seconds=0.1)
            metrics.flush()
    with sqlite_store(folder / "files.sqlite") as store:
        store.execute("CREATE TABLE other (a TEXT)")
    (folder / "broken.sqlite").write_bytes(b"no database at all, but long enough to be looked at" * 40)
    before = sorted(path.name for path in folder.glob("*.sqlite"))
    found = main(as_data=True)
    assert [line["integration"] for line in found["integrations"]] == ["crm", "stripe"]
    assert len(found["problems"]) == 1
    assert "broken.sqlite" in found["problems"][0]
    shown = main()["render_all"]
    assert shown[0] == {"md": f"**{found['summary']}**"}
    assert [next(iter(item)) for item in shown[2:]] == [
        "svg",
        "table-row-object",
        "svg",
        "table-row-object",
        "file",
    ]
    assert "<h2>Calls by day</h2>" in shown[-1]["file"]["content"]
    assert sorted(path.name for path in folder.glob("*.sqlite")) == before


def test_a_store_that_is_read_for_reports_takes_no_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from f.connect.errors import ConnectError  # noqa: PLC0415 - only here
    from f.store.stores import open_every_store, open_store  # noqa: PLC0415 - only here

    monkeypatch.setenv("HOME", str(tmp_path))
    with open_store(None, "limits") as store:
        store.execute("CREATE TABLE kept (a TEXT)")
    with open_every_store(None) as stores, pytest.raises(ConnectError):
        stores["limits"].execute("INSERT INTO kept VALUES ('x')")


def test_the_display_shows_where_there_is_nothing() -> None:
    empty = MetricsReport(
        summary="No calls on 2026-11-29.", since="2026-11-29", until="2026-11-29",
        compared=("2026-11-22", "2026-11-28"), integrations=[], endpoints=[], endpoints_left_out=0, days=[],
        problems=[],
    )  # fmt: skip
    assert display_of(empty, {"s3": "x"}) == {
        "render_all": [{"md": "**No calls on 2026-11-29.**"}, {"s3": "x"}]
    }
    assert "Nothing was called" in page_of(empty)
