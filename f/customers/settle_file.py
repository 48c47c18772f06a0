"""Archive one file of the inbox after its import: keep its result, then move it out of the inbox.

The file goes into a folder of its own below done/ or failed/, with its rejects, its report and result.json;
a file of which no row was sent may stay for the next run. Returns the file's outcome. The result is kept in
the store first and the file is moved last, so that a run killed in between is finished by the next. A second
run does the same again and changes nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.records.inbox.decisions import ArchivedFile, FileClaim, FileResult, InboxFile
    from f.records.inbox.file_store import FileStore


def main(
    claim: dict,
    imported: dict | None = None,
    done_prefix: str = "done/",
    failed_prefix: str = "failed/",
    max_attempts: int = 5,
    journal: postgresql | None = None,
) -> ArchivedFile:
    from f.connect.errors import TryLater
    from f.records.inbox.claims import FileClaims
    from f.records.inbox.decisions import InboxFile, conclude, describe, gave_up, judge
    from f.records.inbox.file_store import FileStore
    from f.store.stores import open_store

    taken = cast("FileClaim", claim)
    file, summary = InboxFile(**taken["file"]), imported or {}
    with FileStore() as file_store, open_store(journal, "inbox") as store:
        result = taken.get("result")
        if result is None:
            outcome, error = judge(summary, taken["attempt"], max_attempts, journalled=bool(journal))
            if taken["action"] == "give_up":
                outcome, error = "failed", gave_up(taken["attempt"] - 1)
            claims = FileClaims(store)
            if outcome == "later":
                claims.give_back(file, taken["owner"], taken["attempt"])
                message = f"{error['message'] if error else ''} The file stays for the next run."
                return _archived(file, "later", message, summary.get("counts"))
            prefix = done_prefix if outcome == "done" else failed_prefix
            new = conclude(file, prefix, summary, error, attempt=taken["attempt"], now=claims.now())
            if claims.holds(file, taken["owner"], taken["attempt"]):  # else another run's files lie there
                _keep_inline(summary, new, file, file_store)
                result = claims.conclude(file, taken["owner"], taken["attempt"], new)
        if result is None:
            raise TryLater(
                f"{file.path} was taken over by another run before this one had moved it. Set lease_minutes "
                "to more than the longest import takes.",
                code="claim_lost",
            )
        _archive(file, result, file_store)
    return _archived(file, result["outcome"], describe(result), result["counts"], result["folder"])


def _keep_inline(
    imported: dict[str, Any], result: FileResult, file: InboxFile, file_store: FileStore
) -> None:
    """Store the files that are inside the import's result, as the workspace has no default storage."""
    missing = (imported.get("certificate") or {}).get("file")
    for ref in (imported.get("rejects"), imported.get("report"), missing):
        if ref and "content" in ref:
            file_store.write(file.storage, result["folder"] + ref["filename"], ref["content"].encode())


def _archive(file: InboxFile, result: FileResult, file_store: FileStore) -> None:
    """Move the file itself last: while it is in the inbox, the next run finds what is left to do."""
    folder = result["folder"]
    for name, source in result["copies"].items():
        file_store.copy(source, file.storage, folder + name)
    content = json.dumps(result, ensure_ascii=False, indent=2).encode()
    file_store.write(file.storage, folder + "result.json", content)
    if file_store.describe(file.storage, file.path) == file:  # else it was replaced: that is a new file
        file_store.move(file.storage, file.path, folder + file.name)


def _archived(
    file: InboxFile, outcome: Any, message: str, counts: dict[str, int] | None, folder: str = ""
) -> ArchivedFile:
    print(f"{file.path}: {outcome}. {message}")
    return {
        "path": file.path,
        "outcome": outcome,
        "message": message,
        "counts": dict(counts or {}),
        "folder": folder,
    }
