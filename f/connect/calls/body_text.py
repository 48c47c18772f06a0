"""Bytes and what they say: JSON that we write, and of a reply text in whatever charset, and JSON. Pure."""

# extra_requirements:
# orjson==3.13.0

from __future__ import annotations

import codecs
import contextlib
import json
import math
import re
from typing import Any

import orjson

from f.connect.errors import FixInput
from f.connect.redact import well_formed, well_formed_json

# Python's own, for host names, source text or nothing. No reply has them, and some take quadratic time.
_NO_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "utf-7"})
_HALF_PAIR = re.compile(r"[\ud800-\udfff]|\\u[dD][89a-fA-F]")
# Numbers of which orjson makes something else: it knows no integer of more than 64 bits, and no infinity.
# Of what it refuses besides (another encoding, half of a pair, NaN) Python's own reader makes what it can.
# To look for them in what is left of a body once all digits are zeros takes a tenth of what a pattern does,
# which in a reply to a batch took six times as long as reading it.
_SHAPE = bytes.maketrans(b"123456789E", b"000000000e")
_NOT_FOR_ORJSON = (b"0" * 19, b"0e000", b"0e+000")
# What json.dumps does not write, orjson should not write either.
_ONLY_JSON = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def encode_json(value: Any) -> bytes:
    """Return compact UTF-8 JSON; FixInput for what JSON cannot say (NaN, a datetime, a lone surrogate)."""
    try:
        quick = orjson.dumps(value, option=_ONLY_JSON)
    except TypeError:
        return _encode_strictly(value)
    return _encode_strictly(value) if b"null" in quick else quick  # it writes NaN so, and may mean None


def _encode_strictly(value: Any) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except (TypeError, ValueError) as error:
        raise FixInput(
            f"The body cannot be written as JSON: {type(error).__name__} in one of its values."
        ) from error


def read_json(body: bytes | str) -> Any:
    """Return what a JSON text says; ValueError if it is none, or nested too deep to be read.

    Numbers that JSON does not know (NaN, Infinity, 1e999) become None, and a half of a surrogate pair becomes
    U+FFFD, as neither could be written again.
    """
    if isinstance(body, bytes) and not any(map(body.translate(_SHAPE).__contains__, _NOT_FOR_ORJSON)):
        with contextlib.suppress(ValueError):
            return orjson.loads(body)
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
