"""What people enter, checked before it is sent, and what Stripe's objects hold, read with care."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from f.connect.calls.reply_reader import id_of
from f.connect.errors import FixInput
from f.connect.times import parse_iso

MARK = "millwright_mark"  # the metadata by which a write whose answer was lost is found again
EXTERNAL_ID = "external_id"

_MOST_KEYS = 50 - 1  # one is our mark. https://docs.stripe.com/api/metadata
_LONGEST_KEY = 40
_LONGEST_VALUE = 500
_LONGEST_TEXT = 5_000
_MOST_LISTED = 10_000
_OWN = frozenset({MARK})


def said(value: object) -> str:
    """Return what was entered as text, without spaces around it; empty for nothing.

    A flow may hand a number over where a form has a text.
    """
    return "" if value is None else str(value).strip()


def choice_of(value: object, choices: Sequence[str], name: str) -> str:
    """Return what was chosen; FixInput for what is no choice, which must not be taken for another one."""
    if value not in choices:
        raise FixInput(f"{name} must be one of these: {', '.join(filter(None, choices))}.", code="bad_choice")
    return str(value)


def whole_number(value: object, name: str, least: int, most: int) -> int:
    """Return a whole number; FixInput for anything else, and outside these bounds."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise FixInput(f"{name} must be a whole number from {least} to {most:,}.", code="bad_number")
    return value


def metadata_of(given: Mapping[str, Any] | None) -> dict[str, str]:
    """Return metadata as Stripe takes it; FixInput says what does not fit. An empty value unsets its key."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise FixInput("The metadata must be names with a text each.", code="bad_metadata")
    if len(given) > _MOST_KEYS:
        raise FixInput(
            f"The metadata has {len(given)} entries; Stripe takes {_MOST_KEYS} beside ours.",
            code="bad_metadata",
        )
    return {_key(name): _value(name, value) for name, value in given.items()}


def _key(name: object) -> str:
    key = str(name)
    if not 0 < len(key) <= _LONGEST_KEY or "[" in key or "]" in key or key in _OWN:
        raise FixInput(
            f"A name in the metadata must have 1 to {_LONGEST_KEY} characters and no square brackets"
            + (f", and {key} is taken." if key in _OWN else "."),
            code="bad_metadata",
        )
    return key


def _value(name: object, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if not isinstance(value, str | int | float):
        raise FixInput(f"The metadata's {str(name)[:40]} must be a text or a number.", code="bad_metadata")
    text = str(value)
    if len(text) > _LONGEST_VALUE:
        raise FixInput(
            f"The metadata's {str(name)[:40]} has {len(text)} characters; Stripe takes {_LONGEST_VALUE}.",
            code="bad_metadata",
        )
    return text


def email_of(text: str) -> str:
    """Return an e-mail address; FixInput for what cannot be one. Stripe does not ask whether it exists."""
    email = said(text)
    name, at, host = email.partition("@")
    if email and not (
        name and at and "." in host and "@" not in host and email.isprintable() and " " not in email
    ):
        raise FixInput("The e-mail address is not valid. Correct it.", code="bad_email")
    return email


def span_of(start: str, end: str) -> dict[str, int] | None:
    """Return a span of time in Stripe's words; None where neither of its ends is given.

    Each is a date, which begins at midnight UTC, or a time with its offset; the end is not in it.
    """
    ends = {"gte": _time(start, "created_from"), "lt": _time(end, "created_until")}
    given = {name: seconds for name, seconds in ends.items() if seconds is not None}
    if len(given) > 1 and given["gte"] >= given["lt"]:
        raise FixInput("created_until must be later than created_from.", code="bad_time")
    return given or None


def _time(text: str, name: str) -> int | None:
    value = said(text)
    if not value:
        return None
    seconds = parse_iso(f"{value}T00:00:00+00:00" if len(value) == len("2026-01-31") else value)
    if seconds is None:
        raise FixInput(
            f"{name} must be a date such as 2026-01-31, or a time such as 2026-01-31T08:00:00+01:00.",
            code="bad_time",
        )
    return int(seconds)


def limit_of(limit: int) -> int:
    """Return how many objects to list at most; FixInput outside 1 to 10,000."""
    return whole_number(limit, "The limit", 1, _MOST_LISTED)


def when_of(value: object) -> str:
    """Return seconds since the epoch as ISO 8601; empty for anything else."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 1 << 35:
        return ""
    return datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds")


def id_in(value: object) -> str:
    """Return the id of an object that a field names, or holds whole as it was expanded."""
    return id_of(value.get("id")) if isinstance(value, Mapping) else id_of(value)


def object_in(value: object) -> Mapping[str, Any]:
    """Return the object that a field holds; empty if it holds anything else, such as the id alone."""
    return value if isinstance(value, Mapping) else {}


def metadata_in(found: Mapping[str, Any]) -> dict[str, str]:
    """Return the metadata of an object as it is, without what is ours."""
    return {
        str(name): value
        for name, value in object_in(found.get("metadata")).items()
        if name not in _OWN and isinstance(value, str)
    }


def text_in(value: object) -> str:
    """Return a text as one line, and not masked: the caller asked for just this. Empty for anything else."""
    return " ".join(value.split())[:_LONGEST_TEXT] if isinstance(value, str) else ""
