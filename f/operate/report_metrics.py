"""Report how the calls of all jobs went: today, or days you choose, beside the seven days before them.

For each integration: calls, success rate, how long calls took, retries, waits for a limit, errors by class;
and the busiest endpoints. Returns what Windmill draws on the run's page, with the whole report as an HTML
page to download; `as_data` gives the figures instead. Days are UTC days, and are kept for 35 of them. Calls
nothing, and a second run reads again.
"""

from __future__ import annotations

import time
from typing import Any

from f.store.database import postgresql

_MOST_ENDPOINTS = 500


def main(
    since: str = "",
    until: str = "",
    endpoints: int = 20,
    as_data: bool = False,
    database: postgresql | None = None,
) -> dict[str, Any]:
    from f.connect.errors import FixInput
    from f.operate.metrics.counts import read_counts
    from f.operate.metrics.numbers import period_of
    from f.operate.metrics.page import page_of
    from f.operate.metrics.report import display_of, report_of
    from f.store.stores import open_every_store

    if not 1 <= endpoints <= _MOST_ENDPOINTS:
        raise FixInput(
            f"endpoints is {endpoints}, and must be from 1 to {_MOST_ENDPOINTS}.", code="bad_argument"
        )
    period = period_of(since, until, time.time())
    days = period.now._replace(since=period.before.since)
    with open_every_store(database) as stores:
        report = report_of(read_counts(stores.values(), days, period.now, endpoints), period)
    print(report["summary"])
    if as_data:
        return dict(report)
    return display_of(report, _kept(page_of(report), f"{period.now.since}_{period.now.until}"))


def _kept(page: str, days: str) -> dict[str, Any]:
    """Keep the page in the workspace's storage, or in the result if there is none."""
    from f.windmill.connection import is_on_windmill
    from f.windmill.objects import keep_file

    name = f"metrics_{days}.html"
    content = page.encode(errors="replace")
    if not is_on_windmill():
        return {"file": {"content": content.decode(), "filename": name}}
    file = keep_file(f"reports/{name}", content, "text/html")
    if "s3" in file:
        return {"s3": file["s3"]}
    return {"file": {"content": file["content"], "filename": name}}
