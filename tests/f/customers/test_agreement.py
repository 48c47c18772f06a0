"""The short cuts of the validation say what the libraries and the rule for a row say, or nothing at all."""

import json
import random
import sys
from collections.abc import Callable
from itertools import islice

import phonenumbers
import pycountry
import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st
from phonenumbers import re_util

from f.customers.validation.countries import to_alpha2
from f.customers.validation.customer import check
from f.customers.validation.customer_type import CUSTOMERS
from f.customers.validation.email_address import normalize_email, normalize_plain, normalize_plain_all
from f.customers.validation.phone_number import read_plain, read_plain_all, to_e164
from f.customers.validation.row_check import RowCheck, is_clean
from f.records.reading.columns import map_columns
from mill.bench.rig import tricky

SEED = 20_240_607


def address_by_library(text: str) -> str | None:
    try:
        return validate_email(text, check_deliverability=False).normalized
    except EmailNotValidError:
        return None


def number_by_library(text: str, country: str | None) -> tuple[str | None, str | None]:
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None, None
    if not phonenumbers.is_valid_number(number):
        return None, None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), number.extension


@pytest.mark.parametrize("addresses", [2_000, 20_000])
def test_tricky_addresses_are_judged_as_by_the_library(addresses: int) -> None:
    rng = random.Random(SEED)
    short = 0
    for _ in range(addresses):
        text = tricky.email(rng)
        plain = normalize_plain(text)
        if plain is not None:
            short += 1
            assert (text, plain) == (text, address_by_library(text))
    assert short > addresses / 4


@pytest.mark.parametrize("numbers", [1_000, 10_000])
def test_tricky_numbers_are_read_as_by_the_library(numbers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # Else the library compiles its patterns again and again where so many countries meet.
    monkeypatch.setattr(re_util, "_COMPILED_PATTERNS", {})
    rng = random.Random(SEED)
    short = 0
    for _ in range(numbers):
        text, country = tricky.phone(rng)
        plain = read_plain(text, country)
        if plain is not None:
            short += 1
            assert (text, country, plain, None) == (text, country, *number_by_library(text, country))
    assert short > numbers / 5


@pytest.mark.parametrize("count", [600, 6_000])
def test_tricky_rows_are_checked_as_by_the_rule(count: int) -> None:
    rng = random.Random(SEED)
    checks = RowCheck(map_columns(tricky.HEADER, CUSTOMERS), "US")
    rows = (tricky.row(number, rng) for number in range(count))
    while block := list(islice(rows, rng.choice((1, 16, 64, 100)))):
        verdicts = checks.verdicts(block)
        by_rule = [checks.by_rule(row) for row in block]
        assert verdicts == by_rule
        assert json.dumps(verdicts) == json.dumps(by_rule)  # the order of the fields too


ADDRESSES = st.builds(
    "{}@{}".format,
    st.text("aZ9._+-'\"(@ é\u212a", min_size=1, max_size=70),
    st.text("aZ9.-_ \u0130\u3002", min_size=1, max_size=70).map(lambda text: f"{text}.com"),
)


@given(ADDRESSES | st.emails() | st.text(max_size=30))
@example("a@b.com\n")
@example("A@\u212aelvin.com")
@example("a" * 62 + "@b.c")
@example("a@" + "b" * 60 + ".c")
def test_any_address_is_judged_as_by_the_library(text: str) -> None:
    assert normalize_plain(text) in {None, address_by_library(text)}


PLAIN_ADDRESS = st.builds("{}@{}.com".format, *[st.text("az09", min_size=1, max_size=30)] * 2)


@given(st.lists(ADDRESSES | PLAIN_ADDRESS | st.just(""), max_size=4))
@example([])
@example(["a@b.com\nc@d.com"])
@example(["a@b.com\n"])
@example(["a@b.com", "a@b.test"])
@example(["a@b.com", "a" * 60 + "@b.com"])
def test_addresses_are_judged_together_as_each_alone(texts: list[str]) -> None:
    assert normalize_plain_all(texts) == [normalize_plain(text) for text in texts]


NUMBER_AND_COUNTRY = st.tuples(
    st.text("0123456789+ -()./x\n", max_size=45), st.sampled_from([None, "US", "DE", "GB"])
)


@given(st.lists(NUMBER_AND_COUNTRY, max_size=4))
@example([])
@example([("+1 202\n", "US"), ("555 0143", "US")])
@example([("(202) 555-0143" + " " * 30, "US"), ("(202) 555-0143", "US")])
def test_numbers_are_read_together_as_each_alone(numbers: list[tuple[str, str | None]]) -> None:
    texts, countries = [text for text, _ in numbers], [country for _, country in numbers]
    assert read_plain_all(texts, countries) == [read_plain(text, country) for text, country in numbers]


@given(
    st.text("0123456789+ -()./x", max_size=24), st.sampled_from([None, "AQ", *phonenumbers.SUPPORTED_REGIONS])
)
@example("+1 (202) 555-0143", None)
@example("0049 30 23125042", "DE")
def test_any_number_is_read_as_by_the_library(text: str, country: str | None) -> None:
    assert to_e164(text, country) == number_by_library(text, country)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("ada@example.com", "ada@example.com"),
        ("Ada.Lovelace@Example.COM", "Ada.Lovelace@example.com"),
        ("o'neill+news@a-b.example.co.uk", "o'neill+news@a-b.example.co.uk"),
        ("info@example.com", "info@example.com"),
        ("Info@example.com", None),  # RFC 2142: the library lowers it
        ("ada@example.test", None),
        ("ada@xn--mnchen-3ya.example", None),
        ("ada@ab--cd.example.com", None),
        ("ada@example.c0m", None),
        ("ada@example", None),
        ("ada@-a.example.com", None),
        ("a..b@example.com", None),
        ('"ada"@example.com', None),
        ("adå@example.com", None),
        ("a@" + "b" * 59 + ".com", None),
        ("", None),
    ],
)
def test_an_address_is_plain_or_left_to_the_library(text: str, normal: str | None) -> None:
    assert normalize_plain(text) == normal


