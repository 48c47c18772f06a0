"""What the caller gets, and how often the server was asked, for everything a server can do to us.

`pytest -s -k prints_the_fault_table` prints the table.
"""

# ruff: noqa: E501 - a table reads best with a case on a line

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from f.connect.calls.message import Request, Response
from f.connect.client import Client
from f.connect.errors import (
    ConnectError,
    FixSettings,
    OutcomeUnknown,
    SignInAgain,
    TryLater,
    WaitForQuota,
)
from f.connect.integration import BearerToken, CircuitBreaker, Integration
from f.store.stores import SqliteStore
from tests.f.connect.wire import (
    Act,
    FakeClock,
    Wire,
    free_port,
    reply,
    reset,
    send,
    silence,
    slow_headers,
    trickle,
    truncated,
    zipped,
)

HTML = reply(200, b"<html>Sign in</html>", {"Content-Type": "text/html"})
READ = {"method": "GET"}
WRITE = {"method": "POST", "json": {"name": "Ada"}}
KEYED = {**WRITE, "idempotency_key": "k1"}
UPSERT = {"method": "PUT", "json": {"name": "Ada"}}
BUSY_DATE = {"Date": "Wed, 21 Oct 2026 07:28:00 GMT", "Retry-After": "Wed, 21 Oct 2026 07:28:07 GMT"}
WRONG_CLOCK = {"Date": "Wed, 21 Oct 1999 07:28:00 GMT", "Retry-After": "Wed, 21 Oct 1999 07:28:07 GMT"}


@dataclass
class Case:
    """`asked`: how many requests the server saw. `gets`: a status, or an error's class and code."""

    fault: str
    call: dict[str, Any]
    acts: Sequence[Act]
    gets: int | tuple[type[ConnectError], str]
    asked: int
    slept: list[float] | None = None
    repeat_safe: bool | None = None
    unreachable: bool = False
    before_reading: bool = False
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.fault}, {'keyed ' if 'idempotency_key' in self.call else ''}{self.call['method']}"


FAST = {"timeout": 0.3}
SMALL = {"max_reply_bytes": 1000}
OK = reply(200, {"id": "1"})

