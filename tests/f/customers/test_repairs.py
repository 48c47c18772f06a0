"""What other programs did to cells: repaired with a reason, warned of, or refused; never changed silently."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f.customers.parse_csv import main
from f.customers.validation.countries import to_alpha2
from f.customers.validation.customer import check
from f.customers.validation.customer_type import CUSTOMERS
from f.customers.validation.row_check import RowCheck
from f.records.reading.columns import map_columns
from f.records.reading.record_type import Fault
from f.records.rows.repairs import EMPTY_WORDS, needs_no_repair, repair
from f.records.rows.row_store import read_rows


def seen(**values: str) -> tuple[dict[str, Any] | None, list[Fault], list[Fault]]:
    customer, faults, warnings = check({"name": "Ada", "email": "ada@example.com", **values}, {}, None)
    return customer.to_json() if customer else None, faults, warnings


@pytest.mark.parametrize(
    ("field", "before", "after", "code"),
    [
        ("phone", "4.14155E+11", "", "lost_digits"),
        ("phone", "4,14155E+11", "", "lost_digits"),
        ("external_id", "1.23457E+17", "", "lost_digits"),
        ("phone", "'+49 30 23125042", "+493023125042", "excel_text"),
        ("postal_code", '="01067"', "01067", "excel_text"),
        ("phone", "4930231250.0", "4930231250", "added_point"),
        ("external_id", "10023.0", "10023", "added_point"),
        ("name", "Müller".encode().decode("cp1252"), "Müller", "mojibake"),
        ("name", "Weiß".encode().decode("latin-1"), "Weiß", "mojibake"),
        ("city", "Zürich".encode().decode("cp1252"), "Zürich", "mojibake"),
        ("name", "Müller".encode().decode("cp1252").encode().decode("cp1252"), "Müller", "mojibake"),
        ("name", "M&uuml;ller", "Müller", "html_entities"),
        ("company", "Smith &amp; Sons", "Smith & Sons", "html_entities"),
        ("name", "Ada\u200bHopper", "AdaHopper", "invisible_characters"),
        ("name", "Ada\u00a0Hopper", "Ada Hopper", "invisible_characters"),
        ("name", "Ada\u00adHopper", "AdaHopper", "invisible_characters"),
        ("name", "\ufeffAda", "Ada", "invisible_characters"),
        ("phone", "\u202d+49 30 23125042\u202c", "+493023125042", "invisible_characters"),
        ("city", "NULL", "", "empty_word"),
        ("city", "#N/A", "", "empty_word"),
        ("city", "\\N", "", "empty_word"),
        ("phone", "n/a", "", "empty_word"),
        ("country", "-", "", "empty_word"),
        ("first_name", "#N/A", "", "empty_word"),
        ("email", "mailto:ada@example.com", "ada@example.com", "email_unwrapped"),
        ("email", "Ada Hopper <ada@example.com>", "ada@example.com", "email_unwrapped"),
        ("email", "<ada@example.com>", "ada@example.com", "email_unwrapped"),
        ("email", "ada@example.com;", "ada@example.com", "email_unwrapped"),
        ("email", "ada@example.com.", "ada@example.com", "email_unwrapped"),
        ("email", "'ada@example.com'", "ada@example.com", "email_unwrapped"),
        ("email", "ada@example.com, ADA@example.com", "ada@example.com", "email_unwrapped"),
    ],
)
def test_a_damaged_cell_is_repaired_or_left_out_with_its_reason(
    field: str, before: str, after: str, code: str
) -> None:
    customer, faults, warnings = seen(**{field: before})
    assert not faults
    assert customer is not None
    assert customer.get(field, "") == after
    warning = next(one for one in warnings if one.code == code)
    assert (warning.field, warning.before) == (field, before)
    if code != "lost_digits" and field != "phone":
        assert warning.after == after


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("last_name", "Null"),
        ("last_name", "None"),
        ("first_name", "Nan"),
        ("name", "'t Hooft"),
        ("name", "O'Neill"),
        ("name", "SÃO PAULO"),
        ("name", "IRMÃ"),
        ("name", "Müller"),
        ("name", "Îles Ñandú"),
        ("company", "R&D; Co"),
        ("company", "A & B"),
        ("external_id", "1E5"),
        ("external_id", "v1.0"),
        ("city", "می\u200cروم"),
        ("notes", "none"),
        ("notes", "Write &amp; for an ampersand"),
        ("street", "1 Main Street"),
    ],
)
def test_what_may_be_meant_is_left_as_it_is(field: str, text: str) -> None:
    customer, faults, warnings = seen(**{field: text})
    assert customer is not None
    assert customer[field] == text
    assert not faults
    assert not warnings


def test_several_addresses_in_one_cell_are_refused_and_none_is_lost() -> None:
    customer, faults, _ = seen(email="ada@example.com; grace@example.com")
    assert customer is None
    assert [(fault.code, fault.detail) for fault in faults] == [("several_emails", "2 addresses")]


def test_the_name_beside_an_address_is_the_name_where_there_is_none() -> None:
    customer, _, _ = seen(name="", email="Ada Hopper <ada@example.com>")
    assert customer is not None
    assert customer["name"] == "Ada Hopper"


def test_a_direction_override_is_refused() -> None:
    _, faults, _ = seen(name="reversed \u202eeman")
    assert [fault.code for fault in faults] == ["bad_characters"]


@pytest.mark.parametrize(
    ("code", "country", "warned"),
    [
        ("1067", "DE", True),
        ("1067", "Germany", True),
        ("01067", "DE", False),
        ("1010", "AT", False),
        ("", "DE", False),
    ],
)
def test_a_postal_code_that_lost_its_zero_is_warned_of(code: str, country: str, warned: bool) -> None:
    customer, _, warnings = seen(postal_code=code, country=country)
    assert customer is not None
    assert customer.get("postal_code", "") == code
    assert [warning.code for warning in warnings] == ["short_postal_code"] * warned


def test_a_column_of_ones_own_keeps_its_dashes_and_loses_what_is_never_a_value() -> None:
    customer, _, warnings = check(
        {"name": "Ada", "email": "ada@example.com"},
        {"VIP": "-", "Rank": "#N/A", "Own": "None", "R": "1.5E+10"},
        None,
    )
    assert customer is not None
    assert customer.custom == {"VIP": "-", "Own": "None", "R": "1.5E+10"}
    assert [(one.code, one.field) for one in warnings] == [("empty_word", "Rank")]


def test_a_far_eastern_name_has_the_last_name_first() -> None:
    customer, _, _ = seen(name="", first_name="太郎", last_name="山田")
    assert customer is not None
    assert customer["name"] == "山田 太郎"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Allemagne", "DE"),
        ("Alemania", "DE"),
        ("Niemcy", "DE"),
        ("Almanya", "DE"),
        ("ドイツ", "DE"),
        ("德国", "DE"),
        ("Германия", "DE"),
        ("Γερμανία", "DE"),
        ("Bresil", "BR"),
        ("Royaume-Uni", "GB"),
        ("Großbritannien", "GB"),
        ("Slovenská republika", "SK"),
        ("República Islâmica do Paquistão", None),
    ],
)
def test_a_country_is_known_in_the_languages_of_most_files(text: str, code: str | None) -> None:
    assert to_alpha2(text) == code


def test_repairs_are_kept_for_the_report_and_masked_in_what_leaves() -> None:
    rows = "".join(f"Person {n},p{n}@example.com,4.14155E+11\n" for n in range(1_200))
    parsed = main(text=f"name,email,phone\nSecret\u00a0Person,mailto:secret@example.com,1\n{rows}")
    kept = list(read_rows(parsed["repairs"]))
    assert len(kept) == 1_000
    assert kept[:2] == [
        {
            "line": 2,
            "column": "name",
            "code": "invisible_characters",
            "before": "Secret\u00a0Person",
            "after": "Secret Person",
        },
        {
            "line": 2,
            "column": "email",
            "code": "email_unwrapped",
            "before": "mailto:secret@example.com",
            "after": "secret@example.com",
        },
    ]
    lost = next(reason for reason in parsed["reasons"] if reason["code"] == "lost_digits")
    assert (lost["rows"], lost["outcome"]) == (1_200, "warning")
    shown = next(reason for reason in parsed["reasons"] if reason["code"] == "email_unwrapped")["examples"]
    assert shown == [
        {"line": 2, "column": "email", "value": "ma… (25 characters)", "after": "se… (18 characters)"}
    ]
    assert "secret" not in json.dumps(parsed["reasons"]).lower()


def test_the_guesses_are_listed_and_a_rejects_file_of_a_guessed_file_maps_alike() -> None:
    text = "Ada,Hopper,ada@example.com\nGrace,Lovelace,grace@@example.com\n"
    parsed = main(text=text, has_header=False)
    assert [(guess["field"], guess["how"]) for guess in parsed["guesses"]] == [
        ("first_name", "position"),
        ("last_name", "position"),
        ("email", "content"),
    ]
    assert parsed["header"] == ["column_1 [first_name]", "column_2 [last_name]", "column_3 [email]"]
    again = main(text=",".join(parsed["header"]) + "\nGrace,Lovelace,nobody\nBob,Boyd,bob@example.com\n")
    assert [guess["field"] for guess in again["guesses"]] == ["first_name", "last_name", "email"]
    assert again["header"] == parsed["header"]


DAMAGED = st.sampled_from(
    [*sorted(EMPTY_WORDS), "4.1E+11", "'0049", '="01"', "M\u00c3\u00bcller", "M&uuml;ller", "a\u00a0b", "Ada",
     "", "A & B", "e+12", "12.0", "1067", "DE", "山", "ada@example.com", "mailto:ada@example.com", "x;",
     "a&b;", "'t", "+49 30 23125042"]
)  # fmt: skip
HEADER = ["First Name", "Last Name", "E-Mail", "Phone", "ZIP", "Country", "Company", "ID", "Own"]


@given(st.lists(st.lists(DAMAGED, min_size=len(HEADER), max_size=len(HEADER)), min_size=1, max_size=20))
def test_the_short_cut_and_the_rule_agree_on_damaged_cells(rows: list[list[str]]) -> None:
    checks = RowCheck(map_columns(HEADER, CUSTOMERS), "DE")
    for row, verdict in zip(rows, checks.verdicts(rows), strict=True):
        assert json.dumps(verdict) == json.dumps(checks.by_rule(row))


def test_a_point_that_reading_a_number_would_take_for_a_separator_is_taken_off_before() -> None:
    row = ["Ada", "Hopper", "ada@example.com", "12345.0", "", "Austria", "", "", ""]
    record, faults, warnings = RowCheck(map_columns(HEADER, CUSTOMERS), None).verdicts([row])[0]
    assert record is not None
    assert (record["phone"], faults) == ("+4312345", [])
    assert [(warning.code, warning.after) for warning in warnings] == [("added_point", "12345")]


@given(st.text(st.characters(codec="utf-8"), max_size=30))
def test_no_cell_that_counts_as_whole_would_be_repaired(text: str) -> None:
    clean = f" {text} "
    if clean.isprintable() and "  " not in clean and needs_no_repair([clean], clean):
        assert repair(text).text == text


@given(st.text(st.characters(codec="utf-8", categories=["L", "M", "N", "P", "Zs"]), max_size=30))
def test_a_repaired_cell_needs_no_second_repair_and_only_misread_letters_change(text: str) -> None:
    once = repair(text)
    assert (once.text == text) is not bool(once.codes) or once.text == text
    if "mojibake" not in once.codes:
        assert [char for char in once.text if char.isalpha()] == [
            char for char in text if char.isalpha()
        ] or ("html_entities" in once.codes)
