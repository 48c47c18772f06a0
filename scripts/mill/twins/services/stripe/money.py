"""Amounts as Stripe counts them, which is not by ISO 4217.

https://docs.stripe.com/currencies
"""

from __future__ import annotations

from mill.twins.services.stripe.errors import StripeError

_ZERO_DECIMAL = frozenset(
    (
        *("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga"),
        *("pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"),
    )
)
# Their last digit must be 0.
_THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
# Two decimals that must both be 0, for history's sake.
_WHOLE_ONLY = frozenset(["isk", "ugx"])
# The least charge where Stripe names one, in minor units.
_LEAST = {
    **dict.fromkeys(["usd", "aud", "brl", "cad", "chf", "eur", "inr", "nzd", "sgd"], 50),
    "aed": 200,
    "bgn": 100,
    "czk": 1500,
    "dkk": 250,
    "gbp": 30,
    "hkd": 400,
    "huf": 17_500,
    "jpy": 50,
    "mxn": 1000,
    "myr": 200,
    "nok": 300,
    "pln": 200,
    "ron": 200,
    "sek": 300,
    "thb": 1000,
}
_OTHERS = (
    "afn all amd ang aoa ars awg azn bam bbd bdt bmd bnd bob bsd bwp byn bzd cdf cny cop crc cve dop dzd egp "
    "etb fjd fkp gel gip gmd gtq gyd hnl htg idr ils jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd "
    "mmk mnt mop mur mvr mwk mzn nad ngn nio npr pab pen pgk php pkr qar rsd rub sar sbd scr shp sle sos srd "
    "std szl tjs top try ttd twd tzs uah uyu uzs wst xcd yer zar zmw"
)
CURRENCIES = _ZERO_DECIMAL | _THREE_DECIMAL | _WHOLE_ONLY | _LEAST.keys() | frozenset(_OTHERS.split())
# Eight digits, but for a few currencies of many digits.
_MOST = 99_999_999
_MORE_DIGITS = {"cop": 10**10 - 1, "huf": 10**10 - 1, "idr": 10**12 - 1, "jpy": 10**10 - 1, "lbp": 10**12 - 1}


def currency_of(text: str) -> str:
    """Return the currency in Stripe's spelling. Raises StripeError for none of its own."""
    currency = text.lower()
    if currency not in CURRENCIES:
        message = (
            f"Invalid currency: {text}. Stripe currently supports these currencies: "
            f"{', '.join(sorted(CURRENCIES))}"
        )
        raise StripeError(400, message, param="currency")
    return currency


def check_charge(amount: int, currency: str) -> None:
    """Raise StripeError for an amount that cannot be charged."""
    step = 10 if currency in _THREE_DECIMAL else 100 if currency in _WHOLE_ONLY else 1
    if amount < _LEAST.get(currency, 1):
        message = f"Amount must be at least {shown(_LEAST.get(currency, 1), currency)}"
        raise StripeError(400, message, code="amount_too_small", param="amount")
    if amount > (most := _MORE_DIGITS.get(currency, _MOST)):
        message = f"Amount must be no more than {shown(most, currency)}"
        raise StripeError(400, message, code="amount_too_large", param="amount")
    if amount % step:
        message = f"Invalid amount: amounts in {currency} must be divisible by {step}"
        raise StripeError(400, message, code="invalid_charge_amount", param="amount")


def shown(amount: int, currency: str) -> str:
    """Return an amount for people, as in Stripe's messages."""
    if currency in _ZERO_DECIMAL:
        return f"{amount} {currency}"
    decimals = 3 if currency in _THREE_DECIMAL else 2
    return f"{amount / 10**decimals:.{decimals}f} {currency}"
