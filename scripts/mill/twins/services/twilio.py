"""The twin of Twilio's Messages: SMS, MMS and WhatsApp, with its magic test numbers.

https://www.twilio.com/docs/iam/test-credentials#test-sms-messages
"""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from email.utils import formatdate
from typing import Any, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict

from mill.strict_values import whole_number
from mill.twins.message import Refused, Reply, Request
from mill.twins.twin import Route, Setup, Twin

_MESSAGE = "message"
_FIELDS = frozenset({
    "To", "From", "MessagingServiceSid", "Body", "MediaUrl", "ContentSid", "ContentVariables",
    "StatusCallback", "SendAt", "ScheduleType", "ValidityPeriod",
})  # fmt: skip
_REFUSED_TO = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
_REFUSED_FROM = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
_MESSAGES = {
    20001: "Unknown parameter",
    20003: "Authenticate",
    20404: "The requested resource was not found",
    20429: "Too Many Requests",
    21211: "Invalid 'To' Phone Number",
    21212: "Invalid 'From' Number",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number provided is not a valid message-capable Twilio phone number",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "This 'From' number has exceeded the maximum number of queued messages",
    21612: "Message cannot be sent with the current combination of 'To' and/or 'From' parameters",
    21614: "'To' number is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit",
    21620: "Invalid media URL(s)",
    21623: "Number of media files exceeds allowed limit",
}
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_ALPHANUMERIC = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11}|\d{3,6}")


class Settings(BaseModel):
    """What this account is like. `undeliverable`: what a message to a number fails with later on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: str | None = None  # None: any but "wrong" is good
    account_status: Literal["active", "suspended", "closed"] = "active"
    opted_out: list[str] = []
    refused: dict[str, int] = {}
    undeliverable: dict[str, int] = {}
    whatsapp_window_open: bool = True  # whether free text is within 24 hours of the person's last message


def error(status: int, message: str, code: int | None = None) -> Reply:
    """Return an error in Twilio's shape."""
    number = code or {401: 20003, 404: 20404, 429: 20429}.get(status, 20000 + status)
    info = f"https://www.twilio.com/docs/errors/{number}"
    return Reply(status, {"code": number, "message": message, "more_info": info, "status": status})


def build(setup: Setup) -> Twin:
    """Return the twin for `settings` of the form of Settings."""
    settings = Settings.model_validate(setup.settings)
    service = _Twilio(setup, settings)
    root = "/2010-04-01/Accounts/{account}"
    return Twin(
        name="twilio",
        settings=settings,
        error=error,
        gate=service.gate,
        routes=[
            Route("POST", f"{root}/Messages.json", "create_message", service.create),
            Route("GET", f"{root}/Messages.json", "list_messages", service.list_messages),
            Route("GET", f"{root}/Messages/{{file}}", "get_message", service.get),
            Route("GET", "/2010-04-01/Accounts/{file}", "get_account", service.account),
        ],
    )


