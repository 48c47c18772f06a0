"""Masks secrets and personal data in text, URLs, headers and JSON before anybody reads them.

Two rules: a value under a telling name is masked whole (`token`, `email`, ...), and anything
that looks like an e-mail address, a phone number, a bearer token, a JWT or a well-known key
is masked wherever it stands.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

MASK = "***"
LONGEST = 500  # characters of a body worth quoting in an error or a log

_SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)?$|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|authori[sz]ation|credential"
    r"|cookie|session|signature|assertion|^sig$|^code$|^key$|^auth$|jwt|bearer|x-amz-(security|signature)",
    re.IGNORECASE,
)
_PERSONAL_NAME = re.compile(
    r"e[-_]?mail|phone|mobile|(first|last|full|middle|maiden)[-_]?name|surname|birth|address|street|iban|ssn|tax[-_]?id"
    r"|card[-_]?number|passport",
    re.IGNORECASE,
)
_EMAIL = r"[\w.+'-]+(?:@|%40)[\w-]+(?:\.[\w-]+)+"
_ID_SEGMENT = re.compile(r"^(?=.*\d)[\w.~:+-]+$|@|%40|^.{33,}$")
_VERSION_SEGMENT = re.compile(r"^(v\d+(\.\d+)*|\d{4}-\d{2}(-\d{2})?|oauth2|\d\.\d)$", re.IGNORECASE)


_TELLING = r"password|passwd|secret|token|api[-_]?key|signature|access[-_]?key"
_LOOKS = (
    r"(?P<scheme>\b(?:Bearer|Basic|Token)\s+)(?=\S*(?-i:[\dA-Z=]))[\w.~+/=-]{6,}",  # not "token server"
    r"\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?",  # a JWT
    r"\b(?:sk|pk|rk|re|whsec|shpat|gh[opsur]|github_pat)_[\w-]{12,}",
    r"\b(?:xox[abeoprs]-|glpat-|SG\.)[\w.-]{10,}",
    r"\b(?-i:AKIA|ASIA)[0-9A-Z]{12,}",
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----",
    r"(?P<userinfo>\b[a-z][a-z0-9+.-]*://)[^\s/@]+(?=@)",
    rf"(?P<pair>(?:[?&;]|\b)[\w-]*(?:{_TELLING})[\w-]*[\"']?\s*[=:]\s*[\"']?)[^\s&\"',;}}]+",
    _EMAIL,
    r"(?<![\w.])\+\d[\d ().-]{6,16}\d",  # a phone number as E.164 or spaced
)


@functools.cache
def _in_text() -> re.Pattern[str]:
    """Compiled on first use: it takes as long as a small import, and most jobs never mask a text."""
    return re.compile("|".join(_LOOKS), re.IGNORECASE)


def mask_text(text: str) -> str:
    """Return `text` with everything that looks like a secret or personal masked."""
    return _in_text().sub(_masked, text)


def mask_url(url: str) -> str:
    """Return `url` without its user name and password, with every query value and fragment masked."""
    parts = urlsplit(url)
    query = "&".join(f"{quote(name)}={MASK}" for name, _ in parse_qsl(parts.query, keep_blank_values=True))
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, mask_path(parts.path), query, MASK if parts.fragment else ""))


def mask_path(path: str) -> str:
    """Return `path` with its query cut off and segments that hold an address or a key masked."""
    path = path.partition("?")[0]
    if "@" not in path and "%" not in path and "+" not in path and len(path) < 60:
        return path
    return "/".join(quote(mask_text(unquote(segment)), safe="*:@+{}") for segment in path.split("/"))


def fold_path(path: str) -> str:
    """Return `path` with ids replaced by {id}, so that all calls of one endpoint share a name."""
    return "/".join(
        "{id}" if _ID_SEGMENT.search(segment) and not _VERSION_SEGMENT.match(segment) else segment
        for segment in path.partition("?")[0].split("/")
    )


def mask_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return `headers` with the values of telling names masked and the rest searched."""
    return {name: MASK if _SECRET_NAME.search(name) else mask_text(value) for name, value in headers.items()}


def mask_json(value: Any) -> Any:
    """Return a copy of a JSON value with secrets and personal data masked at any depth."""
    if isinstance(value, Mapping):
        return {
            key: MASK if _is_telling(str(key)) and item not in (None, "") else mask_json(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [mask_json(item) for item in value]
    return mask_text(value) if isinstance(value, str) else value


def mask_body(body: bytes | str) -> str:
    """Return the start of a body, masked, fit to quote in an error or a log."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    try:
        text = json.dumps(mask_json(json.loads(text)), ensure_ascii=False)
    except ValueError:
        text = mask_text(text[: 4 * LONGEST])
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(body)} bytes)"


def fingerprint_of(secret: str) -> str:
    """Return six hex digits: enough to notice a change, too few to tell which of many guesses is right."""
    return hashlib.blake2b(secret.encode(), digest_size=3).hexdigest()


def digest_of(*parts: object) -> str:
    """Return 32 hex digits that differ where any of the parts does: a key of shared state, not for logs."""
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


class RedactingFilter(logging.Filter):
    """Masks the finished message of every record; add it to a handler to cover other people's loggers too."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, masked."""
        record.msg, record.args = mask_text(record.getMessage()), ()
        return True


def _is_telling(name: str) -> bool:
    return bool(_SECRET_NAME.search(name) or _PERSONAL_NAME.search(name))


def _masked(match: re.Match[str]) -> str:
    kept = match.group("scheme") or match.group("userinfo") or match.group("pair") or ""
    return kept + MASK
