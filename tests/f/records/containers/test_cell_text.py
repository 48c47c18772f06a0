"""A cell's text is what a person would have typed."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format, is_timedelta_format
from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from f.records.containers.cell_text import (
    Kind,
    column_of,
    dated_text,
    iso_text,
    kind_of,
    number_text,
    plain_text,
)


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("1", "1"),
        ("1.0", "1"),
        ("0", "0"),
        ("-0", "0"),
        ("007", "7"),
        ("0.1", "0.1"),
        ("0.30000000000000004", "0.3"),
        ("19999.900000000001", "19999.9"),
        ("1E+15", "1000000000000000"),
        ("4.14155E+11", "414155000000"),
        ("491701234567", "491701234567"),
        ("1.23456789012345E+16", "12345678901234500"),
        ("12345678901234567890", "12345678901234567890"),  # written out by another program than Excel
        ("1E-7", "0.0000001"),
        ("-2.5E-5", "-0.000025"),
        ("1.5E+300", "1.5E+300"),
        ("1E-300", "1E-300"),
        ("1E400", "1E400"),
        ("0.19", "0.19"),
        ("nan", "nan"),
        ("abc", "abc"),
        ("1_000", "1_000"),
    ],
)
def test_a_number_is_the_shortest_text_for_it(stored: str, text: str) -> None:
    assert number_text(stored) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_keeps_15_digits(number: float) -> None:
    assert float(number_text(repr(number))) == float(f"{number:.15g}")


@given(st.integers(-(10**15) + 1, 10**15 - 1))
def test_a_whole_number_that_excel_can_hold_stays_all_digits(number: int) -> None:
    assert number_text(str(number)) == number_text(f"{float(number):.16E}") == str(number)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("General", "number"),
        ("Standard", "number"),
        ("0.00", "number"),
        ("0", "number"),
        ("00000", "00000"),
        ("[$-407]00000", "00000"),
        ("0%", "number"),
        ("0.00E+00", "number"),
        ('#,##0.00\\ "€";[Red]\\-#,##0.00\\ "€"', "number"),
        ("[$$-409]#,##0.00", "number"),
        ('_-* #,##0.00\\ "Stk/Day"_-', "number"),
        ("0.00 USD", "number"),
        ("@", "number"),
        ("", "number"),
        ("dd.mm.yyyy", "date"),
        ("TT.MM.JJJJ", "date"),
        ("[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", "date"),
        ("m/d/yy h:mm", "date"),
        ("[$-409]mmm\\-yy;@", "date"),
        ('yyyy"年"m"月"d"日"', "date"),
        ("mmmm", "date"),
        ("h:mm AM/PM", "time"),
        ("mm:ss.0", "time"),
        ("hh:mm:ss;@", "time"),
        ("[h]:mm:ss", "duration"),
        ("[mm]:ss", "duration"),
    ],
)
def test_a_format_says_what_a_number_is(code: str, kind: Kind) -> None:
    assert kind_of(200, code) == kind


@pytest.mark.parametrize(("number", "code"), BUILTIN_FORMATS.items())
def test_the_formats_without_a_text_are_those_of_another_library(number: int, code: str) -> None:
    kind = kind_of(number, None)
    assert (kind != "number") == is_date_format(code)
    assert (kind == "duration") == is_timedelta_format(code)


@pytest.mark.parametrize(
    ("stored", "kind", "text"),
    [
        ("44197", "date", "2021-01-01"),
        ("44197.5", "date", "2021-01-01T12:00:00"),
        ("44197.999999999", "date", "2021-01-02"),
        ("44197.604166666664", "date", "2021-01-01T14:30:00"),
        ("1", "date", "1900-01-01"),
        ("59", "date", "1900-02-28"),
        ("60", "date", "1900-02-29"),  # which Excel shows, and no calendar has
        ("61", "date", "1900-03-01"),
        ("2958465", "date", "9999-12-31"),
        ("2958465.9999999999", "date", "2958466"),
        ("2958466", "date", "2958466"),
        ("-1", "date", "-1"),
        ("0", "date", "0"),
        ("0.5", "time", "12:00:00"),
        ("0", "time", "00:00:00"),
        ("0.60416666666666663", "time", "14:30:00"),
        ("0.00001157407", "time", "00:00:01"),
        ("0.000005787037", "time", "00:00:00.500"),
        ("44197.25", "time", "2021-01-01T06:00:00"),
        ("1.5", "duration", "36:00:00"),
        ("0.25", "duration", "06:00:00"),
        ("never", "date", "never"),
        ("1E999", "date", "1E999"),
    ],
)
def test_a_date_is_iso(stored: str, kind: Kind, text: str) -> None:
    assert dated_text(stored, kind, from_1904=False) == text


@given(st.integers(61 * 86_400, 2_958_465 * 86_400 - 1), st.booleans())
def test_dates_are_those_of_another_library(seconds: int, from_1904: bool) -> None:
    days = seconds / 86_400
    epoch = CALENDAR_MAC_1904 if from_1904 else CALENDAR_WINDOWS_1900
    if from_1904 and days > 2_957_003:
        return
    known = from_excel(days, epoch)
    assert isinstance(known, dt.datetime)
    text = dated_text(repr(days), "date", from_1904=from_1904)
    assert dt.datetime.fromisoformat(text) == known


def test_days_are_counted_from_1904_where_the_workbook_says_so() -> None:
    assert dated_text("0", "date", from_1904=True) == "1904-01-01"
    assert dated_text("42735.5", "date", from_1904=True) == "2021-01-01T12:00:00"
    assert dated_text("0.5", "time", from_1904=True) == "12:00:00"
    assert dated_text("2957004", "date", from_1904=True) == "2957004"


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("2024-03-01T00:00:00", "2024-03-01"),
        ("2024-03-01T00:00:00.000Z", "2024-03-01"),
        ("2024-03-01T14:30:00", "2024-03-01T14:30:00"),
        ("2024-03-01", "2024-03-01"),
    ],
)
def test_a_date_stored_as_text_loses_its_midnight(stored: str, text: str) -> None:
    assert iso_text(stored) == text


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("a_x000D_\nb", "a\nb"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("_x005F_x000D_", "_x000D_"),
        ("_x0000__xD800_x", "x"),
        ("file_x.csv", "file_x.csv"),
        ("  spaces  ", "  spaces  "),
    ],
)
def test_what_xml_cannot_hold_is_unescaped(stored: str, text: str) -> None:
    assert plain_text(stored) == text


@pytest.mark.parametrize(
    ("letters", "column"),
    [
        ("A", 0),
        ("Z", 25),
        ("AA", 26),
        ("xfd", 16_383),
        ("XFE", -1),
        ("", -1),
        ("A1B", -1),
        ("ÄÄ", -1),
        ("AAAA", -1),
    ],
)
def test_letters_name_a_column(letters: str, column: int) -> None:
    assert column_of(letters) == column
