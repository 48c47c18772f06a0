"""Say whether a message was delivered, as the service told by its webhooks; asks no service.

The message is named by the `message_key` it was sent with, or by the service's id. `answer` is one of
delivered, not_delivered, on_its_way, nothing_heard (sent, and no more is known), in_doubt and not_known.
Twilio tells of SMS and WhatsApp, SendGrid of e-mail; Resend is not listened to. Changes nothing.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# dnspython==2.9.2
# email-validator==2.4.0
# phonenumbers==9.0.43

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.notify.deliveries.report import DeliveryReport, Sent
    from f.store.store import Store


def main(
    channel: Literal["sms", "whatsapp", "email"],
    message_key: str = "",
    to: str = "",
    service_id: str = "",
    default_country: str = "",
    database: postgresql | None = None,
) -> DeliveryReport:
    from f.connect.errors import FixInput
    from f.notify.deliveries.report import report
    from f.notify.deliveries.sendgrid_events import recipient_of
    from f.store.stores import open_store

    if bool(message_key) == bool(service_id):
        raise FixInput("Give either message_key or service_id.", code="no_message")
    address = _address(channel, to, default_country) if to else ""
    with open_store(database, "notify") as store:
        sent = _sent(store, channel, message_key, address, service_id.strip())
        return report(store, sent, recipient_of(address) if channel == "email" and address else "")


def _sent(store: Store, channel: str, message_key: str, address: str, service_id: str) -> Sent | None:
    from f.connect.errors import FixInput
    from f.notify.deliveries.report import sent_as, sent_under
    from f.store.sent_keys import key_of

    if channel == "email":
        if service_id:
            return sent_as(store, "sendgrid", service_id.partition(".")[0])
        single = [(name, key_of(name, message_key)) for name in ("sendgrid", "resend")]
        bulk = [(name, key_of("bulk", name, message_key, address.lower())) for name, _ in single]
        return sent_under(store, single + bulk)
    if service_id:
        return sent_as(store, "twilio", service_id)
    if not address:
        raise FixInput("Give the number in `to`: the key counts for each number.", code="no_recipients")
    number = f"whatsapp:{address}" if channel == "whatsapp" else address
    return sent_under(store, [("twilio", key_of("twilio", number, message_key))])


def _address(channel: str, to: str, default_country: str) -> str:
    """Check the address and write it as those who send do; only its own kind's parser is imported."""
    if channel == "email":
        from f.notify.email.mail import address_of

        return address_of(to, "to").email
    from f.notify.texts.phone import e164

    return e164(to.removeprefix("whatsapp:"), default_country)
