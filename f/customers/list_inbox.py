"""Look into the inbox: which files below a prefix of the workspace's storage are due, oldest first.

Leaves alone what may still be uploaded and what another run is importing. Changes nothing; with nothing
to import it says so and why, which is a decision and no failure. A second run looks again.
"""

from typing import Any

from f.connect.errors import FixInput
from f.records.inbox.claims import Claims
from f.records.inbox.decisions import Due, InboxFile, choose, clean_prefixes, is_taken, is_wanted
from f.records.inbox.file_store import Platform
from f.store.stores import open_store, postgresql


def main(
    prefix: str = "inbox/",
    done_prefix: str = "done/",
    failed_prefix: str = "failed/",
    patterns: list[str] | None = None,
    max_files: int = 20,
    quiet_seconds: int = 60,
    storage: str = "",
    journal: postgresql | None = None,
) -> dict[str, Any]:
    inbox, done, failed = clean_prefixes(prefix, done_prefix, failed_prefix)
    if max_files < 1:
        raise FixInput("max_files is below 1: no file would ever be imported.", code="bad_argument")
    with Platform() as platform, open_store(journal, "inbox") as store:
        claims = Claims(store)
        listed = list(platform.list_paths(storage, inbox))
        wanted = [path for path in listed if is_wanted(path, patterns or ["*.csv"])]
        files = platform.describe_all(storage, wanted)
        free = [file for file in files if not _is_taken(file, claims, platform)]
        due = choose(free, now=claims.now(), quiet_seconds=quiet_seconds, max_files=max_files)
    counts = {
        "due": len(due.files),
        "changing": due.changing,
        "taken": len(files) - len(free),
        "next_run": due.next_run,
        "other": len(listed) - len(wanted),
    }
    message = _sentence(inbox, due, counts)
    print(message)
    return {
        "decision": "import" if due.files else "nothing_new",
        "message": message,
        "counts": counts,
        "files": [file.to_json() for file in due.files],
        "done_prefix": done,
        "failed_prefix": failed,
    }


def _is_taken(file: InboxFile, claims: Claims, platform: Platform) -> bool:
    standing = claims.standing(file)
    if standing is None:
        return False
    return is_taken(standing, "", claims.now(), alive=platform.is_running(standing.owner))


def _sentence(inbox: str, due: Due, counts: dict[str, int]) -> str:
    told = {
        "changing": "still being uploaded",
        "taken": "held by another run",
        "next_run": "left for the next run",
        "other": "that fit no pattern",
    }
    others = [f"{counts[name]} {text}" for name, text in told.items() if counts[name]]
    rest = f" Beside them: {', '.join(others)}." if others else ""
    if due.files:
        return f"{len(due.files)} files of {inbox} are due.{rest}"
    return f"Nothing new in {inbox}: nothing is imported.{rest.replace('Beside them', 'There are')}"
