"""Tell a driver about a shift, a compliance issue or a changed route, by SMS or WhatsApp.

The text is made from `data`: driver (or driver_name) and

    shift_reminder     starts_at (or time); place (or location), vehicle, action
    compliance_alert   issue, or action; deadline, place, time
    route_update       change, new_route, place, eta or action; reason, time

A field that the text has no sentence for is named in the result's notices. With `content_sid` WhatsApp gets
that template, whose hole 1 is the text. A second run sends again, unless it has the same `message_key`.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# phonenumbers==9.0.43

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.notify.texts.client import twilio
    from f.notify.texts.texting import TextResult


def main(
    kind: Literal["shift_reminder", "compliance_alert", "route_update"],
    to: str,
    data: dict,
    twilio: twilio,
    sender: str = "",
    channel: Literal["sms", "whatsapp"] = "sms",
    content_sid: str = "",
    default_country: str = "",
    message_key: str = "",
    database: postgresql | None = None,
) -> TextResult:
    from f.connect.errors import FixInput
    from f.notify.messages.driver_alerts import driver_text
    from f.notify.messages.senders import text_sender
    from f.notify.texts.texting import send_text, text_of
    from f.store.stores import open_store

    if channel not in {"sms", "whatsapp"}:
        raise FixInput("channel must be sms or whatsapp.", code="bad_choice")
    body, unused = driver_text(kind, data)
    text = text_of(
        to,
        text_sender(sender, twilio),
        "" if content_sid else body,
        default_country,
        whatsapp=channel == "whatsapp",
        content_sid=content_sid,
        content_variables={"1": body} if content_sid else None,
    )
    with open_store(database, "notify") as store:
        result = send_text(text, twilio, store, message_key=message_key)
    if unused:
        result["notices"].append(f"Not in the text, which has no sentence for it: {', '.join(unused)}.")
    return result
