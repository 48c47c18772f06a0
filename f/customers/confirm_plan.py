"""Check that an approved plan still holds: the approval may come a day after the plan.

Makes the plan again and fails if its hash has changed, saying what has. Sends nothing; a second run says the
same as long as nothing changes.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# annotated-types==0.8.0
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-inspection==0.4.5

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Literal, cast

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.customers.targets.customer_api import customer_api

if TYPE_CHECKING:
    from f.records.reading.parsed import Parsed


def main(
    parsed: dict,
    api: customer_api,
    plan_hash: str,
    on_duplicate: Literal["skip", "update", "fail"] = "skip",
    journal: postgresql | None = None,
    resend_unknown: bool = False,
) -> dict[str, str]:
    from f.customers.targets.customer_api import open_target
    from f.records.planning.plan_text import refuse_outdated
    from f.records.planning.planner import open_planner, planned_chunks
    from f.windmill.job import Progress

    target, file = open_target(api), cast("Parsed", parsed)
    with open_planner(file, target, journal, on_duplicate, resend_unknown=resend_unknown) as planner:
        chunks = planned_chunks(file, planner, Progress(file["counts"]["valid"]))
        deque(chunks, maxlen=0)  # only their hash is wanted
    refuse_outdated(plan_hash, planner.hash)
    print(f"Plan {planner.hash} still holds.")
    return {"hash": planner.hash}
