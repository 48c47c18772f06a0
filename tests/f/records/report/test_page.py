"""The report page and its chart: what a reader is told, and that nothing in them can be misread or run."""

import base64
import itertools
import math
import re
from html.parser import HTMLParser
from typing import Any, cast
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f.records.planning.plan import WOULD
from f.records.report.chart import outcome_bar, percent, widths
from f.records.report.count_table import count_table
from f.records.report.evidence import Evidence, Shown
from f.records.report.next_steps import COMMAND
from f.records.report.page import render_page
from f.records.report.palette import GROUND, PALETTE
from f.records.report.summary import ImportSummary
from f.records.rows.outcome import MEANING, OUTCOMES

SVG = "{http://www.w3.org/2000/svg}"
VOID = {"meta"}


def counts_of(**outcomes: int) -> dict[str, int]:
    return {"rows": sum(outcomes.values()), **dict.fromkeys(OUTCOMES, 0), **outcomes}


def summary_of(**changes: Any) -> ImportSummary:
    summary: ImportSummary = {
        "import_id": "20240502-100000-9c1f22ab",
        "source": "uploaded file",
        "target": "hubspot at api.example.com",
        "dry_run": False,
        "started_at": "2024-05-02T10:00:00+00:00",
        "seconds": 94.0,
        "counts": counts_of(
            created=431, updated=38, unchanged=16, duplicate=12, invalid=14, rejected=3, failed=6
        ),
        "reasons": [
            {
                "outcome": "invalid",
                "code": "invalid_email",
                "message": "The e-mail address cannot exist.",
                "hint": "Correct the address.",
                "rows": 14,
                "examples": [
                    {"line": 1012, "column": "E-Mail", "value": "bo… (9 characters)"},
                    {"line": 1044, "column": None, "value": ""},
                ],
            },
            {
                "outcome": "warning",
                "code": "unparsable_phone",
                "message": "The phone number could not be read.",
                "hint": "Write it with its country code.",
                "rows": 1,
                "examples": [],
            },
        ],
        "timings": {
            "parse_seconds": 0.21,
            "create_seconds": 92.7,
            "requests": 61,
            "retries": 4,
            "latency_ms": {"p50": 182.0, "p95": 640.4, "p99": 1210.0, "max": 2303.0},
        },
        "table": {"encoding": "cp1252", "delimiter": ";", "newline": "\r\n", "has_header": "True"},
        "mapping": {"E-Mail": "email", "Kostenstelle": "custom: kostenstelle"},
        "guarantee": "Exactly once: every row carries an idempotency key.",
        "plan": None,
        "stopped": None,
        "rejects": {"filename": "rejects.csv", "rows": 23, "s3": "imports/1/rejects.csv"},
        "report": None,
        "forecast": None,
        "continues": None,
        "rest": None,
        "certificate": None,
    }
    return cast("ImportSummary", {**summary, **changes})


REST = {
    "rows": 200,
    "resume_at": "2024-05-03T00:00:00+00:00",
    "job": "job-7",
    "file": {"filename": "rest.csv", "rows": 200, "s3": "imports/1/rest.csv"},
}
PARKED = {"code": "parked", "message": "The quota is used up.", "resume_at": "2024-05-03T00:00:00+00:00"}
FORECAST = {"calls_at_least": 1040, "calls": 2080, "sentence": "About 1,040 to 2,080 calls."}


def would(**rows: int) -> dict[str, int]:
    return {"rows": sum(rows.values()), **dict.fromkeys(WOULD, 0), **rows}


