"""E-mail addresses as people write them into a field: one, or several with commas or semicolons between.

    list    = [entry] *(("," / ";") [entry])
    entry   = address / [name] "<" address ">"
    name    = words, "quoted text" and (comments)

Whoever is written is read, or the text is refused: nobody is ever left out of it silently. What RFC 5322
allows besides (groups, routes, comments around a bare address) is refused with a sentence.
"""

# extra_requirements:
# dnspython==2.9.2
# email-validator==2.4.0
# idna==3.20

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import formataddr

from email_validator import EmailNotValidError, validate_email

from f.connect.errors import FixInput

_NOT_ONE_LINE = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")
# A piece of an entry in which separators and brackets mean nothing, or one character.
_PIECE = re.compile(
    r'(?P<quoted>"(?:\\.|[^"\\])*")|(?P<comment>\((?:\\.|[^()\\])*\))|(?P<angle><[^<>"]*>)|(?P<other>.)'
)
_QUOTED = re.compile(r'"((?:\\.|[^"\\])*)"')
_HINT = "Write name@example.com, or Name <name@example.com>, with commas between several."


@dataclass(frozen=True, slots=True)
class Address:
    """An address and the name that goes with it."""

    email: str
    name: str = ""

    @property
    def formatted(self) -> str:
        """Return it as a header writes it: `Name <address>`."""
        return (
            formataddr((self.name, self.email)) if self.name.isascii() else f'"{self._quoted}" <{self.email}>'
        )

    @property
    def _quoted(self) -> str:
        return self.name.replace("\\", "\\\\").replace('"', '\\"')


def read_addresses(text: str, what: str) -> list[Address]:
    """Read every address in a text, in order; none in an empty one. FixInput if any part is not an address.

    Errors name the input (`what`), never what it holds.
    """
    if not isinstance(text, str):
        raise _bad(what, "is not a text")
    return [_address(pieces, what) for pieces in _entries(one_line(text.strip(), what), what)]


def one_line(text: str, what: str) -> str:
    """Return the text; FixInput if a line break in it would begin another header."""
    if _NOT_ONE_LINE.search(text):
        raise FixInput(
            f"{what} holds a line break or control character; it must be one line.", code="header_injection"
        )
    return text


def _entries(line: str, what: str) -> Iterator[list[tuple[str, str]]]:
    """Yield the entries of a list as pieces: the kind of each, and its text."""
    entry: list[tuple[str, str]] = []
    for match in _PIECE.finditer(line):
        kind, text = str(match.lastgroup), match.group()
        if kind == "other" and text in ",;":
            if _is_written(entry):
                yield entry
            entry = []
        elif kind == "other" and text in '"<>()':
            raise _bad(what, f"has a {text} without its counterpart")
        elif kind == "other" and text == ":":
            raise _bad(what, "has a colon, as a group of addresses does; list the addresses themselves")
        else:
            entry.append((kind, text))
    if _is_written(entry):
        yield entry


def _is_written(entry: list[tuple[str, str]]) -> bool:
    return any(text.strip() for _, text in entry)


def _address(pieces: list[tuple[str, str]], what: str) -> Address:
    while not pieces[-1][1].strip():
        pieces = pieces[:-1]
    angles = [text for kind, text in pieces if kind == "angle"]
    if not angles:
        return Address(_checked("".join(text for _, text in pieces).strip(), what))
    if len(angles) > 1 or pieces[-1][0] != "angle":
        raise _bad(what, "has an entry with more than one address, or with something behind it")
    email = _checked(angles[0][1:-1].strip(), what)
    plain = "".join(text for kind, text in pieces[:-1] if kind != "quoted").strip()
    if "@" in plain and plain.casefold() not in {email.casefold(), angles[0][1:-1].strip().casefold()}:
        raise _bad(what, "has an entry with two addresses and no comma between them")
    name = _QUOTED.sub(
        lambda match: re.sub(r"\\(.)", r"\1", match[1]), "".join(text for _, text in pieces[:-1])
    )
    return Address(email, " ".join(name.split()))


def _checked(address: str, what: str) -> str:
    try:
        checked = validate_email(address, check_deliverability=False)
    except EmailNotValidError as error:
        hint = f" {error}" if "@" in address and address not in str(error) else ""
        raise FixInput(f"An address in {what} is not valid.{hint} {_HINT}", code="bad_address") from None
    return checked.ascii_email or checked.normalized


def _bad(what: str, why: str) -> FixInput:
    return FixInput(f"The address list in {what} {why}. {_HINT}", code="bad_address")
