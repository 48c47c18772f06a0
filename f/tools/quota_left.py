"""Say how much is left: calls of the target today, and messages that agents may send within the hour.

Asks the target once, with a short timeout. Changes nothing.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# annotated-types==0.8.0
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-inspection==0.4.5

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.tools.asking.quota import QuotaReport

TOOL = {"title": "Show what is left of quotas", "reads": True}


def main(target: str = "") -> "QuotaReport":
    from f.tools.asking.quota import quota_left
    from f.tools.guards.desk import open_desk

    with open_desk(main.__annotations__, locals()) as desk:
        return quota_left(desk, target)
