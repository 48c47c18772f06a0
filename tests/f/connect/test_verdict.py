"""What follows from an attempt, and when a call is made again."""

# ruff: noqa: E501 - a table reads best with a case on a line

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f.connect.calls.message import Lost, Outgoing, Reply, Request
from f.connect.calls.verdict import (
    Call,
    Facts,
    Fail,
    Follow,
    Renew,
    Repeat,
    Respond,
    backoff,
    judge,
    may_have_been_applied,
    next_wait,
    retry_after,
)
from f.connect.errors import FixSettings, OutcomeUnknown, SignInAgain, TryLater, WaitForQuota
from f.connect.integration import Retry
from tests.f.connect.wire import FakeClock

POLICY = Retry(jitter=False)
DATE = "Wed, 21 Oct 2026 07:28:00 GMT"
LATER = "Wed, 21 Oct 2026 07:28:30 GMT"
AT_DATE = 1792567680.0


@pytest.mark.parametrize(
    ("facts", "wait"),
    [
        ({"sent": False}, 0.5),
        ({"sent": False, "attempt": 3}, 2.0),
        ({"sent": False, "attempt": 4}, None),
        ({"sent": True}, None),
        ({"sent": True, "may_repeat": True}, 0.5),
        ({"status": 429}, 0.5),
        ({"status": 429, "retry_after": 7.0}, 7.0),
        ({"status": 429, "retry_after": 7.0, "elapsed": 114.0}, None),
        ({"status": 500}, None),
        ({"status": 500, "may_repeat": True}, 0.5),
        ({"status": 503, "retry_after": 1.0}, None),
        ({"status": 503, "retry_after": 1.0, "not_applied": frozenset({503})}, 1.0),
        ({"status": 408}, None),
        ({"status": 408, "may_repeat": True}, 0.5),
        ({"status": 404, "may_repeat": True}, None),
        ({"status": 501, "may_repeat": True}, None),
    ],
    ids=str,
)
def test_a_write_is_repeated_only_if_it_is_safe_or_certainly_was_not_applied(
    facts: dict[str, Any], wait: float | None
) -> None:
    assert next_wait(POLICY, Facts(**{"attempt": 1, "elapsed": 0.0, **facts})) == wait


def test_a_wish_to_wait_longer_than_the_policy_waits_ends_the_call() -> None:
    policy = Retry(jitter=False, longest_wait=5)
    assert next_wait(policy, Facts(attempt=1, elapsed=0, status=429, retry_after=5.0)) == 5
    assert next_wait(policy, Facts(attempt=1, elapsed=0, status=429, retry_after=6.0)) is None


def test_a_retry_policy_that_is_off_never_repeats() -> None:
    assert next_wait(Retry(enabled=False), Facts(attempt=1, elapsed=0, sent=False)) is None


@pytest.mark.parametrize(
    ("facts", "answer"),
    [({"sent": False}, False), ({"sent": True}, True), ({"status": 429}, False), ({"status": 422}, False),
     ({"status": 408}, True), ({"status": 500}, True), ({"status": 500, "not_applied": frozenset({500})}, False)],
    ids=str,
)  # fmt: skip
def test_doubt_remains_after_a_lost_answer_a_server_failure_and_a_timeout(
    facts: dict[str, Any], answer: bool
) -> None:
    assert may_have_been_applied(Facts(attempt=1, elapsed=0, **facts)) is answer


@given(
    attempt=st.integers(1, 10_000),
    initial=st.floats(0.01, 10),
    longest=st.floats(10, 100),
    base=st.floats(1, 10),
    draw=st.floats(0, 1),
)
def test_a_delay_lies_between_zero_and_the_cap(
    attempt: int, initial: float, longest: float, base: float, draw: float
) -> None:
    policy = Retry(initial_delay=initial, max_delay=longest, exponential_base=base)
    assert 0 <= backoff(policy, attempt, lambda: draw) <= longest


