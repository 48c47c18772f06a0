"""What a target did to a value, and which rows a sample takes."""

from __future__ import annotations

from itertools import pairwise

import pytest

from f.records.rows.row import Found, Row
from f.records.verifying.certificate import Comparison, kind_of
from f.records.verifying.read_back import SAMPLE_ROWS, sample
from tests.products import shop_target


@pytest.mark.parametrize(
    ("sent", "there"),
    [
        ("Ada@Example.com", "ada@example.com"),
        ("Acme  Ltd ", "ACME Ltd"),
        ("Zoe\u0308", "Zo\u00eb"),
        ("12.50", "12.5"),
        ("+49 30 1234567", "030/1234567"),
        ("+15551234567", "(555) 123-4567"),
        ("555-123-4567", "5551234567"),
        ("555.123.4567", "555-123-4567"),
        ("1.234.567", "1234567"),
    ],
)
def test_the_target_has_its_own_way_of_writing(sent: str, there: str) -> None:
    assert kind_of(sent, there) == "normalised"


@pytest.mark.parametrize(
    ("sent", "there"),
    [
        ("a long name", "a long"),
        ("A  Long Name", "a long"),
        ("+49 30 1234567", "+49 30 12345"),
        ("1500", "150"),
    ],
)
def test_the_target_keeps_the_beginning_only(sent: str, there: str) -> None:
    assert kind_of(sent, there) == "truncated"


@pytest.mark.parametrize(
    ("sent", "there"),
    [
        ("Acme", ""),
        ("Acme", "Acme GmbH"),
        ("5", "50"),
        ("1.5", "15"),
        ("-5", "5"),
        ("C++ Ltd", "C Ltd"),
        ("???", "!!!"),
        ("Ann 5551234567", "Bob 5551234567"),
        ("01067", "1067"),
        ("0012345678", "12345678"),
        ("15551234567", "5551234567"),
        ("11/2/2024", "1/12/2024"),
        ("+49 30 1234567", "+49 30 1234568"),
    ],
)
def test_another_value_is_never_taken_for_another_way_of_writing(sent: str, there: str) -> None:
    assert kind_of(sent, there) == "changed"


@pytest.mark.parametrize("count", [0, 1, 299, 300, 301, 599, 900, 100_000])
def test_a_sample_has_its_size_and_takes_one_row_of_each_part(count: int) -> None:
    chosen = sorted(sample(count))
    assert len(chosen) == min(count, SAMPLE_ROWS)
    assert chosen == sorted(sample(count))
    starts = [part * count // len(chosen) for part in range(len(chosen) + 1)] if chosen else []
    assert all(start <= one < end for one, (start, end) in zip(chosen, pairwise(starts), strict=True))


@pytest.mark.parametrize("batch", [10, 50, 100, 200])
def test_a_sample_meets_the_last_rows_of_batches(batch: int) -> None:
    """Which a row at every fixed distance never would in a file of a round number of rows."""
    assert any(number % batch == batch - 1 for number in sample(30_000))


def test_digits_that_a_target_keeps_as_a_number_have_lost_their_zero() -> None:
    comparison = Comparison(shop_target("http://localhost"), lambda _: None)
    row = Row(2, [], "A", {"sku": "A", "title": "01067", "price": "12.50"})
    comparison.found(row, Found("1", {"sku": "A", "title": 1067, "price": {"amount": 12.5}}))
    [one] = comparison.alterations()
    assert (one["field"], one["kind"], comparison.altered) == ("title", "changed", 1)
