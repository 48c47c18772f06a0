"""What an inbox decides: which files to import, which run may take one, and where each is moved. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal, NotRequired, TypedDict

from f.connect.errors import ConnectError, FixInput
from f.records.report.parked_rows import describe_parked

if TYPE_CHECKING:
    from f.records.report.summary import Rest
    from f.windmill.objects import FileRef

# Errors that are the file's own fault, or a person's decision on it: the next run would meet them again.
_FINAL_ERRORS = frozenset({"FixInput", "BadTable", "SuspendedDisapproved", "SuspendedTimedOut"})
_APPLIED_OR_IN_DOUBT = ("created", "updated", "unknown")


class InboxIncomplete(ConnectError):
    """Files are left that need a person's attention. `summary` has the outcomes of all of them."""

    def __init__(self, message: str, summary: dict[str, Any]) -> None:
        super().__init__(message, code="inbox_incomplete")
        self.summary = summary


@dataclass(frozen=True, slots=True)
class InboxFile:
    """One version of an object. `modified` is ISO 8601 as the storage has it, empty if it has none.

    `storage` is empty for the workspace's default one. `version` is the storage's own id of the version,
    empty if it keeps none.
    """

    storage: str
    path: str
    size: int
    modified: str
    version: str = ""

    @property
    def id(self) -> str:
        """The hash of all fields: another one once the file is replaced."""
        facts = [self.storage, self.path, self.size, self.modified, self.version]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def modified_at(self) -> float:
        """Seconds since the epoch; 0 if the storage does not say."""
        return datetime.fromisoformat(self.modified).timestamp() if self.modified else 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the fields, for a job's result."""
        return asdict(self)


class FileError(TypedDict):
    """Why a file was not imported, in a sentence."""

    name: str
    message: str


class FileResult(TypedDict):
    """The result of one file: the content of result.json, and what the state store keeps of it.

    `folder` is where the file and all that belongs to it lie. `copies` are the import's own files and the
    names they get in the folder. `rest` are the rows that were parked for another run.
    """

    file: str
    size: int
    modified: str
    outcome: Literal["done", "failed"]
    attempt: int
    imported_at: str
    folder: str
    import_id: str
    counts: dict[str, int]
    error: FileError | None
    copies: dict[str, str]
    rest: NotRequired[Rest]


class FileClaim(TypedDict):
    """What a run may do with a file.

    `import` it; `settle`: it was imported, and only has to be archived; `give_up`: it was begun too often;
    `skip`: it belongs to another run.
    """

    action: Literal["import", "settle", "give_up", "skip"]
    message: str
    file: dict[str, Any]
    s3_object: dict[str, str]
    owner: str
    attempt: int
    result: NotRequired[FileResult]


class ArchivedFile(TypedDict):
    """The outcome of a file in this run. `later`: it stays in the inbox for the next run."""

    path: str
    outcome: Literal["done", "failed", "later"]
    message: str
    counts: dict[str, int]
    folder: str


@dataclass(frozen=True, slots=True)
class ClaimState:
    """What the state store knows of a file. `result` is set once its import is over for good.

    `leased_until` in seconds since the epoch, 0 once the claim was given back.
    """

    owner: str
    leased_until: float
    attempt: int
    result: FileResult | None


@dataclass(frozen=True, slots=True)
class Selection:
    """The files to import in this run, oldest first.

    `changing` more may still be being uploaded; `next_run` more are left for the next run.
    """

    files: list[InboxFile]
    changing: int
    next_run: int


def clean_prefix(name: str, prefix: str) -> str:
    """Return the prefix with a slash after it and none before; raise FixInput if it names no folder."""
    parts = [part for part in prefix.split("/") if part]
    if not parts or any(part in {".", ".."} for part in parts):
        raise FixInput(
            f"The prefix {name}={prefix!r} is not a folder of the storage. Give one such as inbox/.",
            code="bad_prefix",
        )
    return "/".join(parts) + "/"


def clean_prefixes(inbox: str, done: str, failed: str) -> tuple[str, str, str]:
    """Return the three prefixes; raise FixInput if a file would be found again after it was moved."""
    prefixes = (
        clean_prefix("inbox", inbox),
        clean_prefix("done_prefix", done),
        clean_prefix("failed_prefix", failed),
    )
    for name, prefix in zip(("done_prefix", "failed_prefix"), prefixes[1:], strict=True):
        if prefix.startswith(prefixes[0]):
            raise FixInput(
                f"{name} {prefix!r} lies below the inbox {prefixes[0]!r}: what is moved there would be "
                "imported again. Name a folder beside it.",
                code="bad_prefix",
            )
    return prefixes


