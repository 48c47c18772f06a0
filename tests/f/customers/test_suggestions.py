"""What a cell might be meant to be: only what is then valid, and nothing if it can be read in two ways."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f.customers.validation.countries import to_alpha2
from f.customers.validation.customer import check
from f.customers.validation.customer_type import CUSTOMERS
from f.customers.validation.suggestions import suggestion
from f.records.layout.row_judge import TableRow
from f.records.reading.judging import judge_rows


@pytest.mark.parametrize(
    ("cell", "address"),
    [
        ("ada@example,com", "ada@example.com"),
        ("ada at example.com", "ada@example.com"),
        ("ada (at) example (dot) com", "ada@example.com"),
        ("ada[at]example[dot]com", "ada@example.com"),
        ("ada @ example.com", "ada@example.com"),
        ("ada@example com", "ada@example.com"),
        ("ada@example. com", "ada@example.com"),
        ("ada@example.com /", "ada@example.com"),
        ("ada@@example.com", "ada@example.com"),
        ("ada@example..com", "ada@example.com"),
        ("ada.@example.com", "ada@example.com"),
        ("ada@example,con", "ada@example.com"),
        ("ada@gmial,com", "ada@gmail.com"),
        ("Ada@gmail", "Ada@gmail.com"),
        # two ways to read it, or none
        ("ada lovelace@example.com", None),
        ("Ada Lovelace at example.com", None),
        ("ada@example.com Berlin", None),
        ("ada@exa mple.com", None),
        ("ada@bob@example.com", None),
        ("ada@example,com; bob@example.com", None),
        ("ada@example", None),
        ("ada", None),
        ("meet at noon", None),
        ("n/a", None),
        ("a" * 400 + "@example,com", None),
    ],
)
def test_of_an_address_a_slip_of_the_keys_is_found(cell: str, address: str | None) -> None:
    assert suggestion("email", "invalid_email", cell) == address


@pytest.mark.parametrize(
    ("cell", "country", "number"),
    [
        ("+1 2O2 555 O1O1", None, "+1 202 555 0101"),
        ("+l 202 555 0l0l", None, "+1 202 555 0101"),
        ("2O2 555 0101", "US", "202 555 0101"),
        ("2O2 555 0101", None, None),
        ("+1 202 555 0101 office", None, "+1 202 555 0101"),
        ("+1 202 555 0101, Durchwahl 12", None, "+1 202 555 0101 ext. 12"),
        ("+1 202 555 0101 room 5", None, None),
        ("+1 202 555 0101 / +1 202 555 0102 Bob", None, None),
        ("000 1 202 555 0101", None, "+1 202 555 0101"),
        ("+001 202 555 0101", None, "+1 202 555 0101"),
        ("001 202 555 0101", None, "+1 202 555 0101"),
        ("12", "US", None),
        ("call me", "US", None),
    ],
)
def test_of_a_number_what_is_no_digit_is_taken_for_what_it_is(
    cell: str, country: str | None, number: str | None
) -> None:
    assert suggestion("phone", "unparsable_phone", cell, country) == number


@pytest.mark.parametrize(
    ("cell", "country"),
    [
        ("Germny", "Germany"),
        ("Germanny", "Germany"),
        ("Gremany", "Germany"),
        ("Frence", "France"),
        ("Deutschlnad", "Germany"),
        ("Untied States", "United States"),
        ("USA!", "USA"),
        ("Nigera", None),  # Niger or Nigeria
        ("Irap", None),  # Iran or Iraq
        ("Grmny", None),  # two letters
        ("UX", None),
        ("Nowhere", None),
    ],
)
def test_of_a_country_one_letter_may_be_wrong_if_one_country_alone_is_near(
    cell: str, country: str | None
) -> None:
    assert suggestion("country", "unknown_country", cell) == country


def test_a_zero_that_a_spreadsheet_dropped_is_put_back() -> None:
    assert suggestion("postal_code", "short_postal_code", "1067") == "01067"


@pytest.mark.parametrize("code", ["missing_email", "several_emails", "too_long"])
def test_nothing_is_suggested_for_a_reason_that_no_cell_explains(code: str) -> None:
    assert suggestion("email", code, "ada@example,com") is None


# What slips are made of, so that many cells are near to something.
ADDRESSES = st.lists(
    st.sampled_from([*"ada@@..,; ", "example", "com", "gmial", " at ", "(dot)", "é"]), max_size=9
)
NUMBERS = st.lists(
    st.sampled_from([*"+0012OIl -()/", "202", "555", "0101", " ext ", "room", "x"]), max_size=9
)
COUNTRIES = st.lists(st.sampled_from([*"ern ay.", "Germ", "Fran", "ce", "land", "Ni", "ger"]), max_size=5)


@given(
    ADDRESSES.map("".join), NUMBERS.map("".join), COUNTRIES.map("".join), st.sampled_from([None, "US", "DE"])
)
def test_what_is_suggested_is_always_valid(
    email: str, phone: str, country: str, default_country: str | None
) -> None:
    values = {"name": "Ada", "email": email, "phone": phone, "country": country}
    found = check(dict(values), {}, default_country)
    place = to_alpha2(country) or default_country
    better = {}
    for fault in (*found.faults, *found.warnings):
        if text := suggestion(fault.field, fault.code, values[fault.field], place):
            assert text != values[fault.field]
            better[fault.field] = text
    again = check({**values, **better}, {}, place)
    left = {(fault.field, fault.code) for fault in (*again.faults, *again.warnings)}
    assert not left & {
        (field, code)
        for field in better
        for code in ("invalid_email", "several_emails", "unparsable_phone", "unknown_country")
    }


def test_the_verdict_on_a_row_suggests_by_its_own_country() -> None:
    header = ["name", "email", "phone", "country"]
    rows = [
        TableRow(2, ["Ada", "ada@example,com", "2O2 555 0101", "US"], None),
        TableRow(3, ["Bob", "bob@example.com", "2O2 555 0101", "Germny"], None),
    ]
    judged = judge_rows(rows, CUSTOMERS, header=header, mapping=None, options={"default_country": None})
    found = [
        (row["state"], [(one["outcome"], one["column"], one["suggestion"]) for one in row["problems"]])
        for row in judged
    ]
    assert found == [
        ("invalid", [("invalid", 2, "ada@example.com"), ("warning", 3, "202 555 0101")]),
        ("valid", [("warning", 4, "Germany"), ("warning", 3, None)]),
    ]
