"""An arrival has no year: it is the one nearest to the report, and what is not known is not made up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyais import decode, encode_dict
from pyais.messages import MessageType5

from f.vessels.vessey.eta import read_eta


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def eta(month: int, day: int, hour: int = 6, minute: int = 30) -> dict[str, int]:
    return {"month": month, "day": day, "hour": hour, "minute": minute}


@pytest.mark.parametrize(
    ("value", "reference", "expected"),
    [
        (eta(11, 24), "2026-11-23", "2026-11-24T06:30+00:00"),
        (eta(1, 2), "2026-12-30", "2027-01-02T06:30+00:00"),
        (eta(12, 30), "2027-01-02", "2026-12-30T06:30+00:00"),
        (eta(5, 20), "2026-11-23", "2027-05-20T06:30+00:00"),
        (eta(5, 28), "2026-11-23", "2026-05-28T06:30+00:00"),
        (eta(2, 29), "2028-01-15", "2028-02-29T06:30+00:00"),
        (eta(2, 29), "2027-12-31", "2028-02-29T06:30+00:00"),
        (eta(11, 24, 0, 0), "2026-11-23", "2026-11-24T00:00+00:00"),
    ],
)
def test_the_year_is_the_nearest(value: dict[str, int], reference: str, expected: str) -> None:
    faults: list[str] = []
    assert read_eta(value, at(reference), faults) == expected
    assert faults == []


@pytest.mark.parametrize(
    ("value", "expected", "said"),
    [
        (eta(0, 0, 24, 60), None, ""),
        (None, None, ""),
        ({}, None, ""),
        (eta(11, 24, 24, 60), "2026-11-24", "no hour"),
        (eta(11, 24, 6, 60), "2026-11-24T06:00+00:00", "no minute"),
        (eta(11, 24, 24, 30), "2026-11-24", "no hour"),
        (eta(11, 0, 24, 60), None, "only the month November"),
        (eta(0, 24), None, "no month"),
        (eta(0, 0, 6, 30), None, ""),
        (eta(2, 29), None, "29th of February"),
        (eta(2, 30), None, "02-30 is not a date"),
        (eta(4, 31), None, "04-31 is not a date"),
        (eta(13, 1), None, "eta.month is not valid"),
        (eta(11, 32), None, "eta.day is not valid"),
        (eta(11, 24, 25), "2026-11-24", "eta.hour is not valid"),
        (eta(11, 24, 6, 61), "2026-11-24T06:00+00:00", "eta.minute is not valid"),
        ({"month": "11", "day": 24, "hour": 6, "minute": 0}, None, "eta.month is not valid"),
        ({"month": True, "day": 24, "hour": 6, "minute": 0}, None, "eta.month is not valid"),
        ("11-24", None, "eta is not an object"),
        (7, None, "eta is not an object"),
    ],
)
def test_what_is_not_known_is_not_made_up(value: object, expected: str | None, said: str) -> None:
    faults: list[str] = []
    assert read_eta(value, at("2026-11-23"), faults) == expected
    assert said in " ".join(faults)
    assert bool(faults) == bool(said)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)),  # noqa: DTZ001 - UTC is added
    st.integers(-180 * 24 * 60, 180 * 24 * 60),
)
@example(datetime(2027, 8, 29), 182 * 24 * 60)  # noqa: DTZ001 - UTC is added
def test_an_arrival_within_half_a_year_is_found_again(reference: datetime, minutes: int) -> None:
    """What pyais carries in a sentence without the year comes back with it."""
    reference = reference.replace(tzinfo=UTC)
    arrives = (reference + timedelta(minutes=minutes)).replace(second=0, microsecond=0)
    fields = {name: getattr(arrives, name) for name in ("month", "day", "hour", "minute")}
    decoded = decode(*encode_dict({"type": 5, "mmsi": 244660000, **fields}))
    assert isinstance(decoded, MessageType5)
    sent = {name: getattr(decoded, name) for name in fields}
    assert sent == fields
    assert read_eta(sent, reference, []) == arrives.isoformat(timespec="minutes")


@given(
    st.dictionaries(
        st.sampled_from(["month", "day", "hour", "minute"]),
        st.one_of(st.integers(-2, 70), st.none(), st.text(max_size=2), st.booleans()),
    ),
    st.datetimes(datetime(1990, 1, 1), datetime(9999, 1, 1)),  # noqa: DTZ001 - UTC is added
)
def test_nothing_of_a_reply_raises(value: dict[str, object], reference: datetime) -> None:
    read_eta(value, reference.replace(tzinfo=UTC), [])
