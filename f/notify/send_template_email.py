"""Send an e-mail made from a template: the provider's own (`template_id`), or one in the form.

A template in the form is Jinja: `html`, `text` and `subject` are filled with `data`, and what goes into
the HTML is escaped. A field the template names and `data` lacks is an error. Resend wants a subject
beside its own templates as well. A second run sends again, unless it has the same `message_key`.
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
    data: dict,
    sender: str = "",
    template_id: str = "",
    subject: str = "",
    html: str = "",
    text: str = "",
    resend: resend | None = None,
    sendgrid: sendgrid | None = None,
    reply_to: str = "",
    categories: list[str] | None = None,
    message_key: str = "",
    database: postgresql | None = None,
) -> MailResult:
    from f.connect.errors import FixInput
    from f.notify.email.mail import mail_of
    from f.notify.email.mailing import send_mail
    from f.notify.email.provider import provider_of
    from f.notify.messages.senders import mail_sender
    from f.notify.messages.templating import fill_html, fill_text
    from f.store.stores import open_store

    provider = provider_of(resend, sendgrid)
    if bool(template_id) == bool(html or text):
        raise FixInput("Give either a template_id, or a template as html or text.", code="no_template")
    mail = mail_of(
        mail_sender(sender, resend or sendgrid),
        to,
        fill_text(subject, data, name="subject"),
        fill_html(html, data, name="html"),
        fill_text(text, data, name="text"),
        reply_to=reply_to,
        categories=categories or (),
        template_id=template_id,
        template_data=data if template_id else None,
    )
    with open_store(database, "notify") as store:
        return send_mail(mail, provider, store, message_key=message_key)
