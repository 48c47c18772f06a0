"""Sending an e-mail through either provider: once, and not to people who opted out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, TypedDict

from f.connect.client import Client
from f.notify.messages.opt_outs import OptOuts
from f.store.once import Attempt, Once, OneTimeWrite, send_once
from f.store.sent_keys import key_of

if TYPE_CHECKING:
    from f.notify.email.address_list import Address
    from f.notify.email.mail import Mail
    from f.notify.email.provider import EmailProvider
    from f.store.store import Store


class MailResult(TypedDict):
    """`suppressed`: the addresses left out because they opted out."""

    status: Literal["sent", "already_sent", "suppressed"]
    provider: str
    id: str
    recipients: int
    suppressed: list[str]


def send_mail(
    mail: Mail,
    provider: EmailProvider,
    store: Store,
    *,
    message_key: str = "",
    window: float | None = None,
    once: Once = send_once,
) -> MailResult:
    """Send to all recipients who did not opt out; with nobody left in `to`, nothing is sent.

    `once`: `look_only` sends nothing.
    """
    wanted, suppressed = without_opted_out(mail, store)
    result: MailResult = {
        "status": "sent",
        "provider": provider.name,
        "id": "",
        "recipients": len(wanted.to) + len(wanted.cc) + len(wanted.bcc),
        "suppressed": suppressed,
    }
    if not wanted.to:
        return {**result, "status": "suppressed", "recipients": 0}
    key = key_of(provider.name, message_key) if message_key else ""
    with Client(provider.integration, store) as client:

        def send(attempt: Attempt) -> str:
            request = replace(provider.send_request(wanted, attempt.mark), permit=attempt.permit)
            return provider.read_id(client.request(request))

        write = OneTimeWrite(send, repeat_safe=provider.repeat_safe)
        receipt = once(store, key, write, window=window)
    return {**result, "status": receipt.status, "id": receipt.id}


def without_opted_out(mail: Mail, store: Store) -> tuple[Mail, list[str]]:
    """Return the e-mail without the recipients who opted out, and their addresses."""
    opt_outs = OptOuts(store)
    suppressed: list[str] = []

    def kept(addresses: Sequence[Address]) -> list[Address]:
        out = [address for address in addresses if opt_outs.has("email", address.email)]
        suppressed.extend(address.email for address in out)
        return [address for address in addresses if address not in out]

    return replace(mail, to=kept(mail.to), cc=kept(mail.cc), bcc=kept(mail.bcc)), suppressed
