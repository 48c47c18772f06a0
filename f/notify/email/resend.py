"""Resend: requests built, replies read.

https://resend.com/docs/api-reference/emails/send-email
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from f.connect.calls.message import Request, Response
from f.connect.calls.reply_reader import detail_of, id_of, named, objects_at, read_object, unreadable, word_of
from f.connect.errors import ConnectError, FixInput, FixSettings, GiveUpRecord, SignInAgain, TryLater
from f.connect.integration import BearerToken, Integration, RateLimit

if TYPE_CHECKING:
    from f.notify.email.mail import Mail

BASE_URL = "https://api.resend.com"
MOST_RECIPIENTS = 50
MOST_IN_BATCH = 100
# The lower of the documented defaults; what a team really has is read from the ratelimit headers.
_PACE = RateLimit(max_requests=2, time_window=1.0, burst_size=2)
_NOT_IN_TAG = re.compile(r"[^A-Za-z0-9_-]")


class Resend:
    """One account of Resend, which refuses the e-mails of a batch one by one."""

    name = "resend"
    repeat_safe = True

    def __init__(self, resource: Mapping[str, Any]) -> None:
        self.integration = integration_of(resource)

    def send_request(self, mail: Mail, mark: str) -> Request:
        """Return the request for one e-mail. Resend knows the mark for 24 hours: a repeat sends nothing."""
        if mail.template_id and (mail.html or mail.text):
            raise FixInput("With a template Resend takes no html and no text.", code="no_template")
        if mail.template_id and not mail.subject.strip():
            raise FixInput(
                "Through Resend a template needs a subject beside it. Give one: it takes the place of the "
                "template's own.",
                code="no_subject",
            )
        if len(mail.to) > MOST_RECIPIENTS:
            raise FixInput(
                f"Resend takes {MOST_RECIPIENTS} addresses in `to`, not {len(mail.to)}. Use send_bulk_email.",
                code="too_many_recipients",
            )
        return Request(
            method="POST", path="/emails", json=body_of(mail), idempotency_key=mark, endpoint="emails"
        )

    def read_id(self, response: Response) -> str:
        """Read the id of a sent e-mail; raises what an error means. A success without an id is in doubt."""
        found = id_of(_body(response).get("id"))
        if not found:
            raise unreadable(response, "Resend", "the e-mail's id")
        return found

    def batches(self, mails: Sequence[Mail]) -> Iterator[list[Mail]]:
        """Divide the e-mails into requests."""
        for start in range(0, len(mails), MOST_IN_BATCH):
            yield list(mails[start : start + MOST_IN_BATCH])

    def batch_request(self, mails: Sequence[Mail], mark: str) -> Request:
        """Return the request for up to 100 e-mails; one that is refused does not stop the others."""
        return Request(
            method="POST",
            path="/emails/batch",
            json=[body_of(mail) for mail in mails],
            headers={"x-batch-validation": "permissive"},
            idempotency_key=mark,
            endpoint="emails_batch",
        )

    def read_batch(self, response: Response, count: int) -> list[str | ConnectError]:
        """Read what became of each e-mail of a batch, in order: its id, or why it was refused.

        {"data": [{"id": "a"}, {"id": "c"}], "errors": [{"index": 1, "message": "Invalid `to` field."}]}

        `data` has one id for each e-mail that `errors` does not name by its place, in order. If it has
        more or fewer, nobody can tell whose they are: then all that were not refused are in doubt.
        """
        body = _body(response)
        refused = _refused(response, body, count)
        data = objects_at(body, "data")
        if refused is None or data is None or len(data) != count - len(refused):
            told = "nothing that can be read" if data is None else f"{len(data)} ids"
            lost = unreadable(response, "Resend", f"an id for each of {count} e-mails (it has {told})")
            return [(refused or {}).get(index, lost) for index in range(count)]
        taken = iter(data)
        return [refused.get(index) or _id_in(response, next(taken)) for index in range(count)]

    def refused_place(self, error: ConnectError) -> int | None:
        """Return None: one that is refused does not stop the others."""
        del error
        return None


def integration_of(resource: Mapping[str, Any]) -> Integration:
    """Return the account as the connection layer sees it."""
    token = resource.get("token")
    if not isinstance(token, str) or not token:
        raise FixSettings("The Resend resource has no token. Give the API key (re_...).", code="bad_settings")
    return Integration(
        name="resend",
        base_url=resource.get("base_url") or BASE_URL,
        authentication=BearerToken(token=token),
        rate_limit=_PACE,
    )


def body_of(mail: Mail) -> dict[str, Any]:
    """Return the e-mail in Resend's words."""
    body: dict[str, Any] = {"from": mail.sender.formatted, "to": [address.formatted for address in mail.to]}
    if mail.template_id:
        body["template"] = {"id": mail.template_id, "variables": dict(mail.template_data)}
    optional = {
        "subject": mail.subject,
        "html": mail.html,
        "text": mail.text,
        "cc": [address.formatted for address in mail.cc],
        "bcc": [address.formatted for address in mail.bcc],
        "reply_to": mail.reply_to.formatted if mail.reply_to else "",
        "attachments": [
            {"filename": file.filename, "content": file.content, "content_type": file.content_type}
            for file in mail.attachments
        ],
        "tags": _tags(mail.categories),
    }
    return body | {name: value for name, value in optional.items() if value}


