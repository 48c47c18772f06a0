"""The protocol graphql-transport-ws, as decisions: which frame to send, what a frame that came means.

    connection_init -> connection_ack -> subscribe -> next, next, ... -> complete | error

https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from f.connect.calls.body_text import encode_json, read_json
from f.connect.calls.reply_reader import line_of
from f.connect.errors import ConnectError, FixInput, FixSettings, SignInAgain, TryLater
from f.graphql.replies.answer import Answer, answer_of, is_answer
from f.graphql.replies.refusals import read_errors

if TYPE_CHECKING:
    from f.graphql.replies.refusals import GraphqlError

SUBPROTOCOL = "graphql-transport-ws"
NORMAL, NO_CODE, ABNORMAL = 1000, 1005, 1006

# A server that goes away, restarts or is overloaded may be well a moment later; so may a right to subscribe.
_RETRY = frozenset({1001, 1005, 1006, 1012, 1013, 1014, 4403, 4408, 4504})
_ID = "1"  # one operation on a connection

State = Literal["opening", "subscribed", "ended"]


@dataclass(frozen=True, slots=True)
class Say:
    """Send this frame."""

    text: str


@dataclass(frozen=True, slots=True)
class Event:
    """One event: an answer of its own."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Ended:
    """The server ended the subscription: it is complete, or has failed with errors."""

    errors: list[GraphqlError]


Step = Say | Event | Ended


class Conversation:
    """One subscription on one connection; what it says is to be sent in order."""

    def __init__(self, body: Mapping[str, Any], payload: Mapping[str, Any] | None) -> None:
        self._body, self._payload = body, payload
        self._variables = body.get("variables") or {}
        self.state: State = "opening"

    def opening(self) -> str:
        """Return the first frame."""
        message: dict[str, Any] = {"type": "connection_init"}
        if self._payload:
            message["payload"] = dict(self._payload)
        return _text(message)

    def closing(self) -> str | None:
        """Return the frame that ends the subscription, None if there is none to end."""
        return _text({"id": _ID, "type": "complete"}) if self.state == "subscribed" else None

    def receive(self, frame: str | bytes) -> list[Step]:
        """Return what follows from a frame; FixSettings if it is none of the protocol."""
        message = _message(frame)
        kind = message["type"]
        if kind == "ping":
            pong: dict[str, Any] = {"type": "pong"}
            if isinstance(message.get("payload"), Mapping):
                pong["payload"] = message["payload"]
            return [Say(_text(pong))]
        if kind == "connection_ack" and self.state == "opening":
            self.state = "subscribed"
            return [Say(_text({"id": _ID, "type": "subscribe", "payload": dict(self._body)}))]
        if kind not in {"next", "error", "complete"} or message.get("id") != _ID:
            if kind not in {"pong", "next", "error", "complete"}:
                raise _broken(f"a message of type {line_of(kind)[:40]!r}")
            return []
        if self.state != "subscribed":
            raise _broken("an event before it has accepted the connection")
        return [self._about_ours(str(kind), message.get("payload"))]

    def _about_ours(self, kind: str, payload: Any) -> Step:
        if kind == "next":
            if not is_answer(payload):
                raise _broken("an event with neither data nor errors")
            return Event(answer_of(payload, "subscription", self._variables))
        self.state = "ended"
        if kind == "complete":
            return Ended([])
        errors = payload if isinstance(payload, list) else [payload]
        told = read_errors([one for one in errors if isinstance(one, Mapping)], self._variables)
        return Ended(told or [{"message": "", "code": "", "path": "", "line": None, "column": None}])


def _message(frame: str | bytes) -> dict[str, Any]:
    if isinstance(frame, bytes):
        raise _broken("a binary frame")
    try:
        message = read_json(frame)
    except ValueError as error:
        raise _broken("a frame that is not JSON") from error
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise _broken("a frame without a type")
    return message


def _broken(what: str) -> FixSettings:
    return FixSettings(
        f"The server sent {what}: it does not speak {SUBPROTOCOL}. Check ws_url.", code="ws_protocol"
    )


def _text(message: Mapping[str, Any]) -> str:
    return encode_json(message).decode()


def may_reconnect(code: int) -> bool:
    """Return whether a connection that was closed with this code may be opened again."""
    return code in _RETRY


def closed_error(code: int, reason: str) -> ConnectError:
    """Return what it means that the server closed the connection and no more attempt is made."""
    said = line_of(reason)
    told = f"The server closed the connection ({code}{f', {said}' if said else ''})"
    name = f"ws_{code}"
    if code in {4401, 4403}:
        return SignInAgain(
            f"{told}: the credential was refused. Check bearer_token and connection_payload.",
            code=name,
        )
    if code == 4400:
        return FixInput(f"{told}: it cannot read the subscription.", code=name)
    if code in {4004, 4005, 4406, 4409, 4429}:
        return FixSettings(f"{told}: it speaks another dialect of {SUBPROTOCOL}. Check ws_url.", code=name)
    if code == 4500:
        return TryLater(f"{told}: it failed. Try again later.", code=name)
    return TryLater(f"{told}. Try again later.", code=name)
