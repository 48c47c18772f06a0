"""The twin of SendGrid's Mail Send: its schema, its limits, its shape of errors."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from mill.twins.formats.email_rules import bare, is_verified
from mill.twins.limits import RollingWindow
from mill.twins.message import Refused, Reply, Request
from mill.twins.twin import Route, Setup, Twin

_MOST_RECIPIENTS = 1000
_MOST_BYTES = 30_000_000
_STRICT = ConfigDict(extra="forbid", strict=True, populate_by_name=True)


class Settings(BaseModel):
    """What this account is like."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    refused_keys: dict[str, int] = {"SG.wrong": 401, "SG.restricted": 403}
    unverified_domains: list[str] = ["unverified.example.com"]
    templates: list[str] = ["d-welcome"]
    scopes: tuple[str, ...] = ("mail.send", "sender_verification_eligible")
    rate_limit: Annotated[int, Field(ge=1)] | None = None  # requests a second


def _one_line(text: str) -> str:
    if "\n" in text or "\r" in text:
        raise ValueError("must be one line")
    return text


def _address(text: str) -> str:
    if bare(text) != text:
        raise ValueError("Does not contain a valid address.")
    return text


Line = Annotated[str, AfterValidator(_one_line)]


class Address(BaseModel):
    """An address and its name."""

    model_config = _STRICT
    email: Annotated[str, AfterValidator(_address)]
    name: Line | None = None


class Personalization(BaseModel):
    """One envelope."""

    model_config = _STRICT
    to: Annotated[list[Address], Field(min_length=1)]
    cc: Annotated[list[Address], Field(min_length=1)] | None = None
    bcc: Annotated[list[Address], Field(min_length=1)] | None = None
    subject: Annotated[Line, Field(min_length=1)] | None = None
    headers: dict[str, str] | None = None
    substitutions: dict[str, str] | None = None
    dynamic_template_data: dict[str, Any] | None = None
    custom_args: dict[str, str] | None = None
    send_at: int | None = None

    def addresses(self) -> list[str]:
        """Return all recipients, in lower case."""
        return [one.email.lower() for group in (self.to, self.cc, self.bcc) for one in group or ()]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        addresses = self.addresses()
        if len(set(addresses)) < len(addresses):
            raise ValueError(
                "Each email address in the personalization block should be unique between to, cc, and bcc."
            )
        return self


class Content(BaseModel):
    """One form of the text."""

    model_config = _STRICT
    type: Literal["text/plain", "text/html", "text/x-amp-html", "text/calendar"]
    value: Annotated[str, Field(min_length=1)]


class Attachment(BaseModel):
    """A file in base64."""

    model_config = _STRICT
    content: Annotated[str, Field(min_length=1, pattern=r"^[A-Za-z0-9+/]+={0,2}$")]
    filename: Annotated[Line, Field(min_length=1)]
    type: Annotated[str, Field(pattern=r"^[^;,\s]+$")] | None = None
    disposition: Literal["inline", "attachment"] | None = None
    content_id: str | None = None


class Toggle(BaseModel):
    """A setting that is on or off."""

    model_config = _STRICT
    enable: bool


class MailSettings(BaseModel):
    """Only the sandbox: check, send nothing."""

    model_config = _STRICT
    sandbox_mode: Toggle | None = None


class Mail(BaseModel):
    """https://www.twilio.com/docs/sendgrid/api-reference/mail-send/mail-send."""

    model_config = _STRICT
    personalizations: Annotated[list[Personalization], Field(min_length=1, max_length=1000)]
    sender: Annotated[Address, Field(alias="from")]
    subject: Line | None = None
    content: list[Content] | None = None
    template_id: str | None = None
    reply_to: Address | None = None
    reply_to_list: list[Address] | None = None
    attachments: list[Attachment] | None = None
    categories: Annotated[list[Annotated[str, Field(max_length=255)]], Field(max_length=10)] | None = None
    headers: dict[str, str] | None = None
    custom_args: dict[str, str] | None = None
    send_at: int | None = None
    mail_settings: MailSettings | None = None


