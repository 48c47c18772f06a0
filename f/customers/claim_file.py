"""Take one file of the inbox for this run, so that no other run imports it.

Returns what to do with it: import it, only archive it (an earlier run imported it and was killed before it
could), give it up (its import broke off in too many runs) or skip it. A claim holds while the run's job runs;
if Windmill does not know that job, until the lease runs out. A second run of the same job gets the same.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.records.inbox.decisions import FileClaim, InboxFile


def main(
    file: dict,
    lease_minutes: float = 60,
    max_attempts: int = 5,
    journal: postgresql | None = None,
) -> FileClaim:
    from f.records.inbox.claims import FileClaims
    from f.records.inbox.decisions import InboxFile, is_taken
    from f.records.inbox.file_store import FileStore
    from f.store.stores import open_store

    found, owner = InboxFile(**file), _owner()
    with FileStore() as file_store, open_store(journal, "inbox") as store:
        if file_store.describe(found.storage, found.path) != found:
            return _claim(
                "skip", "Another run took it, or it was replaced and waits for the next run.", found
            )
        claims = FileClaims(store)
        seen = claims.state(found)
        if seen is not None:
            if is_taken(seen, owner, claims.now(), alive=file_store.is_running(seen.owner)):
                return _claim("skip", f"Job {seen.owner} is importing it.", found)
            if seen.result is not None:
                claim = _claim("settle", "It was imported already, and only has to be moved.", found)
                claim["result"] = seen.result
                return claim
        attempt = claims.take(found, owner, lease_minutes * 60, seen)
    if attempt is None:
        return _claim("skip", "Another run took it just now.", found)
    if attempt > max_attempts:
        message = f"{attempt - 1} runs began to import it and did not finish."
        return _claim("give_up", message, found, owner, attempt)
    return _claim("import", f"Attempt {attempt} of {max_attempts}.", found, owner, attempt)


def _owner() -> str:
    """The job of this iteration of the loop, so that the claim ends with it; outside of a flow, this job."""
    from f.connect.errors import FixSettings

    owner = os.environ.get("WM_FLOW_JOB_ID") or os.environ.get("WM_JOB_ID")
    if not owner:
        raise FixSettings("WM_JOB_ID is not set: run this on Windmill or with mill.", code="no_job")
    return owner


def _claim(action: Any, message: str, file: InboxFile, owner: str = "", attempt: int = 0) -> FileClaim:
    from f.windmill.objects import object_at

    print(f"{file.path}: {action}. {message}")
    return {
        "action": action,
        "message": message,
        "file": file.to_json(),
        "s3_object": dict(object_at(file.path, file.storage)),
        "owner": owner,
        "attempt": attempt,
    }
