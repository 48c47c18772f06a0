"""What the bytes of a reply say: text in whatever charset, JSON of whatever kind. Pure."""

from __future__ import annotations

import codecs
import json
import math
import re
from typing import Any

from f.connect.redact import well_formed, well_formed_json

# Python's own, for host names, source text or nothing. No reply has them, and some take quadratic time.
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "utf-7"})
_HALF_PAIR = re.compile(r"[\ud800-\udfff]|\\u[dD][89a-fA-F]")


def read_json(body: bytes | str) -> Any:
    """Return what a JSON text says; ValueError if it is none, or nested too deep to be read.

    Numbers that JSON does not know (NaN, Infinity, 1e999) become None, and a half of a surrogate pair becomes
    U+FFFD, as neither could be written again.
    """
    text = body if isinstance(body, str) else body.decode(json.detect_encoding(body))
    try:
        value = _JSON.decode(text.removeprefix("\ufeff"))
        # A plain half may only stand in what was text before; others come of an escape.
        return well_formed_json(value) if _HALF_PAIR.search(text) else value
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def decode_text(body: bytes, content_type: str) -> str:
    """Return a body in the charset its Content-Type names, else UTF-8; undecodable bytes are replaced."""
    try:
        codec = codecs.lookup(
            content_type.lower().partition("charset=")[2].split(";")[0].strip(" \"'") or "utf-8"
        )
        fit = codec._is_text_encoding and codec.name not in _NO_CHARSETS  # noqa: SLF001 - the only way to tell
        return well_formed(body.decode(codec.name if fit else "utf-8", "replace"))
    except (LookupError, ValueError):  # an unknown name; a codec that replaces nothing
        return body.decode("utf-8", "replace")


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


_JSON = json.JSONDecoder(parse_float=_finite, parse_constant=lambda _: None)
