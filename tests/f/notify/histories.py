"""What Twilio and SendGrid tell of messages, as `f/webhooks` hands it to its handlers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

NUMBER, SENDER, ADDRESS = "+12025550123", "+15005550006", "ada.lovelace@example.com"
SID = "SM0123456789abcdef0123456789abcdef"
MESSAGE_ID = "14c5d75ce93dfd64b469Ab"
START = 1_790_000_000.0


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def event(kind: str, type_: str, body: Any, at: float) -> dict[str, Any]:
    """The shape that handlers get."""
    return {
        "id": "0" * 40, "source": kind, "kind": kind, "type": type_, "provider_id": "",
        "received_at": iso(at), "occurred_at": None, "origin": "received", "attempt": 1,
        "body": body, "escaped": [],
    }  # fmt: skip


def twilio(
    status: str, after: float = 0.0, *, sid: str = SID, to: str = NUMBER, **more: str
) -> dict[str, Any]:
    """A status callback, heard of so many seconds after the start."""
    body = {
        "AccountSid": "AC1", "ApiVersion": "2010-04-01", "From": SENDER, "MessageSid": sid,
        "MessageStatus": status, "SmsSid": sid, "SmsStatus": status, "To": to, **more,
    }  # fmt: skip
    return event("twilio", f"message.{status}", body, START + after)


def reply(text: str, after: float = 0.0, *, sender: str = NUMBER, **more: str) -> dict[str, Any]:
    """A message that somebody sends to the account."""
    body = {"Body": text, "From": sender, "To": SENDER, "MessageSid": "SM1", "SmsStatus": "received", **more}
    return event("twilio", "message.received", body, START + after)


def sendgrid(
    name: str, after: float = 0.0, *, to: str = ADDRESS, message_id: str = MESSAGE_ID, **more: Any
) -> dict[str, Any]:
    """One event of SendGrid's array, heard of a while after it happened."""
    behind = ".recvd-5f54b5d587-pczjm-1-67BADEEA-6.0" if message_id else ""
    body = {
        "email": to, "timestamp": int(START + after), "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>",
        "event": name, "category": ["cat facts"], "sg_event_id": f"{name}{after}",
        "sg_message_id": message_id + behind, **more,
    }  # fmt: skip
    return event("sendgrid", f"message.{name}", body, START + after + 1000)


REFUSED = f"550 5.1.1 <{ADDRESS}>: Recipient rejected: no mailbox ada.lovelace here"
HISTORIES = {
    "an SMS that arrives": [twilio("sent", 1), twilio("delivered", 3)],
    "a WhatsApp message that is read": [
        twilio(status, at, to=f"whatsapp:{NUMBER}")
        for at, status in enumerate(("queued", "sent", "delivered", "read"))
    ],
    "an SMS to a phone that is switched off": [
        twilio("accepted", 0), twilio("queued", 0), twilio("sending", 1), twilio("sent", 1),
        twilio("undelivered", 9, ErrorCode="30003"),
    ],
    "a scheduled SMS that is canceled": [twilio("scheduled", 0), twilio("canceled", 5)],
    "an e-mail that is opened": [
        sendgrid("processed", 0), sendgrid("deferred", 5, response="450 try again later", attempt="1"),
        sendgrid("deferred", 9, response="451 busy", attempt="2"),
        sendgrid("delivered", 9, response="250 OK"), sendgrid("open", 9), sendgrid("open", 60),
    ],
    "an e-mail that comes back after it was delivered": [
        sendgrid("processed", 0), sendgrid("delivered", 2, response="250 OK"),
        sendgrid("bounce", 90, reason=REFUSED, status="5.1.1", type="bounce"),
    ],
    "an e-mail that SendGrid does not send": [sendgrid("dropped", 0, reason="Bounced Address")],
    "answers of the same second": [
        sendgrid("deferred", 5, response=f"450 {word}") for word in ("one", "two", "Three", "vier")
    ],
}  # fmt: skip
# The state, whether it was delivered, and the reason that goes with it.
ENDS: dict[str, tuple[str, ...]] = {
    "an SMS that arrives": ("delivered", "delivered", ""),
    "a WhatsApp message that is read": ("read", "delivered", ""),
    "an SMS to a phone that is switched off": (
        "undelivered",
        "not_delivered",
        "the phone is switched off or out of reach (https://www.twilio.com/docs/api/errors/30003)",
    ),
    "a scheduled SMS that is canceled": ("canceled", "not_delivered", ""),
    "an e-mail that is opened": ("delivered", "delivered", ""),
    "an e-mail that comes back after it was delivered": (
        "bounce",
        "not_delivered",
        "550 5.1.1 <***>: Recipient rejected: no mailbox *** here (5.1.1)",
    ),
    "an e-mail that SendGrid does not send": ("dropped", "not_delivered", "Bounced Address"),
    # Which of four reasons does not matter, as long as it is always the same.
    "answers of the same second": ("deferred", "on_its_way", "450 one", "450 two", "450 Three", "450 vier"),
}
