"""Send a WhatsApp message through Twilio.

Free text reaches a person within 24 hours of their last message, a template (`content_sid`) always.
Returns Twilio's id. Who opted out gets nothing, and the result says so. If the answer is lost, Twilio's
list is asked before anything else. A second run sends again, unless it has the same `message_key`.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# phonenumbers==9.0.43

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.notify.texts.client import twilio
    from f.notify.texts.texting import TextResult


def main(
    to: str,
    twilio: twilio,
    body: str = "",
    content_sid: str = "",
    content_variables: dict | None = None,
    sender: str = "",
    media_urls: list[str] | None = None,
    default_country: str = "",
    message_key: str = "",
    database: postgresql | None = None,
) -> TextResult:
    from f.notify.messages.senders import text_sender
    from f.notify.texts.texting import send_text, text_of
    from f.store.stores import open_store

    text = text_of(
        to,
        text_sender(sender, twilio),
        body,
        default_country,
        whatsapp=True,
        media_urls=media_urls or (),
        content_sid=content_sid,
        content_variables=content_variables,
    )
    with open_store(database, "notify") as store:
        return send_text(text, twilio, store, message_key=message_key)
