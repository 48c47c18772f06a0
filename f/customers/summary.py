"""What an import says of itself at its end: the shapes that reporting and notifying read."""

from typing import Any, Literal, NotRequired, TypedDict

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
    started_at: str
    seconds: float
    table: dict[str, str]
    header: list[str]
    mapping: dict[str, str]
    counts: dict[str, int]
    reasons: list[Reason]
    refused: list[Rows]
    chunks: list[Chunk]


class Gate(TypedDict):
    """Whether an import goes on, and where to."""

    decision: Literal["go", "ask"]
    message: str
    target: str
    guarantee: str


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


class FileRef(TypedDict):
    """A file made by the import: in object storage (`s3`), or with its content where there is none."""

    filename: str
    rows: NotRequired[int]
    s3: NotRequired[str]
    content: NotRequired[str]


class Stop(TypedDict):
    """Why the import ended before all rows were tried."""

    code: str
    message: str


class ImportSummary(TypedDict):
    """One import. `counts` holds `rows` and all eight outcomes, which add up to it."""

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
    stopped: Stop | None
    rejects: FileRef | None
    report: FileRef | None
