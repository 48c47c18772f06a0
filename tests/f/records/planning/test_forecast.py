"""What an import will cost: the arithmetic, against what deliveries really send, and in words."""

# ruff: noqa: E501 - a table reads best with a case on a line

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from f.connect.integration import RateLimit
from f.customers.targets.customer_api import open_target
from f.records.planning.forecast import Calls, calls_needed, forecast
from f.records.target.target import OnDuplicate, QuotaLeft, Target

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()
MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC).timestamp()
KEYED = {"external_id_field": "External_Id__c"}
SHOWN = {"proven": {"target": "salesforce https://api.example.com", "repeats": "record"}}
BATCH = {"endpoints": {"batch": "/batch"}}


def target(kind: str, settings: dict[str, Any] | None = None, **api: Any) -> Target:
    return open_target(
        {"kind": kind, "base_url": "https://api.example.com", "settings": settings or {}, **api}
    )


@pytest.mark.parametrize(
    ("kind", "settings", "api", "chunks", "on_duplicate", "calls"),
    [
        ("generic", {}, {}, [1040], "skip", (1040, 1040)),
        ("generic", {}, {}, [500, 500, 40], "update", (1040, 2080)),
        ("generic", {}, BATCH, [250], "skip", (4, 4)),
        ("generic", {"rows_per_request": 10}, BATCH, [500], "skip", (51, 51)),
        ("generic", {}, {}, [], "skip", (0, 0)),
        ("hubspot", {}, {}, [1], "skip", (1, 1)),
        ("hubspot", {}, {}, [101], "update", (2, 2)),
        ("hubspot", {}, {}, [500, 500], "skip", (12, 12)),
        ("salesforce", KEYED, SHOWN, [500], "skip", (4, 4)),
        # Each row is looked up; those that are there are not sent.
        ("salesforce", {}, {}, [500], "skip", (10, 13)),
        ("salesforce", KEYED, SHOWN, [10_000], "skip", (7, 21)),
        # That an external id is unique is to be shown; until then each row is looked up.
        ("salesforce", KEYED, {}, [500], "skip", (10, 13)),
        ("salesforce", {}, {}, [10_000], "skip", (200, 220)),
    ],
)  # fmt: skip
def test_the_calls_follow_from_kind_settings_and_chunks(
    kind: str,
    settings: dict[str, Any],
    api: dict[str, Any],
    chunks: list[int],
    on_duplicate: OnDuplicate,
    calls: Calls,
) -> None:
    assert calls_needed(target(kind, settings, **api), chunks, on_duplicate) == calls


TIMES_50 = RateLimit(max_requests=50)
SLOW = RateLimit(max_requests=1, time_window=5)


@pytest.mark.parametrize(
    ("calls", "quotas", "rate", "days", "sentence"),
    [
        ((1040, 1040), [], None, None, "About 1,040 calls."),
        ((1, 1), [], None, None, "About 1 call."),
        ((1_000_000, 1_000_000), [], TIMES_50, None, "About 1,000,000 calls; at 50 a second about 5.6 h."),
        ((40, 40), [], SLOW, None, "About 40 calls; at 12 a minute about 3.3 min."),
        ((1040, 1040), [QuotaLeft(250_000, 249_310, MIDNIGHT)], None, 1,
         "About 1,040 calls; 249,310 of today's 250,000 are left: it fits."),
        ((1040, 2080), [QuotaLeft(250_000, 2080)], TIMES_50, 1,
         "About 1,040 to 2,080 calls; 2,080 of today's 250,000 are left: it fits; at 50 a second about 42 s."),
        ((25_000, 25_000), [QuotaLeft(10_000, 4_000, MIDNIGHT)], None, 4,
         "About 25,000 calls, 4,000 left of 10,000 a day: it takes 4 days, until 2026-11-25; until then the rest waits without holding a worker."),
        # Over the last 24 hours: what is used now comes back a day from now.
        ((25_000, 25_000), [QuotaLeft(10_000, 4_000)], None, 4,
         "About 25,000 calls, 4,000 left of 10,000 a day: it takes 4 days, until 2026-11-25; until then the rest waits without holding a worker."),
        ((90, 110), [QuotaLeft(100, 100, MIDNIGHT)], None, 2,
         "About 90 to 110 calls, 100 left of 100 a day: it may take 2 days, until 2026-11-23; until then the rest waits without holding a worker."),
        # Of several, the one that makes it last longest; where it fits, the one with the least left.
        ((30, 30), [QuotaLeft(1000, 900, MIDNIGHT), QuotaLeft(10, 10, MIDNIGHT)], None, 3,
         "About 30 calls, 10 left of 10 a day: it takes 3 days, until 2026-11-24; until then the rest waits without holding a worker."),
        ((30, 30), [QuotaLeft(1000, 900, MIDNIGHT), QuotaLeft(500, 40, MIDNIGHT)], None, 1,
         "About 30 calls; 40 of today's 500 are left: it fits."),
    ],
)  # fmt: skip
def test_the_sentence_says_whether_it_fits_or_when_it_ends(
    calls: Calls, quotas: list[QuotaLeft], rate: RateLimit | None, days: int | None, sentence: str
) -> None:
    made = forecast(Calls(*calls), quotas, rate, NOON, parks=True)
    assert (made["message"], made["days"]) == (sentence, days)


def test_an_import_that_never_parks_is_told_that_it_does_not_fit() -> None:
    made = forecast(Calls(30, 30), [QuotaLeft(10, 10, MIDNIGHT)], None, NOON, parks=False)
    assert made["message"] == (
        "About 30 calls, 10 left of 10 a day: it does not fit, and with park_after 0 the rest fails."
    )


def test_a_forecast_is_data_for_machines_too() -> None:
    made = forecast(Calls(5, 9), [QuotaLeft(100, 7, MIDNIGHT)], TIMES_50, NOON, parks=True)
    del made["message"]  # type: ignore[misc]  # it is looked at above
    assert made == {
        "calls_at_least": 5,
        "calls": 9,
        "daily_limit": 100,
        "left_today": 7,
        "renews_at": "2026-11-23T00:00:00+00:00",
        "seconds": 0.18,
        "days": 2,
    }
