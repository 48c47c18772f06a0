"""From a verified request to its events, and to the answer that its sender waits for.

A request that is signed and cannot be read is refused; one that is read and not understood is kept, as an
event of the type `untyped`.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# cffi==2.1.1
# cryptography==50.0.2
# pycparser==3.12

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from f.webhooks.providers.answer import Reading
    from f.webhooks.requests.request import WebhookRequest
    from f.webhooks.requests.source import Kind, Source


def read_events(request: WebhookRequest, source: Source) -> Reading:
    """Return what a verified request tells; RefuseRequest of the code `bad_body` if it cannot be read."""
    return _reader(source.kind)(request)


def _reader(kind: Kind) -> Callable[[WebhookRequest], Reading]:
    match kind:
        case "stripe":
            from f.webhooks.providers.stripe import read
        case "slack":
            from f.webhooks.providers.slack import read
        case "twilio":
            from f.webhooks.providers.twilio import read
        case "sendgrid":
            from f.webhooks.providers.sendgrid import read
        case "github":
            from f.webhooks.providers.github import read
        case "shopify":
            from f.webhooks.providers.shopify import read
        case "hubspot":
            from f.webhooks.providers.hubspot import read
        case "standard":
            from f.webhooks.providers.standard import read
        case "generic":
            from f.webhooks.providers.standard import read_generic as read
    return read
