"""SendGrid: requests built, replies read.

https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from f.connect.calls.message import Request, Response
from f.connect.calls.reply_reader import detail_of, id_of, named, objects_at, read_object, unreadable, word_of
from f.connect.errors import (
    ConnectError,
    FixInput,
    FixSettings,
    GiveUpRecord,
    OutcomeUnknown,
    SignInAgain,
    TryLater,
)
from f.connect.integration import BearerToken, Integration

if TYPE_CHECKING:
    from f.notify.email.address_list import Address
    from f.notify.email.mail import Mail

BASE_URL = "https://api.sendgrid.com/v3"
MOST_RECIPIENTS = 1000  # over to, cc, bcc and all personalizations
MOST_PERSONALIZATIONS = 1000
_ACCEPTED = 202  # any other success is a proxy's, or the sandbox's, which sends nothing


class Sendgrid:
    """One account of SendGrid, which takes a batch whole or refuses it whole."""

    name = "sendgrid"
    repeat_safe = False

    def __init__(self, resource: Mapping[str, Any]) -> None:
        self.integration = integration_of(resource)

    def send_request(self, mail: Mail, mark: str) -> Request:
        """Return the request for one e-mail. SendGrid has no idempotency keys; its webhooks name our mark."""
        count = len(mail.to) + len(mail.cc) + len(mail.bcc)
        if count > MOST_RECIPIENTS:
            raise FixInput(
                f"SendGrid takes {MOST_RECIPIENTS} recipients, this has {count}. Use send_bulk_email.",
                code="too_many_recipients",
            )
        return _request(mail, [_personalization(mail)], mark)

    def read_id(self, response: Response) -> str:
        """Read the id of an accepted e-mail; raises what an error means.

        SendGrid accepts with 202 and an id. What does neither is in doubt.
        """
        if response.status >= 400:
            field, detail = _first_error(response)
            raise named(refusal(field, detail, response.status), response)
        found = id_of(response.headers.get("X-Message-Id"))
        if response.status != _ACCEPTED or not found:
            raise unreadable(response, "SendGrid", "the e-mail's id, which goes with 202")
        return found

    def batches(self, mails: Sequence[Mail]) -> Iterator[list[Mail]]:
        """Divide the e-mails into requests: those of equal content travel together."""
        alike: dict[tuple[str, str, str], list[Mail]] = {}
        for mail in mails:
            alike.setdefault((mail.template_id, mail.html, mail.text), []).append(mail)
        for group in alike.values():
            for start in range(0, len(group), MOST_PERSONALIZATIONS):
                yield group[start : start + MOST_PERSONALIZATIONS]

    def batch_request(self, mails: Sequence[Mail], mark: str) -> Request:
        """Return the request for up to 1,000 e-mails that differ in recipient, subject and data only."""
        shared = mails[0]
        return _request(shared, [_personalization(mail, shared) for mail in mails], mark)

    def read_batch(self, response: Response, count: int) -> list[str | ConnectError]:
        """Read the reply to a batch: SendGrid takes all of it, under one id, or refuses all."""
        return [self.read_id(response)] * count

    def refused_place(self, error: ConnectError) -> int | None:
        """Return the place in the batch of the e-mail that SendGrid refused the whole request for."""
        found = re.fullmatch(r"sendgrid_personalizations\.(\d+)\..*", error.code or "")
        return int(found[1]) if found else None


def integration_of(resource: Mapping[str, Any]) -> Integration:
    """Return the account as the connection layer sees it."""
    token = resource.get("token")
    if not isinstance(token, str) or not token:
        raise FixSettings(
            "The SendGrid resource has no token. Give the API key (SG....).", code="bad_settings"
        )
    return Integration(
        name="sendgrid",
        base_url=resource.get("base_url") or BASE_URL,
        authentication=BearerToken(token=token),
    )


def refusal(field: str, detail: str, status: int) -> ConnectError:
    """Return what SendGrid's first error means, which decides. `detail` goes into the error as it is."""
    code = f"sendgrid_{field or status}"
    if status == 403 and (field == "from" or "sender identity" in detail.lower()):
        return FixSettings(
            "SendGrid refused the sender: it is not a verified sender identity. Verify it, or use another.",
            code="unverified_sender",
        )
    if field == "template_id":
        return FixInput("SendGrid does not know the template. Check template_id.", code=code)
    if status in _REFUSALS:
        kind, sentence = _REFUSALS[status]
        return kind(f"SendGrid refused the e-mail: {sentence} ({status}).", code=code)
    if status >= 500:
        return OutcomeUnknown(f"SendGrid answered {status}; the e-mail may be on its way.", code=code)
    where = f" at {field}" if field else ""
    return GiveUpRecord(
        f"SendGrid refused the e-mail as it is{where} ({status}). {detail}".strip(), code=code
    )


_REFUSALS: Mapping[int, tuple[type[ConnectError], str]] = {
    401: (SignInAgain, "the API key is wrong or was revoked. Replace it"),
    403: (SignInAgain, "the API key may not send. Give it the right Mail Send"),
    413: (FixInput, "it is larger than 30 MB. Send a link to the files instead"),
    429: (TryLater, "too many requests. Try again later"),
}


def _request(mail: Mail, personalizations: list[dict[str, Any]], mark: str) -> Request:
    body: dict[str, Any] = {"personalizations": personalizations, "from": _address(mail.sender)}
    if mail.subject:
        body["subject"] = mail.subject
    if mail.template_id:
        body["template_id"] = mail.template_id
    else:
        parts = (("text/plain", mail.text), ("text/html", mail.html))  # plain first, as SendGrid demands
        body["content"] = [{"type": kind, "value": value} for kind, value in parts if value]
    if mail.reply_to:
        body["reply_to"] = _address(mail.reply_to)
    if mail.attachments:
        body["attachments"] = [
            {
                "content": file.content,
                "type": file.content_type,
                "filename": file.filename,
                "disposition": "attachment",
            }
            for file in mail.attachments
        ]
    if mail.categories:
        body["categories"] = list(mail.categories)
    body["custom_args"] = {"mark": mark}
    return Request(method="POST", path="/mail/send", json=body, endpoint="mail_send")


def _personalization(mail: Mail, shared: Mail | None = None) -> dict[str, Any]:
    one: dict[str, Any] = {"to": [_address(address) for address in mail.to]}
    if mail.cc:
        one["cc"] = [_address(address) for address in mail.cc]
    if mail.bcc:
        one["bcc"] = [_address(address) for address in mail.bcc]
    if shared is not None and mail.subject and mail.subject != shared.subject:
        one["subject"] = mail.subject
    if mail.template_id and mail.template_data:
        one["dynamic_template_data"] = dict(mail.template_data)
    return one


def _address(address: Address) -> dict[str, str]:
    return {"email": address.email, "name": address.name} if address.name else {"email": address.email}


def _first_error(response: Response) -> tuple[str, str]:
    """Return the field that SendGrid's first error is about, and its explanation."""
    errors = objects_at(read_object(response), "errors")
    if not errors:
        return "", ""
    return word_of(errors[0].get("field")), detail_of(response, errors[0].get("message"))
