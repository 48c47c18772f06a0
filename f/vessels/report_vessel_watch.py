"""Report what a watch of vessels did.

Returns counts, and what failed: a vessel that could not be looked at, an event that reached no channel. It
makes the run fail if there is any, when all else is done. A second run returns the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from f.vessels.watching.outcome import WatchReport


def main(found: dict, marked: list[dict] | None = None) -> WatchReport:
    from f.vessels.watching.outcome import report_of

    report = report_of(found, marked or [])
    print(f"{report['vessels']} vessels, {report['notified']} events told, {len(report['failures'])} failed")
    return report
