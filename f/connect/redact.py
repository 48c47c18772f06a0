"""Masks secrets and personal data in text, URLs, headers and JSON before anybody reads them.

Three rules: a secret that this process was told of (`remember`) is masked in every form it may be written in;
a value under a telling name is masked whole (`token`, `email`, ...); and anything that looks like an e-mail
address, a phone number, a bearer token, a JWT or a well-known key is masked wherever it stands.

The time it takes grows with the length of the text and no faster, whatever the text is. What comes out can be
written as UTF-8, whatever went in.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import logging
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

MASK = "***"
LONGEST = 500  # characters of a body worth quoting in an error or a log

_MOST_KNOWN = 64  # secrets; a job has a handful
_SHORTEST = 4  # of fewer characters every second word would be masked
_LONG_ENOUGH = 8  # shorter ones are masked only where they stand alone
_DEEPEST = 50  # levels of JSON that are looked into
_READ_AS_JSON = 65_536  # characters; more is masked as text
_WIDEST_SPELLING = 12  # characters for one of a secret, as \\ud83d\\ude00 for one beyond U+FFFF
_SURROGATE = re.compile("[\ud800-\udfff]")

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
_ID_SEGMENT = re.compile(r"^(?=.*\d)[\w.~:+-]+$|@|%40|^.{33,}$")
_VERSION_SEGMENT = re.compile(r"^(v\d+(\.\d+)*|\d{4}-\d{2}(-\d{2})?|oauth2|\d\.\d)$", re.IGNORECASE)

# No part of these patterns tries again from the middle of what it has read: a repetition is possessive (`++`)
# or bounded, and what begins with one begins only where a run of its characters begins.
_TELLING = (
    r"pass(?:word|wd|phrase)|secret|token|api[-_]?key|signature|(?:access|private)[-_]?key|authori[sz]ation"
    r"|credential|cookie|assertion"
)
_SHORT_NAME = r"key|sig|auth|pwd|pass|jwt|code|session"  # telling only as a parameter or a member
_QUOTE = r"\\{0,4}[\"']"
_SCHEME = r"(?:(?:Bearer|Basic|Token|Digest|ApiKey)(?:\s{1,4}+|%20))?+"
_NAME = (
    rf"(?:(?:{_TELLING})[\w-]{{0,30}}+|(?:[?&;]|{_QUOTE}|%(?:3F|26))(?:{_SHORT_NAME})"
    r"|(?<![\w-])(?:key|pwd)(?=\s?=))"
)
_VALUE = (
    rf"(?:\"(?P<quoted>{_SCHEME})(?:[^\"\\]|\\.)++|'(?P<single>{_SCHEME})[^']++"
    rf"|(?P<bare>(?:{_QUOTE})?+{_SCHEME})[^\s&\"',;}}\\]++)"
)
_LOOKS = (
    # Not "token server".
    r"(?P<scheme>\b(?:Bearer|Basic|Token)(?:\s++|%20))(?=\S*(?-i:[\dA-Z=]))(?:[\w.~+/=-]|%(?:2B|2F|3D)){6,}+",
    r"(?<![\w-])eyJ[\w-]{5,}+\.[\w-]{5,}+(?:\.[\w-]*+)?",  # a JWT
    r"\b(?:sk|pk|rk|re|whsec|shpat|gh[opsur]|github_pat)_[\w-]{12,}+",
    r"\b(?:xox[abeoprs]-|glpat-|SG\.)[\w.-]{10,}+",
    r"\b(?-i:AKIA|ASIA)[0-9A-Z]{12,}+",
    r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|\Z)",
    r"(?P<userinfo>://)[^\s/@]++(?=@)",
    rf"(?P<pair>{_NAME}(?:{_QUOTE})?+\s{{0,9}}+(?:[=:]|%3D)\s{{0,9}}+){_VALUE}",
    r"(?<![\w.+'-])[\w.+'-]++(?:@|%40)[\w-]++(?:\.[\w-]++)++",  # an e-mail address
    r"(?:(?<![\w.])\+|%2B)\d[\d ().-]{6,16}\d",  # a phone number as E.164 or spaced
)
_KEPT = ("scheme", "userinfo", "pair", "bare")


class _Spelling(NamedTuple):
    """A way to write a secret: `unchanged` is a part of it that stands there whenever `pattern` matches."""

    unchanged: str
    pattern: str


_UNCHANGED = r"[A-Za-z0-9_.~-]+"
_PIECES = re.compile(rf"{_UNCHANGED}|[ \t-\r]+|\\+|[\s\S]")
_BLANKS = " \t\n\v\f\r"
# The letter of an escape, as of a line break in JSON, is no letter of the word behind it.
_NOT_IN_A_WORD = (
    r"(?:(?<![\w-])|(?<=\\[nrtbf])|(?<=%[0-9A-Fa-f]{2})|(?<=\\u[0-9A-Fa-f]{4})|(?<=\\x[0-9A-Fa-f]{2}))"
)
_BACKSLASHES = r"\\{1,4}+"
_TAKEN = r"\\{0,4}+"
_ENTITIES = {"&": "amp;", "<": "lt;", ">": "gt;", '"': "quot;", "'": "apos;"}

_lock = threading.Lock()
_known: dict[str, tuple[_Spelling, ...]] = {}  # by secret, the one told of last at the end
_spellings: tuple[_Spelling, ...] = ()  # of all of them


@functools.cache
def _in_text() -> re.Pattern[str]:
    """Compiled on first use: it takes as long as a small import, and most jobs never mask a text."""
    return re.compile("|".join(_LOOKS), re.IGNORECASE)


_compiled = functools.lru_cache(_MOST_KNOWN * 4)(re.compile)


def remember(*secrets: str | None) -> None:
    """From now on mask these, in all forms that they are written in, in whatever this process writes.

    Called with every credential that is put to use. It keeps the last 64 of them, and none so short that
    words would be masked for it.
    """
    global _spellings  # noqa: PLW0603 - one tuple, replaced as a whole: readers take no lock
    with _lock:
        for secret in secrets:
            if secret and len(secret.strip()) >= _SHORTEST:
                _known[secret] = _known.pop(secret, ()) or _spellings_of(secret)
        for oldest in list(_known)[:-_MOST_KNOWN]:
            del _known[oldest]
        longest_first = sorted(_known, key=len, reverse=True)  # of two, one may be a part of the other
        _spellings = tuple(spelling for secret in longest_first for spelling in _known[secret])


def forget() -> None:
    """Forget all secrets, in a process that goes on with other people's work."""
    global _spellings  # noqa: PLW0603 - as above
    with _lock:
        _known.clear()
        _spellings = ()


