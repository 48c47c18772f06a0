"""Subscriptions against servers that go away, refuse, say nothing, or say nonsense."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import pytest
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from f.connect.errors import ConnectError, FixInput, FixSettings, SignInAgain, TryLater
from f.connect.times import Clock
from f.graphql.queries.operation import prepare
from f.graphql.transport import subscribing
from f.graphql.transport.subscribing import SubscriptionResult, collect, ws_url_of

Behave = Callable[[ServerConnection], None]
COUNT = "subscription($from: Int) { countdown(from: $from) }"


class Peer:
    """A server under a test's control, and every message it got; its address."""

    def __init__(self, url: str, got: list[Any], opened: list[Headers]) -> None:
        self.url, self.got, self.opened = url, got, opened

    def collect(self, **options: Any) -> SubscriptionResult:
        prepared = prepare(COUNT, {"from": 3}, "", "subscription")
        resource = {"base_url": self.url.replace("ws:", "http:"), **options.pop("resource", {})}
        return collect(prepared, resource, **{"max_events": 3, "max_seconds": 5.0, **options})


@contextmanager
def peer(
    *behaviours: Behave, refuse: int | None = None, subprotocol: str | None = "graphql-transport-ws"
) -> Iterator[Peer]:
    """Serve connections in turn with these behaviours, the last one for ever."""
    got: list[Any] = []
    opened: list[Headers] = []
    left = list(behaviours)

    def handler(connection: ServerConnection) -> None:
        assert connection.request is not None
        opened.append(connection.request.headers)
        behave = left.pop(0) if len(left) > 1 else left[0]
        try:
            behave(connection)
            got.extend(map(json.loads, connection))
        except ConnectionClosed:
            return

    def process_request(_: ServerConnection, request: Request) -> Response | None:
        opened.extend([request.headers] if refuse else [])
        headers = Headers({"Location": "/other", "Connection": "close", "Content-Length": "0"})
        return Response(refuse, HTTPStatus(refuse).phrase, headers, b"") if refuse else None

    quiet = logging.getLogger("tests.peer")
    quiet.disabled = True
    options: dict[str, Any] = {"subprotocols": [subprotocol]} if subprotocol else {}
    server = serve(
        handler, "127.0.0.1", 0, process_request=process_request, logger=quiet, close_timeout=0.2, **options
    )
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Peer(f"ws://127.0.0.1:{server.socket.getsockname()[1]}/graphql", got, opened)
    finally:
        server.shutdown()
        thread.join()


def read(connection: ServerConnection) -> Any:
    return json.loads(connection.recv(timeout=5))


def say(connection: ServerConnection, **message: Any) -> None:
    connection.send(json.dumps(message))


def acked(connection: ServerConnection) -> None:
    """Accept the connection and the subscription, as the protocol has it."""
    init = read(connection)
    assert init["type"] == "connection_init"
    say(connection, type="connection_ack")
    subscribe = read(connection)
    assert (subscribe["type"], subscribe["payload"]["variables"]) == ("subscribe", {"from": 3})


def event(connection: ServerConnection, number: int, id: str = "1") -> None:
    say(connection, id=id, type="next", payload={"data": {"countdown": number}})


