"""What is kept of a run that has ended: an object beside the draft's others, for as long as the draft lasts.

Windmill deletes old jobs, and `mill` forgets its own with the process.
"""

# extra_requirements:
# orjson==3.13.0

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, TypedDict, cast

import orjson

from f.connect.errors import ConnectError
from f.connect.redact import well_formed_json
from f.desk.drafts.draft import folder_of
from f.desk.drafts.run_records import kept_result, read_json
from f.windmill.small_objects import write_small

if TYPE_CHECKING:
    from f.desk.drafts.draft import Draft, Run
    from f.desk.importing.conclusions import Conclusion, FileKind, Summary
    from f.records.report.summary import ImportSummary
    from f.windmill.objects import FileRef


class Result(TypedDict):
    """What a run came to: for the page, and the files to download."""

    summary: Summary | None
    files: dict[FileKind, FileRef]


def keep_result(draft: Draft, run: Run, conclusion: Conclusion) -> str:
    """Keep what a run came to and return its path; an empty text if that is nothing."""
    if conclusion.summary is None:
        return ""
    path = folder_of(draft, f"results/{run['job']}.json")
    result: Result = {"summary": conclusion.summary, "files": conclusion.files}
    write_small(path, orjson.dumps(well_formed_json(result)))
    return path


def result_of(run: Run | None) -> Result:
    """Return what a run came to; nothing of one that has not ended."""
    return cast("Result", kept_result(run))


def summary_of_import(import_id: str) -> ImportSummary | None:
    """Return the summary that an import has left beside its report; None if there is none."""
    with contextlib.suppress(ConnectError):
        return cast("ImportSummary", read_json(f"imports/{import_id}/summary.json"))
    return None
