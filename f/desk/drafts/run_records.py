"""What a draft holds of its runs: a record of each, and of one that has ended an object with its result."""

# extra_requirements:
# orjson==3.13.0

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import orjson

from f.connect.errors import FixInput
from f.desk.drafts.drafts_store import person
from f.windmill.small_objects import read_small

if TYPE_CHECKING:
    from f.desk.drafts.draft import Draft, Ended, Run, RunKind
    from f.windmill.named_jobs import JobState

_STARTING_SECONDS = 60.0


def new_run(job: str, digest: str, **more: Any) -> Run:
    """Return the record of a run that begins now, by whoever this job runs for."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds")
    return cast("Run", {"job": job, "by": person(), "at": at, "digest": digest, **more})


def age_of(run: Run) -> float:
    """Return the seconds since a run was recorded."""
    return datetime.now(UTC).timestamp() - datetime.fromisoformat(run["at"]).timestamp()


def is_under_way(run: Run, known: JobState) -> bool:
    """Return whether a run has not ended. One unknown to Windmill may be late; an older one was lost."""
    return known.state == "running" or (known.state == "unknown" and age_of(run) < _STARTING_SECONDS)


def succeeded(run: Run) -> Run:
    """Return the record of a run that has ended now, by the job itself: it has nothing to say but that."""
    ended: Ended = {
        "state": "succeeded",
        "message": "",
        "code": "",
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "seconds": round(age_of(run), 1),
        "counts": {},
        "result": "",
        "import_id": "",
    }
    return {**run, "ended": ended}


def with_run(draft: Draft, kind: RunKind, run: Run) -> Draft:
    """Return a draft with this as its last run of the kind."""
    return {**draft, "runs": {**draft["runs"], kind: run}}


def kept_result(run: Run | None) -> dict[str, Any]:
    """Return the `summary` and the `files` that a run came to; neither of one that has not ended."""
    ended = run.get("ended") if run else None
    if ended is None or not ended["result"]:
        return {"summary": None, "files": {}}
    kept: dict[str, Any] = read_json(ended["result"])
    return kept


def read_json(path: str) -> Any:
    """Return an object that holds JSON; FixInput if it is gone or damaged."""
    try:
        return orjson.loads(read_small(path))
    except orjson.JSONDecodeError as error:
        raise FixInput(f"The object {path} of this import is damaged.", code="object_damaged") from error
