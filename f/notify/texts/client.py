"""Twilio messages, SMS, MMS and WhatsApp: requests built, replies read.

https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

import email.utils
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict
from urllib.parse import quote

from f.connect.calls.message import Request, Response
from f.connect.errors import (
    ConnectError,
    FixInput,
    FixSettings,
    GiveUpRecord,
    OutcomeUnknown,
    SignInAgain,
    TryLater,
)
from f.connect.integration import Basic, Integration

BASE_URL = "https://api.twilio.com"
SUPPRESSED = "suppressed"
_OPTED_OUT = 21610


class twilio(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """A Twilio account: its SID (AC...) and auth token. `base_url` is for stand-ins."""

    accountSid: str
    token: str
    base_url: str


@dataclass(frozen=True, slots=True)
class Text:
    """One message. `to` and `sender` are E.164, with `whatsapp:` before it for WhatsApp.

    `sender` may also be a messaging service (MG...) or an alphanumeric sender id. Either `body`, or
    `content_sid` with the values of its numbered or named holes.
    """

    to: str
    sender: str
    body: str = ""
    media_urls: Sequence[str] = ()
    content_sid: str = ""
    content_variables: Mapping[str, str] | None = None
    status_callback: str = ""


@dataclass(frozen=True, slots=True)
class MessageState:
    """What Twilio knows of a message. `segments` is None until it has been counted."""

    sid: str
    status: str
    segments: int | None
    error_code: int | None
    error_message: str


def integration_of(resource: Mapping[str, Any]) -> Integration:
    """Return the account as the connection layer sees it; FixSettings for what is missing."""
    missing = [name for name in ("accountSid", "token") if not resource.get(name)]
    if missing:
        raise FixSettings(f"The Twilio resource has no {' and no '.join(missing)}.", code="bad_settings")
    return Integration(
        name="twilio",
        base_url=resource.get("base_url") or BASE_URL,
        authentication=Basic(username=resource["accountSid"], password=resource["token"]),
    )


def send_request(text: Text, account: str) -> Request:
    """Return the request for a message. Twilio has no idempotency keys; a 429 was never processed (20429)."""
    form: dict[str, Any] = {"To": text.to}
    form["MessagingServiceSid" if text.sender.startswith("MG") else "From"] = text.sender
    if text.content_sid:
        form["ContentSid"] = text.content_sid
        if text.content_variables:
            form["ContentVariables"] = json.dumps(dict(text.content_variables), ensure_ascii=False)
    if text.body:
        form["Body"] = text.body
    if text.media_urls:
        form["MediaUrl"] = list(text.media_urls)
    if text.status_callback:
        form["StatusCallback"] = text.status_callback
    return Request(method="POST", path=_path(account, "Messages.json"), data=form, endpoint="messages")


def list_request(text: Text, account: str) -> Request:
    """Return the request for the newest messages to a number; not by DateSent, which a queued one lacks."""
    params = {"To": text.to, "PageSize": 100}
    return Request(
        method="GET", path=_path(account, "Messages.json"), params=params, endpoint="messages_list"
    )


def state_request(account: str, sid: str) -> Request:
    """Return the request for one message as it stands now."""
    return Request(
        method="GET", path=_path(account, f"Messages/{quote(sid, safe='')}.json"), endpoint="message"
    )


def read_state(response: Response) -> MessageState:
    """Read a message; raises what Twilio's error code means."""
    body = response.json
    body = body if isinstance(body, dict) else {}
    if not response.success:
        raise _named(refusal(body.get("code"), str(body.get("message") or ""), response.status), response)
    return _state(body)


def find_sent(response: Response, text: Text, since: float) -> MessageState | None:
    """Return the message in a list that is `text`, created at `since` (epoch seconds) or later."""
    body = response.raise_for_status().json
    for message in body.get("messages", []) if isinstance(body, dict) else []:
        if _created(message) >= since and _is_same(message, text):
            return _state(message)
    return None


