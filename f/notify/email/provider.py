"""An e-mail provider as the rest of this folder sees it: pure functions between e-mails and HTTP."""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# orjson==3.13.0

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

from f.connect.errors import ConnectError, FixSettings

if TYPE_CHECKING:
    from f.connect.calls.message import Request, Response
    from f.connect.integration import Integration
    from f.notify.email.mail import Mail


class resend(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """A Resend account: its API key (`re_...`) as `token`. `base_url` is for stand-ins.

    `from_email` and `from_name`: the sender where an e-mail names none.
    """

    token: str
    from_email: str
    from_name: str
    base_url: str


class sendgrid(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """A SendGrid account: its API key (`SG....`) as `token`.

    `base_url` is https://api.eu.sendgrid.com/v3 for accounts in the EU. `from_email` and `from_name` as of
    `resend`.
    """

    token: str
    from_email: str
    from_name: str
    base_url: str


class EmailProvider(Protocol):
    """One account of a provider.

    `repeat_safe`: it knows our mark as idempotency key, so that a repeat does not send twice.
    """

    name: str
    repeat_safe: bool
    integration: Integration

    def send_request(self, mail: Mail, mark: str) -> Request:
        """Return the request that sends one e-mail; FixInput if it has more recipients than one may have."""

    def read_id(self, response: Response) -> str:
        """Return the id of an accepted e-mail, empty if there is none; raises what an error means."""

    def batches(self, mails: Sequence[Mail]) -> Iterator[list[Mail]]:
        """Divide the e-mails into groups that one request each can take."""

    def batch_request(self, mails: Sequence[Mail], mark: str) -> Request:
        """Return the request that sends one of the `batches`."""

    def read_batch(self, response: Response, count: int) -> list[str | ConnectError]:
        """Return the outcome of each e-mail of a batch, in order: its id, or why it was refused."""

    def refused_place(self, error: ConnectError) -> int | None:
        """Return the place in the batch of the e-mail for which all were refused; None if it is not one."""


def provider_of(resend: Mapping[str, Any] | None, sendgrid: Mapping[str, Any] | None) -> EmailProvider:
    """Return the provider whose resource is given. FixSettings unless it is exactly one."""
    if bool(resend) == bool(sendgrid):
        raise FixSettings("Give either resend or sendgrid, not both and not none.", code="bad_settings")
    if resend:
        from f.notify.email.resend import Resend  # a job needs one of the two

        return Resend(resend)
    assert sendgrid is not None
    from f.notify.email.sendgrid import Sendgrid

    return Sendgrid(sendgrid)
