"""Tell people what fails, is slow, ends soon or waits: once when it begins, and when it is over.

Looked at are the calls of all jobs since the last look (how many failed or took too long), open circuit
breakers, credentials that end soon, targets whose imports wait, and dead letters of webhooks. Nothing is told
twice: while it lasts there is a reminder after `remind_hours`, and over is what has been good for
`settle_minutes`, so that what comes and goes is told once. People are told by f/notify/notify_event, as the
resource f/notify/routing says.

Returns what was told and what is wrong now. A second run looks again; of two at once one looks. A dry run
tells and remembers nothing. The first run only learns how many calls there were.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# annotated-types==0.8.0
# pydantic-core==2.50.4
# pydantic==2.14.3
# typing-inspection==0.4.5

from __future__ import annotations

import math
import os
import secrets
import time
from typing import TYPE_CHECKING, TypedDict

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.operate.alerts.findings import Finding, Thresholds
    from f.operate.alerts.memory import Memory
    from f.operate.alerts.states import Step
    from f.operate.alerts.telling import ToldNews

_PURPOSE = "operate"
_CHECK_SECONDS = 60.0


class AlertReport(TypedDict):
    """What was told (or would be), what is wrong now, and sentences about what could not be looked at."""

    summary: str
    told: list[ToldNews]
    wrong: list[dict[str, str]]
    problems: list[str]
    dry_run: bool


def main(
    failure_percent: float = 10,
    slow_seconds: float = 10,
    slow_percent: float = 5,
    minimum_calls: int = 20,
    credential_days: float = 14,
    check_hours: float = 6,
    remind_hours: float = 24,
    settle_minutes: float = 30,
    window_minutes: float = 60,
    dry_run: bool = False,
    database: postgresql | None = None,
) -> AlertReport:
    from f.operate.alerts.memory import LEASE_KEY, LEASE_SECONDS, read_memory, write_memory
    from f.operate.alerts.states import Patience, Step, step
    from f.operate.alerts.telling import news_of, tell
    from f.store.store import release, take
    from f.store.stores import open_store

    limits = _thresholds(failure_percent, slow_seconds, slow_percent, minimum_calls, credential_days)
    patience = Patience(
        remind_seconds=_from_to("remind_hours", remind_hours, 1, 720) * 3600,
        settle_seconds=_from_to("settle_minutes", settle_minutes, 1, 1440) * 60,
    )
    check_seconds = _from_to("check_hours", check_hours, 0, 720) * 3600
    window_seconds = _from_to("window_minutes", window_minutes, 1, 1440) * 60
    with open_store(database, _PURPOSE) as store:
        if dry_run:
            memory = read_memory(store)
            after, findings, problems = _look(database, memory, limits, window_seconds, check_seconds)
            stepped = step(memory.alerts, findings, time.time(), patience, is_complete=not problems)
            return _report(
                stepped, [news_of(one, told=False) for one in stepped.news], problems, dry_run=True
            )
        lease = take(store, LEASE_KEY, os.environ.get("WM_JOB_ID") or secrets.token_hex(8), LEASE_SECONDS)
        if lease is None:
            nothing = Step({}, [])
            return _report(nothing, [], ["Another job is looking just now; this one leaves it to that."])
        try:
            memory = read_memory(store)
            after, findings, problems = _look(database, memory, limits, window_seconds, check_seconds)
            now = time.time()
            stepped = step(memory.alerts, findings, now, patience, is_complete=not problems)
            told = tell(stepped, store, now, patience.settle_seconds)
            after.alerts = stepped.alerts
            write_memory(store, lease, memory, after)
        finally:
            release(store, lease)
    return _report(stepped, told, problems)


def _thresholds(
    failure_percent: float,
    slow_seconds: float,
    slow_percent: float,
    minimum_calls: int,
    credential_days: float,
) -> Thresholds:
    from f.operate.alerts.findings import Thresholds

    return Thresholds(
        failure_percent=_from_to("failure_percent", failure_percent, 0, 100),
        slow_seconds=_from_to("slow_seconds", slow_seconds, 0.1, 3600),
        slow_percent=_from_to("slow_percent", slow_percent, 0, 100),
        minimum_calls=int(_from_to("minimum_calls", minimum_calls, 1, 1_000_000)),
        credential_days=_from_to("credential_days", credential_days, 0, 365),
    )


def _from_to(name: str, value: float, least: float, most: float) -> float:
    from f.connect.errors import FixInput

    if not math.isfinite(value) or not least <= value <= most:
        raise FixInput(f"{name} is {value}, and must be from {least:g} to {most:g}.", code="bad_argument")
    return float(value)


def _look(
    database: postgresql | None,
    memory: Memory,
    limits: Thresholds,
    window_seconds: float,
    check_seconds: float,
) -> tuple[Memory, list[Finding], list[str]]:
    """Return what the next look compares with, what was found, and what could not be looked at."""
    from f.connect.errors import ConnectError
    from f.operate.alerts.findings import of_checks
    from f.operate.alerts.looking import look
    from f.operate.alerts.memory import Memory
    from f.store.stores import open_every_store
    from f.windmill.connection import is_on_windmill

    now = time.time()
    with open_every_store(database) as stores:
        seen = look(stores.values(), memory, now, limits, window_seconds)
    after = Memory(windows=seen.windows, services_at=memory.services_at)
    if check_seconds and is_on_windmill() and now - memory.services_at >= check_seconds:
        from f.operate.services.workspace import (  # every few hours only, and it loads what sends
            check_all,
            known_resources,
        )

        try:
            checks = check_all(known_resources(), database, _CHECK_SECONDS)
            seen.findings += of_checks(checks, now, limits.credential_days)
            after.services_at = now
        except ConnectError as error:
            seen.problems.append(f"The credentials could not be checked: {error}")
    return after, seen.findings, seen.problems


def _report(
    stepped: Step, told: list[ToldNews], problems: list[str], *, dry_run: bool = False
) -> AlertReport:
    from f.operate.alerts.telling import open_alerts

    wrong = open_alerts(stepped.alerts)
    silent = sum(not one["told"] for one in told)
    what = (
        f"{len(wrong)} {'thing is' if len(wrong) == 1 else 'things are'} wrong"
        if wrong
        else "Nothing is wrong"
    )
    said = f"; {len(told)} would be told" if dry_run else f"; {len(told) - silent} told now"
    summary = f"{what}{said if told else ''}."
    if silent and not dry_run:
        summary += f" {silent} could not be told: make the resource f/notify/routing, or see this job's log."
    for text in (summary, *problems):
        print(text)
    return {"summary": summary, "told": told, "wrong": wrong, "problems": problems, "dry_run": dry_run}