def refusal(code: object, message: str, status: int) -> ConnectError:
    """Return what an error code means for the caller: https://www.twilio.com/docs/api/errors."""
    number = code if isinstance(code, int) else 0
    name = f"twilio_{number or status}"
    if number == _OPTED_OUT:
        return GiveUpRecord(
            f"The recipient opted out of messages from this sender (Twilio {number}). Nothing was sent.",
            code=SUPPRESSED,
        )
    for kind, sentences in _REFUSALS:
        if number in sentences:
            return kind(f"Twilio refused the message: {sentences[number]} (Twilio {number}).", code=name)
    if status in {401, 403}:
        return SignInAgain(
            f"Twilio refused the credential ({number or status}). Check accountSid and token.", code=name
        )
    if status == 404:
        return FixInput("Twilio knows no such message or account. Check the SIDs.", code=name)
    if status >= 500:
        return OutcomeUnknown(
            f"Twilio failed ({number or status}); the message may be on its way.", code=name
        )
    del message  # may quote the number
    return GiveUpRecord(f"Twilio refused the message as it is (Twilio {number or status}).", code=name)


_NOT_A_NUMBER = "the recipient's number is not valid"
_REFUSALS: tuple[tuple[type[ConnectError], Mapping[int, str]], ...] = (
    (
        SignInAgain,
        {20003: "the credential is wrong. Check accountSid and token", 20005: "the account is suspended"},
    ),
    (
        FixSettings,
        {
            21212: "the sender's number is not valid",
            21606: "the sender is not a number of this account that can send this. Check sender",
            21659: "the sender is not a number of this account. Check sender",
            21660: "the sender belongs to another account. Check sender",
            21703: "the messaging service has no number. Add one to it",
            21408: "the account may not send to this country. Allow it under Messaging > Geo permissions",
            63007: "the sender is not a WhatsApp number of this account. Check sender",
        },
    ),
    (
        FixInput,
        {
            21211: _NOT_A_NUMBER,
            21214: "the recipient's number cannot be reached",
            21217: _NOT_A_NUMBER,
            21265: _NOT_A_NUMBER,
            21602: "the message is empty. Give it a body, media or a template",
            21604: "the recipient is missing",
            21612: "the sender cannot reach this recipient. Use another sender",
            21614: "the recipient's number takes no text messages",
            21617: "the text is longer than 1,600 characters. Shorten it",
            21620: "a media URL is not valid",
            21623: "there are more than ten media files",
            63016: "24 hours after a person's last message WhatsApp takes templates only. Give content_sid",
            63024: "the recipient has no WhatsApp",
        },
    ),
    (
        TryLater,
        {
            20429: "too many requests. Try again later",
            21611: "the sender's queue is full. Try again in an hour",
            63018: "the WhatsApp sender's rate is used up. Try again later",
        },
    ),
)


def _path(account: str, path: str) -> str:
    return f"/2010-04-01/Accounts/{quote(account, safe='')}/{path}"


def _state(body: Mapping[str, Any]) -> MessageState:
    segments = str(body.get("num_segments") or "")
    error_code = body.get("error_code")
    return MessageState(
        sid=str(body.get("sid") or ""),
        status=str(body.get("status") or ""),
        segments=int(segments) if segments.isdigit() and int(segments) else None,
        error_code=int(error_code) if error_code else None,
        error_message=str(body.get("error_message") or ""),
    )


def _created(message: Mapping[str, Any]) -> float:
    parsed = email.utils.parsedate_tz(str(message.get("date_created") or ""))
    return float(email.utils.mktime_tz(parsed)) if parsed else 0.0


def _is_same(message: Mapping[str, Any], text: Text) -> bool:
    if message.get("to") != text.to:
        return False
    sender = message.get("messaging_service_sid") if text.sender.startswith("MG") else message.get("from")
    if sender != text.sender:
        return False
    # A trial account puts its own words before the text; a template's text is Twilio's.
    return bool(text.content_sid) or str(message.get("body") or "").endswith(text.body)


def _named(error: ConnectError, response: Response) -> ConnectError:
    error.call, error.status, error.request_id = response.call, response.status, response.request_id
    error.attempts = response.attempts
    return error
