"""What an import says of itself at its end: the shapes that reporting and notifying read."""

from typing import Any, Literal, NotRequired, TypedDict

from f.windmill.objects import FileRef

Outcome = Literal["created", "updated", "unchanged", "duplicate", "invalid", "rejected", "failed", "unknown"]

OUTCOMES: tuple[Outcome, ...] = (
    "created",
    "updated",
    "unchanged",
    "duplicate",
    "invalid",
    "rejected",
    "failed",
    "unknown",
)

MEANING: dict[Outcome, str] = {
    "created": "new in the target",
    "updated": "was there, now changed",
    "unchanged": "nothing was sent or nothing differed",
    "duplicate": "already there, or earlier in this file",
    "invalid": "refused here, never sent",
    "rejected": "refused by the API",
    "failed": "not applied; safe to feed again",
    "unknown": "sent, but the answer was lost",
}


Action = Literal["create", "update", "unchanged", "skip", "refuse", "hold"]

ACTIONS: dict[Action, str] = {
    "create": "is not in the target; would be created",
    "update": "is there with other values; they would be replaced",
    "unchanged": "is there just so, or was imported before; would not be sent",
    "skip": "is there; would be left as it is",
    "refuse": "must not or cannot be sent",
    "hold": "an earlier sending of it is under way or without an answer",
}


class Rows(TypedDict):
    """Some records: inline, or as one JSON record a line in an object of the workspace's storage."""

    count: int
    records: NotRequired[list[dict[str, Any]]]
    s3: NotRequired[str]


class Example(TypedDict):
    """One row that shows a reason. `value` is masked: enough to find the fault, not to know the person."""

    line: int
    column: str | None
    value: str


class Reason(TypedDict):
    """Why rows ended as they did, with how many and the first of them."""

    outcome: Outcome | Literal["warning"]
    code: str
    message: str
    hint: str
    rows: int
    examples: list[Example]


class Latency(TypedDict):
    """Milliseconds from request to reply, over all requests of the import."""

    p50: float
    p95: float
    p99: float
    max: float


class Timings(TypedDict):
    """Where the time went."""

    parse_seconds: float
    create_seconds: float
    requests: int
    retries: int
    latency_ms: Latency | None


class Chunk(TypedDict):
    """Rows that one job sends. `first_line` and `last_line` count lines of the user's file from 1."""

    index: int
    first_line: int
    last_line: int
    rows: Rows


class Parsed(TypedDict):
    """A file, read and checked. `refused` holds the rows that will not be sent, with their cells."""

    import_id: str
    source: str
    sha256: str  # of the file's bytes
    started_at: str
    seconds: float
    table: dict[str, str]
    header: list[str]
    mapping: dict[str, str]
    counts: dict[str, int]
    reasons: list[Reason]
    refused: list[Rows]
    chunks: list[Chunk]


class Change(TypedDict):
    """A value that an update would replace. Both are masked."""

    line: int
    field: str
    before: str
    after: str


class Plan(TypedDict):
    """What an import would do. `hash` is the same as long as file, settings and the target's rows are.

    `counts` are rows by action, `fields` rows by the target's field that would change. `reads_target` is
    False where the target cannot be asked. `file` names every row's action, with the values in clear.
    """

    hash: str
    reads_target: bool
    counts: dict[Action, int]
    fields: dict[str, int]
    examples: list[Change]
    requests: int
    file: FileRef


class Forecast(TypedDict):
    """What an import will cost: `calls_at_least` to `calls`, against what the target takes in a day.

    `left_today` and `renews_at` (ISO 8601) are those of the tightest allowance that is known; `seconds` is
    how long a rate limit makes it at least; `days` counts from today, 1 where it fits.
    """

    calls_at_least: int
    calls: int
    daily_limit: int | None
    left_today: int | None
    renews_at: str | None
    seconds: float | None
    days: int | None
    message: str


class Gate(TypedDict):
    """Whether an import goes on, and where to. `settled` has by chunk what a plan keeps from being sent."""

    decision: Literal["go", "ask"]
    message: str
    target: str
    guarantee: str
    plan: Plan | None
    settled: list[Rows]
    forecast: NotRequired[Forecast]


class Created(TypedDict):
    """What became of one chunk. `noted` holds the rows that a person may want to see, with their reasons."""

    index: int
    target: str
    guarantee: str
    counts: dict[str, int]
    noted: Rows
    ids: dict[str, str]
    requests: int
    retries: int
    latencies: dict[str, Any]
    stopped: "Stop | None"
    started: float
    ended: float


class Stop(TypedDict):
    """Why the import ended before all rows were tried. `resume_at`: when what is `parked` can go on."""

    code: str
    message: str
    resume_at: NotRequired[str]


class Rest(TypedDict):
    """Rows that wait, and the job that goes on with them; None with the `problem` where there is none."""

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
