"""Send a new customer the welcome e-mail.

With the same `message_key`, such as the customer's id, nobody is welcomed twice.
"""

from f.notify.email.mail import mail_of
from f.notify.email.mail_layouts import welcome_html
from f.notify.email.mailing import MailResult, send_mail
from f.notify.email.provider import provider_of, resend, sendgrid
from f.notify.messages.senders import mail_sender
from f.store.stores import open_store, postgresql


def main(
    to: str,
    name: str,
    company: str,
    sender: str = "",
    login_url: str = "",
    message: str = "",
    resend: resend | None = None,
    sendgrid: sendgrid | None = None,
    message_key: str = "",
    database: postgresql | None = None,
) -> MailResult:
    provider = provider_of(resend, sendgrid)
    html = welcome_html(name, company, login_url, message)
    mail = mail_of(
        mail_sender(sender, resend or sendgrid), [to], f"Welcome to {company}", html, categories=["welcome"]
    )
    with open_store(database, "notify") as store:
        return send_mail(mail, provider, store, message_key=message_key)
