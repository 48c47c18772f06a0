"""One signed request on its way: made, broken on purpose, and posted."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args
from urllib.parse import urlsplit

from mill.errors import MillError
from mill.senders.envelope import Envelope
from mill.senders.signing import FORM, Kind, called, sign

# What may be wrong with a request, each of which must be refused.
Fault = Literal["signature", "body", "secret", "no-signature", "no-time", "content-type", "json"]
FAULTS: tuple[Fault, ...] = get_args(Fault)

SIGNATURES: Mapping[Kind, str] = {
    "stripe": "Stripe-Signature",
    "slack": "X-Slack-Signature",
    "twilio": "X-Twilio-Signature",
    "sendgrid": "X-Twilio-Email-Event-Webhook-Signature",
    "github": "X-Hub-Signature-256",
    "shopify": "X-Shopify-Hmac-Sha256",
    "hubspot": "X-HubSpot-Signature-v3",
    "standard": "webhook-signature",
    "generic": "x-webhook-signature",
}
TIMES: Mapping[Kind, str] = {
    "slack": "X-Slack-Request-Timestamp",
    "sendgrid": "X-Twilio-Email-Event-Webhook-Timestamp",
    "hubspot": "X-HubSpot-Request-Timestamp",
    "standard": "webhook-timestamp",
    "generic": "x-webhook-timestamp",
}
_SECONDS = 30.0  # as patient as the most patient provider


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs for one source. `url`: what the provider was told to call, if that is not where it is posted."""

    kind: Kind
    secret: str
    url: str


@dataclass(frozen=True, slots=True)
class Posted:
    """A request, ready to go out."""

    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, and after how many seconds."""

    status: int
    text: str
    seconds: float

    @property
    def is_accepted(self) -> bool:
        """Whether the provider is content and never tells the event again."""
        return 200 <= self.status < 300


def signed(
    signer: Signer, what: Envelope, *, event_id: str, now: float, fault: Fault | None = None
) -> Posted:
    """Return the request, signed; with `fault`, wrong in exactly that way."""
    if fault == "json":
        if what.content_type.startswith(FORM):
            raise MillError("This event is a form, and half a form is one too. Break something else.")
        what = replace(what, body=what.body[: len(what.body) // 2])
    plain_type = what.content_type.partition(";")[0]
    url = called(signer.kind, signer.url, what.body, plain_type)
    secret = signer.secret if fault != "secret" else _other_secret(signer)
    signature = sign(
        signer.kind, secret, what.body, now=now, url=url, event_id=event_id, content_type=plain_type
    )
    posted = Posted(what.body, {"Content-Type": what.content_type, **what.headers, **signature})
    return posted if fault is None else _broken(signer.kind, posted, fault)


def _other_secret(signer: Signer) -> str:
    if signer.kind == "sendgrid":
        return "4242424242"
    return f"{signer.secret[:-4]}AAA=" if signer.kind == "standard" else f"{signer.secret}x"


def _broken(kind: Kind, posted: Posted, fault: Fault) -> Posted:
    headers = dict(posted.headers)
    match fault:
        case "signature":
            headers[SIGNATURES[kind]] = _changed(headers[SIGNATURES[kind]])
        case "no-signature":
            del headers[SIGNATURES[kind]]
        case "no-time":
            if kind not in TIMES and kind != "stripe":
                raise MillError(f"{kind} signs no time, so there is none to leave out.")
            headers.pop(TIMES.get(kind, ""), None)
            if kind == "stripe":
                headers["Stripe-Signature"] = headers["Stripe-Signature"].partition(",")[2]
        case "content-type":
            headers["Content-Type"] = "text/plain"
        case "body":
            return replace(posted, body=posted.body + b" ")
        case "json" | "secret":
            pass  # went wrong before it was signed
    return replace(posted, headers=headers)


def _changed(signature: str) -> str:
    """Return a signature of the same form with a character changed: not the last, parts of which are void."""
    at = len(signature) - 12
    return f"{signature[:at]}{'1' if signature[at] == '0' else '0'}{signature[at + 1 :]}"


def post(url: str, posted: Posted, *, now: Callable[[], float] = time.monotonic) -> Answer:
    """Post it; MillError where nothing answers. A redirect is an answer: no provider follows one."""
    address = urlsplit(url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise MillError(f"{url} is no address: it must begin with http:// or https://.")
    make = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
    began = now()
    try:
        connection = make(address.hostname, address.port, timeout=_SECONDS)
        try:
            path = (address.path or "/") + (f"?{address.query}" if address.query else "")
            connection.request("POST", path, posted.body, dict(posted.headers))
            reply = connection.getresponse()
            text = reply.read().decode("utf-8", "replace")
        finally:
            connection.close()
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise MillError(
            f"{address.scheme}://{address.netloc} does not answer ({type(error).__name__}). "
            "Is `mill serve` running? Else say where to, with --to.",
            exit_code=1,
        ) from error
    return Answer(reply.status, text, now() - began)
