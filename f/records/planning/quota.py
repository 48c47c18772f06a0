"""How many calls a target still takes today, by its own word and by the settings of its resource.

A target that does not say, or not in time, fails no import: the forecast then knows less.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable, Iterator, Mapping

from f.connect.client import Client
from f.connect.errors import ConnectError
from f.records.planning.forecast import Forecast, calls_needed, forecast
from f.records.sending.parking import CallBudget, next_midnight
from f.records.sending.session import open_limits
from f.records.target.target import OnDuplicate, QuotaLeft, Target

_TIMEOUT_SECONDS = 10.0


def forecast_of(
    target: Target,
    chunks: Iterable[int],
    on_duplicate: OnDuplicate,
    journal: Mapping[str, object] | None,
    park_after: float,
) -> Forecast:
    """Return the forecast for chunks of so many rows; asks the target once, if it can be asked.

    `park_after` in seconds; 0: the import never parks, so that what does not fit into the quota fails.
    """
    calls = calls_needed(target, chunks, on_duplicate)
    known = list(quotas_of(target, journal).values())
    return forecast(calls, known, target.integration.rate_limit, time.time(), parks=park_after > 0)


def quotas_of(target: Target, journal: Mapping[str, object] | None) -> dict[str, QuotaLeft]:
    """Return what is left of a day's calls, as far as it is known, by who says so; asks the target once."""
    known: dict[str, QuotaLeft] = {}
    known.update(("daily_limit", one) for one in _by_settings(target, journal))
    known.update(("target", one) for one in _by_target(target))
    return known


def _by_settings(target: Target, journal: Mapping[str, object] | None) -> Iterator[QuotaLeft]:
    """What the setting daily_limit leaves today."""
    if target.daily_limit is None:
        return
    try:
        with open_limits(journal) as limits:
            calls = CallBudget(limits, target)
            yield QuotaLeft(target.daily_limit, calls.left() or 0, next_midnight(calls.now()))
    except ConnectError as error:
        print(f"The calls left of the daily limit are not known: {error}")


def _by_target(target: Target) -> Iterator[QuotaLeft]:
    """What the target says is left, asked once, with a short timeout and without retries."""
    quota = target.kind.quota
    if quota is None:
        return
    integration = target.integration
    impatient = dataclasses.replace(
        integration,
        timeout=min(integration.timeout, _TIMEOUT_SECONDS),
        retry=dataclasses.replace(integration.retry, enabled=False),
    )
    try:
        with Client(impatient) as client:
            response = client.request(quota.quota_request(target)).raise_for_status()
        found = quota.quota_in(response, time.time())
    except ConnectError as error:
        print(f"The target does not say how many calls are left: {error}")
        return
    if found is not None:
        yield found
