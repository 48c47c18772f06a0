"""A run of a draft that is to end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from f.connect.errors import FixInput
from f.desk.drafts.drafts_store import person
from f.desk.importing.runs import settle
from f.desk.importing.status import last_kind, status_of
from f.windmill.named_jobs import cancel

if TYPE_CHECKING:
    from f.desk.drafts.draft import Drafts
    from f.desk.importing.status import Status

_LONGEST_WAIT, _LOOK_SECONDS = 5.0, 0.25


def cancel_run(drafts: Drafts, id: str) -> Status:
    """Cancel the last run of a draft if it has not ended, and return how it stands some seconds later.

    FixInput if nothing runs. What an import has sent stays: Windmill ends its jobs, and the journal knows.
    """
    draft = settle(drafts, drafts.get(id))
    kind = last_kind(draft)
    if kind is None or "ended" in draft["runs"][kind]:
        raise FixInput("Nothing runs here that could be cancelled: it has ended.", code="nothing_runs")
    cancel(draft["runs"][kind]["job"], f"{person()} cancelled it at the import desk")
    deadline = time.monotonic() + _LONGEST_WAIT
    while (status := status_of(drafts, draft))["state"] in {"queued", "running", "waiting"}:
        if time.monotonic() > deadline:
            break
        time.sleep(_LOOK_SECONDS)
        draft = status["draft"]
    return status