CASES = [
    Case("refused connection", READ, [], (TryLater, "refused"), 0, [0.5, 1.0, 2.0], unreachable=True),
    Case("refused connection", WRITE, [], (TryLater, "refused"), 0, [0.5, 1.0, 2.0], unreachable=True),
    Case("reset before the request was read", READ, [], (TryLater, "reset"), 0, before_reading=True),
    Case("reset before the request was read", WRITE, [], (OutcomeUnknown, "reset"), 0, [], before_reading=True),
    Case("reset after the request", READ, [reset, OK], 200, 2, [0.5]),
    Case("reset after the request", WRITE, [reset], (OutcomeUnknown, "reset"), 1, [], repeat_safe=False),
    Case("reset after the request", KEYED, [reset, OK], 200, 2, [0.5]),
    Case("reset each time", KEYED, [reset], (OutcomeUnknown, "reset"), 4, repeat_safe=True),
    Case("reset each time", UPSERT, [reset], (OutcomeUnknown, "reset"), 4, repeat_safe=True),
    Case("no answer", READ, [silence, OK], 200, 2, settings=FAST),
    Case("no answer", WRITE, [silence], (OutcomeUnknown, "timeout"), 1, settings=FAST),
    Case("headers that never end", WRITE, [slow_headers], (OutcomeUnknown, "timeout"), 1, settings=FAST),
    Case("headers that never end", READ, [slow_headers, OK], 200, 2, settings=FAST),
    Case("trickled body", WRITE, [trickle], (OutcomeUnknown, "timeout"), 1, settings=FAST),
    Case("trickled body", READ, [trickle, OK], 200, 2, settings=FAST),
    Case("body cut off", READ, [truncated, OK], 200, 2),
    Case("body cut off", WRITE, [truncated], (OutcomeUnknown, "truncated"), 1),
    Case("truncated JSON", READ, [reply(200, b'{"id": ')], (TryLater, "not_json"), 1),
    Case("truncated JSON", WRITE, [reply(200, b'{"id": ')], (OutcomeUnknown, "not_json"), 1),
    Case("HTML instead of JSON", READ, [HTML], (TryLater, "not_json"), 1),
    Case("HTML instead of JSON", WRITE, [HTML], (OutcomeUnknown, "not_json"), 1),
    Case("huge body", READ, [reply(200, b"x" * 5000)], (FixSettings, "too_large"), 1, settings=SMALL),
    Case("huge body", WRITE, [reply(200, b"x" * 5000)], (OutcomeUnknown, "too_large"), 1, settings=SMALL),
    Case("gzip bomb", READ, [zipped(b"x" * 10**6)], (FixSettings, "too_large"), 1, settings=SMALL),
    Case("gzip body", READ, [zipped(b'{"id": 1}')], 200, 1),
    Case("not HTTP at all", READ, [send(b"SSH-2.0-OpenSSH\r\n\r\n"), OK], 200, 2),
    Case("not HTTP at all", WRITE, [send(b"SSH-2.0-OpenSSH\r\n\r\n")], (OutcomeUnknown, "reset"), 1),
    Case("burst of 500, 502, 503", READ, [reply(500), reply(502), reply(503), OK], 200, 4, [0.5, 1.0, 2.0]),
    Case("burst of 500, 502, 503", KEYED, [reply(500), reply(502), reply(503), OK], 200, 4),
    Case("one 500", WRITE, [reply(500)], (OutcomeUnknown, "http_500"), 1, [], repeat_safe=False),
    Case("one 501, which is not retried", WRITE, [reply(501)], (OutcomeUnknown, "http_501"), 1),
    Case("501, which is not retried", READ, [reply(501)], 501, 1),
    Case("503 with Retry-After", WRITE, [reply(503, None, {"Retry-After": "2"})], (OutcomeUnknown, "http_503"), 1),
    Case(
        "503 that the API documents as not applied",
        {**WRITE, "not_applied": frozenset({429, 503})},
        [reply(503, None, {"Retry-After": "2"}), OK],
        200,
        2,
    ),
    Case("500 for ever", READ, [reply(500)], (TryLater, "http_500"), 4),
    Case("500 for ever", UPSERT, [reply(500, {"n": 1})], (OutcomeUnknown, "http_500"), 4, repeat_safe=True),
    Case("a stored 500 that says so", KEYED, [reply(500, None, {"Idempotent-Replayed": "true"})],
         (OutcomeUnknown, "stored_failure"), 1, repeat_safe=False),
    Case("a stored 500 with its first request id", KEYED, [reply(500, {"e": 1}, {"Request-Id": "req_1"})],
         (OutcomeUnknown, "stored_failure"), 2, repeat_safe=False),
    Case("the same 500 to the same key each time", KEYED, [reply(500, {"e": 1})],
         (OutcomeUnknown, "stored_failure"), 4),
    Case("429 with seconds", WRITE, [reply(429, None, {"Retry-After": "7"}), OK], 200, 2),
    Case("429 with a date", WRITE, [reply(429, None, BUSY_DATE), OK], 200, 2),
    Case("429 from a server with a wrong clock", WRITE, [reply(429, None, WRONG_CLOCK), OK], 200, 2),
    Case("429 storm", WRITE, [reply(429, None, {"Retry-After": "1"})], (TryLater, "http_429"), 4),
    Case("429 for an hour", WRITE, [reply(429, None, {"Retry-After": "3600"})], (TryLater, "http_429"), 1, []),
    Case("429 for the day's quota", WRITE, [reply(429, {"policyName": "DAILY"}, {"Retry-After": "9000"})],
         (WaitForQuota, "quota"), 1, []),
    Case("429 for the day's quota that does not say when it renews", WRITE, [reply(429, {"policyName": "DAILY"})],
         (WaitForQuota, "quota"), 1, []),
    Case("429 without a hint", WRITE, [reply(429), OK], 200, 2, [0.5]),
    Case("reset, then the breaker is open", KEYED, [reset], (OutcomeUnknown, "circuit_open"), 1, repeat_safe=True,
         settings={"circuit_breaker": CircuitBreaker(minimum_calls=1)}),
    Case("a 500, then refused for good", KEYED, [reply(500, {"a": 1}), reply(429, None, {"Retry-After": "900"})],
         (OutcomeUnknown, "http_429"), 2, repeat_safe=True),
    Case("401", READ, [reply(401)], (SignInAgain, "http_401"), 1, []),
    Case("401", WRITE, [reply(401)], (SignInAgain, "http_401"), 1, []),
    Case("403", READ, [reply(403)], 403, 1),
    Case("404", READ, [reply(404)], 404, 1),
    Case("409", WRITE, [reply(409)], 409, 1),
    Case("422", WRITE, [reply(422)], 422, 1),
    Case("redirect of a write", WRITE, [reply(307, None, {"Location": "/else"})], (FixSettings, "redirected"), 1),
    Case("redirect of a read", READ, [reply(302, None, {"Location": "/else"}), OK], 200, 2, []),
    Case("redirect in a circle", READ, [reply(302, None, {"Location": "/else"})], (FixSettings, "redirected"), 6),
    Case("redirect to nowhere", READ, [reply(302)], (FixSettings, "redirected"), 1),
    Case("redirect to a file", READ, [reply(302, None, {"Location": "file:///etc/passwd"})],
         (FixSettings, "redirected"), 1),
]  # fmt: skip


