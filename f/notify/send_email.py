"""Send an e-mail through Resend or SendGrid.

Returns the provider's id. Text is made from the HTML if it is missing. Who opted out is left out and
named. A second run sends again, unless it has the same `message_key`: then a lost answer is repeated
safely through Resend, and refused for SendGrid, which cannot be asked.
"""

from f.notify.email.mail import mail_of
from f.notify.email.mailing import MailResult, send_mail
from f.notify.email.provider import provider_of, resend, sendgrid
from f.notify.messages.senders import mail_sender
from f.store.stores import open_store, postgresql


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
