"""The rows of a draft's plan, a page at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from f.connect.errors import FixInput
from f.customers.validation.reasons import TEXTS
from f.desk.drafts.arguments import check_arguments
from f.desk.drafts.draft import refuse_cleared
from f.desk.importing.results import result_of
from f.desk.importing.runs import settle
from f.records.planning.plan_pages import plan_page

if TYPE_CHECKING:
    from f.desk.drafts.draft import Drafts
    from f.records.planning.plan import Action
    from f.records.planning.plan_pages import PlanRow

MOST = 1000  # rows of one page


class PlannedRows(TypedDict):
    """A page of a plan; `total` counts the rows of this action in all of it. A `reason` is a sentence."""

    total: int
    rows: list[PlanRow]


def planned_rows(drafts: Drafts, id: str, action: Action | None, offset: int, limit: int) -> PlannedRows:
    """Return up to `limit` rows of the last plan, of one action if one is named; FixInput without a plan."""
    check_arguments({"action": action or ""}, {"offset": offset, "limit": limit})
    draft = settle(drafts, drafts.get(id))
    refuse_cleared(draft)
    result = result_of(draft["runs"].get("plan"))
    plan, file = result["summary"] and result["summary"]["plan"], result["files"].get("plan")
    if plan is None or file is None:
        raise FixInput("There is no plan to show. Make one, and wait until it is there.", code="no_plan")
    total = plan["counts"].get(action, 0) if action else sum(plan["counts"].values())
    offset, limit = max(offset, 0), min(max(limit, 0), MOST)
    rows = plan_page(file, action, offset, limit) if offset < total else []
    return {"total": total, "rows": [{**row, "reason": _in_words(row["reason"])} for row in rows]}


def _in_words(code: str) -> str:
    """Return the sentence of a reason; a code that an older plan has, and nobody knows now, stays."""
    return TEXTS[code].message if code in TEXTS else code