def carry_out_sync(client: Client, request: Request) -> Response | ConnectError:
    try:
        return client.request(request)
    except ConnectError as error:
        return error


def carry_out_mass(client: Client, request: Request) -> Response | ConnectError:
    [(sent, result)] = client.send_many([request], concurrency=1)
    assert sent is request
    return result


def read_json(result: Response | ConnectError) -> Response | ConnectError:
    """Read the body as every caller does."""
    if isinstance(result, Response) and result.success:
        try:
            assert result.json
        except ConnectError as error:
            return error
    return result


Run = Callable[[Client, Request], Response | ConnectError]


@dataclass
class Seen:
    result: Response | ConnectError
    asked: int
    slept: list[float]


def run(case: Case, carry_out: Run) -> Seen:
    clock = FakeClock()
    with Wire(case.acts, before_reading=case.before_reading) as wire:
        url = f"http://127.0.0.1:{free_port()}" if case.unreachable else wire.url
        integration = Integration(
            name="svc",
            base_url=url,
            authentication=BearerToken(token="secret-token"),
            **{"circuit_breaker": CircuitBreaker(enabled=False), **case.settings},
        )
        with Client(integration, SqliteStore(None, clock=clock.now), clock=clock) as client:
            result = read_json(carry_out(client, Request(path="/customers", **case.call)))
        return Seen(result, len(wire.seen), clock.slept)


@pytest.fixture(scope="module", autouse=True)
def _little_to_look_through() -> None:
    """Leave what is there before these tests out of each look at what is open."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    before = open_sockets()
    yield
    assert [thread.name for thread in threading.enumerate() if thread.name in {"send_many", "wire"}] == []
    assert open_sockets() <= before


def open_sockets() -> int:
    gc.collect()
    return sum(isinstance(each, socket.socket) and each.fileno() >= 0 for each in gc.get_objects())


@pytest.mark.parametrize("carry_out", [carry_out_sync, carry_out_mass], ids=["sync", "mass"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_fault_ends_in_a_named_result_after_a_known_number_of_requests(
    case: Case, carry_out: Run
) -> None:
    seen = run(case, carry_out)

    if isinstance(case.gets, int):
        assert isinstance(seen.result, Response), seen.result
        assert seen.result.status == case.gets
    else:
        assert (type(seen.result), getattr(seen.result, "code", None)) == case.gets, seen.result
    assert seen.asked == case.asked
    if case.slept is not None:
        assert seen.slept == case.slept
    if case.repeat_safe is not None:
        assert isinstance(seen.result, OutcomeUnknown)
        assert seen.result.repeat_safe is case.repeat_safe


def test_prints_the_fault_table(capsys: pytest.CaptureFixture[str]) -> None:
    rows = []
    for case in CASES:
        gets = str(case.gets) if isinstance(case.gets, int) else f"{case.gets[0].__name__} ({case.gets[1]})"
        rows.append(f"{case.name:55} {gets:35} {case.asked}")
    print(  # noqa: T201 - that is what it is for
        "\n".join(["", f"{'fault, call':55} {'the caller gets':35} requests seen", *rows])
    )
    assert len(rows) == len(set(rows))
