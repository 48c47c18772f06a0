"""Interceptors see calls and attempts in order, may await, and never hide that a write was sent."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import logging
from typing import Any

import pytest

from f.connect.calls.interceptors import Attempt
from f.connect.calls.message import Lost, Reply, Request, Response
from f.connect.client import Client
from f.connect.errors import ConnectError, FixInput, GiveUpRecord, OutcomeUnknown, TryLater
from f.connect.integration import BearerToken, Integration
from tests.f.connect.wire import FakeClock, Wire, reply, reset

OK = reply(201, {"id": "1"})


def client_of(wire: Wire, clock: FakeClock, **settings: Any) -> Client:
    return Client(Integration(**{"name": "svc", "base_url": wire.url, **settings}), clock=clock)


def test_an_attempt_is_seen_before_it_is_signed_and_again_with_its_outcome(clock: FakeClock) -> None:
    seen: list[Any] = []

    def before(attempt: Attempt) -> None:
        attempt.headers["Traceparent"] = f"00-{attempt.number}"
        seen.append((attempt.number, sorted(name.lower() for name in attempt.headers)))

    def after(attempt: Attempt, outcome: Reply | Lost) -> None:
        seen.append((attempt.number, getattr(outcome, "status", getattr(outcome, "kind", None))))

    token = BearerToken(token="t0p-s3cret")
    with (
        Wire([reply(503), reset, OK]) as wire,
        client_of(wire, clock, authentication=token) as client,
    ):
        client.on_attempt(before)
        client.on_outcome(after)
        response = client.get("/x")
    assert response.attempts == 3
    assert [one[0] for one in seen] == [1, 1, 2, 2, 3, 3]
    assert [one[1] for one in seen[1::2]] == [503, "reset", 201]
    assert all("authorization" not in names for _, names in seen[::2])
    assert [one.headers["traceparent"] for one in wire.seen] == ["00-1", "00-2", "00-3"]
    assert all("authorization" in one.headers for one in wire.seen)


def test_what_an_attempt_is_recognised_by_stays_as_it_was(clock: FakeClock) -> None:
    def spoil(attempt: Attempt) -> None:
        attempt.headers.update({"idempotency-key": "another", "Content-Length": "1", "X-Request-Id": "mine"})

    with Wire([OK]) as wire, client_of(wire, clock) as client:
        client.on_attempt(spoil)
        response = client.post("/x", json={"a": 1}, idempotency_key="row-1")
    [one] = wire.seen
    assert (one.headers["idempotency-key"], one.json) == ("row-1", {"a": 1})
    assert one.headers["x-request-id"] == response.request_id


def test_interceptors_of_one_kind_are_called_in_the_order_they_were_added(clock: FakeClock) -> None:
    order: list[str] = []

    def note(name: str, passed: Any) -> Any:
        order.append(name)
        return passed

    with Wire([OK]) as wire, client_of(wire, clock) as client:
        for name in ("a", "b"):
            client.on_response(functools.partial(note, f"response {name}"))
            client.on_outcome(lambda _attempt, _outcome, name=name: order.append(f"outcome {name}"))  # type: ignore[misc]  # mypy reads the default as a parameter
            client.on_attempt(functools.partial(note, f"attempt {name}"))
            client.on_request(functools.partial(note, f"request {name}"))
        client.get("/x")
    kinds = ("request", "attempt", "outcome", "response")
    assert order == [f"{kind} {name}" for kind in kinds for name in ("a", "b")]


def test_coroutine_functions_are_awaited_in_asynchronous_calls_and_in_send_many(clock: FakeClock) -> None:
    async def change(request: Request) -> Request:
        await asyncio.sleep(0)
        return dataclasses.replace(request, path=request.path + "/changed")

    async def sign(attempt: Attempt) -> None:
        await asyncio.sleep(0)
        attempt.headers["X-Late"] = "1"

    async def turn(response: Response) -> Response:
        await asyncio.sleep(0)
        return dataclasses.replace(response, status=299)

    def prepare(client: Client) -> None:
        client.on_request(change)
        client.on_attempt(sign)
        client.on_response(turn)

    async def go(url: str) -> Response:
        async with Client(Integration(name="svc", base_url=url)) as client:
            prepare(client)
            return await client.post_async("/x")

    with Wire([OK]) as wire:
        assert asyncio.run(go(wire.url)).status == 299
        with client_of(wire, clock) as client:
            prepare(client)
            [(_, many)] = client.send_many([Request(method="POST", path="/x")])
    assert getattr(many, "status", many) == 299
    assert [(one.path, one.headers["x-late"]) for one in wire.seen] == [("/x/changed", "1")] * 2


class Later:
    async def __call__(self, response: Response) -> Response:
        return response


async def later(response: Response) -> Response:
    return response


@pytest.mark.parametrize(
    "look", [later, functools.partial(later), Later()], ids=["function", "partial", "object"]
)
def test_a_synchronous_call_refuses_a_coroutine_function_before_anything_is_sent(
    look: Any, clock: FakeClock
) -> None:
    with Wire([OK]) as wire, client_of(wire, clock) as client:
        client.on_response(look)
        with pytest.raises(FixInput, match=r"later|Later"):
            client.post("/x")
    assert wire.seen == []


def test_what_turns_out_to_be_awaitable_after_a_write_leaves_it_in_doubt(clock: FakeClock) -> None:
    with Wire([OK]) as wire, client_of(wire, clock) as client:
        client.on_response(lambda response: later(response))  # noqa: PLW0108 - it does not look like one
        with pytest.raises(OutcomeUnknown, match="answered 201"):
            client.post("/x")


def broken(*_: Any) -> Any:
    raise KeyError("quinn@example.com")


def busy(*_: Any) -> Any:
    raise TryLater("not now")


def refuse(*_: Any) -> Any:
    raise GiveUpRecord("no")


@pytest.mark.parametrize(
    ("method", "look", "status", "error"),
    [
        ("POST", broken, 201, OutcomeUnknown),
        ("POST", busy, 201, OutcomeUnknown),  # else its caller sends the write again
        ("POST", lambda response: None, 201, OutcomeUnknown),
        ("POST", refuse, 201, GiveUpRecord),
        ("POST", broken, 422, KeyError),
        ("GET", broken, 200, KeyError),
        ("GET", busy, 200, TryLater),
    ],
)
def test_a_fault_after_a_reply_never_hides_a_write(
    method: str, look: Any, status: int, error: type[Exception], clock: FakeClock
) -> None:
    with Wire([reply(status)]) as wire, client_of(wire, clock) as client:
        client.on_response(look)
        with pytest.raises(error) as caught:
            client.request(Request(method=method, path="/x", idempotency_key="k"))
    if error is OutcomeUnknown:
        assert isinstance(caught.value, OutcomeUnknown)
        assert (caught.value.status, caught.value.attempts, caught.value.repeat_safe) == (201, 1, True)
        assert caught.value.code == "interceptor"
        assert "quinn" not in str(caught.value)
    assert len(wire.seen) == 1


def test_a_fault_before_the_first_attempt_is_the_callers_own_and_after_a_lost_one_it_is_not(
    clock: FakeClock,
) -> None:
    def second(attempt: Attempt) -> None:
        if attempt.number == 2:
            raise KeyError("x")

    with Wire([reset, OK]) as wire:
        with client_of(wire, clock) as client:
            client.on_attempt(broken)
            with pytest.raises(KeyError):
                client.post("/x", idempotency_key="k")
            assert wire.seen == []
        with client_of(wire, clock) as client:
            client.on_attempt(second)
            with pytest.raises(OutcomeUnknown, match="second"):
                client.post("/x", idempotency_key="k")
    assert len(wire.seen) == 1


def test_who_only_looks_changes_nothing_by_failing(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    shown: list[ConnectError] = []
    with Wire([OK, reply(422), reset]) as wire, client_of(wire, clock) as client:
        client.on_outcome(broken)
        client.on_error(broken)
        client.on_error(lambda _, error: shown.append(error))
        with caplog.at_level(logging.WARNING, "connect"):
            assert client.post("/x").status == 201
            assert client.post("/x").status == 422
            with pytest.raises(OutcomeUnknown) as caught:
                client.post("/x")
    assert shown == [caught.value]
    assert "the interceptor broken failed (KeyError)" in caplog.text
    assert "quinn" not in caplog.text


def test_what_interceptors_log_of_an_attempt_holds_nothing_of_the_reply() -> None:
    seen: list[str] = []
    answer = reply(200, {"email": "kim@example.com"}, {"Set-Cookie": "session=s3cr3t"})
    with Wire([answer]) as wire, Client(Integration(name="svc", base_url=wire.url)) as client:
        client.on_outcome(lambda *shown: seen.append(repr(shown)))
        client.get("/x?token=s3cr3t")
    [text] = seen
    assert "status=200" in text
    assert not [one for one in ("kim@example.com", "s3cr3t") if one in text]
