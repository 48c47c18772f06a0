"""A subscription, bounded in events and in seconds: a job has to end, a subscription need not.

    connect -> subscribe -> events ... -> complete, error, a bound is met, or the job is to stop
       ^                       |
       '---- wait, again ------'  the server goes away or restarts; events in between are missing

What has arrived is never thrown away: an error raises only if there is no event to hand over.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# websockets==17.4

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from f.connect.calls.verdict import backoff
from f.connect.errors import ConnectError, FixInput, FixSettings, TryLater
from f.connect.integration import Retry, resolve_url, url_faults
from f.connect.redact import remember
from f.connect.times import REAL, Clock
from f.graphql.replies.refusals import refusal
from f.graphql.transport.client import headers_of, token_of
from f.graphql.transport.ws_protocol import (
    NORMAL,
    Conversation,
    Ended,
    Event,
    Say,
    closed_error,
    may_reconnect,
)

if TYPE_CHECKING:
    from f.graphql.queries.operation import Prepared
    from f.graphql.replies.refusals import GraphqlError
    from f.graphql.transport.web_socket import Socket

ACK_SECONDS = 10.0
OPEN_SECONDS = 10.0
MOST_RECONNECTS = 5  # in a row, without an event between them
LONGEST = 3600.0
MOST_EVENTS = 10_000

_LOOK_SECONDS = 0.5  # between two looks whether the job is to stop

Reason = Literal["max_events", "max_seconds", "complete", "error", "closed", "stopped"]


class SubscriptionResult(TypedDict):
    """`reason`: why it ended; `message` says it in a sentence. `events`: the data of each, as it came."""

    events: list[dict[str, Any] | None]
    count: int
    reason: Reason
    message: str
    errors: list[GraphqlError]
    reconnects: int


@dataclass(slots=True)
class _Run:
    """What has happened so far."""

    max_events: int
    deadline: float
    clock: Clock
    should_stop: Any
    events: list[dict[str, Any] | None] = field(default_factory=list)
    errors: list[GraphqlError] = field(default_factory=list)
    reconnects: int = 0
    in_a_row: int = 0
    was_open: bool = False

    @property
    def left(self) -> float:
        """Seconds until the time is up."""
        return self.deadline - self.clock.ticks()

    def end(self, reason: Reason, message: str) -> SubscriptionResult:
        """Return the result."""
        return {
            "events": self.events,
            "count": len(self.events),
            "reason": reason,
            "message": message + self._missing(),
            "errors": self.errors,
            "reconnects": self.reconnects,
        }

    def _missing(self) -> str:
        if not self.reconnects:
            return ""
        times = "once" if self.reconnects == 1 else f"{self.reconnects} times"
        return f" It connected again {times}: events in between may be missing."


def collect(
    prepared: Prepared,
    resource: Mapping[str, Any],
    *,
    max_events: int,
    max_seconds: float,
    payload: Mapping[str, Any] | None = None,
    clock: Clock = REAL,
    should_stop: Any = lambda: False,
) -> SubscriptionResult:
    """Collect events until a bound is met, the server ends the subscription, or the job is to stop."""
    if not 1 <= max_events <= MOST_EVENTS or not 0 < max_seconds <= LONGEST:
        raise FixInput(
            f"max_events must be from 1 to {MOST_EVENTS:,}, max_seconds above 0 and at most {LONGEST:,.0f}.",
            code="bad_bound",
        )
    url, headers = ws_url_of(resource), _headers(resource)
    first = _payload(resource, payload)
    run = _Run(max_events, clock.ticks() + max_seconds, clock, should_stop)
    from f.graphql.transport.web_socket import Closed, open_socket  # 70 ms, after all checks

    while True:
        conversation = Conversation(prepared.body, first)
        try:
            with open_socket(url, headers, max(0.1, min(OPEN_SECONDS, run.left))) as socket:
                return _talk(run, socket, conversation)
        except Closed as closed:
            failure = closed_error(closed.code, closed.reason)
            if closed.code == NORMAL and conversation.state != "opening":
                return run.end(
                    "closed", "The server closed the connection before the subscription was complete."
                )
            again = may_reconnect(closed.code)
        except ConnectError as error:
            failure, again = error, isinstance(error, TryLater) and error.code != "ack_timeout"
        if (result := _after(run, failure, again=again)) is not None:
            return result


def _after(run: _Run, failure: ConnectError, *, again: bool) -> SubscriptionResult | None:
    """Return the result after a connection was lost, None to connect again; raises if there is no event."""
    run.in_a_row += 1
    wait = backoff(Retry(), run.in_a_row, run.clock.draw)
    if run.was_open and run.should_stop():
        return run.end("stopped", "The job was asked to stop.")
    if again and run.in_a_row <= MOST_RECONNECTS and wait < run.left and not run.clock.sleep(wait):
        run.reconnects += 1
        return None
    if run.events:
        return run.end("closed", str(failure))
    failure.attempts = run.reconnects + 1
    raise failure


def _talk(run: _Run, socket: Socket, conversation: Conversation) -> SubscriptionResult:
    """Hold one conversation to its end."""
    socket.send(conversation.opening())
    ack_by = run.clock.ticks() + ACK_SECONDS
    while True:
        result = _bound(run, conversation, ack_by)
        if result is not None:
            if (closing := conversation.closing()) is not None:
                socket.send(closing)
            return result
        frame = socket.receive(min(_LOOK_SECONDS, run.left))
        for step in conversation.receive(frame) if frame is not None else ():
            match step:
                case Say(text):
                    run.was_open = run.was_open or conversation.state == "subscribed"
                    socket.send(text)
                case Event(answer):
                    run.in_a_row = 0
                    run.events.append(answer.data)
                    run.errors += answer.errors[: max(0, 100 - len(run.errors))]
                case Ended(errors):
                    return _ended(run, errors)


def _bound(run: _Run, conversation: Conversation, ack_by: float) -> SubscriptionResult | None:
    """Return the result if a bound is met; TryLater if the server does not accept the connection in time."""
    if len(run.events) >= run.max_events:
        return run.end("max_events", f"{len(run.events):,} events arrived, as many as were asked for.")
    if run.should_stop():
        return run.end("stopped", "The job was asked to stop.")
    if conversation.state == "opening" and (run.clock.ticks() >= ack_by or run.left <= 0):
        raise TryLater(
            "The server opened the connection and did not accept the subscription (connection_ack). Check "
            "ws_url, or try again later.",
            code="ack_timeout",
        )
    if run.left <= 0:
        return run.end("max_seconds", "The time is up.")
    return None


def _ended(run: _Run, errors: list[GraphqlError]) -> SubscriptionResult:
    if not errors:
        return run.end("complete", "The server has no more events.")
    failure = refusal(errors, "subscription", executed=bool(run.events))
    if not run.events:
        raise failure
    run.errors += errors
    return run.end("error", str(failure))


def ws_url_of(resource: Mapping[str, Any]) -> str:
    """Return where subscriptions go: ws_url, or the endpoint's own address. FixSettings for what is none."""
    given = resource.get("ws_url") or resource.get("base_url") or ""
    if not isinstance(given, str) or not given:
        raise FixSettings("The GraphQL resource has neither base_url nor ws_url.", code="bad_settings")
    url = given
    for scheme, plain in (("wss://", "https://"), ("ws://", "http://")):
        url = plain + url.removeprefix(scheme) if url.startswith(scheme) else url
    if faults := list(url_faults("ws_url" if resource.get("ws_url") else "base_url", url)):
        raise FixSettings(f"The GraphQL resource: {'; '.join(faults)}.", faults=faults, code="bad_settings")
    if url.startswith("/"):
        url = resolve_url(url)
    return "ws" + url.removeprefix("http")


def _headers(resource: Mapping[str, Any]) -> dict[str, str]:
    token = token_of(resource)
    return {**headers_of(resource), **({"Authorization": f"Bearer {token}"} if token else {})}


def _texts(value: object, depth: int = 10) -> Iterator[str]:
    """Yield the texts of a payload, also those below, as in {"headers": {"Authorization": "Bearer ..."}}."""
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(item, depth - 1)


def _payload(resource: Mapping[str, Any], payload: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return what goes into connection_init: where a browser cannot send headers, servers look there."""
    if payload is not None and not isinstance(payload, Mapping):
        raise FixInput("connection_payload must be an object.", code="bad_payload")
    remember(*_texts(payload))
    token = token_of(resource)
    return {**({"Authorization": f"Bearer {token}"} if token else {}), **(payload or {})} or None
