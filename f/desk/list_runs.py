"""List all runs of an import at the desk: its plans, its imports and what was read back, the last one first.

Each with its outcome, when it was started and by whom, and which files there are of it: get_file has them,
the report as well. A second call lists them again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.desk.importing.run_list import RunList


def main(draft: str, limit: int = 50) -> RunList:
    from f.desk.drafts.drafts_store import open_drafts
    from f.desk.importing.run_list import list_runs

    with open_drafts() as drafts:
        return list_runs(drafts, draft, limit)
