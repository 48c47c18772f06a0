"""What the cells of a customer's fields look like, and what lies where in a file without titles. Pure.

Nothing here is certain but an e-mail address. A guess by position says so, and is listed with its reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from f.customers.validation.countries import to_alpha2
from f.records.reading.column_words import fold
from f.records.reading.record_type import Arranged, Look

# ruff: noqa: RUF001 - letters of other alphabets
_Item = TypeVar("_Item")

_LONGEST = 320  # no address, number or name is longer; what is, is not looked at
_MOST = 0.8
_EMAIL = re.compile(r".*[^\s@]@+[^\s@]+\.[^\s@]+.*", re.DOTALL)
_PHONE = re.compile(r"(?:tel:)?(?:\+|\(|00|0[\d ]*[ /().-])[\d\s/().-]+|\d{3}[-. ]\d{3}[-. ]\d{4}")
_DATE = re.compile(r"\d{1,4}[-./]\d{1,2}[-./]\d{1,4}(?:[ T].*)?")
_WEBSITE = re.compile(r"(?:https?://|www\.)[^\s@]+\.[^\s@]+", re.IGNORECASE)
# A person's page is not the web site of the company.
_PROFILE = re.compile(
    r"(?:https?://)?(?:[a-z]+\.)?(?:linkedin|xing|facebook|twitter|x|instagram|github)\.com/.*", re.IGNORECASE
)
_SALUTATIONS = frozenset(
    fold(word)
    for word in [
        "mr",
        "mrs",
        "ms",
        "miss",
        "mx",
        "dr",
        "prof",
        "prof. dr",
        "herr",
        "frau",
        "herrn",
        "hr",
        "fr",
        "m",
        "mme",
        "mlle",
        "monsieur",
        "madame",
        "mademoiselle",
        "sr",
        "sra",
        "srta",
        "señor",
        "señora",
        "don",
        "doña",
        "sig",
        "sigra",
        "signor",
        "signora",
        "dott",
        "dottssa",
        "dhr",
        "mevr",
        "mevrouw",
        "de heer",
        "heer",
        "mw",
        "pan",
        "pani",
        "hra",
        "fru",
        "herra",
        "rouva",
        "bay",
        "bayan",
        "г-н",
        "г-жа",
        "様",
        "先生",
        "女士",
        "divers",
        "dipl.-ing",
        "mag",
        "ing",
        "sir",
        "lady",
    ]
)
_POSTAL_CODE = re.compile(
    r"(?:[A-Z]{1,2}-)?\d{4,5}|\d{5}-\d{4}|\d{2}-\d{3}|\d{3}-\d{4}|\d{3} \d{2}|\d{4} ?[A-Z]{2}"
    r"|[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d"
)
_STREET = re.compile(r"[^\W\d]{3,}.*\d.*|\d+\w? .*[^\W\d]{3,}.*", re.DOTALL)
_COMPANY = re.compile(
    r".*(?:\b(?:gmbh|ag|kg|ohg|ug|e\.?v|se|inc|corp|llc|ltd|plc|co|s\.?a|s\.?a\.?s|sarl|s\.?r\.?l|s\.?l|s\.?p\.?a|ab"
    r"|b\.?v|n\.?v|as|aps|oy|oyj|sp\. z o\.o|s\.r\.o|a\.s|kft|lda|ltda|pty|pvt|ооо)\b\.?|株式会社|有限公司)",
    re.IGNORECASE,
)
_SHARE_OF_LEGAL_FORMS = 0.3
_SHARE_OF_TWO_WORDS = 0.6
_SHARE_IN_ADDRESS = 0.5
_SHORTEST_IN_ADDRESS = 3


def is_email(text: str) -> bool:
    """Return whether a text is meant as an e-mail address, be it damaged or wrapped."""
    return len(text) <= _LONGEST and _EMAIL.fullmatch(text) is not None


def is_phone(text: str) -> bool:
    """Return whether a text can only be a phone number: with a plus, a trunk zero or the usual groups."""
    digits = sum(map(str.isdigit, text))
    return 7 <= digits <= 15 and _PHONE.fullmatch(text) is not None and _DATE.fullmatch(text) is None


def _is_country(text: str) -> bool:
    return not text.isdigit() and to_alpha2(text) is not None


def _is_website(text: str) -> bool:
    return _WEBSITE.fullmatch(text) is not None and _PROFILE.fullmatch(text) is None


def _is_wordless(text: str) -> bool:
    return is_email(text) or not any(map(str.isalpha, text))


def _is_salutation(text: str) -> bool:
    return fold(text) in _SALUTATIONS


LOOKS: Mapping[str, Look] = {
    "email": Look(like=is_email, unlike=lambda text: "@" not in text, any_title=True, certain=True),
    "phone": Look(like=is_phone, unlike=lambda text: not any(map(str.isdigit, text)), any_title=True),
    "website": Look(
        like=_is_website, unlike=lambda text: _PROFILE.fullmatch(text) is not None or "." not in text
    ),
    "country": Look(like=_is_country, unlike=lambda text: not _is_country(text)),
    "name": Look(unlike=_is_wordless),
    "company": Look(unlike=_is_wordless),
    "job_title": Look(unlike=_is_salutation),
}


def arrange(
    columns: Sequence[Sequence[str]], free: Sequence[int], taken: Mapping[str, int]
) -> Mapping[int, Arranged]:
    """Say what columns without titles hold, from the cells of some rows; see `Arrange`."""
    cells = {
        index: [text for row in columns if index < len(row) and (text := row[index].strip())]
        for index in free
    }
    found: dict[int, Arranged] = {}

    def left() -> list[int]:
        return [index for index in free if index not in found and cells[index]]

    for index in left():
        if _mostly(cells[index], lambda text: _POSTAL_CODE.fullmatch(text) is not None) and (
            index + 1 in cells and _mostly(cells[index + 1], _is_wordy)
        ):
            found[index] = Arranged("postal_code", "content", "its cells look like it, and a place follows")
            found[index + 1] = Arranged("city", "position", "it follows the postal codes")
            break
    for index in left():
        if _mostly(cells[index], lambda text: _STREET.fullmatch(text) is not None and "@" not in text):
            found[index] = Arranged("street", "content", "its cells have words and a house number")
            break
    for index in left():
        if _mostly(cells[index], lambda text: _COMPANY.fullmatch(text) is not None, _SHARE_OF_LEGAL_FORMS):
            found[index] = Arranged("company", "content", "its cells have the legal forms of companies")
            break
    if not {"name", "first_name", "last_name"}.intersection(taken):
        wordy = [index for index in left() if _mostly(cells[index], _is_wordy) and _varies(cells[index])]
        found.update(_names(columns, wordy, cells, taken.get("email")))
    return found


def _names(
    rows: Sequence[Sequence[str]], wordy: Sequence[int], cells: Mapping[int, Sequence[str]], email: int | None
) -> dict[int, Arranged]:
    """First and last name, or the whole, among columns of words: by the e-mail address, or by position."""
    in_address = [index for index in wordy if email is not None and _is_in_address(rows, index, email)]
    for index in in_address or wordy:
        if _mostly(cells[index], lambda text: " " in text, _SHARE_OF_TWO_WORDS):
            if index in in_address:
                return {index: Arranged("name", "content", "its words stand in the e-mail address")}
            return {index: Arranged("name", "position", "the first column of several words")}
    if email is not None and len(in_address) == 2:
        first, last = in_address
        if _stands_before(rows, last, first, email):
            first, last = last, first
        reason = "its word stands in the e-mail address"
        return {
            first: Arranged("first_name", "content", reason),
            last: Arranged("last_name", "content", reason),
        }
    if len(wordy) > 1 and wordy[1] == wordy[0] + 1:
        return {
            wordy[0]: Arranged("first_name", "position", "the first of two columns of one word"),
            wordy[1]: Arranged("last_name", "position", "the second of two columns of one word"),
        }
    return {wordy[0]: Arranged("name", "position", "the first column of words")} if wordy else {}


def _is_in_address(rows: Sequence[Sequence[str]], index: int, email: int) -> bool:
    pairs = [(row[index], row[email]) for row in rows if max(index, email) < len(row) and row[index].strip()]
    return _mostly(pairs, lambda pair: any(_places(*pair)), _SHARE_IN_ADDRESS)


def _places(text: str, email: str) -> list[int]:
    """One more than where each longer word of a text begins in an address; 0 where it does not."""
    local = fold(email.partition("@")[0])
    return [local.find(fold(word)) + 1 for word in text.split() if len(fold(word)) >= _SHORTEST_IN_ADDRESS]


def _stands_before(rows: Sequence[Sequence[str]], one: int, other: int, email: int) -> bool:
    def before(row: Sequence[str]) -> bool:
        places = [max(_places(row[index], row[email]), default=0) for index in (one, other)]
        return 0 < places[0] < places[1]

    return _mostly([row for row in rows if max(one, other, email) < len(row)], before, _SHARE_IN_ADDRESS)


def _is_wordy(text: str) -> bool:
    return any(map(str.isalpha, text)) and not any(char.isdigit() or char in "@/:\\<>{}" for char in text)


def _varies(cells: Sequence[str]) -> bool:
    """Whether a column can hold names: those of many people are not a handful of values."""
    return len(set(cells)) > len(cells) / 2


def _mostly(items: Sequence[_Item], test: Callable[[_Item], object], share: float = _MOST) -> bool:
    return bool(items) and sum(bool(test(item)) for item in items) >= share * len(items)
