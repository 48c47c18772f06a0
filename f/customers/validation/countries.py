"""Countries as people write them, to ISO 3166-1 alpha-2."""

# extra_requirements:
# pycountry==26.2.16

from __future__ import annotations

from functools import cache, lru_cache

import pycountry

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
}


@lru_cache(maxsize=1024)
def to_alpha2(text: str) -> str | None:
    """Return the two-letter code of a country named by name, alpha-2, alpha-3 or number; None if unknown."""
    wanted = " ".join(text.split())
    return _DAILY_NAMES.get(wanted.casefold()) or _iso_names().get(wanted.lower())


@cache
def _iso_names() -> dict[str, str]:
    """What pycountry.countries.lookup goes by, in its order: it needs 40 us to miss, a mapping none."""
    len(pycountry.countries)  # reads them in
    names: dict[str, str] = {}
    for index in pycountry.countries.indices.values():
        for name, country in index.items():
            names.setdefault(name, country.alpha_2)
    return names
