"""Phone numbers to E.164. phonenumbers decides; what its own data shows to be valid takes a short cut."""

# extra_requirements:
# phonenumbers==9.0.43

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberDesc


def to_e164(text: str, country: str | None) -> tuple[str | None, str | None]:
    """Return a phone number as E.164 and its extension; (None, None) if it cannot be read.

    Without a country (alpha-2) only numbers with a country code can be read: none is ever guessed.
    """
    plain = read_plain(text, country)
    return (plain, None) if plain else _read_by_library(text, country)


@lru_cache(maxsize=4096)
def _read_by_library(text: str, country: str | None) -> tuple[str | None, str | None]:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None, None
    if not phonenumbers.is_valid_number(number):
        return None, None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), number.extension


# The short cut is for text of ASCII digits, the separators below, and at most a plus before the first
# digit. In such text the library finds no extension, no second number, no letters and no parameter of
# a tel: URI; it too keeps plus and digits only. What it then drops, and which numbers are valid, stands
# in its metadata. The patterns here are composed of that, after phonenumbers.parse and is_valid_number.
# They only ever match a number that is valid: where a step could go either way, they do not, and the
# library is asked.

_LONGEST_PLAIN = 40  # the library refuses above 250
_SEPARATORS = str.maketrans("", "", " -()./")


def read_plain(text: str, country: str | None) -> str | None:
    """Return the E.164 number, never with an extension; None if the library has to be asked."""
    return _read(text.translate(_SEPARATORS), country) if len(text) <= _LONGEST_PLAIN else None


def read_plain_all(texts: Sequence[str], countries: Iterable[str | None]) -> list[str | None]:
    """Return `read_plain` of each of these texts in its country; the separators go from all at once."""
    bare = "\n".join(texts).translate(_SEPARATORS).split("\n")
    if len(bare) != len(texts) or max(map(len, texts), default=0) > _LONGEST_PLAIN:
        return list(map(read_plain, texts, countries))
    return list(map(_read, bare, countries))


def _read(digits: str, country: str | None) -> str | None:
    """Return the number that a text is without its separators."""
    if digits.startswith("+"):
        return _read_international(digits[1:])
    national = _dialled_in(country) if country and digits else None
    if national is None:
        return None
    found = national.pattern.fullmatch(digits)
    if found is not None:
        return national.prefix + found["number"]
    # 00 and its like are a plus, unless a zero follows: no country code begins with one.
    abroad = national.abroad.match(digits)
    return _read_international(digits[abroad.end() :]) if abroad else None


def _read_international(digits: str) -> str | None:
    code = _calling_code(digits[:3])
    pattern = _dialled_from_abroad(code) if code else None
    found = pattern.fullmatch(digits) if pattern else None
    return f"+{code}{found['number']}" if found else None


@lru_cache(maxsize=1024)
def _calling_code(start: str) -> int | None:
    """The country code that three digits begin with. No country code is the beginning of another."""
    return next((code for code in COUNTRY_CODE_TO_REGION_CODE if start.startswith(str(code))), None)


@cache
def _dialled_from_abroad(calling_code: int) -> re.Pattern[str] | None:
    """The numbers under a country code, which they begin with; the significant part is the group `number`."""
    main = _main_region(calling_code)
    if main is None:
        return None
    return _compiled(f"{calling_code}{_without_trunk(main)}{_valid(calling_code)}")


class _National(NamedTuple):
    """The numbers of a region as they are dialled within it.

    `prefix` is what E.164 puts before them, `abroad` what begins a call to another country.
    """

    prefix: str
    pattern: re.Pattern[str]
    abroad: re.Pattern[str]


@cache
def _dialled_in(region: str) -> _National | None:
    data = PhoneMetadata.metadata_for_region(region, None)
    main = _main_region(data.country_code) if data and data.country_code else None
    if data is None or data.country_code is None or main is None:
        return None
    code = data.country_code
    abroad = data.international_prefix or _NOTHING
    possible = _possible(data.general_desc)
    # What begins with the country code is a national number if it can be one. If it cannot, but the
    # rest can, the country code was written without its plus.
    without_code = f"(?:(?!{code})|(?={possible}\\Z)){_without_trunk(data)}"
    with_code = f"(?!{_any_length(data)}\\Z){code}{_no_trunk(data)}{_no_trunk(main)}(?={possible}\\Z)"
    pattern = f"(?!{abroad})(?:{without_code}|{with_code}){_valid(code)}"
    return _National(f"+{code}", _compiled(pattern), _compiled(abroad))


def _main_region(calling_code: int) -> PhoneMetadata | None:
    """The region that stands for all of its country code when a trunk prefix is looked for."""
    return PhoneMetadata.metadata_for_region(COUNTRY_CODE_TO_REGION_CODE[calling_code][0], None)


def _without_trunk(data: PhoneMetadata) -> str:
    """Drops the prefix of a national call (0, 1), as the library does where a number that can be one stays.

    A prefix with groups rewrites the number: where such a one fits, nothing matches.
    """
    prefix = data.national_prefix_for_parsing
    if not prefix:
        return ""
    if _compiled(prefix).groups or data.national_prefix_transform_rule:
        return _no_trunk(data)
    return f"(?:(?>{prefix})(?={_possible(data.general_desc)}\\Z)|{_no_trunk(data)})"


def _no_trunk(data: PhoneMetadata) -> str:
    return f"(?!{data.national_prefix_for_parsing or _NOTHING})"


def _valid(calling_code: int) -> str:
    """The valid numbers under a country code.

    The library takes the first region whose leading digits fit, or, where a region has none, of whose
    types one fits; the number is valid if one of that region's types fits.
    """
    passed_over = ""
    regions = []
    for region in COUNTRY_CODE_TO_REGION_CODE[calling_code]:
        data = PhoneMetadata.metadata_for_region(region, None)
        if data is None:
            continue
        leading = f"(?:{data.leading_digits})" if data.leading_digits else ""
        types = "|".join(map(_possible, _types(data)))
        regions.append(f"{passed_over}(?={leading})(?={_possible(data.general_desc)}\\Z)(?:{types})\\Z")
        passed_over += f"(?!{leading})" if leading else ""
    return f"(?P<number>{'|'.join(regions)})"


def _types(data: PhoneMetadata) -> Iterator[PhoneNumberDesc | None]:
    """The types of numbers a region may have, the most numerous first."""
    if not data.same_mobile_and_fixed_line_pattern:
        yield data.mobile
    yield from (data.fixed_line, data.voip, data.toll_free, data.premium_rate, data.shared_cost)
    yield from (data.personal_number, data.pager, data.uan, data.voicemail)


def _possible(description: PhoneNumberDesc | None) -> str:
    """The numbers of a description that have one of its lengths; -1 stands for none."""
    if description is None or not description.national_number_pattern:
        return _NOTHING
    lengths = {length for length in description.possible_length if length > 0}
    lengths -= set(description.possible_length_local_only)
    if not lengths:
        return _NOTHING
    few, many = min(lengths), max(lengths)
    if len(lengths) == many - few + 1:
        fitting = f".{{{few},{many}}}"
    else:
        fitting = "|".join(f".{{{length}}}" for length in sorted(lengths))
    return f"(?=(?:{fitting})\\Z)(?:{description.national_number_pattern})"


def _any_length(data: PhoneMetadata) -> str:
    general = data.general_desc
    return f"(?:{general.national_number_pattern if general else _NOTHING})"


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


_NOTHING = "(?!)"
