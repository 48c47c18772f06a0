"""Reconciling an import: every row gets one outcome, and the rejects file and the report are written."""

# extra_requirements:
# orjson==3.13.0

from __future__ import annotations

import contextlib
import heapq
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import orjson

from f.connect.errors import ConnectError, FixInput, FixSettings
from f.connect.histogram import Histogram
from f.connect.redact import mask_text, well_formed_json
from f.records.planning.plan import planned_counts, would
from f.records.report.evidence import collect
from f.records.report.page import render_page
from f.records.report.parked_rows import describe_parked, rows_waiting
from f.records.rows.outcome import OUTCOMES, ReasonText, RowOutcome, Stop
from f.records.rows.row_store import Created, object_path, read_rows
from f.records.rows.rows_file import write_rows_file
from f.records.rows.tally import Example, Reason, Tally
from f.windmill.objects import FileRef, keep_file, write_object

if TYPE_CHECKING:
    from f.records.planning.plan import Gate
    from f.records.reading.parsed import Chunk, Parsed
    from f.records.report.continuation import GoOn
    from f.records.report.summary import ImportSummary, Rest, Timings
    from f.records.verifying.certificate import Certificate

# What the user may correct and import again. Duplicates are not among them: the row they repeat is there.
_TO_IMPORT_AGAIN = frozenset({"invalid", "rejected", "failed", "unknown"})
_LEFT_OUT = "excluded"  # of the invalid rows, those that a person does not want
_BEFORE_SENDING = frozenset(kind.__name__ for kind in (FixInput, FixSettings))
_INCOMPLETE = ("failed", "unknown")


class ImportIncomplete(ConnectError):
    """Rows are left that should have been applied. `summary` is the account of the whole import."""

    def __init__(self, message: str, summary: ImportSummary) -> None:
        super().__init__(message, code="import_incomplete")
        self.summary = summary


@dataclass(frozen=True, slots=True)
class Steps:
    """What the steps of an import left: the file, the decision to send it, and what became of each chunk.

    `created` holds one item a chunk: its `Created`, an {"error"} if its job was lost, nothing if it never
    began, as none does in a dry run. `stop` is what stopped the import from outside of its jobs,
    `certificate` what was read back of its rows, if anything was.
    """

    parsed: Parsed
    gate: Gate | None
    created: list[Any] | None
    dry_run: bool = False
    stop: Stop | None = None
    certificate: Certificate | None = None


def reconcile(
    steps: Steps, texts: Mapping[str, ReasonText], *, go_on: GoOn | None = None, continues: str = ""
) -> ImportSummary:
    """Account for every row, write the rejects file and the report, and return the summary.

    Rows that were parked become a file of their own, with which `go_on` schedules another run. Without it,
    or if something else stopped a part of the import, they are rejects like all that failed. `texts` are the
    reasons of the record type. Raises AssertionError if the outcomes do not add up to the rows: that would be
    a lost row.
    """
    parsed, gate = steps.parsed, steps.gate
    chunks = _paired(steps)
    done = [result for _, result in chunks if isinstance(result, dict)]
    counts = _counts(steps, chunks)
    stops = [stop for stop in (steps.stop, *(created["stopped"] for created in done)) if stop]
    tally = Tally(texts)
    rejects, rest = _left(parsed, chunks, tally, stops, go_on)
    summary: ImportSummary = {
        "import_id": parsed["import_id"],
        "source": parsed["source"],
        "target": gate["target"] if gate else "",
        "dry_run": steps.dry_run,
        "started_at": parsed["started_at"],
        "seconds": round(time.time() - datetime.fromisoformat(parsed["started_at"]).timestamp(), 1),
        "counts": counts,
        "reasons": _merged([*parsed["reasons"], *_planned_reasons(steps, texts)], tally),
        "timings": _timings(parsed, done),
        "table": parsed["table"],
        "mapping": parsed["mapping"],
        "guarantee": _guarantee(gate, done),
        "plan": gate["plan"] if gate else None,
        # A stop that needs a person comes before one that resumes by itself.
        "stopped": min(stops, key=lambda stop: "resume_at" in stop, default=None),
        "rejects": rejects,
        "report": None,
        "forecast": gate.get("forecast") if gate else None,
        "continues": continues or None,
        "rest": rest,
        "certificate": steps.certificate,
        "would_stop": list(gate.get("would_stop", [])) if gate else [],
        "stop_codes": list(gate.get("stop_codes", [])) if gate else [],
    }
    path = object_path(parsed["import_id"], "report.html")
    evidence = collect(parsed, done, summary["reasons"], summary["plan"])
    # The words of a target, a platform or a person: a half of a surrogate pair cannot be written.
    page = render_page(summary, evidence).encode(errors="replace")
    summary = {**summary, "report": keep_file(path, page, "text/html")}
    _keep(summary)
    return summary


