"""The summary of an import: the shape that reporting and announcing read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from f.connect.histogram import Latency
    from f.records.planning.forecast import Forecast
    from f.records.planning.plan import Plan
    from f.records.rows.outcome import Stop
    from f.records.rows.tally import Reason
    from f.records.verifying.certificate import Certificate
    from f.windmill.objects import FileRef


class Timings(TypedDict):
    """Where the time went. Sending takes from the start of the first job to the end of the last."""

    parse_seconds: float
    create_seconds: float
    requests: int
    retries: int
    latency_ms: Latency | None


class Rest(TypedDict):
    """Parked rows in a file of their own, and the job that sends them at `resume_at` (ISO 8601).

    `job` is None if it could not be scheduled: `problem` says why.
    """

    rows: int
    resume_at: str
    job: str | None
    file: FileRef
    problem: NotRequired[str]


class ImportSummary(TypedDict):
    """One import. `counts` holds `rows` and all eight outcomes, which add up to it.

    A dry run sends nothing, so its rows have no outcome: its `counts` hold the names of WOULD instead, and
    `would_stop` has what would end an import, or have it ask a person, before it sends, and `stop_codes` the
    codes of those errors.
    `continues` is the id of the import whose parked rows these are; `rest` are the rows this one has parked.
    `certificate` is what was read back from the target.
    """

    import_id: str
    source: str
    target: str
    dry_run: bool
    started_at: str
    seconds: float
    counts: dict[str, int]
    reasons: list[Reason]
    timings: Timings
    table: dict[str, str]
    mapping: dict[str, str]
    guarantee: str
    plan: Plan | None
    stopped: Stop | None
    rejects: FileRef | None
    report: FileRef | None
    forecast: Forecast | None
    continues: str | None
    rest: Rest | None
    certificate: Certificate | None
    would_stop: NotRequired[list[str]]
    stop_codes: NotRequired[list[str]]
