"""Values that are hard to judge, from a seed: for holding a short cut against the library it stands for.

Half of them are plain; the others lie around the edges of the rules. No value is anyone's: addresses are
under reserved domains (RFC 2606) or made of noise, numbers are random digits after a country's own pattern.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

COUNTRIES = (
    "United States", "USA", "us", "UK", "Germany", "DE", "deu", "276", "France", "", "Atlantis", "Canada",
    "Italy", "IN", "Brasil", "Kosovo", "AQ", "Japan", "CHE", "Österreich", "ÖSTERREICH", "united  states",
    "Côte d'Ivoire", "CÔTE D'IVOIRE", "Türkiye", "\u0130taly", "\u212aenya", "Curaçao", "korea",
)  # fmt: skip

_ATOM = "abcdefghijklmnopqrstuvwxyz0123456789"
_LOCAL_ONLY = "_!#$%&'*+-/=?^`{|}~"
_MAILBOXES = (
    "info",
    "sales",
    "support",
    "abuse",
    "noc",
    "security",
    "postmaster",
    "webmaster",
    "www",
    "news",
)
_TLDS = (
    "com", "org", "net", "example", "co.uk", "de", "museum", "test", "local", "invalid", "onion", "arpa",
    "localhost", "in-addr.arpa", "c0m", "4", "x", "xn--p1ai", "\uff43om", "tests", "mylocal", "a.test",
    "test.com",
)  # fmt: skip
# What breaks or bends a rule: white space, controls, marks, look-alikes, letters that lower into others.
_ODD = (
    " ", "\t", "\n", "\r", "\u00a0", "\u200b", "\u2028", "\u3000", "\x00", "\x07", "\x1c", "\x7f", "\x85",
    "\ufeff", "\ufffd", "\u202e", "\u0338", "\u0301", "@", "\uff20", "<", ">", '"', "\\", "(", ")", ",",
    ";", ":", "[", "]", ".", "\uff0e", "\u3002", "..", "-", "--", "xn--", "ab--", "é", "ß", "\u017f",
    "\u212a", "\u0130", "\u0131", "Å", "漢", "\u0663", "\uff13", "+", "\uff0b", "/", "x", "ext. 5", "#", "~",
    "*", ";ext=7", ",,8", "tel:", "|", " |", "| ", "  ", "A", "0", "00", "\U0001f600",
)  # fmt: skip
# What other programs leave in cells.
_DAMAGED = (
    "NULL", "null", "None", "nan", "#N/A", "\\N", "n/a", "-", "--", "(null)", "4.14155E+11", "4,1e+12",
    "e+12", "'0049", "'t Hooft", '="0123"', "M\u00c3\u00bcller", "S\u00c3O", "Smith &amp; Sons", "A&B; C",
    "R&D", "A & B", "12345.0", "1.0", "a\u00a0b", "a\u00adb", "\u202d+49 30 23125042\u202c", "\u202eada",
    "mailto:ada@example.com", "Ada <ada@example.com>", "ada@example.com;", "a@example.com, b@example.com",
    "ada+e+12@example.com", "1067", "姓",
)  # fmt: skip
_SEPARATORS = (" ", "-", ".", "/", "(", ")", ") ", " (", "  ", " - ")

Random = random.Random
Maker = Callable[[Random], str]


def email(rng: Random) -> str:
    """Return an address, or nearly one."""
    text = f"{_local(rng)}@{_domain(rng)}"
    if rng.random() < 0.15:
        text = rng.choice((str.upper, str.title, str.swapcase, str.capitalize))(text)
    return _bent(text, rng) if rng.random() < 0.35 else text


def phone(rng: Random) -> tuple[str, str | None]:
    """Return a number, or nearly one, and the country it is read in."""
    region, significant = rng.choice(_examples())
    code = str(phonenumbers.country_code_for_region(region))
    digits = _shuffled(significant, rng)
    printed = _printed(region, significant, rng)
    trunk = rng.choice("018")
    written = rng.choice(
        (
            f"+{code}{digits}", f"+{code} {digits}", f"+{code} (0){digits}", f"+{code}{trunk}{digits}",
            f"{code}{digits}", f"00{code}{digits}", f"011{code}{digits}", f"{trunk}{digits}",
            f"0{digits}", digits, digits, printed, printed,
        )
    )  # fmt: skip
    if rng.random() < 0.5:
        for _ in range(rng.randrange(1, 5)):
            written = _put(written, rng.choice(_SEPARATORS), rng)
    if rng.random() < 0.12:
        written = _bent(written, rng)
    return written, _reader(region, rng)


def row(number: int, rng: Random) -> list[str]:
    """Return the cells of `HEADER`; some are dirty, some addresses come twice."""
    first, last = (
        rng.choice(("Ada", "José", "Łucja", "")),
        rng.choice(("Hopper", "O'Neill", "van der Waals", "")),
    )
    cells = [
        first,
        last,
        rng.choice((f"{first} {last}".strip(), "")),
        email(rng) if rng.random() < 0.2 else f"customer.{number}@example.com",
        phone(rng)[0] if rng.random() < 0.5 else f"(202) 555-01{rng.randrange(100):02}",
        rng.choice(COUNTRIES),
        rng.choice(("20001", "EC1A 1BB", "", "9" * 33)),
        rng.choice(("Berlin", "New York", "", "x" * 101)) if rng.random() < 0.1 else "Köln",
        rng.choice(("", "1 Main Street\nBack door", "138 Main Street")),
        rng.choice(("", "yes", "x" * 32_001)) if rng.random() < 0.01 else "no",
    ]
    if rng.random() < 0.3:
        place = rng.randrange(len(cells))
        cells[place] = _bent(cells[place], rng)
    if rng.random() < 0.3:
        cells[rng.randrange(len(cells))] = rng.choice(_DAMAGED)
    return cells


HEADER = ["First Name", "Surname", "Name", "Mail", "Phone", "Land", "ZIP", "City", "Street", "VIP"]


def _local(rng: Random) -> str:
    if rng.random() < 0.08:
        return rng.choice(_MAILBOXES)
    signs = _ATOM + _LOCAL_ONLY if rng.random() < 0.3 else _ATOM
    atoms = ("".join(rng.choices(signs, k=rng.randrange(1, 9))) for _ in range(rng.randrange(1, 4)))
    text = ".".join(atoms)
    return text * rng.randrange(2, 30) if rng.random() < 0.03 else text


def _domain(rng: Random) -> str:
    labels = ["".join(rng.choices(_ATOM, k=rng.randrange(1, 9))) for _ in range(rng.randrange(1, 4))]
    if rng.random() < 0.2:
        labels[0] = f"{labels[0]}-{labels[-1]}"
    if rng.random() < 0.03:
        labels[0] *= rng.randrange(5, 70)
    return ".".join([*labels, rng.choice(_TLDS[: 6 if rng.random() < 0.6 else None])])


def _bent(text: str, rng: Random) -> str:
    for _ in range(rng.randrange(1, 4)):
        text = _put(text, rng.choice(_ODD), rng)
        if rng.random() < 0.3:
            place = rng.randrange(len(text))
            text = text[:place] + text[place + 1 :]
    return text


def _put(text: str, piece: str, rng: Random) -> str:
    place = rng.choice((0, len(text), rng.randrange(len(text) + 1), rng.randrange(len(text) + 1)))
    return text[:place] + piece + text[place:]


def _shuffled(significant: str, rng: Random) -> str:
    """Most of the leading digits stay, so that the number stays near the edges of its pattern."""
    digits = list(significant)
    for _ in range(rng.randrange(6)):
        place = max(rng.randrange(len(digits)), rng.randrange(len(digits)))
        digits[place] = rng.choice("0123456789")
    length = len(digits) + rng.choice((0, 0, 0, 0, 0, 1, -1, 2))
    return "".join(digits[:length]).ljust(length, "5")


def _printed(region: str, significant: str, rng: Random) -> str:
    number = phonenumbers.parse(significant, region, _check_region=False)
    style = rng.choice((PhoneNumberFormat.NATIONAL, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.E164))
    return phonenumbers.format_number(number, style)


def _reader(region: str, rng: Random) -> str | None:
    others = (None, "AQ", "XK", "US", "DE", "GB", "BR", "IT", "IN", "RU", "AR", "MX", "CA", "KZ", "GG", "VA")
    return region if rng.random() < 0.7 else rng.choice(others)


@cache
def _examples() -> Sequence[tuple[str, str]]:
    """Return a number of each type of each region; those of wide use come in as often as all others."""
    wide = ("US", "CA", "GB", "DE", "FR", "IT", "IN", "BR", "MX", "AR", "AU", "CN", "JP", "RU", "PL", "ES")
    regions = sorted(phonenumbers.SUPPORTED_REGIONS)
    types = [kind for kind in PhoneNumberType.values() if kind != PhoneNumberType.UNKNOWN]
    found = []
    for region in chain(regions, wide * (len(regions) // len(wide))):
        for kind in types:
            number = phonenumbers.example_number_for_type(region, kind)
            if number is not None:
                found.append((region, phonenumbers.national_significant_number(number)))
    return found
