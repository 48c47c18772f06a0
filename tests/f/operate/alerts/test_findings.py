"""What counts as wrong: a window of calls, checks of credentials, and what waits."""

from __future__ import annotations

import pytest

from f.connect.histogram import Histogram
from f.operate.alerts.findings import (
    Finding,
    Thresholds,
    is_of_the_service,
    of_calls,
    of_checks,
    of_circuits,
    of_dead_letters,
    window_of,
)
from f.operate.services.check import Check, unchecked

LIMITS = Thresholds()


def totals(success: int = 0, *, slow: int = 0, **others: int) -> dict[str, float]:
    counters = {f"outcome:{name}": float(count) for name, count in {"success": success, **others}.items()}
    calls = sum(counters.values())
    quick = {f"ms:{Histogram.bucket_of(0.1)}": calls - slow}
    return {**counters, **quick, f"ms:{Histogram.bucket_of(20)}": float(slow)}


def verdicts(before: dict[str, float], now: dict[str, float]) -> list[bool | None]:
    return [one.bad for one in of_calls("crm", window_of(before, now, 600, LIMITS.slow_seconds), LIMITS)]


@pytest.mark.parametrize(
    ("before", "now", "failing"),
    [
        (totals(), totals(success=19), None),
        (totals(), totals(success=20), False),
        (totals(), totals(success=18, TryLater=2), None),
        (totals(), totals(success=17, TryLater=3), True),
        (totals(), totals(success=38, http_503=2), False),
        (totals(success=900, TryLater=100), totals(success=920, TryLater=100), False),
        (totals(success=900), totals(success=17, TryLater=3), True),
        (totals(), totals(success=10, http_404=15, GiveUpRecord=15, WaitForQuota=5), False),
    ],
    ids=["few", "fine", "tenth", "more", "half", "before", "reset", "records"],
)
def test_a_service_fails_above_the_threshold_and_is_well_at_its_half(
    before: dict[str, float], now: dict[str, float], failing: bool | None
) -> None:
    assert verdicts(before, now)[0] is failing


def test_calls_that_took_too_long_are_those_that_surely_did() -> None:
    assert verdicts(totals(), totals(success=20, slow=2))[1] is True
    assert verdicts(totals(), totals(success=20))[1] is False
    edge = {"outcome:success": 20.0, f"ms:{Histogram.bucket_of(10.0)}": 20.0}
    assert verdicts({}, edge)[1] is False


@pytest.mark.parametrize(
    ("outcome", "is_it"),
    [("TryLater", True), ("SignInAgain", True), ("http_500", True), ("http_429", True), ("ValueError", True),
     ("http_404", False), ("http_422", False), ("GiveUpRecord", False), ("success", False),
     ("cancelled", False)],
)  # fmt: skip
def test_what_is_wrong_with_a_record_does_not_speak_against_the_service(outcome: str, is_it: bool) -> None:
    assert is_of_the_service(outcome) is is_it


def test_a_finding_says_how_many_and_which() -> None:
    window = window_of({}, totals(success=10, TryLater=6, http_500=4), 600, 10)
    failing = of_calls("crm", window, LIMITS)[0]
    assert failing.message == "10 of 20 calls failed in the last 10 minutes: 6 TryLater, 4 http_500."


def found(expires: str | None, status: str = "ok") -> Check:
    check = unchecked("slack", "Slack", "f/notify/slack")
    check["credential_expires"], check["status"] = expires, status  # type: ignore[typeddict-item]  # one of its words
    return check


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (found("2026-12-05T00:00:00+00:00"), [True]),
        (found("2026-11-01T00:00:00+00:00"), [True]),
        (found("2027-03-01T00:00:00+00:00"), [False]),
        (found(None), [False]),
        (found(None, "failing"), []),
        (found("2026-12-05T00:00:00+00:00", "failing"), [True]),
    ],
    ids=["soon", "past", "later", "endless", "unknown", "soon_and_failing"],
)
def test_a_credential_that_ends_soon_is_found(check: Check, expected: list[bool]) -> None:
    assert [one.bad for one in of_checks([check], 1_795_953_600.0, 14)] == expected


def test_a_circuit_is_told_by_its_host_and_never_by_the_digest_of_an_account() -> None:
    one, two = of_circuits(
        ["https://api.example.com:443 digest-x", "https://api.example.com:443 credential 77aa"]
    )
    assert one.subject == two.subject == "api.example.com:443"
    assert one.key != two.key
    assert "digest-x" not in one.message + two.message
    assert "was refused" in two.message


def test_dead_letters_are_one_finding_however_many_there_are() -> None:
    assert of_dead_letters({}) == []
    many: list[Finding] = of_dead_letters({f"s{n}": n + 1 for n in range(50)})
    assert [one.key for one in many] == ["dead letters"]
    assert many[0].message == (
        "1,275 webhook events were given up: 50 of s49, 49 of s48, 48 of s47 and 47 more sources. "
        "list_events shows them."
    )
