"""How a job's part of an import went: the shapes that the report takes from the jobs that send."""

from typing import Any, NotRequired, TypedDict

from f.records.rows.row_store import StoredRows


class Stop(TypedDict):
    """Why the import ended before all rows were tried. `resume_at`: when what is `parked` can go on."""

    code: str
    message: str
    resume_at: NotRequired[str]


class Created(TypedDict):
    """What became of one chunk. `reported` has the rows that a person may want to see, with their reasons."""

    index: int
    target: str
    guarantee: str
    counts: dict[str, int]
    reported: StoredRows
    ids: dict[str, str]
    requests: int
    retries: int
    latencies: dict[str, Any]
    stopped: Stop | None
    started: float
    ended: float
