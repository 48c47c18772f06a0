"""Settle one file of the inbox after its import: keep what became of it, then move it out of the way.

The file goes into a folder of its own below done/ or failed/, with its rejects, its report and result.json;
a file whose import never got under way stays for the next run. The result is kept in the store first and
the file is moved last, so that a run killed in between is finished by the next. A second run does the same
again and changes nothing.
"""

import json
from typing import Any, cast

from f.connect.errors import TryLater
from f.records.inbox.claims import Claims
from f.records.inbox.decisions import (
    Claim,
    FileResult,
    InboxFile,
    Settled,
    conclude,
    describe,
    gave_up,
    judge,
)
from f.records.inbox.file_store import Platform
from f.store.stores import open_store, postgresql


def main(
    claim: dict,
    imported: dict | None = None,
    done_prefix: str = "done/",
    failed_prefix: str = "failed/",
    max_attempts: int = 5,
    journal: postgresql | None = None,
) -> Settled:
    taken = cast("Claim", claim)
    file, ended = InboxFile(**taken["file"]), imported or {}
    with Platform() as platform, open_store(journal, "inbox") as store:
        result = taken.get("result")
        if result is None:
            outcome, error = judge(ended, taken["attempt"], max_attempts, journalled=bool(journal))
            if taken["action"] == "give_up":
                outcome, error = "failed", gave_up(taken["attempt"] - 1)
            claims = Claims(store)
            if outcome == "later":
                claims.give_back(file, taken["owner"])
                message = f"{error['message'] if error else ''} The file stays for the next run."
                return _settled(file, "later", message, ended.get("counts"))
            prefix = done_prefix if outcome == "done" else failed_prefix
            new = conclude(file, prefix, ended, error, attempt=taken["attempt"], now=claims.now())
            _keep_inline(ended, new, file, platform)
            result = claims.conclude(file, taken["owner"], new)
        if result is None:
            raise TryLater(
                f"{file.path} was taken over by another run before this one had settled it. Give "
                "lease_minutes more than the longest import takes.",
                code="claim_lost",
            )
        _put_away(file, result, platform)
    return _settled(file, result["outcome"], describe(result), result["counts"], result["folder"])


def _keep_inline(imported: dict[str, Any], result: FileResult, file: InboxFile, platform: Platform) -> None:
    """Files inside the import's result, where the workspace's default storage took none."""
    for name in ("rejects", "report"):
        ref = imported.get(name) or {}
        if "content" in ref:
            platform.write(file.storage, result["folder"] + ref["filename"], ref["content"].encode())


def _put_away(file: InboxFile, result: FileResult, platform: Platform) -> None:
    """The file itself last: while it is in the inbox, a next run will find what is left to do."""
    folder = result["folder"]
    for name, source in result["copies"].items():
        platform.copy(source, file.storage, folder + name)
    content = json.dumps(result, ensure_ascii=False, indent=2).encode()
    platform.write(file.storage, folder + "result.json", content)
    if platform.describe(file.storage, file.path) == file:  # else it was replaced: that is a new file
        platform.move(file.storage, file.path, folder + file.name)


def _settled(
    file: InboxFile, outcome: Any, message: str, counts: dict[str, int] | None, folder: str = ""
) -> Settled:
    print(f"{file.path}: {outcome}. {message}")
    return {
        "path": file.path,
        "outcome": outcome,
        "message": message,
        "counts": dict(counts or {}),
        "folder": folder,
    }
