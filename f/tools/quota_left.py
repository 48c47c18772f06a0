"""Say how much is left: calls of the target today, and messages that agents may send within the hour.

Asks the target once, with a short timeout. Changes nothing.
"""

from f.tools.asking.quota import QuotaReport, quota_left
from f.tools.guards.desk import open_desk

TOOL = {"title": "Show what is left of quotas", "reads": True}


def main(target: str = "") -> QuotaReport:
    with open_desk(main.__annotations__, locals()) as desk:
        return quota_left(desk, target)