def _keep(summary: ImportSummary) -> None:
    """Leave the summary beside the report, from which the imports of the past are listed.

    A workspace without a storage has no such list.
    """
    content = orjson.dumps(well_formed_json(summary))
    with contextlib.suppress(FixSettings):
        write_object(object_path(summary["import_id"], "summary.json"), content, "application/json")


_STRONGEST_FIRST = ("Exactly once", "At most once", "At least once")


def _timings(parsed: Parsed, done: list[Created]) -> Timings:
    return {
        "parse_seconds": parsed["seconds"],
        "create_seconds": _span(done),
        "requests": sum(created["requests"] for created in done),
        "retries": sum(created["retries"] for created in done),
        "latency_ms": Histogram.merged(created["latencies"] for created in done).summary(),
    }


def raise_if_incomplete(summary: ImportSummary) -> None:
    """Raise ImportIncomplete if rows are left that a person or a second run must see to.

    Parked rows that a scheduled job sends later are not among them.
    """
    counts, stopped, rest = summary["counts"], summary["stopped"], summary["rest"]
    left = {name: counts[name] for name in _INCOMPLETE if counts.get(name)}
    if waiting := rows_waiting(rest):
        left["failed"] -= waiting
        left = {name: count for name, count in left.items() if count}
        stopped = None if stopped and "resume_at" in stopped else stopped
    if not left and stopped is None:
        return
    why = "".join(f" {text}" for text in (stopped and stopped["message"], describe_parked(rest)) if text)
    outcomes = ", ".join(f"{count} {name}" for name, count in left.items()) or "none failed"
    file = summary["rejects"]
    remedy = f" Import {file['filename']} when the cause is removed." if file else ""
    raise ImportIncomplete(
        f"The import is incomplete: of {counts['rows']} rows, {outcomes}.{why}{remedy}", summary=summary
    )


def _guarantee(gate: Gate | None, done: list[Created]) -> str:
    """The jobs that sent know which journal they had; before them, the gate says what is to be expected.

    Of several promises the weakest holds for the whole import.
    """
    if done:
        return max((one["guarantee"] for one in done), key=_weakness)
    return gate["guarantee"] if gate else ""


def _weakness(guarantee: str) -> int:
    return next((rank for rank, words in enumerate(_STRONGEST_FIRST) if guarantee.startswith(words)), 3)


def _paired(steps: Steps) -> list[tuple[Chunk, Created | RowOutcome]]:
    """Each chunk with what its job returned, or with what that means for all of its rows.

    The rows of a dry run have no outcome: what would become of them is in the plan.
    """
    if steps.dry_run:
        return []
    untried = RowOutcome.because("not_sent")
    return [
        (chunk, _result_of(result, untried))
        for chunk, result in zip_longest(steps.parsed["chunks"], steps.created or [])
    ]


def _result_of(result: Any, untried: RowOutcome) -> Created | RowOutcome:
    if result is None:
        return untried
    if "error" in result:
        return _outcome_of_a_lost_job(result["error"] if isinstance(result["error"], dict) else {})
    created: Created = result
    return created


def _outcome_of_a_lost_job(error: dict[str, Any]) -> RowOutcome:
    """Our own errors leave a job only before it sends; after any other, nobody knows how far it came."""
    code = "not_sent" if error.get("name") in _BEFORE_SENDING else "job_lost"
    return RowOutcome.because(code, mask_text(str(error.get("message", "")).strip())[-300:])


def _counts(steps: Steps, results: list[tuple[Chunk, Created | RowOutcome]]) -> dict[str, int]:
    """How many rows have each outcome; of a dry run, how many would. Raises AssertionError for a lost row."""
    parsed = steps.parsed
    if steps.dry_run:
        return _complete(planned_counts(steps.gate["plan"] if steps.gate else None, parsed["counts"]))
    counts: dict[str, int] = {"rows": parsed["counts"]["rows"]}
    counts.update(dict.fromkeys(OUTCOMES, 0))
    for outcome in ("invalid", "duplicate"):
        counts[outcome] += parsed["counts"][outcome]
    for chunk, result in results:
        if isinstance(result, RowOutcome):
            counts[result.outcome] += chunk["rows"]["count"]
        else:
            for outcome, count in result["counts"].items():
                counts[outcome] += count
    return _complete(counts)


