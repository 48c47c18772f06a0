"""A number is sent to only if it is one, and its country is never guessed."""

import re

import pytest

from f.connect.errors import FixInput
from f.notify.texts.phone import e164, masked


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+1 202-555-0123", "", "+12025550123"),
        ("(202) 555-0123", "us", "+12025550123"),
        ("0049 1510 5550123", "DE", "+4915105550123"),
        ("01510 5550123", "DE", "+4915105550123"),
        ("+4915105550123", "US", "+4915105550123"),
    ],
)
def test_a_number_becomes_e164(text: str, country: str, number: str) -> None:
    assert e164(text, country) == number


@pytest.mark.parametrize(
    ("text", "country", "said"),
    [
        ("(202) 555-0123", "", "has no country code"),
        ("+1 202 555", "", "is too short"),
        ("+1 202 555 0123 4567 89", "", "is too long"),
        ("hello", "US", "is not a phone number"),
        ("+49 30 1", "", "is not in use in its country"),
        ("202-555-0123", "XX", "default_country 'XX' is not a country code"),
    ],
)
def test_what_is_no_number_is_refused_without_quoting_it(text: str, country: str, said: str) -> None:
    with pytest.raises(FixInput, match=said) as caught:
        e164(text, country)
    assert not re.search("202.{1,2}555", str(caught.value))


def test_a_masked_number_keeps_two_digits() -> None:
    assert (masked("+12025550123"), masked("123")) == ("***23", "***")