def error(status: int, message: str, field: str | None = None) -> Reply:
    """Return an error in SendGrid's shape."""
    return Reply(status, {"errors": [{"message": message, "field": field, "help": None}]})


def build(setup: Setup) -> Twin:
    """Return the twin for `settings` of the form of Settings."""
    settings = Settings.model_validate(setup.settings)
    service = _SendGrid(setup, settings)
    return Twin(
        name="sendgrid",
        settings=settings,
        error=error,
        gate=service.gate,
        routes=[
            Route("POST", "/v3/mail/send", "mail_send", service.send),
            Route("GET", "/v3/scopes", "get_scopes", service.scopes),
        ],
    )


class _SendGrid:
    def __init__(self, setup: Setup, settings: Settings) -> None:
        self._ledger, self._settings = setup.ledger, settings
        self._window = RollingWindow(settings.rate_limit, 1) if settings.rate_limit else None

    def gate(self, request: Request) -> Mapping[str, str]:
        """A key, and room in this second; SendGrid tells no Retry-After."""
        key = request.bearer or ""
        status = self._settings.refused_keys.get(key)
        if status == 403:
            raise Refused(error(403, "access forbidden"))
        if status or not key.startswith("SG."):
            raise Refused(error(401, "The provided authorization grant is invalid, expired, or revoked"))
        if self._window is None:
            return {}
        admitted = self._window.admit()
        headers = {
            "X-RateLimit-Limit": str(self._window.limit),
            "X-RateLimit-Remaining": str(self._window.remaining),
        }
        if not admitted:
            refusal = error(429, "too many requests")
            refusal.headers = headers
            raise Refused(refusal)
        return headers

    def scopes(self, _request: Request) -> Reply:
        """Return what the key may do."""
        return Reply(200, {"scopes": self._settings.scopes})

    def send(self, request: Request) -> Reply:
        """202 and nothing but an id; each personalization is an e-mail of its own in the ledger."""
        if len(request.body) > _MOST_BYTES:
            return error(413, "The JSON payload you have included in your request is too large.")
        try:
            mail = Mail.model_validate(request.json())
        except ValidationError as problem:
            return _invalid(problem)
        self._check(mail)
        if mail.mail_settings and mail.mail_settings.sandbox_mode and mail.mail_settings.sandbox_mode.enable:
            return Reply(200)
        message_id = secrets.token_urlsafe(16)
        shared = mail.model_dump(exclude_none=True, by_alias=True, exclude={"personalizations"})
        for one in mail.personalizations:
            body = {**shared, **one.model_dump(exclude_none=True), "id": message_id}
            self._ledger.append("sent", one.to[0].email.lower(), body)
        return Reply(202, None, {"X-Message-Id": message_id})

    def _check(self, mail: Mail) -> None:
        if not is_verified(mail.sender.email, self._settings.unverified_domains):
            message = "The from address does not match a verified Sender Identity."
            raise Refused(error(403, message, "from"))
        if sum(len(one.addresses()) for one in mail.personalizations) > _MOST_RECIPIENTS:
            raise Refused(error(400, "Too many recipients.", "personalizations"))
        if mail.template_id is not None:
            if mail.template_id not in self._settings.templates:
                raise Refused(error(400, "The template_id must be a valid template.", "template_id"))
            return
        if not mail.subject and not all(one.subject for one in mail.personalizations):
            raise Refused(error(400, "The subject is required.", "subject"))
        kinds = [content.type for content in mail.content or ()]
        if not kinds:
            raise Refused(
                error(400, "The content value must be a string at least one character in length.", "content")
            )
        if kinds != sorted(kinds, key=["text/plain", "text/html", "text/x-amp-html", "text/calendar"].index):
            message = (
                "If present, text/plain must be first, followed by text/html, followed by any other content."
            )
            raise Refused(error(400, message, "content"))


def _invalid(problem: ValidationError) -> Reply:
    errors = [
        {
            "message": one["msg"].removeprefix("Value error, "),
            "field": ".".join(str(step) for step in one["loc"]),
            "help": None,
        }
        for one in problem.errors(include_url=False, include_input=False)
    ]
    return Reply(400, {"errors": errors})
