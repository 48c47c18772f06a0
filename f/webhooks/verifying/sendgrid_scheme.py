"""SendGrid's signed Event Webhook: ECDSA on P-256 with SHA-256, so the resource holds a public key."""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# cffi==2.1.1
# cryptography==50.0.2
# pycparser==3.12

from __future__ import annotations

from typing import TYPE_CHECKING

from f.webhooks.verifying.evidence import base64_bytes, check_time, header_of, no_match
from f.webhooks.verifying.keys import sendgrid_key

if TYPE_CHECKING:
    from f.webhooks.requests.request import WebhookRequest
    from f.webhooks.requests.source import Source

_LEAST_BYTES, _MOST_BYTES = 8, 72  # of two numbers of up to 256 bits in DER


def check_sendgrid(request: WebhookRequest, source: Source, now: float) -> None:
    """X-Twilio-Email-Event-Webhook-Signature: <base64 of DER> of `<...-Timestamp, in seconds><body>`.

    The body counts to its last byte: SendGrid's ends with a line break. No id of the request is signed, as
    there is none; those of the events stand in the body.
    https://www.twilio.com/docs/sendgrid/for-developers/tracking-events (event webhook security features)
    """
    from cryptography.exceptions import InvalidSignature  # 30 ms that other schemes save
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    name = "x-twilio-email-event-webhook-signature"
    time_name = "x-twilio-email-event-webhook-timestamp"
    signature = base64_bytes(header_of(request, name), name, _LEAST_BYTES, _MOST_BYTES)
    time = header_of(request, time_name)
    check_time(time, time_name, now, source.tolerance)
    message = time.encode() + request.body
    for secret in source.secrets:
        try:
            sendgrid_key(secret).verify(signature, message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            continue
        return
    raise no_match(len(source.secrets))
