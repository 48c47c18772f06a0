"""Countries as people write them, to ISO 3166-1 alpha-2."""

# extra_requirements:
# pycountry==26.2.16

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from gettext import translation

import pycountry

from f.connect.errors import FixInput

# Names in daily use that ISO's list does not hold. Keys are case-folded.
_DAILY_NAMES = {
    "uk": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "great britain": "GB",
    "britain": "GB",
    "u.s.": "US",
    "u.s.a.": "US",
    "us of a": "US",
    "america": "US",
    "united states of america": "US",
    "holland": "NL",
    "the netherlands": "NL",
    "russia": "RU",
    "turkey": "TR",
    "ivory coast": "CI",
    "cape verde": "CV",
    "swaziland": "SZ",
    "macedonia": "MK",
    "burma": "MM",
    "vatican": "VA",
    "palestine": "PS",
    "kosovo": "XK",
    "uae": "AE",
    "deutschland": "DE",
    "schweiz": "CH",
    "suisse": "CH",
    "svizzera": "CH",
    "österreich": "AT",
    "españa": "ES",
    "espana": "ES",
    "italia": "IT",
    "belgique": "BE",
    "belgië": "BE",
    "nederland": "NL",
    "danmark": "DK",
    "sverige": "SE",
    "norge": "NO",
    "suomi": "FI",
    "polska": "PL",
    "česko": "CZ",
    "brasil": "BR",
    "méxico": "MX",
    "éire": "IE",
    "grossbritannien": "GB",
    "grande-bretagne": "GB",
    "gran bretaña": "GB",
    "gran bretagna": "GB",
    "angleterre": "GB",
    "イギリス": "GB",
    "アメリカ": "US",
    "etats-unis": "US",
    "slovenská republika": "SK",
}

# The languages of the titles that columns are known by, and their neighbours.
_LANGUAGES = (
    "de", "fr", "es", "it", "pt", "pt_BR", "nl", "sv", "da", "nb_NO", "fi", "pl", "cs", "sk", "sl", "hr",
    "bg", "hu", "ro", "el", "tr", "ru", "uk", "lt", "lv", "et", "ja", "zh_CN", "zh_TW", "ko", "vi", "ar",
    "he", "ca",
)  # fmt: skip
_SHORTEST_NAME = 2
_SHORTEST_MISSPELT = 4


@lru_cache(maxsize=1024)
def to_alpha2(text: str) -> str | None:
    """Return the two-letter code of a country named by name, alpha-2, alpha-3 or number; None if unknown."""
    wanted = " ".join(text.split())
    known = _DAILY_NAMES.get(wanted.casefold()) or _iso_names().get(wanted.lower())
    if known or len(wanted) < _SHORTEST_NAME:
        return known
    return _translated_names().get(_fold(wanted)) or None


@lru_cache(maxsize=1024)
def near_country(text: str) -> str | None:
    """Return the English name of the country that a text names but for one letter; None unless it is one.

    One letter is wrong, missing, too many, or in its neighbour's place. Short texts are near to too much.
    """
    wanted = _fold(" ".join(text.split()))
    if len(wanted) < _SHORTEST_MISSPELT:
        return None
    known = (*_DAILY_NAMES.items(), *_iso_names().items(), *_translated_names().items())
    found = {
        code
        for name, code in known
        if abs(len(name) - len(wanted)) <= 1 and len(name) >= _SHORTEST_MISSPELT and _is_near(name, wanted)
    }
    if len(found) != 1:
        return None
    country = pycountry.countries.get(alpha_2=found.pop())
    return getattr(country, "common_name", None) or getattr(country, "name", None)


def _is_near(one: str, other: str) -> bool:
    """Whether two texts are the same but for one letter, or for two neighbours that have changed places."""
    start = 0
    shortest = min(len(one), len(other))
    while start < shortest and one[start] == other[start]:
        start += 1
    rest, left = one[start:], other[start:]
    if len(rest) != len(left):
        return rest[1:] == left or rest == left[1:]
    return rest[1:] == left[1:] or rest == left[1::-1] + left[2:]


@cache
def _translated_names() -> dict[str, str]:
    """The names of ISO's list in the languages of most files, as pycountry brings them along.

    They are read when the first English name misses: 0.2 s, once a job. A name that is two countries' in two
    languages is no country.
    """
    kinds = ("name", "common_name", "official_name")
    titles = [
        (country.alpha_2, title)
        for country in pycountry.countries
        for title in dict.fromkeys(getattr(country, kind, None) for kind in kinds)
        if title
    ]
    names: dict[str, str] = {}
    for language in _LANGUAGES:
        translated = translation("iso3166-1", pycountry.LOCALES_DIR, [language], fallback=True).gettext
        for code, title in titles:
            name = _fold(translated(title))
            if names.setdefault(name, code) != code:
                names[name] = ""
    return names


def _fold(name: str) -> str:
    """Without case and accents, which are left out on many keyboards: `Brésil` and `Bresil`."""
    if name.isascii():
        return name.lower()
    plain = unicodedata.normalize("NFKD", name.casefold())
    return "".join(char for char in plain if not unicodedata.combining(char))


@cache
def _iso_names() -> dict[str, str]:
    """What pycountry.countries.lookup goes by, in its order: it needs 40 us to miss, a mapping none."""
    len(pycountry.countries)  # reads them in
    names: dict[str, str] = {}
    for index in pycountry.countries.indices.values():
        for name, country in index.items():
            names.setdefault(name, country.alpha_2)
    return names


def default_country_of(text: str | None) -> str | None:
    """Return the alpha-2 code of the country that a person named, None if they named none; else FixInput."""
    if not text:
        return None
    code = to_alpha2(text)
    if code is None:
        raise FixInput(
            f"The default country {text!r} is not in ISO 3166. Give its two-letter code, such as DE.",
            code="unknown_country",
        )
    return code
