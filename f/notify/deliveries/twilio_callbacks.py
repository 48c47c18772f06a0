"""What Twilio's callbacks say of a message, and its error codes in words.

https://www.twilio.com/docs/messaging/guides/track-outbound-message-status: a callback has no time of its own
that can be relied on. RawDlrDoneDate is the operator's, to the minute and in a time zone that is not told.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from f.notify.deliveries.facts import Fact, Told, is_known
from f.notify.messages.opt_outs import Medium, Wish

if TYPE_CHECKING:
    from collections.abc import Mapping

_RECEIVED = "received"
_OPTED_OUT = "21610"
_WHATSAPP = "whatsapp:"
_SID = re.compile(r"[A-Z]{2}[0-9a-zA-Z]{1,40}")
_NUMBER = re.compile(r"\+[1-9]\d{6,14}")
# OptOutType is sent by messaging services with Advanced Opt-Out; Twilio itself has read the text then.
# https://www.twilio.com/docs/messaging/tutorials/advanced-opt-out
_WISHES = {"STOP": True, "START": False}

# https://www.twilio.com/docs/api/errors
_WORDS = {
    "21610": "the recipient opted out of messages from this sender",
    "30001": "the sender's queue was full",
    "30002": "the account is suspended",
    "30003": "the phone is switched off or out of reach",
    "30004": "the recipient does not take the message",
    "30005": "the number does not exist any more",
    "30006": "the number is a landline, or its operator takes no text messages",
    "30007": "the operator or Twilio filtered the message out",
    "30008": "the operator gave no reason",
    "30034": "the sender is a US number that is not registered for such messages",
    "63016": "24 hours after a person's last message WhatsApp takes templates only",
    "63024": "the recipient has no WhatsApp",
}


def read_callback(status: str, body: Mapping[str, Any], at: float) -> Told:
    """Read a callback whose type is `message.<status>` and which we heard of at `at`."""
    if status == _RECEIVED:
        return Told(wish=_wish(body, at))
    sid = _text(body, "MessageSid") or _text(body, "SmsSid")
    if not (is_known("twilio", status) and _SID.fullmatch(sid)):
        return Told()
    code = _text(body, "ErrorCode")
    code = code if code.isdigit() and code.strip("0") and len(code) <= 6 else ""
    fact = Fact(service="twilio", id=sid, recipient="", name=status, first_at=at, last_at=at, code=code)
    refused = code == _OPTED_OUT
    wish = _wish_of(_text(body, "To"), "reported by the operator", at, opted_out=True) if refused else None
    return Told(fact, wish, about="message")


def words_of(code: str) -> str:
    """Return what an error code means, and where Twilio explains it; "" without a code."""
    if not code:
        return ""
    link = f"https://www.twilio.com/docs/api/errors/{code}"
    return f"{_WORDS[code]} ({link})" if code in _WORDS else f"Twilio's error {code} ({link})"


def _wish(body: Mapping[str, Any], at: float) -> Wish | None:
    opted_out = _WISHES.get(_text(body, "OptOutType").upper())
    if opted_out is None:
        return None
    return _wish_of(_text(body, "From"), "asked for by message", at, opted_out=opted_out)


def _wish_of(address: str, reason: str, at: float, *, opted_out: bool) -> Wish | None:
    number = address.removeprefix(_WHATSAPP)
    if not _NUMBER.fullmatch(number):
        return None
    medium: Medium = "whatsapp" if address.startswith(_WHATSAPP) else "sms"
    return Wish(medium, number, opted_out=opted_out, reason=reason, at=at)


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return value.strip() if isinstance(value, str) else ""
