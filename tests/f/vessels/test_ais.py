"""What a real AIS sentence leaves out is None, what it says passes: pyais has the word on both.

pyais encodes each value into a sentence of type 1 or 5 and decodes it again; ours then reads what it decoded.
"""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyais import decode, encode_dict
from pyais.messages import MessageType1, MessageType5

from f.vessels.vessey.ais import RULES, STATUSES, read_number, read_rate_of_turn, read_status, read_text

NAMES = {"lat": "lat", "lon": "lon", "sog": "speed", "cog": "course", "heading": "heading"}
# What a transponder sends for a value that it does not know: ITU-R M.1371-5, tables 48 and 55.
MISSING = {"lat": 91, "lon": 181, "sog": 102.3, "cog": 360, "heading": 511}
STEPS = {"lat": 1 / 600_000, "lon": 1 / 600_000, "sog": 0.1, "cog": 0.1, "heading": 1}
RANGES = {
    "lat": (-54_000_000, 54_000_000), "lon": (-108_000_000, 108_000_000), "sog": (0, 1022),
    "cog": (0, 3599), "heading": (0, 359),
}  # fmt: skip


def position(**fields: Any) -> MessageType1:
    """A position report as pyais decodes it, out of a sentence it has encoded."""
    sentence = encode_dict({"type": 1, "mmsi": 244660000, **fields})[0]
    decoded = decode(sentence)
    assert isinstance(decoded, MessageType1)
    return decoded


def voyage(**fields: Any) -> MessageType5:
    """Voyage data as pyais decodes it, out of the two sentences it has encoded."""
    sentences = encode_dict({"type": 5, "mmsi": 244660000, **fields})
    decoded = decode(*sentences)
    assert isinstance(decoded, MessageType5)
    return decoded


def read(name: str, value: object) -> float | None:
    """Read a value that must be no fault."""
    faults: list[str] = []
    number = read_number(name, value, faults)
    assert faults == []
    return number


@pytest.mark.parametrize("name", NAMES)
def test_a_value_that_is_not_available_is_none(name: str) -> None:
    decoded = getattr(position(**{NAMES[name]: MISSING[name]}), NAMES[name])
    assert math.isclose(decoded, MISSING[name], abs_tol=STEPS[name])
    assert read(name, decoded) is None


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_an_ordinary_value_passes(name: str, data: st.DataObject) -> None:
    steps = data.draw(st.integers(*RANGES[name]))
    decoded = getattr(position(**{NAMES[name]: steps * STEPS[name]}), NAMES[name])
    assert read(name, decoded) == decoded


@pytest.mark.parametrize("name", NAMES)
def test_the_ends_of_a_range_are_in_it_and_the_step_behind_is_not(name: str) -> None:
    rule = RULES[name]
    for end in (rule.least, rule.most):
        assert read(name, end) == end
    for beyond in (rule.least - 1, rule.most + 2):  # 1 above the most lies, of some, what is not available
        faults: list[str] = []
        assert read_number(name, beyond, faults) is None
        assert len(faults) == 1


@given(st.integers(-126, 126))
@example(0)
def test_a_rate_of_turn_passes(indicator: int) -> None:
    degrees = math.copysign((indicator / 4.733) ** 2, indicator)
    decoded = position(turn=degrees).turn
    faults: list[str] = []
    assert read_rate_of_turn(float(decoded), faults) == float(decoded)
    assert faults == []


@pytest.mark.parametrize("indicator", [-128, 127, -127])
def test_a_rate_of_turn_that_nobody_measures_is_none(indicator: int) -> None:
    decoded = position(turn=indicator).turn
    faults: list[str] = []
    assert float(decoded) == indicator
    assert (read_rate_of_turn(float(decoded), faults), faults) == (None, [])


@pytest.mark.parametrize("number", range(16))
def test_a_status_has_its_word_and_15_has_none(number: int) -> None:
    decoded = int(position(status=number).status)
    faults: list[str] = []
    assert read_status(decoded, faults) == (STATUSES[number] if number < 15 else None)
    assert faults == []


@pytest.mark.parametrize("number", [16, -1, 255, 2.5])
def test_a_status_that_there_is_not_is_a_fault(number: float) -> None:
    faults: list[str] = []
    assert read_status(number, faults) is None
    assert len(faults) == 1


@given(st.integers(0, 255))
@example(0)
@example(255)
def test_a_draught_passes_and_0_is_none(tenths: int) -> None:
    decoded = voyage(draught=tenths / 10).draught
    assert read("draught", decoded) == (decoded if tenths else None)


@given(st.text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -./", max_size=20))
@example("")
@example("@@@@")
def test_a_destination_passes_and_an_empty_one_is_none(text: str) -> None:
    decoded = voyage(destination=text).destination
    faults: list[str] = []
    assert read_text("destination", decoded, faults) == (decoded.strip() or None)
    assert faults == []


def test_what_fills_a_name_up_is_no_part_of_it() -> None:
    assert read_text("name", "AURORA@@@@@@@@@@@@@@", []) == "AURORA"
    assert read_text("name", "AURORA@OLD NAME", []) == "AURORA"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("lat", 95), ("lat", -90.1), ("lon", 180.5), ("lon", -181), ("sog", -1), ("sog", 103), ("cog", 361),
        ("cog", -1), ("heading", 360), ("heading", 12.5), ("rot", 720), ("draught", -3), ("draught", 26),
        ("lat", "51.9"), ("lat", True), ("lat", []), ("lat", {}), ("lat", 1e300), ("lat", 10**400),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_left_out_and_said(name: str, value: object) -> None:
    faults: list[str] = []
    assert read_number(name, value, faults) is None
    assert len(faults) == 1
    assert faults[0].startswith(name)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_what_json_should_not_hold_is_left_out(value: float) -> None:
    faults: list[str] = []
    assert read_number("lat", value, faults) is None
    assert faults == ["lat is not a number and was left out."]
