"""Amounts: from decimal text in a currency's main unit to the whole number that Stripe takes, and back.

Stripe's own table, which is not ISO 4217's: https://docs.stripe.com/currencies#minor-units. The Icelandic
krona and the Ugandan shilling have no decimals there, and are written with two all the same. The forint and
the Taiwan dollar take decimals in payments, and none in payouts.
"""

from __future__ import annotations

import re
from decimal import Decimal

from f.connect.errors import FixInput

# Of these the amount is the number itself.
_ZERO = frozenset({
    "bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf",
})  # fmt: skip
_THREE = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})  # the last of the three digits must be 0
_WHOLE = frozenset({"isk", "ugx"})  # two decimals, which must be 00
_AMOUNT = re.compile(r"[0-9]{1,10}(?:\.([0-9]+))?")
_CURRENCY = re.compile(r"[a-z]{3}")
_MINOR = 1 << 53  # above this a number is no amount of anybody's


def currency_of(text: str) -> str:
    """Return a currency as Stripe writes it, in lower case; FixInput unless it is three letters."""
    currency = str(text).strip().lower()
    if not _CURRENCY.fullmatch(currency):
        raise FixInput("The currency must be three letters, such as EUR.", code="bad_currency")
    return currency


def minor_units(amount: object, currency: str) -> int:
    """Return what Stripe calls the amount; FixInput for what is no amount, or none of this currency.

    "10.99" EUR is 1099, "500" JPY is 500, "5.12" KWD is 5120, "5" ISK is 500.
    """
    currency = currency_of(currency)
    text = "" if isinstance(amount, bool) else str(amount).strip()
    found = _AMOUNT.fullmatch(text)
    if not found:
        raise FixInput(
            "The amount must be a number in the currency's main unit, such as 10.99: digits, and a point "
            "before the decimals.",
            code="bad_amount",
        )
    digits, decimals = decimals_of(currency), len(found.group(1) or "")
    name = currency.upper()
    if decimals > digits:
        most = f"takes {digits} decimals" if digits else "has no decimals"
        raise FixInput(f"{name} {most}, and the amount has {decimals}. Round it.", code="bad_amount")
    value = int(Decimal(text).scaleb(digits))
    if currency in _THREE and value % 10:
        raise FixInput(
            f"Of {name} Stripe takes two of the three decimals: the last one must be 0. Round the amount.",
            code="bad_amount",
        )
    if currency in _WHOLE and value % 100:
        raise FixInput(f"{name} has no decimals. Round the amount to a whole number.", code="bad_amount")
    if value == 0:
        raise FixInput("The amount is 0: there is nothing to pay.", code="bad_amount")
    return value


def main_units(value: object, currency: object) -> str:
    """Return an amount of Stripe's in the currency's main unit, as text; empty if it is none."""
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _MINOR:
        return ""
    digits = decimals_of(currency) if isinstance(currency, str) else 2
    return f"{Decimal(value).scaleb(-digits):.{digits}f}"


def decimals_of(currency: str) -> int:
    """Return how many digits of Stripe's whole number stand behind the point."""
    currency = currency.lower()
    return 0 if currency in _ZERO else 3 if currency in _THREE else 2