def test_the_library_normalises_what_is_not_plain() -> None:
    assert normalize_email("Info@EXAMPLE.com") == "info@example.com"
    assert normalize_email("ada@xn--mnchen-3ya.example") == "ada@münchen.example"


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("+1 202 555 0143", None, "+12025550143"),
        ("(202) 555-0143", "US", "+12025550143"),
        ("1-202-555-0143", "US", "+12025550143"),
        ("416.555.0143", "CA", "+14165550143"),
        ("011 49 30 23125042", "US", "+493023125042"),
        ("030/23125 042", "DE", "+493023125042"),
        ("+49 (0)30 23125042", "US", "+493023125042"),
        ("0049 30 23125042", "DE", "+493023125042"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("06 1234 5678", "IT", "+390612345678"),
        ("98765 43210", "IN", "+919876543210"),
        ("91234 56789", "IN", "+919123456789"),  # begins as its country code does
        ("+49 30 23125042 ext. 7", None, None),
        ("+49 30 23125042 x7", None, None),
        ("tel:+493023125042", None, None),
        ("1-800-FLOWERS", "US", None),
        ("\u0660\u0661", "EG", None),
        ("011 91234-5678", "BR", None),  # a carrier's code may follow the 0 there
        ("(202) 555-0143", None, None),
        ("12345", "US", None),
        ("+999 123456", None, None),
        ("2025550143", "AQ", None),
        ("2" * 41, "US", None),
    ],
)
def test_a_number_is_plain_or_left_to_the_library(text: str, country: str | None, number: str | None) -> None:
    assert read_plain(text, country) == number


def test_every_name_pycountry_knows_is_found_and_no_other() -> None:
    for country in pycountry.countries:
        for _, text in country:
            for written in (text, text.upper(), text.lower()):
                assert to_alpha2(written) == by_lookup(written)
    assert to_alpha2("Nowhere") is by_lookup("Nowhere") is None


def by_lookup(text: str) -> str | None:
    try:
        return str(pycountry.countries.lookup(text).alpha_2)
    except LookupError:
        return None


def test_the_rule_changes_and_refuses_no_character_that_counts_as_clean() -> None:
    clean = "".join(char for char in map(chr, range(sys.maxunicode + 1)) if is_clean([f"a{char}b"]))
    assert [char for char in clean if char.isspace()] == [" "]
    for start in range(0, len(clean), 250):
        text = f"a{clean[start : start + 250]}b"
        customer, faults, _ = check({"name": text, "email": "ada@example.com"}, {"Own": text}, None)
        assert not faults
        assert customer is not None
        assert (customer.name, customer.custom) == (text, {"Own": text})


@pytest.mark.parametrize(
    ("texts", "clean"),
    [
        (["a", "", "b c"], True),
        (["", ""], True),
        ([], True),
        ([" a"], False),
        (["a "], False),
        (["a", " "], False),
        (["a  b"], False),
        (["a\tb"], False),
        (["a\u00a0b"], False),
        (["a\u200bb"], False),
        (["a\ufffdb"], False),
    ],
)
def test_a_text_is_clean_if_nothing_in_it_is_to_be_mended(texts: list[str], clean: bool) -> None:
    assert is_clean(texts) is clean


LONG = {0: 256, 1: 255, 2: 33, 3: 32_001}


@pytest.mark.parametrize("change", [*(lambda row, at=at: row.__setitem__(at, "x" * LONG[at]) for at in LONG)])
def test_a_row_with_a_value_too_long_is_refused_in_any_company(change: Callable[[list[str]], None]) -> None:
    checks = RowCheck(map_columns(["name", "email", "zip", "Own"], CUSTOMERS), None)
    rows = [["Ada", f"ada{number}@example.com", "1", "x" * 32_000] for number in range(3)]
    change(rows[1])
    assert [customer is None for customer, _, _ in checks.verdicts(rows)] == [False, True, False]


def test_rows_of_which_no_column_is_wanted_have_no_name_and_no_address() -> None:
    checks = RowCheck(map_columns(["name", "email", "Own"], CUSTOMERS, {"Own": None}), None)
    for customer, faults, _ in checks.verdicts([["", "", "x"], ["", "", "y"]]):
        assert (customer, [fault.code for fault in faults]) == (None, ["missing_name", "missing_email"])
