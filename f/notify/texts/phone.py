"""Phone numbers as E.164. No country is ever guessed: it is in the number, or the caller states it."""

# extra_requirements:
# phonenumbers==9.0.43

from __future__ import annotations

import phonenumbers

from f.connect.errors import FixInput

_REASONS = {
    phonenumbers.ValidationResult.TOO_SHORT: "is too short",
    phonenumbers.ValidationResult.TOO_LONG: "is too long",
    phonenumbers.ValidationResult.INVALID_COUNTRY_CODE: "has no country code that exists",
}


def e164(text: str, default_country: str = "", *, what: str = "to") -> str:
    """Return a number as E.164; FixInput, with the number masked, if it is not one.

    `default_country` is the ISO 3166 code of numbers without a country code, such as US. `what`
    names the input.
    """
    country = default_country.strip().upper() or None
    if country and country not in phonenumbers.SUPPORTED_REGIONS:
        raise FixInput(
            f"default_country {default_country!r} is not a country code. Use two letters, such as US or DE.",
            code="unknown_country",
        )
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException as error:
        why = "has no country code" if _lacks_country(error, country) else "is not a phone number"
        raise _bad(text, what, why) from None  # the exception's text quotes nothing, its stack the number
    if not phonenumbers.is_valid_number(number):
        reason = phonenumbers.is_possible_number_with_reason(number)
        raise _bad(text, what, _REASONS.get(reason, "is not in use in its country"))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def masked(number: str) -> str:
    """Return a number by its last two digits, for errors and logs."""
    digits = [character for character in number if character.isdigit()]
    return f"***{''.join(digits[-2:])}" if len(digits) > 4 else "***"


def _lacks_country(error: phonenumbers.NumberParseException, country: str | None) -> bool:
    return country is None and error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE


def _bad(text: str, what: str, why: str) -> FixInput:
    return FixInput(
        f"The number in {what}, which ends in {masked(text)}, {why}. "
        "Write it with its country code, such as +49 30 123456, or state default_country.",
        code="bad_number",
    )
