"""Ask Twilio what became of a message: its state, its segments, and the reason if it was not delivered.

`final` says whether the state can still change. Changes nothing; a second run asks again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.notify.texts.client import twilio

_FINAL = frozenset({"delivered", "undelivered", "failed", "read", "canceled"})


class MessageStatus(TypedDict):
    """What Twilio knows. `error_code`: see https://www.twilio.com/docs/api/errors."""

    sid: str
    status: str
    final: bool
    segments: int | None
    error_code: int | None
    error_message: str


def main(sid: str, twilio: twilio) -> MessageStatus:
    from f.connect.client import Client
    from f.notify.texts.client import integration_of, read_state, state_request

    with Client(integration_of(twilio)) as client:
        state = read_state(client.request(state_request(twilio["accountSid"], sid)))
    return {
        "sid": state.sid,
        "status": state.status,
        "final": state.status in _FINAL,
        "segments": state.segments,
        "error_code": state.error_code,
        "error_message": state.error_message,
    }
