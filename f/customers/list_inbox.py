"""List the files of the inbox to import now: those below a prefix of the workspace's storage, oldest first.

Leaves out what may still be uploaded and what another run is importing. Changes nothing; with nothing to
import it says so and why, which is a decision and not a failure. A second run looks again.
As the first step of a flow it is handed all its inputs as `arguments`, and refuses what the flow cannot use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.records.inbox.claims import FileClaims
    from f.records.inbox.decisions import InboxFile
    from f.records.inbox.file_store import FileStore

_PATTERNS = ["*.csv", "*.csv.gz", "*.zip", "*.xlsx"]


def main(
    prefix: str = "inbox/",
    done_prefix: str = "done/",
    failed_prefix: str = "failed/",
    patterns: list[str] | None = None,
    max_files: int = 20,
    quiet_seconds: int = 60,
    storage: str = "",
    journal: postgresql | None = None,
    arguments: str = "",
) -> dict[str, Any]:
    from f.connect.errors import FixInput
    from f.customers.inputs.import_inputs import IMPORT_INBOX
    from f.records.inbox.claims import FileClaims
    from f.records.inbox.decisions import choose, clean_prefixes, is_wanted
    from f.records.inbox.file_store import FileStore
    from f.store.stores import open_store
    from f.windmill.flow_inputs import check_inputs

    if arguments:
        check_inputs(arguments, IMPORT_INBOX)
    inbox, done, failed = clean_prefixes(prefix, done_prefix, failed_prefix)
    if max_files < 1:
        raise FixInput("max_files is below 1: no file would ever be imported.", code="bad_argument")
    with FileStore() as file_store, open_store(journal, "inbox") as store:
        claims = FileClaims(store)
        listed = list(file_store.list_paths(storage, inbox))
        wanted = [path for path in listed if is_wanted(path, patterns or _PATTERNS)]
        files = file_store.describe_all(storage, wanted)
        free = [file for file in files if not _is_taken(file, claims, file_store)]
        selection = choose(free, now=claims.now(), quiet_seconds=quiet_seconds, max_files=max_files)
    counts = {
        "due": len(selection.files),
        "changing": selection.changing,
        "taken": len(files) - len(free),
        "next_run": selection.next_run,
        "other": len(listed) - len(wanted),
    }
    message = _sentence(inbox, counts)
    print(message)
    return {
        "decision": "import" if selection.files else "nothing_new",
        "message": message,
        "counts": counts,
        "files": [file.to_json() for file in selection.files],
        "done_prefix": done,
        "failed_prefix": failed,
    }


def _is_taken(file: InboxFile, claims: FileClaims, file_store: FileStore) -> bool:
    from f.records.inbox.decisions import is_taken

    state = claims.state(file)
    if state is None:
        return False
    return is_taken(state, "", claims.now(), alive=file_store.is_running(state.owner))


def _sentence(inbox: str, counts: dict[str, int]) -> str:
    texts = {
        "changing": "still being uploaded",
        "taken": "held by another run",
        "next_run": "left for the next run",
        "other": "that fit no pattern",
    }
    others = [f"{counts[name]} {text}" for name, text in texts.items() if counts[name]]
    rest = f" Other files: {', '.join(others)}." if others else ""
    if counts["due"]:
        return f"Files of {inbox} to import: {counts['due']}.{rest}"
    return f"Nothing new in {inbox}: nothing is imported.{rest}"
