"""Report what a watch of vessels did.

Returns counts, and what failed: a vessel that could not be looked at, an event that reached no channel. It
makes the run fail if there is any, when all else is done. A second run returns the same.
"""

from f.vessels.watching.outcome import WatchReport, report_of


def main(found: dict, marked: list[dict] | None = None) -> WatchReport:
    report = report_of(found, marked or [])
    print(f"{report['vessels']} vessels, {report['notified']} events told, {len(report['failures'])} failed")
    return report
