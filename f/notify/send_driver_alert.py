"""Tell a driver about a shift, a compliance issue or a changed route, by SMS or WhatsApp.

The text is made from `data`: driver and starts_at (place, vehicle) for a shift_reminder, driver and issue
(deadline) for a compliance_alert, driver and change (eta) for a route_update. With `content_sid` WhatsApp
gets that template, whose hole 1 is the text. A second run sends again, unless it has the same `message_key`.
"""

from typing import Literal

from f.notify.messages.driver_alerts import driver_text
from f.notify.texts.client import twilio
from f.notify.texts.texting import TextResult, send_text, text_of
from f.store.stores import open_store, postgresql


def main(
    kind: Literal["shift_reminder", "compliance_alert", "route_update"],
    to: str,
    data: dict,
    sender: str,
    twilio: twilio,
    channel: Literal["sms", "whatsapp"] = "sms",
    content_sid: str = "",
    default_country: str = "",
    message_key: str = "",
    database: postgresql | None = None,
) -> TextResult:
    body = driver_text(kind, data)
    text = text_of(
        to,
        sender,
        "" if content_sid else body,
        default_country,
        whatsapp=channel == "whatsapp",
        content_sid=content_sid,
        content_variables={"1": body} if content_sid else None,
    )
    with open_store(database, "notify") as store:
        return send_text(text, twilio, store, message_key=message_key)
