"""The files of a draft, in pieces that a page can take."""

from __future__ import annotations

import base64
import re
from datetime import datetime
from typing import TYPE_CHECKING, Literal, TypedDict

from f.connect.errors import FixInput
from f.desk.drafts.arguments import check_arguments
from f.desk.drafts.draft import refuse_cleared
from f.desk.importing.results import result_of
from f.desk.importing.runs import settle
from f.windmill.small_objects import read_piece, sizes_of

if TYPE_CHECKING:
    from f.desk.drafts.draft import Draft, Drafts, RunKind
    from f.desk.importing.conclusions import FileKind
    from f.windmill.objects import FileRef

What = Literal["rejects", "report", "plan", "missing", "source"]
PIECE_BYTES = 1_000_000
# In which runs each is looked for, the first first.
_RUNS: dict[FileKind, tuple[RunKind, ...]] = {
    "rejects": ("apply", "plan"),
    "report": ("apply", "plan"),
    "plan": ("plan", "apply"),
    "missing": ("verify", "apply"),
}
_NONE: dict[str, str] = {
    "rejects": "There is no file of rejected rows: no row was rejected, or nothing was planned yet.",
    "report": "There is no report yet: make a plan first, or wait for the end of the import.",
    "plan": "There is no plan yet. Make one first.",
    "missing": "There is no file of missing rows: none is missing, or the rows were not read back yet.",
    "source": "The file has not arrived as a whole.",
}
_TYPES = {".html": "text/html; charset=utf-8", ".csv": "text/csv; charset=utf-8"}
_UNFIT = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]+")


class Piece(TypedDict):
    """A piece of a file, as base64. `next` is the offset of the one after it, None if this is the last."""

    filename: str
    content_type: str
    data: str
    next: int | None
    size: int | None


def piece_of(drafts: Drafts, id: str, what: What, offset: int, run: str = "") -> Piece:
    """Return up to PIECE_BYTES of a file from `offset` on; FixInput if there is no such file.

    `run` is the job of one of the draft's runs; without it the last that has such a file is meant.
    """
    check_arguments({"what": what, "run": run}, {"offset": offset})
    if what not in _NONE:
        raise FixInput(f"There is no file {what!r}. Ask for one of {', '.join(_NONE)}.", code="bad_argument")
    if offset < 0:
        raise FixInput("offset must be 0 or more.", code="bad_argument")
    draft = settle(drafts, drafts.get(id))
    if what != "report":
        refuse_cleared(draft)
    file, at = _of_run(drafts, draft, what, run) if run else (_file(draft, what), "")
    if file is None:
        raise FixInput(_NONE[what], code="no_such_file")
    data, size = _read(file, offset)
    ends = offset + len(data)
    is_last = len(data) < PIECE_BYTES or (size is not None and ends >= size)
    name = _name(draft, what, f"{at}{file['filename']}")
    return {
        "filename": name,
        "content_type": _TYPES.get(name[name.rfind(".") :].lower(), "application/octet-stream"),
        "data": base64.b64encode(data).decode(),
        "next": None if is_last else ends,
        "size": size,
    }


def _file(draft: Draft, what: What) -> FileRef | None:
    if what == "source":
        file = draft["file"]
        return {"filename": file["name"], "s3": file["s3"]} if file else None
    for kind in _RUNS[what]:
        if found := result_of(draft["runs"].get(kind))["files"].get(what):
            return found
        if kind == "apply" and what == "rejects" and ended_well(draft):
            return None  # those of the plan are history
    return None


def _of_run(drafts: Drafts, draft: Draft, what: What, job: str) -> tuple[FileRef | None, str]:
    """The file of one run, and what tells its name from those of other runs: when it began."""
    for _, run in drafts.runs_of(draft):
        if run["job"] == job and what != "source":
            began = datetime.fromisoformat(run["at"])
            return result_of(run)["files"].get(what), f"{began:%Y%m%d-%H%M%S}-"
    return None, ""


def ended_well(draft: Draft) -> bool:
    """Return whether an import has ended with an account of every row."""
    run = draft["runs"].get("apply")
    return run is not None and "ended" in run and bool(run["ended"]["result"])


def _read(file: FileRef, offset: int) -> tuple[bytes, int | None]:
    if "s3" not in file:
        whole = file["content"].encode()
        return whole[offset : offset + PIECE_BYTES], len(whole)
    return read_piece(file["s3"], offset, PIECE_BYTES), sizes_of([file["s3"]])[0]


def _name(draft: Draft, what: What, filename: str) -> str:
    """Name a download after the file that the person chose: the rejects of two imports lie in one folder."""
    if what == "source":
        return _UNFIT.sub("_", filename) or "file"
    stem = _UNFIT.sub("_", draft["name"].rpartition(".")[0] or draft["name"])[:100]
    return f"{stem}-{filename}" if stem else filename