def is_wanted(path: str, patterns: Sequence[str]) -> bool:
    """Return whether the name fits a pattern such as *.csv, in any case; a hidden name never does.

    Nor does what Excel writes beside a workbook while it is open: ~$name.xlsx.
    """
    name = path.rsplit("/", 1)[-1]
    if not name or name.startswith((".", "~$")):
        return False
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)


def choose(files: Sequence[InboxFile], *, now: float, quiet_seconds: float, max_files: int) -> Selection:
    """Select the files to import now; one that changed less than `quiet_seconds` ago may be incomplete."""
    quiet = [file for file in files if now - file.modified_at >= quiet_seconds]
    quiet.sort(key=lambda file: (file.modified_at, file.path))
    return Selection(quiet[:max_files], len(files) - len(quiet), max(len(quiet) - max_files, 0))


def is_taken(state: ClaimState | None, owner: str, now: float, *, alive: bool | None) -> bool:
    """Return whether the file belongs to another run that still works on it.

    `alive` says whether that run's job is running; None if nobody knows: then its lease decides.
    """
    if state is None or state.owner == owner:
        return False
    if state.leased_until == 0:
        return False
    return state.leased_until > now if alive is None else alive


def judge(
    imported: dict[str, Any], attempt: int, max_attempts: int, *, journalled: bool
) -> tuple[Literal["done", "failed", "later"], FileError | None]:
    """Return what an import's result means for the file, and its error.

    `later`, up to `max_attempts`, if the cause may pass (a target out of reach, a refused credential) and the
    file may be sent again: no row of it was sent, or it is `journalled` which were, in a database all workers
    share. Else it is `failed`, and its rejects file holds the rows left.
    """
    failure = imported.get("error")
    if not failure:
        return "done", None
    error: FileError = {"name": str(failure.get("name", "Error")), "message": str(failure.get("message", ""))}
    repeatable = journalled or _is_untouched(imported, failure)
    if error["name"] not in _FINAL_ERRORS and attempt < max_attempts and repeatable:
        return "later", error
    return "failed", error


def _is_untouched(imported: dict[str, Any], error: dict[str, Any]) -> bool:
    counts = imported.get("counts")
    if counts is None:  # nobody counted the rows: certain only if it failed while the file was read
        return error.get("step_id") == "parse"
    return not any(counts.get(name) for name in _APPLIED_OR_IN_DOUBT)


def gave_up(attempts: int) -> FileError:
    """Return the error of a file whose import broke off in every run."""
    return {
        "name": "GaveUp",
        "message": f"{attempts} runs began to import this file and none of them finished. The log of the "
        "last one says why; mostly a job ran out of memory or time. Split the file, then put the parts into "
        "the inbox.",
    }


def conclude(
    file: InboxFile,
    prefix: str,
    imported: dict[str, Any],
    error: FileError | None,
    *,
    attempt: int,
    now: float,
) -> FileResult:
    """Return the result of a file that goes into a folder of its own below `prefix`.

    `now` in seconds since the epoch.
    """
    stamp = datetime.fromtimestamp(file.modified_at, UTC)
    refs: dict[str, FileRef | None] = {
        "rejects.csv": imported.get("rejects"),
        "report.html": imported.get("report"),
        "missing.csv": (imported.get("certificate") or {}).get("file"),
    }
    result: FileResult = {
        "file": file.path,
        "size": file.size,
        "modified": file.modified,
        "outcome": "failed" if error else "done",
        "attempt": attempt,
        "imported_at": datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds"),
        "folder": f"{prefix}{stamp:%Y%m%d-%H%M%S}-{file.id[:8]}/",
        "import_id": str(imported.get("import_id", "")),
        "counts": dict(imported.get("counts") or {}),
        "error": error,
        "copies": {name: ref["s3"] for name, ref in refs.items() if ref and "s3" in ref},
    }
    if imported.get("rest"):
        result["rest"] = imported["rest"]
    return result


def describe(result: FileResult) -> str:
    """Return the result in a sentence, with what a person has to do."""
    error = result["error"]
    if error is None:
        counts = ", ".join(f"{count} {name}" for name, count in result["counts"].items() if count)
        text = f"Imported ({counts or 'no rows'}); it is in {result['folder']} now."
        return f"{text} {describe_parked(result.get('rest'))}".rstrip()
    rest = (
        f" {result['folder']}rejects.csv holds the rows left: correct it and put it into the inbox."
        if "rejects.csv" in result["copies"]
        else ""
    )
    again = "Copy it back into the inbox to import it again."
    return f"{error['message']} The file is in {result['folder']} now.{rest or f' {again}'}"