def _complete(counts: dict[str, int]) -> dict[str, int]:
    total = sum(rows for name, rows in counts.items() if name != "rows")
    if total != counts["rows"]:
        raise AssertionError(f"{counts['rows']} rows went in and {total} outcomes came out: {counts}")
    return counts


def _planned_reasons(steps: Steps, texts: Mapping[str, ReasonText]) -> Iterator[Reason]:
    """Why rows would have what a dry run says of them, as its plan knows it."""
    plan = steps.gate["plan"] if steps.gate and steps.dry_run else None
    for one in plan.get("reasons", []) if plan else ():
        text = texts[one["code"]]
        examples = [Example(line=line, column=None, value="") for line in one["lines"]]
        yield {
            "outcome": would(one["action"]),
            "code": one["code"],
            "message": text.message,
            "hint": text.hint,
            "rows": one["rows"],
            "examples": examples,
        }


def _span(done: list[Created]) -> float:
    if not done:
        return 0.0
    return round(max(one["ended"] for one in done) - min(one["started"] for one in done), 3)


def _records(
    parsed: Parsed, results: list[tuple[Chunk, Created | RowOutcome]], tally: Tally
) -> Iterator[dict[str, Any]]:
    """All reported rows in the order of the file; those of the chunks are tallied on the way."""
    refused = (record for rows in parsed["refused"] for record in read_rows(rows))
    reported_rows = (
        _tallied(record, tally) for chunk, result in results for record in _of_chunk(chunk, result)
    )
    return heapq.merge(refused, reported_rows, key=lambda record: record["line"])


def _of_chunk(chunk: Chunk, result: Created | RowOutcome) -> Iterator[dict[str, Any]]:
    if not isinstance(result, RowOutcome):
        yield from read_rows(result["reported"])
        return
    for record in read_rows(chunk["rows"]):
        yield {
            "line": record["line"],
            "outcome": result.outcome,
            "code": result.code,
            "detail": result.detail,
            "cells": record["cells"],
        }


def _tallied(record: dict[str, Any], tally: Tally) -> dict[str, Any]:
    tally.add(record["code"], record["line"], None, "")
    return record


def _merged(reasons: list[Reason], tally: Tally) -> list[Reason]:
    """The reasons of both halves, the most frequent first; warnings last."""
    both = [*reasons, *tally.reasons.values()]
    return sorted(both, key=lambda reason: (reason["outcome"] == "warning", -reason["rows"]))


def _left(
    parsed: Parsed,
    results: list[tuple[Chunk, Created | RowOutcome]],
    tally: Tally,
    stops: list[Stop],
    go_on: GoOn | None,
) -> tuple[FileRef | None, Rest | None]:
    """The file of rows to import again, and apart from it the parked rows that another run sends."""
    resume_at = max((stop.get("resume_at", "") for stop in stops), default="")
    parks = bool(stops) and all("resume_at" in stop for stop in stops)
    waits = "parked" if go_on and parks else None
    held = (
        record
        for record in _records(parsed, results, tally)
        if record["outcome"] in _TO_IMPORT_AGAIN and record["code"] != _LEFT_OUT
    )
    rejects = _write(parsed, "rejects.csv", (one for one in held if one["code"] != waits), tally.texts)
    if go_on is None or waits is None:
        return rejects, None
    # Read a second time, into a tally that is thrown away: the rows were counted with the rejects already.
    again = _records(parsed, results, Tally(tally.texts))
    file = _write(parsed, "rest.csv", (record for record in again if record["code"] == waits), tally.texts)
    return rejects, _rest(file, resume_at, go_on) if file else None


def _write(
    parsed: Parsed, name: str, records: Iterable[dict[str, Any]], texts: Mapping[str, ReasonText]
) -> FileRef | None:
    path = object_path(parsed["import_id"], name)
    return write_rows_file(path, parsed["header"], records, texts)


def _rest(file: FileRef, resume_at: str, go_on: GoOn) -> Rest:
    rest: Rest = {"rows": file["rows"], "resume_at": resume_at, "job": None, "file": file}
    try:
        rest["job"] = go_on(file, resume_at)
    except ConnectError as error:
        rest["problem"] = str(error)
    return rest
