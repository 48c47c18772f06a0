"""Send a report: its period, a summary table, and a link to the PDF.

`summary` has an object per row of the table; the columns are their fields. One object of figures, such as
{"total": 120, "successful": 117, "failed": 3}, becomes a row for each of them. A second run sends again,
unless it has the same `message_key`.
"""

from f.notify.email.mail import mail_of
from f.notify.email.mail_layouts import report_html
from f.notify.email.mailing import MailResult, send_mail
from f.notify.email.provider import provider_of, resend, sendgrid
from f.notify.messages.senders import mail_sender
from f.store.stores import open_store, postgresql


def main(
    to: list[str],
    title: str,
    period: str,
    summary: list[dict],
    sender: str = "",
    pdf_url: str = "",
    resend: resend | None = None,
    sendgrid: sendgrid | None = None,
    message_key: str = "",
    database: postgresql | None = None,
) -> MailResult:
    provider = provider_of(resend, sendgrid)
    html = report_html(title, period, summary, pdf_url)
    mail = mail_of(
        mail_sender(sender, resend or sendgrid), to, f"{title}: {period}", html, categories=["report"]
    )
    with open_store(database, "notify") as store:
        return send_mail(mail, provider, store, message_key=message_key)