@given(asked=st.floats(0, 60), draw=st.floats(0, 1))
def test_nobody_comes_back_earlier_than_the_server_asked(asked: float, draw: float) -> None:
    wait = next_wait(Retry(), Facts(attempt=1, elapsed=0, status=429, retry_after=asked), lambda: draw)
    assert wait is not None
    assert asked <= wait <= asked + 0.5


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": " 1.5 "}, 1.5),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "٣"}, None),
        ({"Retry-After": "999999999"}, 86_400),
        ({"Retry-After": LATER}, 30),
        ({"Retry-After": LATER, "Date": DATE}, 30),
        ({"Retry-After": LATER, "Date": LATER}, 0),
        ({"Retry-After": DATE, "Date": LATER}, 0),
        ({"Retry-After": "Wed, 99 Oct 2026 07:28:00 GMT"}, None),
    ],
    ids=str,
)
def test_retry_after_is_seconds_or_a_date_and_is_bounded(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after(headers, lambda: AT_DATE) == seconds


BASE = "https://api.example.com"
WRITE, READ = Request(method="POST", path="/x"), Request(method="GET", path="/x")
KEYED = Request(method="POST", path="/x", idempotency_key="k")
RESET = Lost("reset", sent=True, cause=ConnectionResetError())
REFUSED = Lost("refused", sent=False, cause=ConnectionRefusedError())
STORED = Reply(500, {"Idempotent-Replayed": "true"}, b"no")


def call_of(request: Request, **known: Any) -> Call:
    outgoing = Outgoing(request.method, f"{BASE}/x", {"Authorization": "secret"})
    call = Call(request, outgoing, "/x", "POST api.example.com/x", trusted=True, started=FakeClock().ticks())
    return dataclasses.replace(call, **{"attempts": 1, **known})


def answer(status: int, body: bytes = b"", **headers: str) -> Reply:
    return Reply(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.mark.parametrize(
    ("request_", "outcome", "known", "verdict"),
    [
        (WRITE, answer(201), {}, Respond),
        (WRITE, answer(404), {}, Respond),
        (WRITE, answer(422), {}, Respond),
        (READ, answer(501), {}, Respond),
        (WRITE, answer(501), {}, OutcomeUnknown),
        (WRITE, answer(500), {}, OutcomeUnknown),
        (READ, answer(500), {}, 0.5),
        (READ, answer(500), {"attempts": 4}, TryLater),
        (KEYED, answer(500), {}, 0.5),
        (KEYED, STORED, {}, OutcomeUnknown),
        (WRITE, answer(429), {}, 0.5),
        (WRITE, answer(429, Retry_After="7"), {}, 7.0),
        (WRITE, answer(429, b"daily limit"), {}, WaitForQuota),
        (WRITE, answer(429, b"daily limit", Retry_After="7"), {}, 7.0),
        (WRITE, answer(429), {"attempts": 4}, TryLater),
        (WRITE, answer(429), {"attempts": 4, "in_doubt": True}, OutcomeUnknown),
        (WRITE, REFUSED, {}, 0.5),
        (WRITE, REFUSED, {"attempts": 4}, TryLater),
        (WRITE, REFUSED, {"attempts": 4, "in_doubt": True}, OutcomeUnknown),
        (WRITE, RESET, {}, OutcomeUnknown),
        (KEYED, RESET, {}, 0.5),
        (READ, RESET, {}, 0.5),
        (READ, Lost("tls", sent=False, cause=OSError()), {}, FixSettings),
        (READ, Lost("too_large", sent=True, cause=ValueError()), {}, FixSettings),
        (WRITE, answer(401), {}, Renew),
        (WRITE, answer(401), {"renewed": True}, SignInAgain),
        (READ, answer(401), {"trusted": False}, Respond),
        (WRITE, answer(403), {}, Respond),
        (READ, answer(302, Location="/y"), {}, Follow),
        (READ, answer(302, Location="/y"), {"redirects": 5}, FixSettings),
        (READ, answer(302), {}, FixSettings),
        (READ, answer(302, Location="http://api.example.com/y"), {}, FixSettings),
        (WRITE, answer(307, Location="/y"), {}, FixSettings),
    ],
)
def test_each_end_of_an_attempt_has_one_verdict(
    request_: Request, outcome: Reply | Lost, known: dict[str, Any], verdict: Any
) -> None:
    found = judge(POLICY, call_of(request_, **known), outcome, BASE, FakeClock())
    if isinstance(verdict, float):
        assert isinstance(found, Repeat)
        assert found.seconds == verdict
    elif issubclass(verdict, Exception):
        assert isinstance(found, Fail)
        assert type(found.error) is verdict
    else:
        assert isinstance(found, verdict)


ADVISED = Retry(jitter=False, advice_header="X-Should-Retry")
READER = dataclasses.replace(WRITE, caller_reads=frozenset({409, 429}))


@pytest.mark.parametrize(
    ("request_", "outcome", "known", "verdict"),
    [
        (WRITE, answer(409, X_Should_Retry="true"), {}, 0.5),
        (WRITE, answer(409, X_Should_Retry="true"), {"attempts": 4}, Respond),
        (WRITE, answer(409, X_Should_Retry="perhaps"), {}, Respond),
        (WRITE, answer(409), {}, Respond),
        (WRITE, answer(201, X_Should_Retry="true"), {}, Respond),
        (WRITE, answer(501, X_Should_Retry="true"), {}, OutcomeUnknown),
        (KEYED, answer(501, X_Should_Retry="true"), {}, 0.5),
        (KEYED, answer(500, X_Should_Retry="false"), {}, OutcomeUnknown),
        (READ, answer(500, X_Should_Retry="False "), {}, TryLater),
        (WRITE, answer(429, X_Should_Retry="false"), {}, TryLater),
        (READER, answer(429, X_Should_Retry="false"), {}, Respond),
        (READER, answer(429), {}, 0.5),
        (READER, answer(429), {"attempts": 4}, Respond),
    ],
)
def test_a_services_own_word_on_another_attempt_is_obeyed_both_ways(
    request_: Request, outcome: Reply, known: dict[str, Any], verdict: Any
) -> None:
    found = judge(ADVISED, call_of(request_, **known), outcome, BASE, FakeClock())
    if isinstance(verdict, float):
        assert isinstance(found, Repeat)
        assert found.seconds == verdict
    elif issubclass(verdict, Exception):
        assert isinstance(found, Fail)
        assert type(found.error) is verdict
    else:
        assert isinstance(found, verdict)


def test_a_header_nobody_named_is_no_advice() -> None:
    assert isinstance(
        judge(POLICY, call_of(WRITE), answer(409, X_Should_Retry="true"), BASE, FakeClock()), Respond
    )


def test_a_verdict_changes_nothing() -> None:
    call = call_of(KEYED)
    before = dataclasses.replace(call)
    judge(POLICY, call, answer(500), BASE, FakeClock())
    assert call == before


@pytest.mark.parametrize(
    ("location", "trusted"),
    [
        ("/y", True),
        (f"{BASE}:443/y", True),
        ("https://example.com/y", False),
        ("//evil.example.com/y", False),
    ],
)
def test_the_credential_follows_within_its_origin_only(location: str, trusted: bool) -> None:
    found = judge(POLICY, call_of(READ), answer(302, Location=location), BASE, FakeClock())
    assert isinstance(found, Follow)
    assert found.trusted is trusted
    assert ("Authorization" in found.outgoing.headers) is trusted


def test_the_same_failure_from_first_to_last_is_one_that_the_server_stored() -> None:
    call = call_of(KEYED)
    for _ in range(3):
        assert isinstance(judge(POLICY, call, answer(500, b"no"), BASE, FakeClock()), Repeat)
        call.remember(answer(500, b"no"))
        call.attempts += 1
    found = judge(POLICY, call, answer(500, b"no"), BASE, FakeClock())
    assert isinstance(found, Fail)
    assert (found.error.code, found.error.status) == ("stored_failure", 500)


def test_doubt_once_there_stays() -> None:
    call = call_of(KEYED)
    for outcome, doubt in ((REFUSED, False), (answer(429), False), (RESET, True), (answer(429), True)):
        call.remember(outcome)
        assert call.in_doubt is doubt


def test_a_read_that_is_sent_by_post_is_repeated_never_in_doubt_and_follows_no_redirect() -> None:
    read = Request(method="POST", path="/x", json={}, reads=True)
    assert (read.is_read, read.may_repeat) == (True, True)
    assert isinstance(judge(POLICY, call_of(read), answer(503), BASE, FakeClock()), Repeat)
    for outcome in (answer(503), Lost("reset", sent=True, cause=OSError())):
        verdict = judge(POLICY, call_of(read, attempts=9), outcome, BASE, FakeClock())
        assert isinstance(verdict, Fail)
        assert isinstance(verdict.error, TryLater)
    moved = judge(POLICY, call_of(read), answer(307, Location="/other"), BASE, FakeClock())
    assert isinstance(moved, Fail)
    assert isinstance(moved.error, FixSettings)
