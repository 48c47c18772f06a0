"""The twin of Resend: single e-mails and batches, idempotency keys, its names for errors."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from mill.twins.formats.email_rules import bare, is_verified
from mill.twins.limits import RollingWindow
from mill.twins.message import Refused, Reply, Request
from mill.twins.twin import Route, Setup, Twin

_STORED_REPLY = "stored_reply"
_DAY = 86_400.0
_STRICT = ConfigDict(extra="forbid", strict=True, populate_by_name=True)


class Settings(BaseModel):
    """What this team is like."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    refused_keys: dict[str, str] = {"re_wrong": "invalid_api_key", "re_restricted": "restricted_api_key"}
    sending_keys: frozenset[str] = frozenset({"re_sending"})  # which may do nothing but send
    unverified_domains: list[str] = ["unverified.example.com"]
    templates: list[str] = ["welcome"]
    rate_limit: Annotated[int, Field(ge=1)] | None = None  # requests a second
    daily_quota: int | None = None


def _address(text: str) -> str:
    if bare(text) is None:
        raise ValueError(
            "The email address needs to follow the `email@example.com` or `Name <email@example.com>` format"
        )
    return text


Address = Annotated[str, AfterValidator(_address)]
Addresses = Annotated[list[Address], Field(max_length=50)]


class Tag(BaseModel):
    """A label; both parts ASCII letters, digits, - and _."""

    model_config = _STRICT
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,256}$")]
    value: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,256}$")]


class Attachment(BaseModel):
    """A file: base64, or where to fetch it."""

    model_config = _STRICT
    filename: str
    content: str | None = None
    path: str | None = None
    content_type: str | None = None
    content_id: str | None = None


class Template(BaseModel):
    """A template of the team and its variables."""

    model_config = _STRICT
    id: str
    variables: dict[str, str | int | float] = {}


class Email(BaseModel):
    """https://resend.com/docs/api-reference/emails/send-email."""

    model_config = _STRICT
    sender: Annotated[Address, Field(alias="from")]
    to: Annotated[list[Address], Field(min_length=1, max_length=50)]
    subject: str | None = None
    html: str | None = None
    text: str | None = None
    cc: Addresses | None = None
    bcc: Addresses | None = None
    reply_to: Address | Addresses | None = None
    headers: dict[str, str] | None = None
    attachments: list[Attachment] | None = None
    tags: list[Tag] | None = None
    scheduled_at: str | None = None
    template: Template | None = None


def error(status: int, message: str, name: str | None = None) -> Reply:
    """Return an error in Resend's shape."""
    names = {
        404: "not_found",
        405: "method_not_allowed",
        429: "rate_limit_exceeded",
        503: "service_unavailable",
    }
    known = name or names.get(status, "validation_error")
    return Reply(status, {"statusCode": status, "name": known, "message": message})


def build(setup: Setup) -> Twin:
    """Return the twin for `settings` of the form of Settings."""
    settings = Settings.model_validate(setup.settings)
    service = _Resend(setup, settings)
    return Twin(
        name="resend",
        settings=settings,
        error=error,
        gate=service.gate,
        routes=[
            Route("POST", "/emails", "send_email", service.send),
            Route("POST", "/emails/batch", "send_batch", service.send_batch),
            Route("GET", "/domains", "list_domains", service.domains),
        ],
        faults={
            "quota": lambda _request: error(429, "You have reached your daily quota.", "daily_quota_exceeded")
        },
    )


