"""Small pure rules, one table each."""

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from f.connect.histogram import Histogram
from f.customers.validation.reasons import TEXTS
from f.records.reading.seen_keys import SeenKeys
from f.records.rows.outcome import MEANING, OUTCOMES, REASONS, outcome_of
from f.records.rows.rejects_file import ADDED_COLUMNS, escape, is_rejects_header, render, undo
from f.records.sending.pacing import BatchFacts, next_delay
from f.records.target.replies import explanation


@pytest.mark.parametrize(
    ("current", "facts", "delay"),
    [
        (0.0, BatchFacts(100, 0, 0.1), 0.0),  # healthy stays as asked
        (0.0, BatchFacts(100, 0, 3.0), 0.25),  # slow answers begin to wait
        (1.0, BatchFacts(100, 0, 3.0), 2.0),  # and double
        (0.0, BatchFacts(100, 20, 0.1), 0.25),  # so does a low success rate
        (0.0, BatchFacts(100, 5, 0.1), 0.0),  # a few failures do not
        (20.0, BatchFacts(100, 100, 9.0), 30.0),  # capped
        (8.0, BatchFacts(100, 0, 0.1), 4.0),  # recovery halves
        (0.1, BatchFacts(100, 0, 0.1), 0.0),  # down to what was asked
        (3.0, BatchFacts(0, 0, 0.0), 3.0),  # nothing learnt, nothing changed
    ],
)
def test_the_pace_follows_the_service(current: float, facts: BatchFacts, delay: float) -> None:
    assert next_delay(current, facts, base=0.0) == delay


@given(st.floats(0, 30), st.integers(0, 100), st.floats(0, 60), st.floats(0, 5))
def test_the_pace_stays_between_what_was_asked_and_the_cap(
    current: float, troubled: int, seconds: float, base: float
) -> None:
    delay = next_delay(max(current, base), BatchFacts(100, troubled, seconds), base=base)
    assert base <= delay <= 30


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "'"])
def test_no_cell_of_the_rejects_file_runs_as_a_formula(start: str) -> None:
    assert escape(f"{start}cmd()") == f"'{start}cmd()"


RECORD = {"line": 7, "outcome": "invalid", "code": "missing_email", "detail": ""}


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1, max_size=5))
def test_the_users_own_cells_come_back_from_the_rejects_file(cells: list[str]) -> None:
    header = [f"column {number}" for number, _ in enumerate(cells)]
    text = "".join(render(header, [{**RECORD, "cells": cells}], TEXTS))
    first, second = csv.reader(io.StringIO(text, newline=""))
    assert is_rejects_header(first)
    assert undo(first) == header
    assert undo(second) == cells


@pytest.mark.parametrize(
    ("cells", "shown"),
    [(["a"], ["a", "", ""]), (["a", "b", "c", "d"], ["a", "b", "c,d"]), (["a", "b", "c"], ["a", "b", "c"])],
)
def test_a_row_of_the_wrong_width_keeps_the_reasons_in_their_columns(
    cells: list[str], shown: list[str]
) -> None:
    _, row = csv.reader(io.StringIO("".join(render(["x", "y", "z"], [{**RECORD, "cells": cells}], TEXTS))))
    assert row[:3] == shown
    assert dict(zip(ADDED_COLUMNS, row[3:], strict=True))["reject_reason"] == "missing_email"


def test_every_outcome_has_a_meaning_and_every_reason_an_outcome_of_ours() -> None:
    assert set(MEANING) == set(OUTCOMES)
    assert {text.outcome for text in REASONS.values()} <= {*OUTCOMES, None}
    assert not [code for code, text in REASONS.items() if not text.message.endswith(".") or not text.hint]


def test_a_warning_decides_no_outcome() -> None:
    with pytest.raises(ValueError, match="warning"):
        outcome_of("unparsable_phone", TEXTS)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"message": "Name is bad"}, "Name is bad"),
        ({"error": {"message": "nested"}}, "nested"),
        ({"errors": [{"field": "name", "message": "required"}]}, "name: required"),
        ({"errors": {"name": ["too short", "odd"]}}, "name: too short; name: odd"),
        ([{"errorCode": "X", "message": "from a list"}], "from a list"),
        ("plain", "plain"),
        (None, ""),
        ({"unrelated": 1}, ""),
    ],
)
def test_an_explanation_is_found_where_apis_put_it(body: Any, said: str) -> None:
    assert explanation(body) == said


def test_latencies_of_chunks_add_up() -> None:
    parts = []
    for start in (0, 50):
        part = Histogram()
        for ms in range(start + 1, start + 51):
            part.add(ms / 1000)
        parts.append(part.to_json())
    summary = Histogram.merged(parts).summary()
    assert summary is not None
    assert summary["max"] == 100.0
    assert 50 <= summary["p50"] <= 55
    assert 95 <= summary["p95"] <= 100


def test_no_latency_at_all_has_no_summary() -> None:
    assert Histogram().summary() is None


@pytest.mark.parametrize("most_waiting", [1, 150, 1 << 20])
def test_a_key_is_seen_once_and_remembers_its_line(most_waiting: int) -> None:
    with SeenKeys(cache_bytes=1 << 16, most_waiting=most_waiting) as seen:
        for start in range(0, 5000, 100):
            assert seen.earlier([(f"k{number}", number) for number in range(start, start + 100)]) == {}
        assert seen.earlier([("k17", 9001), ("new", 9002), ("k4999", 9003), ("new", 9004)]) == {
            9001: 17,
            9003: 4999,
            9004: 9002,
        }
        assert seen.earlier([]) == {}
