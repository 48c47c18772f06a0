"""Schemes that sign the address that was called: Twilio's and HubSpot's.

The address is the one in the resource, and never what a request says of itself. Neither scheme puts anything
between the address and what follows it: were the request's own query believed, a sender could move the
beginning of a signed body into the query, and the signature would still fit. It also saves guessing what a
proxy has made of host, scheme and path.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from f.webhooks.requests.request import FORM, MOST_FIELDS
from f.webhooks.verifying.evidence import (
    SHA256_BYTES,
    base64_bytes,
    check_hmac,
    check_time,
    header_of,
    invalid,
)
from f.webhooks.verifying.keys import shared_key

if TYPE_CHECKING:
    from f.webhooks.requests.request import WebhookRequest
    from f.webhooks.requests.source import Source

_HASHES = {
    "HMAC_SHA1": ("sha1", 20),
    "HMAC_SHA256": ("sha256", SHA256_BYTES),
}  # and bytes of their signatures
_ALSO = " and its url: both must be, to the letter, what the provider was told"
_ADDRESS = re.compile(r"(https?)://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_PORT = re.compile(r":[0-9]*$")
_DEFAULT_PORTS = {"https": ":443", "http": ":80"}
_METHOD = re.compile(r"[A-Za-z]{1,16}")
# The codes that HubSpot wants decoded before the address is signed; all others stay.
_HUBSPOT_CODES = re.compile("%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)


def check_twilio(request: WebhookRequest, source: Source, now: float) -> None:  # noqa: ARG001 - no time is signed
    """X-Twilio-Signature: <base64> of address and body, by HMAC-SHA1.

    A form is signed by its fields: names and values, sorted and each once, with nothing between them, after
    the address. Anything else is signed by its hash, as `bodySHA256=<hex>` at the end of the address's query.
    It is computed here and not read from the request. Twilio signs the address with the port or without it,
    so each is tried: as configured, without a port, with the scheme's own.

    With X-Twilio-Webhooks-Signature-Settings the algorithm may be HMAC_SHA256; the secret is then the shared
    key's. Twilio signs no time and no idempotency token: a request once seen can be sent again. As nothing
    stands between names and values, who has seen a request can also shift where one ends and the next begins.
    https://www.twilio.com/docs/usage/webhooks/webhooks-security
    """
    name = "x-twilio-signature"
    digest, size = _hash_of(request)
    signature = base64_bytes(header_of(request, name), name, size, size)
    messages = [
        (address + tail).encode()
        for address in _with_and_without_port(source.url)
        for tail in _twilio_tails(request, "&" if "?" in source.url else "?")
    ]
    check_hmac(_keys(source), messages, [signature], digest, _ALSO)


def check_hubspot(request: WebhookRequest, source: Source, now: float) -> None:
    """X-HubSpot-Signature-v3: <base64> of method, address, body and X-HubSpot-Request-Timestamp (in ms).

    HubSpot's page wants some percent-codes of the address decoded first, and its libraries decode none: both
    are tried. Its older signatures (v1, v2) sign no time and never count.
    https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation
    """
    name, time_name = "x-hubspot-signature-v3", "x-hubspot-request-timestamp"
    signature = base64_bytes(header_of(request, name), name)
    time = header_of(request, time_name)
    check_time(time, time_name, now, source.tolerance, per_second=1000)
    if not _METHOD.fullmatch(request.method):
        raise invalid("the method is not a word")
    decoded = _HUBSPOT_CODES.sub(lambda code: chr(int(code[0][1:], 16)), source.url)
    messages = [
        (request.method.upper() + address).encode() + request.body + time.encode()
        for address in dict.fromkeys((source.url, decoded))
    ]
    check_hmac(_keys(source), messages, [signature], also=_ALSO)


def _form_of(request: WebhookRequest) -> list[tuple[str, str]]:
    try:
        return request.form()
    except UnicodeDecodeError:
        raise invalid("the form is not UTF-8") from None
    except ValueError:
        raise invalid(f"the form has more than {MOST_FIELDS} fields") from None


def _twilio_tails(request: WebhookRequest, mark: str) -> list[str]:
    """Return what may stand after the address. Of a request without a body it may be nothing, or a hash."""
    by_hash = f"{mark}bodySHA256={hashlib.sha256(request.body).hexdigest()}"
    if not request.body:
        return ["", by_hash]
    if request.content_type() != FORM:
        return [by_hash]
    fields: dict[str, set[str]] = {}
    for field, value in _form_of(request):
        fields.setdefault(field, set()).add(value)
    return ["".join(field + value for field in sorted(fields) for value in sorted(fields[field]))]


def _hash_of(request: WebhookRequest) -> tuple[str, int]:
    name = "x-twilio-webhooks-signature-settings"
    if not request.header(name):
        return _HASHES["HMAC_SHA1"]
    items = [item.strip().partition("=") for item in header_of(request, name).split(",")]
    algorithms = [value for key, _, value in items if key == "algorithm"]
    if len(algorithms) != 1 or algorithms[0] not in _HASHES:
        raise invalid(f"{name} names no algorithm that is known here")
    return _HASHES[algorithms[0]]


def _with_and_without_port(url: str) -> list[str]:
    parts = _ADDRESS.fullmatch(url)
    if parts is None:
        return [url]
    scheme, place, rest = parts.groups()
    bare = _PORT.sub("", place)
    places = (place, bare, bare + _DEFAULT_PORTS[scheme.lower()])
    return list(dict.fromkeys(f"{scheme}://{one}{rest}" for one in places))


def _keys(source: Source) -> list[bytes]:
    return [shared_key(secret) for secret in source.secrets]