class _Resend:
    def __init__(self, setup: Setup, settings: Settings) -> None:
        self._ledger, self._records, self._clock = setup.ledger, setup.records, setup.clock
        self._settings = settings
        self._window = RollingWindow(settings.rate_limit, 1) if settings.rate_limit else None

    def gate(self, request: Request) -> Mapping[str, str]:
        """A key, and room in this second."""
        key = request.bearer
        if not key:
            raise Refused(error(401, "Missing API Key", "missing_api_key"))
        if not key.startswith("re_"):
            raise Refused(error(403, "API key is invalid", "invalid_api_key"))
        if refused := self._settings.refused_keys.get(key):
            status = 401 if refused == "restricted_api_key" else 403
            raise Refused(error(status, "API key is invalid", refused))
        if self._window is None:
            return {}
        admitted = self._window.admit()
        headers = {
            "ratelimit-limit": str(self._window.limit),
            "ratelimit-remaining": str(self._window.remaining),
            "ratelimit-reset": "1",
        }
        if not admitted:
            refusal = error(429, "Too many requests.")
            refusal.headers = {**headers, "retry-after": "1"}
            raise Refused(refusal)
        return headers

    def domains(self, request: Request) -> Reply:
        """Return the team's domains, which a key that may only send is not told."""
        if request.bearer in self._settings.sending_keys:
            return error(401, "This API key is restricted to only send emails", "restricted_api_key")
        domain = {"name": "example.com", "status": "verified", "region": "eu-west-1"}
        data = [{"id": str(uuid.uuid5(uuid.NAMESPACE_DNS, "example.com")), **domain}]
        return Reply(200, {"object": "list", "has_more": False, "data": data})

    def send(self, request: Request) -> Reply:
        """200 with the id."""
        return self._once(request, lambda: Reply(200, {"id": self._send(self._valid(request.json()))}))

    def send_batch(self, request: Request) -> Reply:
        """200 with the ids; in permissive mode also what was refused, by its place."""
        permissive = request.headers.get("x-batch-validation", "strict") == "permissive"

        def answer() -> Reply:
            items = request.json()
            if not isinstance(items, list) or not 1 <= len(items) <= 100:
                return error(422, "A batch has 1 to 100 emails.")
            valid, refused = [], []
            for index, item in enumerate(items):
                try:
                    valid.append(self._valid(item, batch=True))
                except Refused as refusal:
                    if not permissive:
                        raise
                    refused.append({"index": index, "message": refusal.reply.body["message"]})
            body: dict[str, Any] = {"data": [{"id": self._send(email)} for email in valid]}
            return Reply(200, {**body, "errors": refused} if permissive else body)

        return self._once(request, answer)

    def _valid(self, body: Any, *, batch: bool = False) -> Email:
        try:
            email = Email.model_validate(body)
        except ValidationError as problem:
            raise Refused(_invalid(problem)) from problem
        if not email.subject:
            raise Refused(error(422, "Missing `subject` field.", "missing_required_field"))
        if email.template is None and not (email.html or email.text):
            raise Refused(error(422, "Missing `html` or `text` field.", "missing_required_field"))
        if email.template is not None and (email.html or email.text):
            raise Refused(error(422, "`html` and `text` cannot be used with `template`."))
        if email.template is not None and email.template.id not in self._settings.templates:
            raise Refused(error(404, "Template not found", "not_found"))
        if batch and (email.attachments or email.scheduled_at):
            raise Refused(error(422, "`attachments` and `scheduled_at` are not supported in a batch."))
        if not is_verified(bare(email.sender) or "", self._settings.unverified_domains):
            raise Refused(error(403, "The domain is not verified. Please, add and verify your domain."))
        return email

    def _send(self, email: Email) -> str:
        quota = self._settings.daily_quota
        if quota is not None and self._ledger.totals().get("sent", 0) >= quota:
            raise Refused(error(429, "You have reached your daily email quota.", "daily_quota_exceeded"))
        email_id = str(uuid.uuid4())
        body = email.model_dump(exclude_none=True, by_alias=True)
        self._ledger.append("sent", (bare(email.to[0]) or "").lower(), {**body, "id": email_id})
        return email_id

    def _once(self, request: Request, answer: Callable[[], Reply]) -> Reply:
        """The same key and payload get the same reply for a day."""
        key = request.headers.get("idempotency-key")
        if key is None:
            return answer()
        if not 1 <= len(key) <= 256:
            return error(400, "The key must be between 1-256 chars.", "invalid_idempotency_key")
        fingerprint = hashlib.sha256(request.path.encode() + b"\n" + request.body).hexdigest()
        for number in reversed(self._records.find(_STORED_REPLY, "key", key)):
            stored = self._records.get(_STORED_REPLY, number)
            if stored and self._clock() - stored["at"] < _DAY:
                if stored["fingerprint"] != fingerprint:
                    message = "Same idempotency key used with a different request payload."
                    return error(409, message, "invalid_idempotent_request")
                return Reply(stored["status"], stored["body"])
        reply = answer()
        if reply.status == 200:
            kept = {"fingerprint": fingerprint, "status": 200, "body": reply.body, "at": self._clock()}
            self._records.add(_STORED_REPLY, kept, {"key": key})
        return reply


def _invalid(problem: ValidationError) -> Reply:
    first = problem.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(step) for step in first["loc"])
    if first["type"] == "missing":
        return error(422, f"Missing `{field}` field.", "missing_required_field")
    return error(422, f"Invalid `{field}` field. {first['msg'].removeprefix('Value error, ')}")