def then(*numbers: int, complete: bool = False, close: int | None = None) -> Behave:
    """Accept, send these events, and end like that."""

    def behave(connection: ServerConnection) -> None:
        acked(connection)
        for number in numbers:
            event(connection, number)
        if complete:
            say(connection, id="1", type="complete")
        if close is not None:
            connection.close(close, "because")

    return behave


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections are opened again at once."""
    monkeypatch.setattr(subscribing, "backoff", lambda *_: 0.01)
    monkeypatch.setattr(subscribing, "ACK_SECONDS", 0.5)


def test_enough_events_end_the_subscription_with_a_complete_of_ours() -> None:
    # No event that nobody waits for: the server would meet a closed connection with it, and read nothing.
    with peer(then(3, 2)) as server:
        result = server.collect(max_events=2)
        until = time.monotonic() + 5
        while not server.got and time.monotonic() < until:
            time.sleep(0.01)
    assert result["events"] == [{"countdown": 3}, {"countdown": 2}]
    assert result["reason"] == "max_events"
    assert server.got == [{"id": "1", "type": "complete"}]


def test_pings_are_answered_with_their_payload_and_strange_messages_are_left_alone() -> None:
    def behave(connection: ServerConnection) -> None:
        acked(connection)
        say(connection, type="ping", payload={"n": 1})
        say(connection, type="ping")
        say(connection, type="pong")
        event(connection, 99, id="another")
        say(connection, id="another", type="complete")
        assert [read(connection) for _ in range(2)] == [
            {"type": "pong", "payload": {"n": 1}},
            {"type": "pong"},
        ]
        event(connection, 1)
        say(connection, id="1", type="complete")

    with peer(behave) as server:
        result = server.collect()
    assert (result["events"], result["reason"]) == ([{"countdown": 1}], "complete")


@pytest.mark.parametrize("code", [1001, 1012, 1013, 1014, 4403, 4408, 4504])
def test_a_server_that_goes_away_is_connected_again_and_the_gap_is_said(code: int) -> None:
    with peer(then(3, close=code), then(2, complete=True)) as server:
        result = server.collect()
    assert (result["events"], result["reason"], result["reconnects"]) == (
        [{"countdown": 3}, {"countdown": 2}],
        "complete",
        1,
    )
    assert "events in between may be missing" in result["message"]


def test_a_connection_that_breaks_is_opened_again() -> None:
    def broken(connection: ServerConnection) -> None:
        acked(connection)
        event(connection, 3)
        time.sleep(0.1)
        connection.socket.close()

    with peer(broken, then(2, complete=True)) as server:
        assert server.collect()["reconnects"] == 1


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (4400, FixInput),
        (4401, SignInAgain),
        (4406, FixSettings),
        (4409, FixSettings),
        (4429, FixSettings),
        (4500, TryLater),
        (4004, FixSettings),
        (4005, FixSettings),
        (1011, TryLater),
        (4999, TryLater),
    ],
)
def test_a_fatal_close_is_not_tried_again(code: int, kind: type[ConnectError]) -> None:
    with (
        peer(then(close=code)) as server,
        pytest.raises(kind, match=rf"closed the connection \({code}, because\)") as caught,
    ):
        server.collect()
    assert caught.value.code == f"ws_{code}"
    assert len(server.opened) == 1
    with peer(then(3, close=code)) as server:  # what has arrived is kept
        result = server.collect()
    assert (result["events"], result["reason"]) == ([{"countdown": 3}], "closed")
    assert str(code) in result["message"]


def test_a_server_that_keeps_going_away_is_given_up() -> None:
    with peer(then(close=1012)) as server, pytest.raises(TryLater, match="1012"):
        server.collect()
    assert len(server.opened) == 6


def test_a_normal_close_is_an_end() -> None:
    with peer(then(close=1000)) as server:
        result = server.collect()
    assert (result["count"], result["reason"]) == (0, "closed")


def test_a_server_that_never_accepts_is_not_waited_for() -> None:
    with peer(lambda connection: None) as server, pytest.raises(TryLater, match="connection_ack") as caught:
        server.collect()
    assert caught.value.code == "ack_timeout"


def test_a_server_that_never_completes_ends_with_the_time_also_while_it_pings() -> None:
    def behave(connection: ServerConnection) -> None:
        acked(connection)
        while True:
            say(connection, type="ping")
            time.sleep(0.05)

    with peer(behave) as server:
        started = time.monotonic()
        result = server.collect(max_seconds=0.7)
    assert result["reason"] == "max_seconds"
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (b"\0\1", "a binary frame"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "without a type"),
        ('{"type": 5}', "without a type"),
        ('{"type": "hello"}', "a message of type 'hello'"),
        ('{"type": "connection_ack"}', "a message of type 'connection_ack'"),
        ('{"id": "1", "type": "next", "payload": 5}', "neither data nor errors"),
        ('{"id": "1", "type": "next", "payload": {"data": null}}', "neither data nor errors"),
        ('{"id": "1", "type": "next"}', "neither data nor errors"),
    ],
)
def test_a_server_that_speaks_another_dialect_is_one_sentence(frame: str | bytes, said: str) -> None:
    def behave(connection: ServerConnection) -> None:
        acked(connection)
        connection.send(frame)

    with peer(behave) as server, pytest.raises(FixSettings, match=said) as caught:
        server.collect()
    assert caught.value.code == "ws_protocol"


def test_an_event_before_the_connection_is_accepted_is_nonsense() -> None:
    with (
        peer(lambda connection: event(connection, 1)) as server,
        pytest.raises(FixSettings, match="before it has accepted"),
    ):
        server.collect()


def test_a_message_too_large_is_not_read() -> None:
    def behave(connection: ServerConnection) -> None:
        acked(connection)
        say(connection, id="1", type="next", payload={"data": {"countdown": "x" * (5 * 2**20)}})

    with peer(behave) as server, pytest.raises(ConnectError) as caught:
        server.collect()
    assert "1009" in str(caught.value)


@pytest.mark.parametrize(
    ("payload", "kind", "said"),
    [
        (
            [{"message": "Unknown field.", "locations": [{"line": 1, "column": 5}]}],
            FixInput,
            "line 1, column 5: Unknown field",
        ),
        ([{"message": "No.", "extensions": {"code": "UNAUTHENTICATED"}}], SignInAgain, "UNAUTHENTICATED"),
        ({"message": "No."}, FixInput, "No"),
        ([], FixInput, "cannot carry out this subscription"),
        (5, FixInput, "cannot carry out this subscription"),
    ],
)
def test_an_error_says_what_the_server_says(payload: Any, kind: type[ConnectError], said: str) -> None:
    def behave(connection: ServerConnection) -> None:
        acked(connection)
        say(connection, id="1", type="error", payload=payload)

    with peer(behave) as server, pytest.raises(kind, match=said):
        server.collect()


@pytest.mark.parametrize(
    ("status", "kind", "tries"),
    [
        (401, SignInAgain, 1),
        (403, SignInAgain, 1),
        (404, FixSettings, 1),
        (302, FixSettings, 1),
        (307, FixSettings, 1),
        (503, TryLater, 6),
        (429, TryLater, 6),
    ],
)
def test_a_server_that_refuses_the_connection(status: int, kind: type[ConnectError], tries: int) -> None:
    with peer(then(), refuse=status) as server, pytest.raises(kind, match=str(status)):
        server.collect()
    assert len(server.opened) == tries


def test_another_subprotocol_is_said() -> None:
    for offered in ("graphql-ws", None):
        with peer(then(), subprotocol=offered) as server, pytest.raises(FixSettings) as caught:
            server.collect()
        assert caught.value.code in {"ws_protocol", "ws_handshake", "http_400"}


def test_what_serves_no_web_socket_is_one_sentence() -> None:
    from tests.loopback import Reply  # noqa: PLC0415 - used here alone
    from tests.loopback import serve as serve_http  # noqa: PLC0415 - used here alone

    with (
        serve_http(lambda _: Reply(200, b"<html>", {"Content-Type": "text/html"})) as http,
        pytest.raises(FixSettings),
    ):
        Peer(http.url, [], []).collect()
    with pytest.raises(TryLater, match="cannot be reached"):
        Peer("ws://127.0.0.1:9", [], []).collect(max_seconds=1)


def test_a_request_to_stop_hands_over_what_has_arrived() -> None:
    stop = threading.Event()
    threading.Timer(0.4, stop.set).start()
    with peer(then(3)) as server:
        result = server.collect(should_stop=stop.is_set)
    assert (result["events"], result["reason"]) == ([{"countdown": 3}], "stopped")


def test_the_credential_goes_to_ws_url_and_stands_in_no_result() -> None:
    seen: list[Any] = []

    def behave(connection: ServerConnection) -> None:
        seen.append(read(connection))
        connection.close(4401, "token s3cret-walrus or nested-walrus is bad")

    resource = {"bearer_token": "s3cret-walrus", "custom_headers": {"X-Shop": "s1"}}
    own = {"tenant": "t", "headers": {"X-Pass": ["nested-walrus"]}}
    with peer(behave) as server, pytest.raises(SignInAgain) as caught:
        server.collect(resource={**resource, "ws_url": server.url}, payload=own)
    assert server.opened[0]["Authorization"] == "Bearer s3cret-walrus"
    assert server.opened[0]["X-Shop"] == "s1"
    assert seen[0]["payload"] == {"Authorization": "Bearer s3cret-walrus", **own}
    assert "walrus" not in f"{caught.value} {vars(caught.value)}"


@pytest.mark.parametrize(
    ("resource", "url"),
    [
        ({"base_url": "https://a.example/graphql"}, "wss://a.example/graphql"),
        ({"base_url": "http://127.0.0.1:1/graphql/"}, "ws://127.0.0.1:1/graphql/"),
        ({"base_url": "https://a.example/graphql", "ws_url": "wss://b.example/live"}, "wss://b.example/live"),
    ],
)
def test_where_a_subscription_goes(resource: Any, url: str) -> None:
    assert ws_url_of(resource) == url


@pytest.mark.parametrize(
    "resource",
    [{}, {"ws_url": "ftp://a"}, {"ws_url": "ws://a.example/x"}, {"base_url": 5}, {"ws_url": "ws://["}],
)
def test_where_no_subscription_can_go(resource: Any) -> None:
    with pytest.raises(FixSettings):
        ws_url_of(resource)


@pytest.mark.parametrize(
    "bounds", [{"max_events": 0}, {"max_events": 10**6}, {"max_seconds": 0.0}, {"max_seconds": 1e9}]
)
def test_bounds_are_bounded(bounds: Any) -> None:
    with pytest.raises(FixInput, match="max_events must be from"):
        Peer("ws://127.0.0.1:9", [], []).collect(**bounds)


def test_no_clock_is_asked_for_ever() -> None:
    """Time that passes while connections fail counts."""

    class Fast(Clock):
        def ticks(self) -> float:
            return super().ticks() * 50

    with pytest.raises(TryLater):
        Peer("ws://127.0.0.1:9", [], []).collect(clock=Fast(), max_seconds=1.0)
