"""An e-mail provider as the rest of this folder sees it: pure functions between e-mails and HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from f.connect.calls.message import Request, Response
from f.connect.errors import ConnectError, FixSettings
from f.connect.integration import Integration
from f.notify.email.mail import Mail
from f.notify.email.resend import batch_request as resend_batch_request
from f.notify.email.resend import batches as resend_batches
from f.notify.email.resend import integration_of as resend_integration
from f.notify.email.resend import read_batch as resend_read_batch
from f.notify.email.resend import read_id as resend_read_id
from f.notify.email.resend import send_request as resend_request
from f.notify.email.sendgrid import batch_request as sendgrid_batch_request
from f.notify.email.sendgrid import batches as sendgrid_batches
from f.notify.email.sendgrid import culprit as sendgrid_culprit
from f.notify.email.sendgrid import integration_of as sendgrid_integration
from f.notify.email.sendgrid import read_batch as sendgrid_read_batch
from f.notify.email.sendgrid import read_id as sendgrid_read_id
from f.notify.email.sendgrid import send_request as sendgrid_request


@dataclass(frozen=True, slots=True)
class Provider:
    """`repeat_safe`: it knows our mark as idempotency key.

    `culprit`: the place of the e-mail for which a whole batch was refused.
    """

    name: str
    repeat_safe: bool
    integration: Integration
    request: Callable[[Mail, str], Request]
    read_id: Callable[[Response], str]
    batches: Callable[[Sequence[Mail]], Iterator[list[Mail]]]
    batch_request: Callable[[Sequence[Mail], str], Request]
    read_batch: Callable[[Response, int], list[str | ConnectError]]
    culprit: Callable[[ConnectError], int | None]


def provider_of(resend: Mapping[str, Any] | None, sendgrid: Mapping[str, Any] | None) -> Provider:
    """Return the provider whose resource is given. FixSettings unless it is exactly one."""
    if bool(resend) == bool(sendgrid):
        raise FixSettings("Give either resend or sendgrid, not both and not none.", code="bad_settings")
    if resend:
        return Provider(
            name="resend",
            repeat_safe=True,
            integration=resend_integration(resend),
            request=resend_request,
            read_id=resend_read_id,
            batches=resend_batches,
            batch_request=resend_batch_request,
            read_batch=resend_read_batch,
            culprit=lambda _error: None,
        )
    assert sendgrid is not None
    return Provider(
        name="sendgrid",
        repeat_safe=False,
        integration=sendgrid_integration(sendgrid),
        request=sendgrid_request,
        read_id=sendgrid_read_id,
        batches=sendgrid_batches,
        batch_request=sendgrid_batch_request,
        read_batch=sendgrid_read_batch,
        culprit=sendgrid_culprit,
    )
