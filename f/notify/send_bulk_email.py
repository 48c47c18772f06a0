"""Send one e-mail to many, each in private, and say for every recipient what became of it.

`recipients` are objects with `email`, `name` and `data`; subject, html and text are Jinja templates over
these, or `template_id` is a template of the provider. Resend takes 100 a request, SendGrid 1,000 where the
content is the same for all or the provider's template. The job fails if a recipient was not reached for
any other reason than an opt-out; its result is kept. With the same `message_key` a second run sends only
what the first did not.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# dnspython==2.9.2
# email-validator==2.4.0
# jinja2==3.1.6
# markupsafe==3.0.4

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.notify.email.bulk_mailing import BulkResult
    from f.notify.email.mail import Mail
    from f.notify.email.provider import resend, sendgrid

_BAD = ("refused", "failed", "unknown")


def main(
    recipients: list[dict],
    sender: str = "",
    subject: str = "",
    html: str = "",
    text: str = "",
    template_id: str = "",
    resend: resend | None = None,
    sendgrid: sendgrid | None = None,
    reply_to: str = "",
    categories: list[str] | None = None,
    message_key: str = "",
    database: postgresql | None = None,
) -> dict[str, Any]:
    from f.connect.errors import FixInput
    from f.notify.email.bulk_mailing import send_bulk
    from f.notify.email.provider import provider_of
    from f.notify.messages.senders import mail_sender
    from f.store.stores import open_store

    provider = provider_of(resend, sendgrid)
    if provider.name == "resend" and template_id:
        raise FixInput(
            "Resend takes no template_id in bulk. Give the template as html or text.", code="no_template"
        )
    shared = _shared(
        mail_sender(sender, resend or sendgrid), subject, html, text, template_id, reply_to, categories or []
    )
    with open_store(database, "notify") as store:
        result = send_bulk(shared, recipients, provider, store, message_key=message_key)
    return _report(result)


def _shared(
    sender: str, subject: str, html: str, text: str, template_id: str, reply_to: str, categories: list[str]
) -> Mail:
    """What is the same for all; text is left empty here, to be made from each one's HTML."""
    from f.notify.email.mail import Mail, address_of, mail_of

    anybody = address_of(sender, "sender").email
    checked = mail_of(
        sender,
        [anybody],
        subject,
        html,
        text,
        reply_to=reply_to,
        categories=categories,
        template_id=template_id,
    )
    return Mail(
        checked.sender, (), subject, html, text, reply_to=checked.reply_to, categories=checked.categories,
        template_id=template_id,
    )  # fmt: skip


def _report(result: BulkResult) -> dict[str, Any]:
    counts = result["counts"]
    numbers = ", ".join(f"{counts[name]} {name}" for name in sorted(counts))
    print(f"{len(result['recipients'])} recipients through {result['provider']}: {numbers}")
    if any(counts.get(name) for name in _BAD):
        return {**result, "wm_failure": f"Not everybody was reached: {numbers}. See recipients."}
    return {**result}
