"""Drafts that are given up, and everything that lies in the storage for them: it is about persons."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from f.connect.errors import ConnectError, FixInput
from f.desk.drafts.draft import folder_of
from f.desk.drafts.run_records import is_under_way, kept_result
from f.desk.reading.row_index import index_path, read_index
from f.desk.reading.uploads import part_paths
from f.records.rows.row_store import object_path
from f.windmill.named_jobs import state_of
from f.windmill.small_objects import delete_all, list_below

if TYPE_CHECKING:
    from collections.abc import Sequence

    from f.desk.drafts.draft import Draft, Drafts, Run, RunKind

_RUNS: tuple[RunKind, ...] = ("plan", "apply")
_TO_BE_SENT = timedelta(days=1)  # after the time at which rows that wait are sent
# What is left of an import that is old: its account of the rows, in which values are masked.
_KEPT = ("report.html", "summary.json")


def clear(drafts: Drafts, draft: Draft) -> int:
    """Delete the file and the rows of a draft and keep the reports of its runs; return how many objects went.

    FixInput for one whose import still runs, or waits with rows for the quota of its target.
    """
    _refuse_running(draft)
    _refuse_waiting(draft)
    runs = [run for _, run in drafts.runs_of(draft)]
    kept = {run["ended"]["result"] for run in runs if "ended" in run}
    kept.update(object_path(import_id, name) for import_id in _imports_of(draft, runs) for name in _KEPT)
    paths = _objects_of(drafts, draft) - kept
    # Noted at the end: as long as it is not, the rest is deleted by the next who does this.
    delete_all(sorted(paths))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    drafts.note(draft["id"], lambda then: {**then, "cleared_at": now})
    return len(paths)


def drop(drafts: Drafts, id: str) -> int:
    """Delete a draft with the objects that were made for it, and return how many those are.

    A draft whose import still runs is left alone: FixInput. What an import has sent is not taken back, and
    the journal, which knows no person, still tells when a row of it is imported again.
    """
    draft = drafts.get(id)
    _refuse_running(draft)
    paths = _objects_of(drafts, draft)
    # The draft goes last: as long as it is there, what lies in the storage can be found.
    delete_all(sorted(paths))
    drafts.drop(id)
    return len(paths)


def _refuse_running(draft: Draft) -> None:
    for kind in _RUNS:
        run = draft["runs"].get(kind)
        if run is None or "ended" in run:
            continue
        if is_under_way(run, state_of(run["job"], is_young=False)):
            raise FixInput(
                "This import is running: cancel it, or wait for its end, then delete it.", code="import_runs"
            )


def _refuse_waiting(draft: Draft) -> None:
    summary = kept_result(draft["runs"].get("apply"))["summary"]
    parked = summary["parked"] if summary else None
    if parked and datetime.fromisoformat(parked["resume_at"]) > datetime.now(UTC) - _TO_BE_SENT:
        raise FixInput(
            f"{parked['rows']:,} rows of this import wait until {parked['resume_at']} to be sent.",
            code="import_runs",
        )


def _objects_of(drafts: Drafts, draft: Draft) -> set[str]:
    """Return what lies below it, where this job may list objects, and what the draft itself knows of."""
    own = folder_of(draft, "")
    paths = {*list_below(own), *part_paths(draft)}
    file, checked = draft["file"], draft["checked"]
    # An object that was there before, and was only read, is nobody's to delete.
    if file and file["s3"].startswith(own):
        paths.add(file["s3"])
    if draft["corrections_file"]:
        paths.add(draft["corrections_file"])
    paths.update(step["s3"] for step in draft.get("left_out", ()))
    if checked:
        paths.update({checked["s3"], index_path(checked["s3"])})
        with suppress(ConnectError):  # gone already
            paths.update(read_index(checked["s3"])["objects"])
    runs = [run for _, run in drafts.runs_of(draft)]
    paths.update(run["ended"]["result"] for run in runs if "ended" in run)
    for import_id in _imports_of(draft, runs):  # rows, rejects, reports
        paths.update(list_below(object_path(import_id, "")))
    return paths - {""}


def _imports_of(draft: Draft, runs: Sequence[Run]) -> set[str]:
    """The ids of the draft's imports and dry runs; what they have kept lies below them."""
    return {draft["import_id"], *map(_import_of, runs)} - {""}


def _import_of(run: Run) -> str:
    if "ended" in run:  # which outlasts what Windmill knows of the job
        return run["ended"]["import_id"]
    with suppress(ConnectError):
        result = state_of(run["job"], is_young=False).result
        return str(result.get("import_id") or "") if isinstance(result, dict) else ""
    return ""
