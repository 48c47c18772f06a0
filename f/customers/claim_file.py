"""Take one file of the inbox for this run, so that no other run imports it.

Returns what is to be done with it: import it, only move it (an earlier run imported it and was killed
before it could), give it up (it ended too many runs) or skip it. A claim holds while the run's job runs;
where Windmill does not know that job, until the lease ends. A second run of the same job gets the same.
"""

import os
from typing import Any

from f.connect.errors import FixSettings
from f.records.inbox.claims import Claims
from f.records.inbox.decisions import Claim, InboxFile, is_taken
from f.records.inbox.file_store import Platform
from f.store.stores import open_store, postgresql
from f.windmill.objects import object_at


def main(
    file: dict,
    lease_minutes: float = 60,
    max_attempts: int = 5,
    journal: postgresql | None = None,
) -> Claim:
    found, owner = InboxFile(**file), _owner()
    with Platform() as platform, open_store(journal, "inbox") as store:
        if platform.describe(found.storage, found.path) != found:
            return _claim(
                "skip", "Another run took it, or it was replaced and waits for the next run.", found
            )
        claims = Claims(store)
        seen = claims.standing(found)
        if seen is not None:
            if is_taken(seen, owner, claims.now(), alive=platform.is_running(seen.owner)):
                return _claim("skip", f"Job {seen.owner} is importing it.", found)
            if seen.result is not None:
                claim = _claim("settle", "It was imported already, and only has to be moved.", found)
                claim["result"] = seen.result
                return claim
        attempt = claims.take(found, owner, lease_minutes * 60, seen)
    if attempt is None:
        return _claim("skip", "Another run took it just now.", found)
    if attempt > max_attempts:
        return _claim("give_up", f"{attempt - 1} runs came to no end with it.", found, owner, attempt)
    return _claim("import", f"Attempt {attempt} of {max_attempts}.", found, owner, attempt)


def _owner() -> str:
    """The loop's turn, whose end is the end of the claim; a job of its own outside of a flow."""
    owner = os.environ.get("WM_FLOW_JOB_ID") or os.environ.get("WM_JOB_ID")
    if not owner:
        raise FixSettings("WM_JOB_ID is not set: run this on Windmill or with mill.", code="no_job")
    return owner


def _claim(action: Any, message: str, file: InboxFile, owner: str = "", attempt: int = 0) -> Claim:
    print(f"{file.path}: {action}. {message}")
    return {
        "action": action,
        "message": message,
        "file": file.to_json(),
        "s3_object": dict(object_at(file.path, file.storage)),
        "owner": owner,
        "attempt": attempt,
    }
