"""Amounts follow Stripe's own table of currencies, and what does not fit is refused with a sentence."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f.connect.errors import FixInput
from f.payments.stripe.money import decimals_of, main_units, minor_units

ZERO = [
    *("BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA"),
    *("PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"),
]
THREE = ["BHD", "JOD", "KWD", "OMR", "TND"]


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("10.99", "EUR", 1099),
        ("10.9", "usd", 1090),
        (" 10 ", " Usd ", 1000),
        (12, "EUR", 1200),
        (12.5, "EUR", 1250),
        ("0.01", "EUR", 1),
        ("500", "JPY", 500),
        ("5.12", "KWD", 5120),
        ("5.120", "KWD", 5120),
        ("5", "ISK", 500),
        ("5.00", "ISK", 500),
        ("5", "UGX", 500),
        ("175.50", "HUF", 17550),
        ("800.45", "TWD", 80045),
        *[("7", name, 7) for name in ZERO],
        *[("7.01", name, 7010) for name in THREE],
    ],
)
def test_an_amount_in_the_main_unit_becomes_what_stripe_takes(
    amount: object, currency: str, minor: int
) -> None:
    assert minor_units(amount, currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency", "sentence"),
    [
        ("10.999", "EUR", "EUR takes 2 decimals"),
        ("0.1", "JPY", "JPY has no decimals"),
        ("5.00", "JPY", "JPY has no decimals"),
        ("5.125", "KWD", "the last one must be 0"),
        ("5.1234", "KWD", "KWD takes 3 decimals"),
        ("5.50", "ISK", "ISK has no decimals"),
        ("5.01", "UGX", "UGX has no decimals"),
        ("0", "EUR", "nothing to pay"),
        ("0.00", "EUR", "nothing to pay"),
        ("-5", "EUR", "must be a number"),
        ("1,000.00", "EUR", "must be a number"),
        ("10,99", "EUR", "must be a number"),
        ("1e3", "EUR", "must be a number"),
        ("٣", "EUR", "must be a number"),
        ("NaN", "EUR", "must be a number"),
        ("", "EUR", "must be a number"),
        (True, "EUR", "must be a number"),
        (None, "EUR", "must be a number"),
        (0.1 + 0.2, "EUR", "EUR takes 2 decimals"),
        ("1" * 11, "EUR", "must be a number"),
        ("5", "", "three letters"),
        ("5", "EURO", "three letters"),
        ("5", "€", "three letters"),
        ("5", "e1r", "three letters"),
    ],
)
def test_what_is_no_amount_of_the_currency_gets_a_sentence(
    amount: object, currency: str, sentence: str
) -> None:
    with pytest.raises(FixInput, match=sentence):
        minor_units(amount, currency)


@given(st.integers(1, 10**9), st.sampled_from(["EUR", "JPY", "KWD", "ISK", "HUF"]))
def test_an_amount_comes_back_as_it_was(value: int, currency: str) -> None:
    step = {"KWD": 10, "ISK": 100}.get(currency, 1)
    minor = value * step
    text = main_units(minor, currency)
    assert Decimal(text).scaleb(decimals_of(currency)) == minor
    assert minor_units(text, currency) == minor


@pytest.mark.parametrize("value", [None, True, "5", 1.5, [], 1 << 60])
def test_what_is_no_amount_of_stripes_reads_as_empty(value: object) -> None:
    assert main_units(value, "EUR") == ""
