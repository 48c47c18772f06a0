"""The words of a GraphQL document: names, numbers, texts and punctuation, each with its place.

https://spec.graphql.org/September2025/#sec-Appendix-Grammar-Summary
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from f.connect.errors import FixInput

LONGEST = 1_000_000  # characters of a document; servers refuse far smaller ones

Kind = Literal["name", "int", "float", "string", "punctuation", "end"]

# No part tries again from the middle of what it has read: every repetition is possessive.
_TOKEN = re.compile(
    r"""(?P<ignored>(?:[ \t,\ufeff\n\r]++|\#[^\n\r]*+)++)
    |(?P<name>[_A-Za-z][_0-9A-Za-z]*+)
    |(?P<punctuation>\.\.\.|[!$&()\[\]{}:=@|])
    |(?P<string>\"\"\"(?:[^"\\]|\\\"\"\"|\\|\"(?!\"\"))*+\"\"\"
        |\"(?!\"\")(?:[^"\\\n\r]|\\["\\/bfnrt]|\\u[0-9A-Fa-f]{4}|\\u\{[0-9A-Fa-f]++\})*+\")
    |(?P<float>-?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++(?:[eE][+-]?+[0-9]++)?+|[eE][+-]?+[0-9]++)(?![.\w]))
    |(?P<int>-?+(?:0|[1-9][0-9]*+)(?![.\w]))""",
    re.VERBOSE | re.ASCII,
)
_HALF_PAIR = re.compile(r"[\ud800-\udfff]")
_LINE = re.compile(r"\r\n|\n|\r")
_ESCAPE = re.compile(r"\\u(?:\{([0-9A-Fa-f]+)\}|([0-9A-Fa-f]{4}))|\\.")


class Token(NamedTuple):
    """One word: `text` as it stands in the document, from `start` on."""

    kind: Kind
    text: str
    start: int


def tokens_of(document: str) -> list[Token]:
    """Return the words, the last of which is the end; FixInput names line and column of what is none."""
    if len(document) > LONGEST:
        raise FixInput(
            f"The GraphQL document has {len(document):,} characters; at most {LONGEST:,} are sent. "
            "Put large values into variables.",
            code="document_too_large",
        )
    if (half := _HALF_PAIR.search(document)) is not None:
        raise syntax_error(document, half.start(), "a text holds half of a surrogate pair")
    return list(_read(document))


def _read(document: str) -> Iterator[Token]:
    at = 0
    while at < len(document):
        match = _TOKEN.match(document, at)
        if match is None:
            raise syntax_error(document, at, _what_is_wrong(document, at))
        kind = match.lastgroup
        if kind == "string" and not _is_well_formed(match.group()):
            raise syntax_error(document, at, "a text holds half of a surrogate pair")
        if kind != "ignored":
            yield Token(kind, match.group(), at)  # type: ignore[arg-type]  # the groups are named as the kinds
        at = match.end()
    yield Token("end", "", at)


def syntax_error(document: str, at: int, what: str) -> FixInput:
    """Return the error for what is wrong at a place of a document: its line and column, counted from 1."""
    before = _LINE.split(document[:at])
    return FixInput(
        f"The GraphQL document cannot be read: line {len(before)}, column {len(before[-1]) + 1}: {what}.",
        code="syntax",
    )


def _what_is_wrong(document: str, at: int) -> str:
    character = document[at]
    if character == '"':
        return "a text does not end, or has an escape GraphQL does not know"
    if character in "-0123456789":
        return "a number is not written as GraphQL writes them"
    if character == "'":
        return "texts stand in double quotes"
    if character == ".":
        return "dots stand only as ... before a fragment"
    shown = repr(character) if character.isprintable() else f"U+{ord(character):04X}"
    return f"{shown} does not belong there"


def _is_well_formed(text: str) -> bool:
    """Return whether the characters that a text's escapes stand for are whole."""
    if text.startswith('"""'):
        return True
    high = None  # where a first half ended
    for match in _ESCAPE.finditer(text):
        braced, plain = match.groups()
        code = int(braced or plain or "0", 16)
        is_low = 0xDC00 <= code <= 0xDFFF
        if high is not None and not (is_low and plain and match.start() == high):
            return False
        if high is None and is_low:
            return False
        high = match.end() if high is None and plain and 0xD800 <= code <= 0xDBFF else None
        if braced and (len(braced) > 8 or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF):
            return False
    return high is None