def refusal(name: str, message: str, status: int) -> ConnectError:
    """Return what an error name means: https://resend.com/docs/api-reference/errors.

    `message` goes into the error as it is.
    """
    if status == 403 and name == "validation_error":
        return FixSettings(
            "Resend refused the sender: its domain is not verified. Verify it, or use another sender.",
            code="unverified_domain",
        )
    for kind, sentences in _REFUSALS:
        if name in sentences:
            return kind(f"Resend refused the e-mail: {sentences[name]} ({name}).", code=name)
    if status in {401, 403}:
        return SignInAgain(
            f"Resend refused the API key ({name or status}). Replace it.", code=name or "refused"
        )
    return GiveUpRecord(
        f"Resend refused the e-mail as it is ({name or status}). {message}".rstrip(),
        code=name or f"http_{status}",
    )


_REFUSALS: tuple[tuple[type[ConnectError], Mapping[str, str]], ...] = (
    (
        SignInAgain,
        {
            "missing_api_key": "the API key is missing. Put it into the resource",
            "invalid_api_key": "the API key is wrong. Replace it",
            "restricted_api_key": "the API key may not send. Make one that may",
        },
    ),
    (
        FixInput,
        {
            "invalid_idempotent_request": "the message_key belongs to another e-mail. Use one each",
            "missing_required_field": "a field is missing",
            "invalid_attachment": "an attachment has neither content nor path",
            "invalid_from_address": "the sender is not an address",
            "not_found": "the template is unknown. Check template_id",
        },
    ),
    (TryLater, {"concurrent_idempotent_requests": "it is being sent just now. Try again in a minute"}),
)


def _tags(categories: Sequence[str]) -> list[dict[str, str]]:
    """Categories as Resend's tags, which are name and value of ASCII letters, digits, - and _."""
    return [
        {"name": f"category{number}" if number > 1 else "category", "value": _NOT_IN_TAG.sub("_", name)[:256]}
        for number, name in enumerate(categories, 1)
    ]


def _refused(response: Response, body: Mapping[str, Any], count: int) -> dict[int, ConnectError] | None:
    """Return why e-mails of a batch were refused, by their places; None if that cannot be read."""
    errors = objects_at(body, "errors") if body.get("errors") is not None else []
    if errors is None:
        return None
    refused: dict[int, ConnectError] = {}
    for error in errors:
        index = error.get("index")
        if type(index) is not int or not 0 <= index < count or index in refused:
            return None
        detail = detail_of(response, error.get("message"))
        refused[index] = GiveUpRecord(f"Resend refused it. {detail}".rstrip(), code="validation_error")
    return refused


def _id_in(response: Response, item: Mapping[str, Any]) -> str | ConnectError:
    return id_of(item.get("id")) or unreadable(response, "Resend", "this e-mail's id")


def _body(response: Response) -> dict[str, Any]:
    body = read_object(response)
    if response.status >= 400:
        detail = detail_of(response, body.get("message"))
        raise named(refusal(word_of(body.get("name")), detail, response.status), response)
    return body
