"""What SendGrid's events say of an e-mail.

https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from f.connect.redact import mask_start
from f.notify.deliveries.facts import Fact, Told, is_known
from f.notify.messages.opt_outs import Wish
from f.store.sent_keys import key_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_REASON = 300
_END_OF_TIME = 1e11  # seconds; years have four digits until then
_SHORTEST_NAME = 3  # characters before the @ that are looked for in a reason by themselves
_MARK = re.compile(r"[0-9a-f]{40}-?[0-9a-f]*")
_ID = re.compile(r"[\w-]{1,100}")
_CODE = re.compile(r"\d\.\d{1,3}\.\d{1,3}")  # RFC 3463
# What a person does for sure. A group_unsubscribe is about a group of e-mails, and we send in no group. An
# address that bounces wishes nothing: SendGrid itself drops what goes there later.
_WISHES = {"unsubscribe": "unsubscribed at SendGrid", "spamreport": "reported the e-mail as spam"}


def recipient_of(address: str) -> str:
    """Return the digest that stands for an address."""
    return key_of("email", address.strip().lower())


def read_event(name: str, body: Mapping[str, Any], at: float) -> Told:
    """Read an event whose type is `message.<name>` and which we heard of at `at`.

    A bounce that came back later may name no message: then it is known that an e-mail to the address came
    back, and not which. https://github.com/sendgrid/docs/issues/5177
    """
    if not is_known("sendgrid", name):
        return Told()
    address = _text(body, "email")
    at = _time(body, at)
    wish = None
    if name in _WISHES and address:
        wish = Wish("email", address, opted_out=True, reason=_WISHES[name], at=at)
    # The API names a request, and an event one e-mail of it: by the same id with more behind a dot.
    # https://support.sendgrid.com/hc/en-us/articles/35804743679259
    message_id = _text(body, "sg_message_id").partition(".")[0]
    if not _ID.fullmatch(message_id) or not address:
        return Told(None, wish, about="message not named")
    if name == "bounce" and _text(body, "type").lower() == "blocked":
        name = "blocked"  # this once; the address is not at fault
    code = _text(body, "status")
    fact = Fact(
        service="sendgrid",
        id=message_id,
        recipient=recipient_of(address),
        name=name,
        first_at=at,
        last_at=at,
        code=code if _CODE.fullmatch(code) else "",
        reason=_reason(_text(body, "reason") or _text(body, "response"), address),
    )
    mark = _text(body, "mark")
    return Told(fact, wish, mark if _MARK.fullmatch(mark) else "", about="message")


def _reason(text: str, address: str) -> str:
    """Return the start of what a mail server said, without the address it said it of, nor its name alone."""
    name = address.partition("@")[0]
    for secret in (address, name) if len(name) >= _SHORTEST_NAME else (address,):
        text = re.sub(re.escape(secret), "***", text, flags=re.IGNORECASE)
    return mask_start(text.replace("\0", " "), _LONGEST_REASON)


def _time(body: Mapping[str, Any], otherwise: float) -> float:
    value = body.get("timestamp")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return otherwise
    return float(value) if 0 < value < _END_OF_TIME else otherwise


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    return value.strip() if isinstance(value, str) else ""
