"""What a cell might be meant to be, for a person to accept. Pure; nothing here is ever put in by itself.

Only what then passes the field's own check is suggested, and only where one reading is left.
"""

# extra_requirements:
# dnspython==2.9.2
# email-validator==2.4.0
# idna==3.20

from __future__ import annotations

import re
from collections.abc import Callable

from email_validator import EmailNotValidError

from f.customers.validation.countries import near_country, to_alpha2
from f.customers.validation.email_address import normalize_email
from f.customers.validation.phone_number import to_e164

_LONGEST = 320  # characters; a longer cell is no slip of a key


def suggestion(field: str, code: str, cell: str, country: str | None = None) -> str | None:
    """Return what a cell with this reason against it might be meant to be; None if nothing is near enough.

    `country` (alpha-2) is where a phone number without a country code is dialled.
    """
    text = " ".join(cell.split())
    suggest = _SUGGESTIONS.get((field, code))
    if suggest is None or not text or len(text) > _LONGEST:
        return None
    found = suggest(text, country)
    return found if found != cell else None


# E-mail addresses

_AT = re.compile(r"\s*[\[({<]\s*(?:at|AT|@)\s*[\])}>]\s*|\s+(?:at|AT)\s+")
_DOT = re.compile(r"\s*[\[({<]\s*(?:dot|DOT|\.)\s*[\])}>]\s*|\s+(?:dot|DOT)\s+")
_ROUND_AT = re.compile(r"\s*@+\s*")
# Behind a blank a word may be another one, of no address: a domain's last part is known when it is seen.
_BEFORE_LAST = re.compile(
    r"(?<=@)([^\s@.]+(?:\.[^\s@.]+)*)(?: ?\. ?| )(com|net|org|info|edu|eu|de|fr|uk|es|it|ch|at)\Z",
    re.IGNORECASE,
)
_DOTS = re.compile(r"\.{2,}")
_AROUND = " .,;:/\\!?'\"<>()[]"
# Nobody has addresses there: no such top-level domain exists, or it is that of a large provider misspelt.
_NO_TOP_LEVEL = {
    "con": "com",
    "cmo": "com",
    "ocm": "com",
    "comm": "com",
    "vom": "com",
    "xom": "com",
    "ogr": "org",
}
_MISSPELT = {
    wrong: right
    for right, all_wrong in {
        "gmail.com": "gmial.com gamil.com gmaill.com gmali.com gmil.com gmal.com gnail.com",
        "googlemail.com": "googlemial.com goglemail.com",
        "hotmail.com": "hotmial.com hotamil.com hotmil.com hotmal.com",
        "outlook.com": "outlok.com outllok.com outlokk.com",
        "yahoo.com": "yahooo.com yhaoo.com yaoo.com",
        "icloud.com": "iclod.com icluod.com icoud.com",
    }.items()
    for wrong in all_wrong.split()
}
_ONE_TOP_LEVEL = {"gmail": "gmail.com", "googlemail": "googlemail.com", "icloud": "icloud.com"}


def _email(text: str, _country: str | None) -> str | None:
    if "@" not in _AT.sub("", text):
        text = _DOT.sub(".", _AT.sub("@", text, count=1))
    text = _ROUND_AT.sub("@", text.strip(_AROUND)).replace(",", ".")
    text = _DOTS.sub(".", _BEFORE_LAST.sub(r"\1.\2", text))
    local, at, domain = text.rpartition("@")
    if not at or "@" in local:
        return None
    address = f"{local.strip('.')}@{_domain(domain)}"
    try:
        normalize_email(address)
    except EmailNotValidError:
        return None
    return address


def _domain(text: str) -> str:
    """A domain without the slips that have a single remedy."""
    domain = text.lower()
    start, dot, last = domain.rpartition(".")
    if dot and last in _NO_TOP_LEVEL:
        domain = f"{start}.{_NO_TOP_LEVEL[last]}"
    return _MISSPELT.get(domain) or _ONE_TOP_LEVEL.get(domain) or (domain if domain != text.lower() else text)


# Phone numbers

_LETTERS = str.maketrans({"O": "0", "o": "0", "l": "1", "I": "1", "|": "1"})
_WITH_LETTERS = re.compile(r"[\dOolI|+\s()./-]+")
_BEHIND = re.compile(
    r"(?P<number>[+(]?\d[\d\s()./-]{5,}?)[\s,;:(-]*(?P<word>[^\W\d_][^\d]*)(?P<extension>\d{1,6})?\W*"
)
_EXTENSION = re.compile(
    r"(?:ext|extn|extension|x|dw|durchwahl|klappe|apparat|app|poste|anexo|interno|int)\W*", re.IGNORECASE
)
_ZEROS = re.compile(r"(?:\+\s*0|00)[0\s]*(?=[1-9])")


def _phone(text: str, country: str | None) -> str | None:
    as_digits = text.translate(_LETTERS) if _WITH_LETTERS.fullmatch(text) else text
    written = [other for number in (text, as_digits) for other in (number, _without_words(number))]
    for candidate in (*written, *map(_with_plus, written)):
        if candidate and candidate != text and to_e164(candidate, country)[0]:
            return candidate
    return None


def _without_words(text: str) -> str:
    """The number alone, with its extension if the words behind it say so; empty if they hold other digits."""
    found = _BEHIND.fullmatch(text)
    if found is None:
        return ""
    number = (
        found["number"].strip(" (,./-") if found["number"][0] != "(" else found["number"].rstrip(" (,./-")
    )
    if found["extension"] is None:
        return number
    return f"{number} ext. {found['extension']}" if _EXTENSION.fullmatch(found["word"]) else ""


def _with_plus(text: str) -> str:
    """A number with the plus for which there are zeros before its country code; empty if there are none."""
    return _ZEROS.sub("+", text, count=1) if _ZEROS.match(text) else ""


# Places

_BAD_AT_ENDS = " .,;:/\\!?'\"*"


def _country(text: str, _country: str | None) -> str | None:
    bare = text.strip(_BAD_AT_ENDS)
    return bare if to_alpha2(bare) else near_country(bare)


def _postal_code(text: str, _country: str | None) -> str:
    return f"0{text}"


_SUGGESTIONS: dict[tuple[str, str], Callable[[str, str | None], str | None]] = {
    ("email", "invalid_email"): _email,
    ("phone", "unparsable_phone"): _phone,
    ("country", "unknown_country"): _country,
    ("postal_code", "short_postal_code"): _postal_code,
}
