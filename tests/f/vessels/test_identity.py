"""An IMO number is seven digits of which the last checks the others; what is wrong with one is said."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f.connect.errors import FixInput
from f.vessels.vessey.identity import check_digit, imo_of, read_imo, read_mmsi


@pytest.mark.parametrize(
    "text", ["9074729", "IMO 9074729", "imo9074729", " IMO-9074729 ", "IMO: 9074729", 9074729]
)
def test_a_number_is_taken_in_the_ways_it_is_written(text: object) -> None:
    assert imo_of(text) == "9074729"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("9074728", "the check digit must be 9, not 8"),
        ("907472", "has 6 digits; it must have seven"),
        ("90747290", "has 8 digits"),
        ("", "No IMO number"),
        ("IMO", "No IMO number"),
        ("9O74729", "must be seven digits"),
        ("٩٠٧٤٧٢٩", "must be seven digits"),
        ("$var:f/a/secret", "must be seven digits"),
        (None, "must be text or a number"),
        (True, "must be text or a number"),
        (["9074729"], "must be text or a number"),
    ],
)
def test_what_is_no_imo_number_is_said(text: object, said: str) -> None:
    with pytest.raises(FixInput, match=said) as caught:
        imo_of(text)
    assert caught.value.code == "bad_imo"
    assert "secret" not in str(caught.value)


@given(st.integers(0, 999_999), st.integers(0, 9))
def test_one_check_digit_of_ten_is_right(first_six: int, last: int) -> None:
    digits = f"{first_six:06}"
    if check_digit(digits) == str(last):
        assert imo_of(f"{digits}{last}") == f"{digits}{last}"
    else:
        with pytest.raises(FixInput, match=f"must be {check_digit(digits)}, not {last}"):
            imo_of(f"{digits}{last}")


@given(st.integers(0, 999_999), st.integers(0, 5), st.integers(1, 9))
def test_a_mistyped_digit_is_found_unless_its_weight_hides_it(six: int, place: int, by: int) -> None:
    digits = f"{six:06}"
    wrong = digits[:place] + str((int(digits[place]) + by) % 10) + digits[place + 1 :]
    shift = (int(wrong[place]) - int(digits[place])) * (7 - place)
    assert (check_digit(wrong) == check_digit(digits)) == (shift % 10 == 0)


@pytest.mark.parametrize(
    ("value", "expected", "faults"),
    [
        (0, None, 0),
        (None, None, 0),
        ("", None, 0),
        (9074729, "9074729", 0),
        (1234568, None, 1),
        (False, None, 1),
    ],
)
def test_an_imo_number_of_a_reply(value: object, expected: str | None, faults: int) -> None:
    found: list[str] = []
    assert (read_imo(value, found), len(found)) == (expected, faults)


@pytest.mark.parametrize(
    ("value", "expected", "faults"),
    [
        (244660000, "244660000", 0), ("002320001", "002320001", 0), (0, None, 0), (None, None, 0),
        (12345678, None, 1), ("24466000x", None, 1), (True, None, 1), (2446600001, None, 1), ([], None, 1),
    ],
)  # fmt: skip
def test_an_mmsi_of_a_reply(value: object, expected: str | None, faults: int) -> None:
    found: list[str] = []
    assert (read_mmsi(value, found), len(found)) == (expected, faults)