class Reader(HTMLParser):
    """What a browser would make of the page: its elements, its words, and whether the tags match."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)

    @property
    def links(self) -> list[str]:
        return [attributes["href"] or "" for tag, attributes in self.elements if tag == "a"]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


PLAN = {
    "hash": "0123456789ab-0123456789ab-0123456789ab",
    "reads_target": True,
    "counts": {"create": 431, "update": 38, "unchanged": 34, "skip": 0, "refuse": 0, "hold": 0},
    "fields": {"city": 30, "custom_fields.<b>": 8},
    "examples": [{"line": 7, "field": "<b>", "before": "", "after": "Os… (4 characters)"}],
    "requests": 5,
    "file": {"filename": "plan.csv", "rows": 503, "s3": "imports/1/plan.csv"},
}


@pytest.mark.parametrize(
    ("changes", "shown", "hidden"),
    [
        ({"plan": None}, "What an import would do", "apply_plan"),
        (
            {"plan": PLAN},
            "would create 431 82.9% not in the target would update 38 7.3%",
            "The target could not be asked",
        ),
        (
            {"plan": PLAN},
            "431 would be created, 38 updated, 34 left as they are; 17 rows need your attention",
            "unchanged",
        ),
        ({"plan": PLAN}, "See what would become of every row: plan.csv (503 rows)", "Sending"),
        ({"plan": PLAN}, "Field that would change Rows city 30 custom_fields.<b> 8", "more fields"),
        ({"plan": PLAN}, "Line 7 · <b> · nothing → Os… (4 characters)", ""),
        ({"plan": PLAN}, f"( apply_plan ) = {PLAN['hash']} .", "mill import"),
        (
            {"plan": PLAN, "would_stop": ["An import would stop here: <b>"]},
            "What to do next An import would stop here: <b>",
            "apply_plan",
        ),
        (
            {"plan": {**PLAN, "hash": "", "reads_target": False}, "counts": would(not_known=9, invalid=1)},
            "Nothing is known of 9 rows; 1 row needs your attention",
            "apply_plan",
        ),
        ({"counts": would(would_leave=2), "plan": PLAN}, "an import would send no row", "apply_plan"),
        ({"counts": would(invalid=2), "plan": PLAN}, "No row would be sent; 2 rows need", "apply_plan"),
        ({"plan": {**PLAN, "reads_target": False}}, "The target could not be asked", ""),
        ({"plan": {**PLAN, "fields": {str(n): 1 for n in range(25)}}}, "and 5 more fields", ""),
        (
            {"plan": PLAN, "dry_run": False, "counts": counts_of(created=469, unchanged=34)},
            "431 to create, 38 to update, 34 unchanged.",
            "apply_plan",
        ),
    ],
)
def test_a_plan_is_shown_with_the_way_to_apply_it(
    changes: dict[str, Any], shown: str, hidden: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MILL", raising=False)
    counts = would(would_create=431, would_update=38, would_leave=34, invalid=17)
    text = Reader(render_page(summary_of(**{"dry_run": True, "counts": counts, **changes}))).text
    assert shown in text
    assert not hidden or hidden not in text


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, "497 of 520 rows are in the target; 23 rows need your attention"),
        ({"counts": counts_of(created=520)}, "All 520 rows are in the target"),
        ({"counts": counts_of(created=1)}, "The one row is in the target"),
        (
            {"counts": counts_of(created=1, unknown=1)},
            "1 of 2 rows is in the target; 1 row needs your attention",
        ),
        ({"counts": counts_of(failed=3)}, "No row is in the target; 3 rows need your attention"),
        ({"counts": counts_of()}, "The file has no rows"),
        (
            {"counts": would(would_create=9, invalid=1), "dry_run": True},
            "9 would be created; 1 row needs your attention",
        ),
        ({"counts": counts_of(created=1_234_567)}, "All 1,234,567 rows are in the target"),
        (
            {"counts": counts_of(created=300, failed=200), "rest": REST},
            "300 of 500 rows are in the target; 200 rows wait for a later run",
        ),
        (
            {"counts": counts_of(created=300, failed=201), "rest": REST},
            "300 of 501 rows are in the target; 200 rows wait for a later run; 1 row needs your attention",
        ),
        (
            {"counts": counts_of(failed=200), "rest": REST},
            "No row is in the target; 200 rows wait for a later run",
        ),
        (
            {"counts": counts_of(created=1, failed=200), "rest": {**REST, "job": None}},
            "1 of 201 rows is in the target; 200 rows need your attention",
        ),
    ],
)
def test_the_page_opens_with_the_verdict(changes: dict[str, Any], verdict: str) -> None:
    page = render_page(summary_of(**changes))
    assert f"Import of uploaded file into hubspot at api.example.com: {verdict}</title>" in page
    assert verdict in Reader(page).text.replace(" ;", ";")


def test_the_page_tells_everything_in_the_order_a_reader_asks_for_it() -> None:
    text = Reader(render_page(summary_of())).text
    asked_for = [
        "Import of uploaded file into hubspot at api.example.com",
        "497 of 520 rows are in the target",
        "What to do next Correct 17 rows in rejects.csv , marked invalid or rejected",
        "Leave 6 rows there as they are, marked failed",
        "Import that file as you imported this one.",
        "in the storage, in imports/1/",
        "Outcomes",
        *(MEANING[name] for name in OUTCOMES),
        "total 520",
        "invalid The e-mail address cannot exist. Correct the address.",
        "Line 1,012 · E-Mail · bo… (9 characters) Line 1,044",
        "warning The phone number could not be read.",
        "Encoding Windows-1252 (Western European) Delimiter semicolon Line ends CRLF (Windows)",
        "E-Mail email Kostenstelle custom: kostenstelle",
        "Total time 1 min 34 s Rows per second 5.53",
        "Requests sent 61 Retries 4 Latency, median 182 ms Latency, 95th percentile 640 ms",
        "Exactly once: every row carries an idempotency key.",
        "Import 20240502-100000-9c1f22ab , started 2024-05-02 10:00:00 UTC , finished",
        "2024-05-02 10:01:34 UTC",
    ]
    place = 0
    for words in asked_for:
        assert words in text[place:]
        place = text.index(words, place) + len(words)


@pytest.mark.parametrize(
    ("changes", "shown", "hidden"),
    [
        (
            {"dry_run": True, "counts": would(would_create=1)},
            "Dry run: every row was checked; nothing was sent to the target.",
            "Stopped before",
        ),
        (
            {"stopped": {"code": "credential_refused", "message": "The API refused the credential."}},
            "Stopped before all rows were sent. The API refused the credential. credential_refused",
            "Dry run",
        ),
        (
            {"stopped": PARKED, "rest": REST},
            "Parked. The quota is used up. The rest of the file (200 rows) is sent at 2024-05-03 00:00 UTC",
            "Stopped before",
        ),
        (
            {"stopped": PARKED, "rest": {**REST, "job": None, "problem": "Windmill answered 403."}},
            "not be scheduled. Windmill answered 403. Import rest.csv (200 rows) at 2024-05-03 00:00 UTC",
            "Parked.",
        ),
        ({"continues": "20240501-1"}, "Continues import 20240501-1 .", "Parked"),
        ({"forecast": FORECAST}, "Requests forecast 1,040 to 2,080 Requests sent 61", "Parked"),
        (
            {"forecast": {**FORECAST, "calls_at_least": 2080}},
            "Requests forecast 2,080 Requests sent 61",
            "1,040",
        ),
        ({"rejects": None, "counts": counts_of(created=1)}, "Nothing: no row needs you.", "reject_"),
        (
            {"rejects": {"filename": "r.csv", "content": "x"}},
            "Correct 17 rows in r.csv ,",
            "storage",
        ),
        (
            {"counts": counts_of(unknown=1)},
            "For 1 row in rejects.csv , marked unknown , do what",
            "marked failed",
        ),
        ({"reasons": []}, "Outcomes", "Reasons"),
        ({"mapping": {}}, "How the file was understood", "Field of the record"),
        ({"guarantee": ""}, "How the file was understood", "Guarantee"),
        ({"target": ""}, "Import of uploaded file", "Import of uploaded file into"),
        ({"seconds": 0.0}, "Total time 0.00 s", "Rows per second"),
        ({"seconds": 7265.0}, "Total time 2 h 01 min Rows per second 0.07", "7265"),
        ({"table": {"part": "May"}}, "Sheet or file in it May", "Encoding"),
    ],
)
def test_a_part_is_shown_where_there_is_something_to_say(
    changes: dict[str, Any], shown: str, hidden: str
) -> None:
    text = Reader(render_page(summary_of(**changes))).text
    assert shown in text
    assert hidden not in text


def test_an_import_without_requests_has_no_latency() -> None:
    timings = {**summary_of()["timings"], "latency_ms": None}
    assert "Latency" not in Reader(render_page(summary_of(timings=timings))).text


def test_whatever_comes_from_outside_is_shown_and_never_run() -> None:
    evil = "</style></title><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"

    def spoil(value: Any) -> Any:
        if isinstance(value, dict):
            return {spoil(k) if k in {"E-Mail", "cp1252"} else k: spoil(v) for k, v in value.items()}
        if isinstance(value, list):
            return [spoil(item) for item in value]
        return evil if isinstance(value, str) else value

    summary = spoil(summary_of(stopped={"code": "x", "message": "y"}))
    summary["started_at"] = "2024-05-02T10:00:00+00:00"
    page = Reader(render_page(summary))
    assert {tag for tag, _ in page.elements}.isdisjoint({"script", "img", "link", "iframe"})
    assert all(re.fullmatch(r"[\w%.~-]*", link) for link in page.links)
    assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
    assert page.text.count(evil) >= 15


def test_the_page_needs_nothing_from_anywhere() -> None:
    page = render_page(summary_of())
    assert "default-src 'none'" in page
    assert not re.search(r"\b(src|action)=|@import|url\((?!#)", page)
    assert Reader(page).links == ["rejects.csv"]
    assert page.replace('xmlns="http://www.w3.org/2000/svg"', "").count("://") == 0


def test_the_page_can_be_heard_as_well_as_seen() -> None:
    page = Reader(render_page(summary_of()))
    tags = [tag for tag, _ in page.elements]
    assert dict(page.elements)["html"] == {"lang": "en"}
    assert tags.count("h1") == tags.count("main") == 1
    assert tags.count("table") == tags.count("caption") == tags.count("thead")
    assert all("scope" in attributes for tag, attributes in page.elements if tag == "th")
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


EVIDENCE = Evidence(
    header=["Name", "E-Mail"],
    rows={
        1012: Shown(["Bob", " bob@x<y> "], "Column 'E-Mail': It has no dot."),
        1044: Shown(["Eve", "", "Rome"]),
    },
    repairs=[{"line": 7, "column": "Tel", "code": "mojibake", "before": "<MÃ¼ller>", "after": "Müller"}],
    repaired=9,
    notes=[{"code": "skipped_title", "line": 1, "text": "Two lines above the header were skipped."}],
    guesses={
        "E-Mail": {"field": "email", "reason": "all of its cells are e-mail addresses"},
        "Internal": {"field": "", "reason": "the mapping leaves it out"},
    },
)


def test_the_reader_of_the_page_sees_his_own_cells_and_how_they_were_understood() -> None:
    page = Reader(render_page(summary_of(), EVIDENCE))
    for words in (
        "Line 1,012 · E-Mail · bob@x<y> Column 'E-Mail': It has no dot.",
        "Line 1,044 · Eve | | Rome",
        "Line 1: Two lines above the header were skipped.",
        "E-Mail email all of its cells are e-mail addresses Kostenstelle custom: kostenstelle",
        "Internal left out the mapping leaves it out",
        "7 Tel <MÃ¼ller> → Müller mojibake",
        "and 8 more",
    ):
        assert words in page.text
    assert "characters)" not in page.text
    without = Reader(render_page(summary_of())).text
    assert "bo… (9 characters)" in without
    assert "What was repaired" not in without


def test_what_stands_in_the_storage_is_linked_and_what_does_not_is_in_the_page() -> None:
    beside = {"filename": "my rejects #1.csv", "rows": 3, "s3": "imports/1/my rejects #1.csv"}
    assert Reader(render_page(summary_of(rejects=beside))).links == ["my%20rejects%20%231.csv"]
    inside = {"filename": "rejects.csv", "content": "name\r\nZoë\r\n"}
    [link] = Reader(render_page(summary_of(rejects=inside))).links
    kind, _, data = link.partition(",")
    assert (kind, base64.b64decode(data).decode()) == ("data:text/csv;base64", "name\r\nZoë\r\n")


@pytest.mark.parametrize(
    ("environment", "shown"),
    [
        ({}, f"Plan to apply ( apply_plan ) = {PLAN['hash']} ."),
        ({"MILL": "1"}, f"mill import FILE --apply {PLAN['hash']}"),
        (
            {"MILL": "1", COMMAND: "mill import 'my file.csv' --to crm"},
            f"To do exactly this: mill import 'my file.csv' --to crm --apply {PLAN['hash']} .",
        ),
    ],
)
def test_the_way_to_apply_a_plan_is_that_of_the_door_it_came_by(
    environment: dict[str, str], shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("MILL", COMMAND):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    counts = would(would_create=3)
    assert shown in Reader(render_page(summary_of(dry_run=True, plan=PLAN, counts=counts))).text


def test_equal_summaries_give_equal_pages() -> None:
    assert render_page(summary_of()) == render_page(summary_of())


@pytest.mark.parametrize(
    "counts",
    [
        counts_of(),
        counts_of(created=1),
        counts_of(created=10**9, failed=1),
        counts_of(**dict.fromkeys(OUTCOMES, 1)),
        counts_of(created=99_999, **dict.fromkeys(OUTCOMES[1:], 1)),
    ],
    ids=["nothing", "one row", "a billion and one", "one of each", "seven slivers"],
)
def test_the_chart_says_in_words_what_it_shows_in_colours(counts: dict[str, int]) -> None:
    chart = ET.fromstring(outcome_bar(counts))
    assert chart.attrib["role"] == "img"
    named = [element.text or "" for element in chart.iter(f"{SVG}text")]
    assert [name for name in named if name in PALETTE] == list(OUTCOMES)
    parts = [rect for rect in chart.iter(f"{SVG}rect") if "ob-part" in rect.attrib.get("class", "")]
    shown = [name for name in OUTCOMES if counts[name]]
    assert [part.findtext(f"{SVG}title") for part in parts] == [f"{name}: {counts[name]:,}" for name in shown]
    told = chart.findtext(f"{SVG}desc") or ""
    assert all(f"{counts[name]:,} {name}" in told for name in shown)


def test_the_legend_shortens_only_numbers_that_would_not_fit() -> None:
    assert ">9,999,999<" in outcome_bar(counts_of(created=9_999_999))
    assert ">12.3M<" in outcome_bar(counts_of(created=12_345_678))


@given(st.lists(st.integers(0, 10**9), min_size=8, max_size=8).filter(any))
def test_the_bar_is_full_and_every_outcome_with_a_row_can_be_seen(numbers: list[int]) -> None:
    shown = widths(count_table(counts_of(**dict(zip(OUTCOMES, numbers, strict=True)))))
    assert list(shown) == [name for name, number in zip(OUTCOMES, numbers, strict=True) if number]
    assert math.isclose(sum(shown.values()), 100)
    assert min(shown.values()) > 0.9


@pytest.mark.parametrize(
    ("part", "whole", "shown"),
    [
        (0, 0, "0%"),
        (0, 9, "0%"),
        (9, 9, "100%"),
        (1, 3, "33.3%"),
        (1, 1_000, "0.1%"),
        (1, 1_001, "<0.1%"),
        (999, 1_000, "99.9%"),
        (9_999, 10_000, ">99.9%"),
    ],
)
def test_a_share_is_never_rounded_to_nothing_or_to_all(part: int, whole: int, shown: str) -> None:
    assert percent(part, whole) == shown


# How linear light looks to people without red, green or blue cones.
# Machado, Oliveira, Fernandes: A Physiologically-based Model for Simulation of Color Vision Deficiency, 2009.
SIGHTS = {
    "all colours": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "no green": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.01182, 0.04294, 0.968881),
    ),
    "no blue": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.3039),
    ),
}


def linear(colour: str) -> list[float]:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]


def luminance(colour: str) -> float:
    return sum(share * light for share, light in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True))


def seen(colour: str, sight: str) -> tuple[float, float, float]:
    """CIE L*a*b*, in which a distance of 2 can just be told apart side by side."""
    light = linear(colour)
    red, green, blue = (
        min(1, max(0, sum(a * b for a, b in zip(row, light, strict=True)))) for row in SIGHTS[sight]
    )
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_every_colour_stands_out_from_its_ground(scheme: int) -> None:
    ground = luminance(GROUND[scheme])
    for name, colours in PALETTE.items():
        darker, lighter = sorted((ground, luminance(colours[scheme])))
        assert (lighter + 0.05) / (darker + 0.05) >= 3, name  # WCAG 2.1, 1.4.11


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_neighbours_in_the_bar_differ_for_every_kind_of_sight(scheme: int, sight: str) -> None:
    for one, other in itertools.pairwise(PALETTE):
        assert math.dist(seen(PALETTE[one][scheme], sight), seen(PALETTE[other][scheme], sight)) > 15, (
            one,
            other,
        )
