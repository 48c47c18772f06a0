"""Send an e-mail through Resend or SendGrid.

Returns the provider's id. Text is made from the HTML if it is missing. Who opted out is left out and
named. A second run sends again, unless it has the same `message_key`: then a lost answer is repeated
safely through Resend, and refused for SendGrid, which cannot be asked.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# dnspython==2.9.2
# email-validator==2.4.0

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.notify.email.mailing import MailResult
    from f.notify.email.provider import resend, sendgrid


def main(
    to: list[str],
    subject: str,
    sender: str = "",
    html: str = "",
    text: str = "",
    resend: resend | None = None,
    sendgrid: sendgrid | None = None,
    cc: list[str] | None = None,
    bcc: list[str] | None = None,
    reply_to: str = "",
    attachments: list[dict] | None = None,
    categories: list[str] | None = None,
    message_key: str = "",
    database: postgresql | None = None,
) -> MailResult:
    from f.notify.email.mail import mail_of
    from f.notify.email.mailing import send_mail
    from f.notify.email.provider import provider_of
    from f.notify.messages.senders import mail_sender
    from f.store.stores import open_store

    provider = provider_of(resend, sendgrid)
    mail = mail_of(
        mail_sender(sender, resend or sendgrid),
        to,
        subject,
        html,
        text,
        cc=cc or (),
        bcc=bcc or (),
        reply_to=reply_to,
        attachments=attachments or (),
        categories=categories or (),
    )
    with open_store(database, "notify") as store:
        return send_mail(mail, provider, store, message_key=message_key)
