"""What an inbox decides: which files are due, which run may take one, and where each ends up. Pure."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from typing import Any, Literal, NotRequired, TypedDict

from f.connect.errors import FixInput
from f.records.report.parked_rows import describe_parked
from f.records.report.summary import Rest
from f.windmill.objects import FileRef

# Errors that are the file's own fault, or a person's word on it: the next run would meet them again.
_FINAL_ERRORS = frozenset({"FixInput", "BadTable", "SuspendedDisapproved", "SuspendedTimedOut"})
_APPLIED_OR_IN_DOUBT = ("created", "updated", "unknown")


@dataclass(frozen=True, slots=True)
class InboxFile:
    """One version of an object. `modified` is ISO 8601 as the storage gives it, empty where it gives none.

    `storage` is empty for the workspace's default one. `version` is the storage's own id of the version,
    empty where it keeps none.
    """

    storage: str
    path: str
    size: int
    modified: str
    version: str = ""

    @property
    def id(self) -> str:
        """The same for the same version of the same file, another once the file is replaced."""
        facts = [self.storage, self.path, self.size, self.modified, self.version]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def modified_at(self) -> float:
        """Seconds since the epoch; 0 where the storage does not say."""
        return datetime.fromisoformat(self.modified).timestamp() if self.modified else 0.0

    def to_json(self) -> dict[str, Any]:
        """The fields, for a job's result."""
        return asdict(self)


class FileError(TypedDict):
    """Why a file was not imported, in a sentence."""

    name: str
    message: str


class FileResult(TypedDict):
    """What became of one file: the content of result.json, and what the state store keeps of it.

    `folder` is where the file and all that belongs to it lie. `copies` are the import's own files and the
    names they get in the folder. `rest` are the rows that wait for another run.
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


class Claim(TypedDict):
    """What a run may do with a file. `give_up`: it was begun too often; `settle`: it only has to be moved."""

    action: Literal["import", "settle", "give_up", "skip"]
    message: str
    file: dict[str, Any]
    s3_object: dict[str, str]
    owner: str
    attempt: int
    result: NotRequired[FileResult]


class Settled(TypedDict):
    """How a file's turn in this run ended. `later`: it stays in the inbox for the next run."""

    path: str
    outcome: Literal["done", "failed", "later"]
    message: str
    counts: dict[str, int]
    folder: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What the state store knows of a file; `result` is there once its import has ended for good."""

    owner: str
    leased_until: float
    attempt: int
    result: FileResult | None


@dataclass(frozen=True, slots=True)
class Due:
    """The files whose turn it is, oldest first; how many may still be uploaded, and how many are too many."""

    files: list[InboxFile]
    changing: int
    next_run: int


def clean_prefix(name: str, given: str) -> str:
    """A prefix that ends with a slash and begins with none; FixInput where nothing is left of it."""
    parts = [part for part in given.split("/") if part]
    if not parts or any(part in {".", ".."} for part in parts):
        raise FixInput(
            f"The prefix {name}={given!r} names no folder of the storage. Give one such as inbox/.",
            code="bad_prefix",
        )
    return "/".join(parts) + "/"


def clean_prefixes(inbox: str, done: str, failed: str) -> tuple[str, str, str]:
    """The three prefixes; FixInput where a file would be found again after it was moved."""
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
    """Whether the name fits a pattern such as *.csv, in any case. Hidden names and folders never do."""
    name = path.rsplit("/", 1)[-1]
    if not name or name.startswith("."):
        return False
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)


def choose(files: Sequence[InboxFile], *, now: float, quiet_seconds: float, max_files: int) -> Due:
    """The files to import now. One that changed less than `quiet_seconds` ago may still be uploaded."""
    quiet = [file for file in files if now - file.modified_at >= quiet_seconds]
    quiet.sort(key=lambda file: (file.modified_at, file.path))
    return Due(quiet[:max_files], len(files) - len(quiet), max(len(quiet) - max_files, 0))


def is_taken(standing: Standing | None, owner: str, now: float, *, alive: bool | None) -> bool:
    """Whether the file belongs to another run that still works on it.

    `alive` is whether that run's job is known to run; None where nobody knows: then its lease decides.
    """
    if standing is None or standing.owner == owner:
        return False
    if standing.leased_until == 0:  # given back
        return False
    return standing.leased_until > now if alive is None else alive


def judge(
    imported: dict[str, Any], attempt: int, max_attempts: int, *, journalled: bool
) -> tuple[Literal["done", "failed", "later"], FileError | None]:
    """What an import's result means for the file.

    `later`, up to `max_attempts`, where the reason may pass (a target out of reach, a refused credential) and
    the file may be sent again: not a row of it was, or it is `journalled`, in a database all workers share,
    which rows were. Else its rejects hold what is left.
    """
    told = imported.get("error")
    if not told:
        return "done", None
    error: FileError = {"name": str(told.get("name", "Error")), "message": str(told.get("message", ""))}
    repeatable = journalled or _is_untouched(imported, told)
    if error["name"] not in _FINAL_ERRORS and attempt < max_attempts and repeatable:
        return "later", error
    return "failed", error


def _is_untouched(imported: dict[str, Any], error: dict[str, Any]) -> bool:
    counts = imported.get("counts")
    if counts is None:  # no account of the rows: certain only while the file was being read
        return error.get("step_id") == "parse"
    return not any(counts.get(name) for name in _APPLIED_OR_IN_DOUBT)


def gave_up(attempts: int) -> FileError:
    """The error of a file that ends every run which imports it."""
    return {
        "name": "GaveUp",
        "message": f"{attempts} runs began to import this file and none came to its end. The log of the last "
        "says why; a job out of memory or out of time is the common cause. Split the file, then put "
        "the parts into the inbox.",
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
    """The result of a file that ends below `prefix`, in a folder of its own that sorts by arrival."""
    stamp = datetime.fromtimestamp(file.modified_at, UTC)
    refs: dict[str, FileRef | None] = {
        "rejects.csv": imported.get("rejects"),
        "report.html": imported.get("report"),
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
    """The result in a sentence."""
    error = result["error"]
    if error is None:
        told = ", ".join(f"{count} {name}" for name, count in result["counts"].items() if count)
        said = f"Imported ({told or 'no rows'}); it is in {result['folder']} now."
        return f"{said} {describe_parked(result.get('rest'))}".rstrip()
    rest = (
        f" {result['folder']}rejects.csv holds the rows left: mend it and put it into the inbox."
        if "rejects.csv" in result["copies"]
        else ""
    )
    again = "Copy it back into the inbox to import it again."
    return f"{error['message']} The file is in {result['folder']} now.{rest or f' {again}'}"
