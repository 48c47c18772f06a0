"""Twilio's list of messages, and what is said of each where it has ended.

https://www.twilio.com/docs/messaging/api/message-resource#read-multiple-message-resources

There is no list of callbacks. So the state that a message is in at last stands for the callback that told it,
and has an id of its own, made of message and state. If the callback comes after all it is another event: who
keeps what was told of messages gets the same twice, and is to be order-free anyway.

The list is not asked for by DateSent: what failed before it was sent has none.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, urlencode

from f.connect.calls.message import Request
from f.connect.calls.reply_reader import id_of, objects_at, read_object, unreadable
from f.connect.errors import FixSettings
from f.connect.pagination import pages
from f.connect.times import DAY_SECONDS, http_date
from f.webhooks.healing.listing import Listed, as_told
from f.webhooks.requests.request import FORM

if TYPE_CHECKING:
    from collections.abc import Iterator

    from f.connect.calls.message import Response
    from f.connect.client import Client
    from f.webhooks.healing.wanted import Wanted
    from f.webhooks.requests.event import IncomingEvent
    from f.webhooks.requests.source import Source

RECEIVED = "message.received"
_MOST_AT_A_TIME = 1000
_ENDS = frozenset({"delivered", "undelivered", "failed", "canceled", "read"})
_LONGEST_ON_ITS_WAY = 10 * 3600.0  # seconds, the longest ValidityPeriod
_KEEPS = 30 * DAY_SECONDS  # Twilio has them for longer; a walk through all takes too long


class TwilioMessages:
    """The list of one account."""

    kind: Literal["twilio"] = "twilio"
    service = "Twilio"
    by_id = True
    header = None
    keeps = _KEEPS

    def __init__(
        self, client: Client, account: str, wanted: Wanted, *, most_at_a_time: int = _MOST_AT_A_TIME
    ) -> None:
        """Messages to us are looked for only if they are named: their route may not be ours."""
        self._client, self._most = client, most_at_a_time
        self._path = f"/2010-04-01/Accounts/{quote(account, safe='')}/Messages.json"
        self._incoming = RECEIVED in wanted.patterns

    def pages(self, since: float) -> Iterator[list[Listed]]:
        """Walk the list, newest first by when a message was made; it may have ended much later."""
        first = Request(
            method="GET", path=self._path, params={"PageSize": self._most}, endpoint="messages_list"
        )
        for response in pages(self._client.request, first, self._next):
            messages = objects_at(read_object(response), "messages")
            if messages is None:
                raise unreadable(response, "Twilio", "a list of messages")
            found = [one for message in messages for one in self._listed(response, message)]
            yield [one for one in found if one.at >= since]
            made = [http_date(str(message.get("date_created") or "")) for message in messages]
            if made and all(at is not None and at < since - _LONGEST_ON_ITS_WAY for at in made):
                return

    def event(self, listed: Listed, source: Source) -> IncomingEvent:
        """Return what a callback would have said."""
        body = urlencode(dict(listed.item)).encode()
        event = as_told(source, listed, FORM, body)
        return dataclasses.replace(event, occurred_at=listed.at)

    def _next(self, response: Response) -> Request | None:
        link = read_object(response).get("next_page_uri")
        if not link:
            return None
        if not isinstance(link, str) or not link.startswith(f"{self._path}?"):
            raise FixSettings(
                "Twilio's list names a next page that is not of this list. Check base_url.", code="bad_link"
            )
        return dataclasses.replace(response.request, path=link, params=None)

    def _listed(self, response: Response, message: Mapping[str, Any]) -> Iterator[Listed]:
        sid, status = id_of(message.get("sid")), id_of(message.get("status"))
        at = http_date(str(message.get("date_updated") or message.get("date_created") or ""))
        if not sid or not status or at is None:
            raise unreadable(response, "Twilio", "sid, status and time of each message")
        incoming = status == "received"
        if status in _ENDS or (incoming and self._incoming):
            yield Listed(
                key=f"healed:{sid}:{status}",
                type=f"message.{status}",
                at=at,
                provider_id=sid,
                item=_received(message) if incoming else _callback(message),
            )


def _callback(message: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields of the form that says what became of a message."""
    status = message.get("status")
    return _said(
        message,
        {"SmsStatus": status, "MessageStatus": status, "ErrorCode": message.get("error_code")},
    )


def _received(message: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields of the form that brings a message to us."""
    more = {"SmsStatus": "received", "Body": message.get("body") or "", "NumMedia": message.get("num_media")}
    return _said(message, {**more, "NumSegments": message.get("num_segments")})


def _said(message: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, str]:
    fields = {
        "MessageSid": message.get("sid"),
        "SmsSid": message.get("sid"),
        "AccountSid": message.get("account_sid"),
        "MessagingServiceSid": message.get("messaging_service_sid"),
        "From": message.get("from"),
        "To": message.get("to"),
        "ApiVersion": message.get("api_version"),
        **more,
    }
    return {name: str(value) for name, value in fields.items() if value is not None}
