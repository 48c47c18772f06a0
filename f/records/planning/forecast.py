"""What an import will cost in calls and days, before anything is sent. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, TypedDict

from f.connect.times import DAY_SECONDS, to_iso

if TYPE_CHECKING:
    from f.connect.integration import RateLimit
    from f.records.target.target import OnDuplicate, QuotaLeft, Target

# Opening, filling, closing a bulk job and reading its two results, and the looks at it while it loads.
_BULK_CALLS, _FEWEST_LOOKS, _MOST_LOOKS = 5, 1, 15


class Forecast(TypedDict):
    """What an import will cost: `calls_at_least` to `calls`, against the target's quota of a day.

    `left_today` and `renews_at` (ISO 8601) are those of the tightest quota that is known; `seconds` is
    what the rate limit makes it take at least; `days` counts from today, 1 if it fits.
    """

    calls_at_least: int
    calls: int
    daily_limit: int | None
    left_today: int | None
    renews_at: str | None
    seconds: float | None
    days: int | None
    message: str


class Calls(NamedTuple):
    """From `least` to `most`, depending on which rows the target has already. Retries are not counted."""

    least: int
    most: int


def calls_needed(target: Target, chunks: Iterable[int], on_duplicate: OnDuplicate) -> Calls:
    """Return the calls for chunks of so many rows, as a delivery makes them."""
    least = most = 0
    for rows in chunks:
        fewest, highest = _for_chunk(target, rows, on_duplicate)
        least, most = least + fewest, most + highest
    return Calls(least, most)


def _for_chunk(target: Target, rows: int, on_duplicate: OnDuplicate) -> Calls:
    kind, in_bulk = target.kind, target.loads_in_bulk(rows)
    batched = kind.traits.own_batches or target.batch_endpoint is not None
    per_request = target.rows_per_request if batched else 1
    size = rows if in_bulk else target.batch_size
    looks_first = target.looks_first(on_duplicate)
    rows_per_lookup = kind.lookup.rows_per_lookup if kind.lookup else 1
    least = most = 0
    for start in range(0, rows, size):
        batch = min(size, rows - start)
        lookups = math.ceil(batch / rows_per_lookup) if looks_first else 0
        alone = 1 if start == 0 and not looks_first else 0  # the first row proves the target
        fewest, highest = _writes(batch - alone, per_request, in_bulk=in_bulk)
        # If every row is found by its look-up, none is sent.
        least += lookups + (0 if looks_first else alone + fewest)
        most += lookups + alone + highest
    if on_duplicate == "update" and not kind.traits.upserts:
        most += rows
    return Calls(least, most)


def _writes(rows: int, per_request: int, *, in_bulk: bool) -> Calls:
    if in_bulk and rows:
        return Calls(_BULK_CALLS + _FEWEST_LOOKS, _BULK_CALLS + _MOST_LOOKS)
    requests = math.ceil(rows / per_request)
    return Calls(requests, requests)


def forecast(
    calls: Calls, quotas: Sequence[QuotaLeft], rate: RateLimit | None, now: float, *, parks: bool
) -> Forecast:
    """Return the forecast against the quota that makes the import last longest, and the rate limit.

    `now` in seconds since the epoch; `parks`: what does not fit today is sent on the next days.
    """
    tightest = max(quotas, key=lambda one: (_finished_at(calls, one, now), -one.left), default=None)
    seconds = calls.most * rate.interval if rate and rate.enabled else None
    paced = f"at {_pace(rate)} about {_span(seconds)}" if rate and seconds else ""
    sentence = "; ".join(filter(None, (_against(calls, tightest, now, parks=parks), paced)))
    return {
        "calls_at_least": calls.least,
        "calls": calls.most,
        "daily_limit": tightest.daily_limit if tightest else None,
        "left_today": tightest.left if tightest else None,
        "renews_at": to_iso(tightest.renews_at) if tightest and tightest.renews_at else None,
        "seconds": seconds,
        "days": _renewals(calls, tightest) + 1 if tightest else None,
        "message": f"{sentence}.",
    }


def _renewals(calls: Calls, quota: QuotaLeft) -> int:
    """How often the quota has to renew before all calls are made."""
    return max(0, math.ceil((calls.most - quota.left) / quota.daily_limit))


def _finished_at(calls: Calls, quota: QuotaLeft, now: float) -> float:
    renewals = _renewals(calls, quota)
    if not renewals:
        return now
    first = now + DAY_SECONDS if quota.renews_at is None else quota.renews_at
    return first + (renewals - 1) * DAY_SECONDS


def _against(calls: Calls, quota: QuotaLeft | None, now: float, *, parks: bool) -> str:
    needed = f"About {_numbered(calls)}"
    if quota is None:
        return needed
    left, limit = f"{quota.left:,}", f"{quota.daily_limit:,}"
    days = _renewals(calls, quota) + 1
    if days == 1:
        return f"{needed}; {left} of today's {limit} are left: it fits"
    if not parks:
        return (
            f"{needed}, {left} left of {limit} a day: it does not fit, and with park_after 0 the rest fails"
        )
    may = "it may take" if calls.least <= quota.left else "it takes"
    finish = datetime.fromtimestamp(_finished_at(calls, quota, now), UTC)
    return (
        f"{needed}, {left} left of {limit} a day: {may} {days} days, until {finish:%Y-%m-%d}; until then the "
        "rest waits without holding a worker"
    )


def _numbered(calls: Calls) -> str:
    if calls.least == calls.most:
        return f"{calls.most:,} call{'' if calls.most == 1 else 's'}"
    return f"{calls.least:,} to {calls.most:,} calls"


def _pace(rate: RateLimit) -> str:
    a_second = 1 / rate.interval
    return f"{a_second:.3g} a second" if a_second >= 1 else f"{60 * a_second:.3g} a minute"


def _span(seconds: float) -> str:
    for unit, size in (("days", DAY_SECONDS), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size or (unit != "days" and seconds >= size):
            return f"{seconds / size:.1f} {unit}"
    return f"{math.ceil(seconds)} s"
