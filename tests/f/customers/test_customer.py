import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from f.customers.targets.contacts import split_name
from f.customers.validation.countries import to_alpha2
from f.customers.validation.customer import check
from f.customers.validation.fields import CUSTOM_MAX_LENGTH, FIELDS
from f.customers.validation.phone_number import to_e164


def row(**values: str) -> dict[str, str]:
    return {"name": "Ada Lovelace", "email": "ada@example.com", **values}


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        (row(name=""), ["missing_name"]),
        (row(name="   "), ["missing_name"]),
        (row(email=""), ["missing_email"]),
        (row(email="\t"), ["missing_email"]),
        (row(email="nobody"), ["invalid_email"]),
        (row(email="a@b"), ["invalid_email"]),
        (row(email="a..b@example.com"), ["invalid_email"]),
        (row(email="a b@example.com"), ["invalid_email"]),
        (row(name="A" * (FIELDS["name"].longest + 1)), ["too_long"]),
        (row(city="x" * (FIELDS["city"].longest + 1)), ["too_long"]),
        (row(name="Bell\x07"), ["bad_characters"]),
        (row(name="Sep\x1carated"), ["bad_characters"]),
        (row(company="wrong \ufffd decoding"), ["bad_characters"]),
        (row(name="reversed \u202eeman"), ["bad_characters"]),
        (row(name="", email="x"), ["missing_name", "invalid_email"]),
    ],
)
def test_a_row_that_cannot_be_a_customer_names_every_fault(values: dict[str, str], codes: list[str]) -> None:
    customer, faults, _ = check(values, {}, None)
    assert customer is None
    assert [fault.code for fault in faults] == codes


def test_no_fault_repeats_the_value_it_is_about() -> None:
    secret = "hidden.person"
    _, faults, _ = check(row(name=f"{secret}\x07", email=f"{secret}@@example.com"), {}, None)
    assert faults
    assert not [fault for fault in faults if secret in fault.detail]


def test_white_space_is_trimmed_and_inner_runs_become_one_space() -> None:
    customer, _, _ = check(row(name="\u200b  Ada \n\t Lovelace ", email=" ada@example.com\u00a0"), {}, None)
    assert customer is not None
    assert (customer.name, customer.email) == ("Ada Lovelace", "ada@example.com")


def test_lines_stay_in_fields_that_have_lines() -> None:
    customer, _, _ = check(row(notes=" first\nsecond ", street="1 Main St\nBack door"), {}, None)
    assert customer is not None
    assert customer.fields == {"notes": "first\nsecond", "street": "1 Main St\nBack door"}


def test_empty_fields_are_absent_so_that_an_update_never_blanks_one() -> None:
    customer, _, _ = check(row(city="", phone=" "), {"Colour": ""}, None)
    assert customer is not None
    assert customer.to_json() == {"name": "Ada Lovelace", "email": "ada@example.com"}


def test_first_and_last_name_make_the_name() -> None:
    customer, _, _ = check({"first_name": "Ada", "last_name": "Lovelace", "email": "a@example.com"}, {}, None)
    assert customer is not None
    assert customer.name == "Ada Lovelace"


def test_two_spellings_of_an_address_are_one_customer() -> None:
    one, _, _ = check(row(email="Ada@Example.COM"), {}, None)
    two, _, _ = check(row(email="ADA@example.com"), {}, None)
    assert one is not None
    assert two is not None
    assert one.key == two.key
    assert one.email == "Ada@example.com"


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("(202) 555-0143", "US", "+12025550143"),
        ("+49 30 23125 042", None, "+493023125042"),
        ("020 7946 0958", "GB", "+442079460958"),
        ("0049 30 23125 042", "DE", "+493023125042"),
        ("(202) 555-0143", None, None),
        ("call reception", "US", None),
        ("12", "US", None),
        ("", "US", None),
    ],
)
def test_a_phone_number_is_e164_or_left_alone(text: str, country: str | None, number: str | None) -> None:
    assert to_e164(text, country) == (number, None)


def test_an_unreadable_phone_is_a_warning_and_is_kept_as_written() -> None:
    customer, faults, warnings = check(row(phone="call reception"), {}, "US")
    assert customer is not None
    assert customer.fields["phone"] == "call reception"
    assert not faults
    assert [warning.code for warning in warnings] == ["unparsable_phone"]


def test_the_rows_own_country_reads_its_phone_before_the_default() -> None:
    customer, _, _ = check(row(phone="030 23125 042", country="Germany"), {}, "US")
    assert customer is not None
    assert customer.fields == {"phone": "+493023125042", "country": "DE"}


def test_an_extension_that_e164_cannot_hold_becomes_a_custom_field() -> None:
    customer, _, warnings = check(row(phone="+1 202 555 0143 ext. 12"), {}, None)
    assert customer is not None
    assert customer.fields["phone"] == "+12025550143"
    assert customer.custom == {"phone_extension": "12"}
    assert [warning.code for warning in warnings] == ["phone_extension"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("DE", "DE"),
        ("de", "DE"),
        ("DEU", "DE"),
        ("Germany", "DE"),
        ("  germany ", "DE"),
        ("Deutschland", "DE"),
        ("UK", "GB"),
        ("U.S.A.", "US"),
        ("United States of America", "US"),
        ("South Korea", "KR"),
        ("Türkiye", "TR"),
        ("Turkey", "TR"),
        ("Atlantis", None),
        ("", None),
    ],
)
def test_a_country_is_recognised_by_name_and_code(text: str, code: str | None) -> None:
    assert to_alpha2(text) == code


def test_an_unknown_country_is_a_warning_and_is_kept_as_written() -> None:
    customer, _, warnings = check(row(country="Atlantis"), {}, None)
    assert customer is not None
    assert customer.fields["country"] == "Atlantis"
    assert [warning.code for warning in warnings] == ["unknown_country"]


def test_custom_fields_have_limits_too() -> None:
    _, faults, _ = check(row(), {"Essay": "x" * (CUSTOM_MAX_LENGTH + 1), "Bell": "\x07"}, None)
    assert [(fault.code, fault.field) for fault in faults] == [
        ("too_long", "Essay"),
        ("bad_characters", "Bell"),
    ]


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("Ada King Lovelace", {"first_name": "Ada King", "last_name": "Lovelace"}),
        ("Plato", {"last_name": "Plato"}),
    ],
)
def test_a_full_name_is_split_at_its_last_word(name: str, fields: dict[str, str]) -> None:
    record = {"name": name, "email": "a@example.com", "phone": "1"}
    assert list(split_name(record).items()) == [
        ("name", name),
        ("email", "a@example.com"),
        *fields.items(),
        ("phone", "1"),
    ]


def test_a_last_name_of_the_rows_own_is_not_split_again() -> None:
    record = {"name": "Ada Lovelace", "email": "a@example.com", "last_name": "King"}
    assert split_name(record) is record


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=40), st.text(max_size=30))
def test_any_text_gives_a_verdict_and_a_customer_survives_its_json(
    name: str, email: str, phone: str, country: str
) -> None:
    customer, faults, _ = check(
        {"name": name, "email": email, "phone": phone, "country": country}, {"note": name}, "US"
    )
    assert (customer is None) == bool(faults)
    if customer is not None:
        record = customer.to_json()
        assert orjson.loads(orjson.dumps(record)) == record
