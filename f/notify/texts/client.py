"""Twilio messages, SMS, MMS and WhatsApp: requests built, replies read.

https://www.twilio.com/docs/messaging/api/message-resource
"""

from __future__ import annotations

import email.utils
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypedDict
from urllib.parse import quote

from f.connect.calls.message import Request, Response
from f.connect.calls.reply_reader import (
    id_of,
    line_of,
    named,
    number_of,
    objects_at,
    read_object,
    unreadable,
    word_of,
)
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
from f.connect.times import http_date
from f.store.once import Candidate

BASE_URL = "https://api.twilio.com"
SUPPRESSED = "suppressed"
_OPTED_OUT = 21610
_TRIAL = "Sent from your Twilio trial account - "  # stands before the text in what a trial account sends
_PAGE = 1000  # the most that Twilio lists at a time
_CLOCKS_DIFFER = 10.0  # seconds; only where Twilio's reply has no date
_TICK = 2.0  # Twilio tells times in whole seconds, cut off


class twilio(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """A Twilio account: its SID (AC...) and auth token.

    `phone_number`: the sender where a message names none. `status_callback`: the address of a webhook that
    Twilio tells what becomes of each message. `rate_limit`: messages a minute, 0 for no limit of ours.
    `base_url` is for stand-ins.
    """

    accountSid: str
    token: str
    phone_number: str
    status_callback: str
    rate_limit: int
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
    if not isinstance(resource, Mapping):
        raise FixSettings(
            "twilio must be a resource: an object with accountSid and token.", code="bad_settings"
        )
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
    params = {"To": text.to, "PageSize": _PAGE}
    return Request(
        method="GET", path=_path(account, "Messages.json"), params=params, endpoint="messages_list"
    )


def state_request(account: str, sid: str) -> Request:
    """Return the request for one message as it stands now."""
    return Request(
        method="GET",
        path=_path(account, f"Messages/{quote(sid, safe='', errors='replace')}.json"),
        endpoint="message",
    )


def read_state(response: Response) -> MessageState:
    """Read a message; raises what Twilio's error code means, and what a reply without a message means."""
    body = read_object(response)
    if response.status >= 400:
        raise named(refusal(body.get("code"), response.status), response)
    state = _state(body)
    if not state.sid:
        raise unreadable(response, "Twilio", "a message's sid")
    return state


def find_sent(response: Response, text: Text, age: tuple[float, float], now: float) -> list[Candidate]:
    """Return the messages of a list that are `text`, or may be.

    It was created between the two ages, in seconds before the reply came at `now` (seconds since the epoch).
    Their clock is Twilio's, which the reply tells. Raises TryLater if the list cannot be read or has not all.
    """
    response.raise_for_status()
    body = read_object(response)
    messages = objects_at(body, "messages")
    if messages is None:
        raise unreadable(response, "Twilio", "a list of messages")
    clock = http_date(response.headers.get("Date", ""))
    slack = _CLOCKS_DIFFER if clock is None else _TICK
    clock = now if clock is None else clock
    first, last = clock - age[0] - slack, clock - age[1] + slack
    times = [_created(message) for message in messages]
    if body.get("next_page_uri") and all(at is None or at >= first for at in times):
        raise unreadable(response, "Twilio", "all messages since then")
    found = []
    for message, at in zip(messages, times, strict=True):
        likeness = "other" if at is not None and at < first else _likeness(message, text)
        if likeness != "other":
            sid = id_of(message.get("sid"))
            certain = likeness == "same" and bool(sid) and at is not None and at <= last
            found.append(Candidate(sid, certain))
    return found


def refusal(code: object, status: int) -> ConnectError:
    """Return what an error code means for the caller: https://www.twilio.com/docs/api/errors.

    Twilio's own text is left out: it may quote the number.
    """
    number = number_of(code) or 0
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
    return f"/2010-04-01/Accounts/{quote(account, safe='', errors='replace')}/{path}"


def _state(body: Mapping[str, Any]) -> MessageState:
    return MessageState(
        sid=id_of(body.get("sid")),
        status=word_of(body.get("status")),
        segments=number_of(body.get("num_segments")) or None,
        error_code=number_of(body.get("error_code")) or None,
        error_message=line_of(body.get("error_message")),
    )


def _created(message: Mapping[str, Any]) -> float | None:
    text = message.get("date_created")
    try:
        parsed = email.utils.parsedate_tz(text) if isinstance(text, str) else None
        return float(email.utils.mktime_tz(parsed)) if parsed else None
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _likeness(message: Mapping[str, Any], text: Text) -> Literal["same", "maybe", "other"]:
    """Return whether this is what was sent. What Twilio leaves out or changes makes it a maybe."""
    service = message.get("messaging_service_sid") or ""
    by_service = text.sender.startswith("MG")
    facts = (
        (message.get("direction"), "outbound-api"),
        (message.get("to"), text.to),
        (service, text.sender) if by_service else (message.get("from"), text.sender),
    )
    if any(told not in (None, "", expected) for told, expected in facts):
        return "other"
    media = number_of(message.get("num_media"))
    if media is not None and bool(media) != bool(text.media_urls):
        return "other"
    body = _likeness_of_body(message.get("body"), text)
    certain = all(told == expected for told, expected in facts) and (by_service or not service)
    return body if certain and media == len(text.media_urls) else "other" if body == "other" else "maybe"


def _likeness_of_body(stored: object, text: Text) -> Literal["same", "maybe", "other"]:
    """Compare what Twilio keeps with what was sent.

    A template's text is Twilio's; a body may have been redacted; a messaging service writes quotes and dashes
    in other characters, and white space at the ends may be gone.
    """
    if text.content_sid or ((not isinstance(stored, str) or not stored) and text.body):
        return "maybe"
    kept = stored if isinstance(stored, str) else ""
    if text.body in (kept, kept.removeprefix(_TRIAL)):
        return "same"
    if _letters(text.body) == _letters(kept) or (
        "Twilio" in kept and kept.endswith(text.body.strip() or "\0")
    ):
        return "maybe"
    return "other"


def _letters(text: str) -> str:
    return "".join(character for character in text.casefold() if character.isalnum())
