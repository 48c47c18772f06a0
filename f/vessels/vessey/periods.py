"""Times, all of them UTC: those a person gives, and those in replies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from f.connect.errors import FixInput

_AHEAD = timedelta(minutes=5)  # how far clocks may differ
_LONGEST_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Period:
    """From `start`, which is in it, to `end`, which is not."""

    start: datetime
    end: datetime


def period_of(
    start: str, end: str, now: datetime, *, longest_days: int, names: tuple[str, str] = ("start", "end")
) -> Period:
    """Return a period that was given as dates or times; an empty end is now.

    A date as its end is in the period as a whole. FixInput if one is not a time, if they are reversed, or if
    the period is longer than the API takes at once.
    """
    first = _time(start, names[0])
    last = _time(end, names[1], whole_day=True) if end.strip() else now
    if first >= last:
        raise FixInput(
            f"{names[0]} ({_text(first)}) must be before {names[1]} ({_text(last)}). "
            "Are the two the wrong way round?",
            code="bad_period",
        )
    if last - first > timedelta(days=longest_days):
        days = (last - first).total_seconds() / 86_400
        raise FixInput(
            f"From {names[0]} to {names[1]} are {days:.0f} days; Vessey gives at most {longest_days} at a "
            "time. Ask for a shorter period.",
            code="period_too_long",
        )
    return Period(first, last)


def _time(text: str, name: str, *, whole_day: bool = False) -> datetime:
    """A time without an offset is UTC."""
    text = text.strip()
    try:
        if len(text) == 10:
            day = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
            return day + timedelta(days=1) if whole_day else day
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise FixInput(
            f"{name} {text[:_LONGEST_SHOWN]!r} is not a time. Write it like 2026-11-23 or "
            "2026-11-23T06:00:00Z (UTC).",
            code="bad_time",
        ) from error


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")


def to_query(at: datetime) -> str:
    """Return a time as the API takes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_time(
    name: str, value: object, faults: list[str], *, not_after: datetime | None = None
) -> datetime | None:
    """Return a time of a reply in UTC; None with a fault for one without an offset, or from the future."""
    if value is None or value == "":
        return None
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        at = at.astimezone(UTC) if at is not None and at.tzinfo else None
    except (ValueError, OverflowError):
        at = None
    if at is None:
        faults.append(f"{name} is not a time with its offset and was left out.")
        return None
    if not_after is not None and at > not_after + _AHEAD:
        faults.append(f"{name} lies in the future and was left out.")
        return None
    return at


def iso(at: datetime | None) -> str | None:
    """Return a time as ISO 8601 in UTC, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds") if at is not None else None


def read_date(name: str, value: object, faults: list[str]) -> str | None:
    """Return a date of a reply as ISO 8601; None with a fault if it is not one."""
    if value is None or value == "":
        return None
    try:
        return date.fromisoformat(value).isoformat()  # type: ignore[arg-type]  # TypeError is caught
    except (TypeError, ValueError):
        faults.append(f"{name} is not a date and was left out.")
        return None