def hide(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` without the secrets this process knows, or these, and fit to be written as UTF-8.

    Nothing else is masked: for text of our own making, in which patterns would find what is none.
    """
    text = well_formed(text)
    own = (spelling for secret in secrets if secret for spelling in _spellings_of(secret))
    for spelling in (*own, *_spellings):
        if spelling.unchanged in text:
            text = _compiled(spelling.pattern).sub(MASK, text)
    return text


def well_formed(text: str) -> str:
    """Return `text` with every half of a surrogate pair replaced: JSON can say one, UTF-8 cannot."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def well_formed_json(value: Any) -> Any:
    """Return a JSON value with all of its texts well formed, names included."""
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, Mapping):
        return {well_formed_json(name): well_formed_json(item) for name, item in value.items()}
    return [well_formed_json(item) for item in value] if isinstance(value, list | tuple) else value


def mask_text(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` with everything that is, or looks like, a secret or personal masked."""
    return _in_text().sub(_masked, hide(text, secrets))


def mask_start(text: str, longest: int, secrets: Iterable[str] = ()) -> str:
    """Return the start of a text, on one line and masked; what is cut off ends with an ellipsis.

    It is cut before it is masked, so that a large text costs no more than a small one.
    """
    secrets = tuple(secrets)
    cut = hide(text[:_READ_AS_JSON], secrets)
    if len(text) > _READ_AS_JSON:  # a secret that stands across the cut is not found, so its start goes too
        widest = _WIDEST_SPELLING * max(map(len, (*_known, *secrets)), default=0)
        cut = cut[: max(0, len(cut) - widest)]
    masked = mask_text(" ".join(cut[: 4 * longest].split()))
    if len(masked) > longest:
        return f"{masked[: longest - 1]}…"
    if len(cut) > 4 * longest or len(text) > _READ_AS_JSON:
        # Its last word may be the start of something that would have been masked whole.
        return f"{masked.rpartition(' ')[0]}…"
    return masked


def mask_url(url: str) -> str:
    """Return `url` without its user name and password, with every query value and fragment masked."""
    try:
        parts = urlsplit(url)
    except ValueError:  # no URL at all, such as http://[
        return mask_text(url.partition("?")[0])
    query = "&".join(
        f"{quote(name, errors='replace')}={MASK}"
        for name, _ in parse_qsl(parts.query, keep_blank_values=True)
    )
    host = hide(parts.netloc.rpartition("@")[2])
    return urlunsplit((parts.scheme, host, mask_path(parts.path), query, MASK if parts.fragment else ""))


def mask_path(path: str) -> str:
    """Return `path` with its query cut off and segments that hold an address or a key masked."""
    path = hide(path.partition("?")[0])
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
    return {name: MASK if is_secret_name(name) else mask_text(value) for name, value in headers.items()}


def mask_json(value: Any, depth: int = _DEEPEST) -> Any:
    """Return a copy of a JSON value with secrets and personal data masked; what lies too deep, whole."""
    if isinstance(value, Mapping | list | tuple) and not depth:
        return MASK
    if isinstance(value, Mapping):
        return {
            hide(key) if isinstance(key, str) else key: MASK
            if _is_telling(str(key)) and item not in (None, "")
            else mask_json(item, depth - 1)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [mask_json(item, depth - 1) for item in value]
    return mask_text(value) if isinstance(value, str) else value


def mask_body(body: bytes | str) -> str:
    """Return the start of a body, masked, fit to quote in an error or a log."""
    start = body[: 4 * _READ_AS_JSON + 1]  # of bytes four may be one character
    text = start.decode("utf-8", "replace") if isinstance(start, bytes) else start
    whole = mask_start(text, 2 * LONGEST) if len(text) > _READ_AS_JSON else _masked_whole(text)
    return whole if len(whole) <= LONGEST else f"{whole[:LONGEST]}... ({len(body)} bytes)"


def _masked_whole(text: str) -> str:
    try:
        return json.dumps(mask_json(json.loads(text)), ensure_ascii=False)
    except (ValueError, RecursionError):  # no JSON
        return mask_start(text, 2 * LONGEST)


def is_secret_name(name: str) -> bool:
    """Return whether what is called so is a secret."""
    return bool(_SECRET_NAME.search(name))


def fingerprint_of(secret: str) -> str:
    """Return six hex digits: enough to notice a change, too few to tell which of many guesses is right."""
    return hashlib.blake2b(secret.encode("utf-8", "surrogatepass"), digest_size=3).hexdigest()


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
    return is_secret_name(name) or bool(_PERSONAL_NAME.search(name))


def _masked(match: re.Match[str]) -> str:
    kept = "".join(match.group(name) or "" for name in _KEPT)
    for name, sign in (("quoted", '"'), ("single", "'")):
        if match.group(name) is not None:
            kept += sign + match.group(name)
    return kept + MASK


def _spellings_of(secret: str) -> tuple[_Spelling, ...]:
    secret = well_formed(secret.strip())
    pieces = _PIECES.findall(secret)
    spelled = "".join(
        _spelled(piece, _TAKEN if before.startswith("\\") else _BACKSLASHES)
        for before, piece in zip(["", *pieces], pieces, strict=False)
    )
    if len(secret) < _LONG_ENOUGH:  # a password such as "test" is no part of "latest"
        spelled = rf"{_NOT_IN_A_WORD}{spelled}(?![\w-])"
    return (
        _Spelling(_unchanged_in(secret), spelled),
        *(
            _Spelling(_unchanged_in(core, "[A-Za-z0-9]+"), "".join(map(_spelled_in_base64, core)))
            for core in _in_base64(secret.encode())
        ),
    )


def _unchanged_in(text: str, unchanged: str = _UNCHANGED) -> str:
    """The longest part that everybody writes as it is: where it is missing there is nothing to look for."""
    return max(re.findall(unchanged, text), key=len, default="")


def _spelled(piece: str, backslashes: str = _BACKSLASHES) -> str:
    """The ways to write a piece of a secret in JSON, Python, HTML, a URL, and these within each other.

    `backslashes`: those of its escape, which a piece of backslashes before it has taken for its own. As it is
    comes last: an ampersand begins an entity, too.
    """
    if piece.isspace() and piece[0] in _BLANKS:
        return rf"(?:\s|{backslashes}[nrt]|%(?:25){{0,2}}0[9AD]|%(?:25){{0,2}}20|\+){{1,8}}"
    if re.fullmatch(_UNCHANGED, piece):
        return re.escape(piece)
    if piece.startswith("\\"):
        return r"(?>\\++|(?:%(?:25){0,2}(?i:5C)){1,8}+)"
    sign, code = piece, ord(piece)
    in_url = "".join(f"%(?:25){{0,2}}(?i:{byte:02X})" for byte in sign.encode())
    units = sign.encode("utf-16-be")
    in_json = "".join(
        rf"{backslashes if not at else _BACKSLASHES}(?i:u{units[at]:02x}{units[at + 1]:02x})"
        for at in range(0, len(units), 2)
    )
    as_it_is = r"\s" if sign.isspace() else re.escape(sign)
    in_python = rf"{backslashes}(?i:x{code:02x})"
    in_html = rf"&(?:amp;)?(?i:#0*{code};|#x0*{code:x};{'|' + _ENTITIES[sign] if sign in _ENTITIES else ''})"
    return rf"(?>{in_url}|{in_json}|{in_python}|{in_html}|\\{{0,4}}+{as_it_is})"


def _spelled_in_base64(sign: str) -> str:
    other = {"+": "-", "/": "_"}.get(sign)
    return f"(?>{_spelled(sign)}|{other})" if other else sign


def _in_base64(secret: bytes) -> Iterator[str]:
    """Base64 of anything that holds the secret, as `user:password` does, without the signs of its neighbours.

    Three bytes are four signs, so it depends on where among the three the secret begins.
    """
    for before in range(3):
        text = base64.b64encode(b"\0" * before + secret).decode()
        core = text[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]
        if len(core) >= _LONG_ENOUGH:
            yield core
