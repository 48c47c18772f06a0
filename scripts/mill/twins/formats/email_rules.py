"""What the e-mail twins share: what an address is, and which senders are verified."""

from __future__ import annotations

import re

_ADDRESS = re.compile(r"[^@\s<>\"]+@(?:[A-Za-z0-9-]+\.)+[A-Za-z]{2,}")
_NAMED = re.compile(r"(?:\"(?:[^\"\\\r\n]|\\.)*\"|[^<>\"\r\n]*)\s*<([^<>]+)>")


def bare(text: str) -> str | None:
    """Return the address in `name@example.com` or `Name <name@example.com>`; None if there is none."""
    named = _NAMED.fullmatch(text)
    address = named[1] if named else text
    return address if _ADDRESS.fullmatch(address) else None


def is_verified(address: str, unverified: list[str]) -> bool:
    """Return whether a sender's domain is not among the unverified ones."""
    return address.rpartition("@")[2].lower() not in unverified
