"""Middleware: handlers get events without what is personal, for those that only count or pass on.

Masked are values under telling names (email, phone, first_name, address, iban ...) and whatever looks like
an e-mail address, a phone number or a secret. A handler that has to reach somebody fetches the object from
the provider by its id. What lies in the store stays as it was sent, sealed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.connect.redact import mask_json

if TYPE_CHECKING:
    from f.webhooks.requests.event import Event


def middleware(event: Event) -> Event:
    """Return the event with its body masked."""
    return {**event, "body": mask_json(event["body"])}
