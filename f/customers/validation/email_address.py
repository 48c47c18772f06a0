"""E-mail addresses. email-validator decides; most addresses need not be sent through all of it."""

# extra_requirements:
# dnspython==2.9.2
# email-validator==2.4.0
# idna==3.20

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES


def normalize_email(text: str) -> str:
    """Return the address with its domain normalised (RFC 5321 leaves the local part's case alone).

    Raises email_validator.EmailNotValidError, whose message says what is wrong.
    """
    return normalize_plain(text) or _by_library(text)


def _by_library(text: str) -> str:
    # Deliverability would ask DNS for every row; whether mail arrives is not what an import is for.
    return validate_email(text, check_deliverability=False).normalized


class Unwrapped(NamedTuple):
    """The addresses that a text holds, each once, and the name that stands before a single one."""

    addresses: tuple[str, ...]
    name: str


_ADDRESS = re.compile(r"[^\s<>,;|\"()\[\]]+@[^\s<>,;|\"()\[\]]+")
_NAMED = re.compile(r"\s*[\"']?([^<>@\"]*?)[\"']?\s*<[^<>]+>[\s.,;]*", re.DOTALL)


def unwrap(text: str) -> Unwrapped:
    """Return what a text that is no address holds: `mailto:`, `Ada <ada@example.com>`, quotes, stops.

    Without addresses if one of them cannot exist, or if other words stand there.
    """
    found: dict[str, str] = {}
    for part in _ADDRESS.findall(text):
        bare = re.sub(r"\Amailto:", "", part, flags=re.IGNORECASE).partition("?")[0].rstrip(".:'").lstrip("'")
        try:
            address = normalize_email(bare)
        except EmailNotValidError:
            return Unwrapped((), "")
        found.setdefault(address.casefold(), address)
    named = _NAMED.fullmatch(text)
    if named is None and re.sub(r"[\s<>,;|\"'()\[\]]+", "", _ADDRESS.sub("", text)):
        return Unwrapped((), "")
    return Unwrapped(tuple(found.values()), " ".join(named[1].split()) if named else "")


# The plain addresses: a dot-atom of RFC 5322, then labels of letters, digits and single hyphens.
# Why the library accepts each of them and changes nothing but capitals in the domain:
# - there is nothing to unquote, unescape, decode or compose: all is ASCII, without quotes and brackets;
# - the local part is the library's own DOT_ATOM_TEXT;
# - no label is empty, starts or ends with a hyphen or has two together, so none is Punycode (xn--)
#   or another reserved form, and IDNA has nothing to do but lower the capitals;
# - there is a dot, and the last label is of letters and not the end of a special-use name;
# - at 64 characters in all, no part can exceed its own limit (label 63, domain 253, address 254).
# Nothing is matched twice, however an address fails: no repetition can begin with what stands before it.
_LONGEST_PLAIN = 64
_RESERVED = "|".join(sorted({name.rpartition(".")[2] for name in SPECIAL_USE_DOMAIN_NAMES}))
_ATOM = r"[a-z0-9_!#$%&'*+\-/=?^`{|}~]++"
_LABEL = "[a-z0-9]++(?:-[a-z0-9]++)*+"
_PLAIN_TEXT = rf"{_ATOM}(?:\.{_ATOM})*+@(?:{_LABEL}\.)+(?!(?:{_RESERVED})$)[a-z]++$"
_PLAIN = re.compile(_PLAIN_TEXT)
_PLAIN_LINES = re.compile(rf"(?:{_PLAIN_TEXT}\n)++", re.MULTILINE)
_MAILBOXES = frozenset(CASE_INSENSITIVE_MAILBOX_NAMES)


def normalize_plain(text: str) -> str | None:
    """Return what the library makes of a plain address; None if the address is not plain."""
    if len(text) > _LONGEST_PLAIN:
        return None
    if _PLAIN.fullmatch(text):
        return text
    # Outside ASCII some letters lower into it: the Kelvin sign becomes k.
    if not text.isascii() or not _PLAIN.fullmatch(text.lower()):
        return None
    local, _, domain = text.rpartition("@")
    # RFC 2142 makes POSTMASTER and a few more the same mailbox in any case: the library lowers them.
    return None if local.lower() in _MAILBOXES else f"{local}@{domain.lower()}"


def normalize_plain_all(texts: Sequence[str]) -> list[str | None]:
    """Return `normalize_plain` of each of these texts, with one look where all are plain as they are."""
    lines = "\n".join([*texts, ""])
    is_each_one_line = lines.count("\n") == len(texts)
    if is_each_one_line and _PLAIN_LINES.fullmatch(lines) and max(map(len, texts)) <= _LONGEST_PLAIN:
        return list(texts)
    return list(map(normalize_plain, texts))
