"""What an import says of itself at its end: the shape that reporting and announcing read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

if TYPE_CHECKING:
    from f.connect.metrics import Latency
    from f.records.planning.forecast import Forecast
    from f.records.planning.plan import Plan
    from f.records.rows.outcome import Stop
    from f.records.rows.tally import Reason
    from f.windmill.objects import FileRef


class Timings(TypedDict):
    """Where the time went."""

    parse_seconds: float
    create_seconds: float
    requests: int
    retries: int
    latency_ms: Latency | None


class Rest(TypedDict):
    """Rows that wait, and the job that goes on with them; None with the `problem` if there is none."""

    rows: int
    resume_at: str
    job: str | None
    file: FileRef
    problem: NotRequired[str]


class ImportSummary(TypedDict):
    """One import. `counts` holds `rows` and all eight outcomes, which add up to it.

    `continues` names the import whose rest this is; `rest` is what is left of this one for another.
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
