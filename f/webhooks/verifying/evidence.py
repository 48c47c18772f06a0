"""What a request brings to prove from whom it is: headers, each read in one spelling and in no other.

Whatever is wrong is the same refusal. Its reason names the header and the rule, and quotes no value: that may
be somebody's data, or written to deceive who reads the log. Nothing here takes longer than the headers are
long, and they are bounded.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from f.webhooks.requests.refusal import RefuseRequest

if TYPE_CHECKING:
    from f.webhooks.requests.request import WebhookRequest

MOST_SIGNATURES = 20  # in one header; while secrets change there are two or three
LONGEST_HEADER = 4096  # characters; twenty signatures take half of it
SHA256_BYTES = 32

# int() would also take +1, 1_0, blanks and the digits of other scripts, and 01 is a second spelling of 1.
_NUMBER = re.compile(r"[1-9][0-9]{0,14}")
_HEX = re.compile(r"(?:[0-9a-f]{2})+")
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")


def invalid(reason: str) -> RefuseRequest:
    """Return the refusal. `reason` is for the log, and quotes nothing that was sent."""
    return RefuseRequest("invalid_signature", reason)


def header_of(request: WebhookRequest, name: str) -> str:
    """Return a header that must be there, in printable ASCII and of a sane length."""
    text = request.header(name)
    if not text:
        raise invalid(f"{name} is missing or empty")
    if len(text) > LONGEST_HEADER:
        raise invalid(f"{name} is longer than {LONGEST_HEADER} characters")
    if not (text.isascii() and text.isprintable()):
        raise invalid(f"{name} holds characters other than printable ASCII")
    return text


def check_time(text: str, name: str, now: float, tolerance: float, *, per_second: int = 1) -> None:
    """Refuse a signed time that is no plain number, or further than `tolerance` seconds from now, either way.

    `per_second`: what it is counted in; 1000 for milliseconds.
    """
    if not _NUMBER.fullmatch(text):
        raise invalid(f"{name} is not a time as a plain whole number")
    age = now - int(text) / per_second
    if age > tolerance:
        raise invalid(f"{name} is {age:.0f} seconds in the past, and {tolerance:g} are taken")
    if not age >= -tolerance:  # written so that it refuses what is not a number, too
        raise invalid(f"{name} is {-age:.0f} seconds in the future, and {tolerance:g} are taken")


def hex_bytes(text: str, name: str) -> bytes:
    """Return the 32 bytes that hex in lower case stands for."""
    if len(text) != 2 * SHA256_BYTES or not _HEX.fullmatch(text):
        raise invalid(f"{name} is not {SHA256_BYTES} bytes in lower-case hex")
    return bytes.fromhex(text)


def base64_bytes(text: str, name: str, least: int = SHA256_BYTES, most: int = SHA256_BYTES) -> bytes:
    """Return the bytes that base64 stands for; refused unless padded, canonical and of a right length."""
    raw = decoded_base64(text)
    if raw is None:
        raise invalid(f"{name} is not base64")
    if not least <= len(raw) <= most:
        size = str(least) if least == most else f"{least} to {most}"
        raise invalid(f"{name} is not {size} bytes in base64")
    return raw


def decoded_base64(text: str) -> bytes | None:
    """Return what base64 stands for, None if it is not the one spelling of it (RFC 4648, 3.5)."""
    if not _BASE64.fullmatch(text):
        return None
    try:
        raw = base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
    return raw if base64.b64encode(raw).decode() == text else None


def check_hmac(
    keys: Sequence[bytes],
    messages: Sequence[bytes],
    signatures: Sequence[bytes],
    digest: str = "sha256",
    also: str = "",
) -> None:
    """Refuse unless one of the keys makes one of the signatures of one of the messages.

    `messages`: what may have been signed, if there are several ways to write it. `also`: what else must be
    right for it to fit, for the log. Each pair is compared, and in constant time: how long it takes tells
    nothing of what would be right.
    """
    found = False
    for key in keys:
        for message in messages:
            expected = hmac.digest(key, message, digest)
            for signature in signatures:
                found |= hmac.compare_digest(expected, signature)
    if not found:
        raise no_match(len(keys), also)


def no_match(keys: int, also: str = "") -> RefuseRequest:
    """Return the refusal of a signature that is well written and is not of our keys."""
    which = "the secret of this source" if keys == 1 else f"any of the {keys} secrets of this source"
    return invalid(f"the signature does not fit what was sent, {which}{also}")
