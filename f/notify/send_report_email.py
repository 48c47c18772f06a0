"""Send a report: its period, a summary table, and a link to the PDF.

`summary` has an object per row of the table; the columns are their fields. One object of figures, such as
{"total": 120, "successful": 117, "failed": 3}, becomes a row for each of them. A second run sends again,
unless it has the same `message_key`.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# dnspython==2.9.2
# email-validator==2.4.0
# jinja2==3.1.6
# markupsafe==3.0.4

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.notify.email.mailing import MailResult
    from f.notify.email.provider import resend, sendgrid


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
    from f.notify.email.mail import mail_of
    from f.notify.email.mail_layouts import report_html
    from f.notify.email.mailing import send_mail
    from f.notify.email.provider import provider_of
    from f.notify.messages.senders import mail_sender
    from f.store.stores import open_store

    provider = provider_of(resend, sendgrid)
    html = report_html(title, period, summary, pdf_url)
    mail = mail_of(
        mail_sender(sender, resend or sendgrid), to, f"{title}: {period}", html, categories=["report"]
    )
    with open_store(database, "notify") as store:
        return send_mail(mail, provider, store, message_key=message_key)