class _Twilio:
    def __init__(self, setup: Setup, settings: Settings) -> None:
        self._ledger, self._records, self._clock = setup.ledger, setup.records, setup.clock
        self._settings = settings

    def gate(self, request: Request) -> Mapping[str, str]:
        """The account's SID and token, by Basic authentication."""
        scheme, _, credential = request.headers.get("authorization", "").partition(" ")
        try:
            user, _, token = base64.b64decode(credential, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            user = token = ""
        right = self._settings.token
        if scheme.lower() != "basic" or not user.startswith(("AC", "SK")) or not token:
            raise Refused(error(401, _MESSAGES[20003]))
        if token != right if right else token == "wrong":  # noqa: S105 - a word that stands for a bad token
            raise Refused(error(401, _MESSAGES[20003]))
        return {}

    def account(self, request: Request) -> Reply:
        """Return the account as it is; its auth token is left out."""
        sid = request.params["file"].removesuffix(".json")
        if sid == request.params["file"]:
            return error(404, _MESSAGES[20404])
        return Reply(
            200,
            {
                "sid": sid,
                "owner_account_sid": sid,
                "friendly_name": "Twin",
                "status": self._settings.account_status,
                "type": "Full",
                "uri": f"/2010-04-01/Accounts/{sid}.json",
            },
        )

    def create(self, request: Request) -> Reply:
        """201 with the queued message."""
        form = request.form()
        if unknown := sorted(form.keys() - _FIELDS):
            raise _refused(20001, unknown[0])
        if several := sorted(name for name, values in form.items() if len(values) > 1 and name != "MediaUrl"):
            raise _refused(20001, several[0])
        single = {name: values[0] for name, values in form.items()}
        to, sender = single.get("To", ""), single.get("From") or single.get("MessagingServiceSid", "")
        self._check_parties(to, sender)
        media = form.get("MediaUrl", [])
        _check_content(single, media)
        message = self._message(request.params["account"], single, media)
        self._records.add(_MESSAGE, message, {"sid": message["sid"], "to": to})
        callback = single.get("StatusCallback")  # Twilio shows it in no answer; nobody is called from here
        self._ledger.append("sent", to, message | ({"status_callback": callback} if callback else {}))
        return Reply(201, message)

    def list_messages(self, request: Request) -> Reply:
        """Newest first, to one number where asked."""
        if unknown := sorted(
            set(request.query)
            - {"To", "From", "DateSent", "DateSent>", "DateSent<", "PageSize", "Page", "PageToken"}
        ):
            raise _refused(20001, unknown[0])
        to = request.query.get("To")
        if to is not None:
            found = [self._records.get(_MESSAGE, number) for number in self._records.find(_MESSAGE, "to", to)]
        else:
            found = [body for _, body in self._records.page(_MESSAGE, limit=100_000)]
        size = whole_number(request.query.get("PageSize", "50"))
        page = whole_number(request.query.get("Page", "0"))
        if not size or page is None:
            raise _refused(20001, "PageSize" if not size else "Page")
        newest = [message for message in reversed(found) if message]
        # The token names the last message that was shown, so that what is sent meanwhile moves no page.
        shown = request.query.get("PageToken", "").removeprefix("PA")
        start = next((place for place, one in enumerate(newest, 1) if one["sid"] == shown), 0)
        messages = [self._as_of_now(message) for message in newest[start : start + size]]
        link = None
        if start + size < len(newest):
            token = f"PA{messages[-1]['sid']}"
            query = urlencode({**request.query, "PageSize": size, "Page": page + 1, "PageToken": token})
            link = f"{request.path}?{query}"
        return Reply(200, {"messages": messages, "page": page, "page_size": size, "next_page_uri": link})

    def get(self, request: Request) -> Reply:
        """Return one message as it stands."""
        sid = request.params["file"].removesuffix(".json")
        ids = self._records.find(_MESSAGE, "sid", sid)
        message = self._records.get(_MESSAGE, ids[0]) if ids else None
        if message is None:
            return error(404, _MESSAGES[20404])
        return Reply(200, self._as_of_now(message))

    def _check_parties(self, to: str, sender: str) -> None:
        if not to:
            raise _refused(21604)
        if not sender:
            raise _refused(21603)
        number, origin = to.removeprefix("whatsapp:"), sender.removeprefix("whatsapp:")
        if to.startswith("whatsapp:") != sender.startswith("whatsapp:") and not sender.startswith("MG"):
            raise _refused(21612)
        if not _E164.fullmatch(number):
            raise _refused(21211)
        if not (_E164.fullmatch(origin) or _ALPHANUMERIC.fullmatch(origin) or origin.startswith("MG")):
            raise _refused(21212)
        code = {**_REFUSED_TO, **self._settings.refused}.get(number) or _REFUSED_FROM.get(origin)
        if number in self._settings.opted_out:
            code = 21610
        if code:
            raise _refused(code)

    def _message(self, account: str, form: Mapping[str, str], media: list[str]) -> dict[str, Any]:
        sid = ("MM" if media else "SM") + secrets.token_hex(16)
        now = formatdate(self._clock(), usegmt=True).replace("GMT", "+0000")
        uri = f"/2010-04-01/Accounts/{account}/Messages/{sid}"
        return {
            "account_sid": account,
            "api_version": "2010-04-01",
            "body": form.get("Body") or f"[{form.get('ContentSid')} {form.get('ContentVariables', '')}]",
            "date_created": now,
            "date_sent": None,
            "date_updated": now,
            "direction": "outbound-api",
            "error_code": None,
            "error_message": None,
            "from": form.get("From"),
            "messaging_service_sid": form.get("MessagingServiceSid"),
            "num_media": str(len(media)),
            "num_segments": _segments(form.get("Body", "")),
            "price": None,
            "price_unit": "USD",
            "sid": sid,
            "status": "accepted" if form.get("MessagingServiceSid") else "queued",
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": form["To"],
            "uri": f"{uri}.json",
        }

    def _as_of_now(self, message: dict[str, Any]) -> dict[str, Any]:
        """Delivered, or failed as the settings say: 63016 for free text on WhatsApp outside the window."""
        code = self._settings.undeliverable.get(message["to"].removeprefix("whatsapp:"))
        templated = str(message["body"]).startswith("[HX")
        if (
            message["to"].startswith("whatsapp:")
            and not templated
            and not self._settings.whatsapp_window_open
        ):
            code = 63016
        if code:
            return {**message, "status": "undelivered", "error_code": code}
        return {**message, "status": "delivered", "date_sent": message["date_created"]}


def _check_content(form: Mapping[str, str], media: list[str]) -> None:
    if not (form.get("Body") or form.get("ContentSid") or media):
        raise _refused(21602)
    if len(form.get("Body", "")) > 1600:
        raise _refused(21617)
    if len(media) > 10:
        raise _refused(21623)
    if not all(url.startswith(("http://", "https://")) for url in media):
        raise _refused(21620)


def _segments(body: str) -> str:
    """As Twilio counts, except that every character beyond ASCII makes it UCS-2 here."""
    alone, joined = (160, 153) if body.isascii() else (70, 67)
    return str(1 if len(body) <= alone else -(-len(body) // joined))


def _refused(code: int, what: str = "") -> Refused:
    message = f"{_MESSAGES[code]}: {what}" if what else _MESSAGES[code]
    return Refused(error(429 if code == 21611 else 400, message, code))
