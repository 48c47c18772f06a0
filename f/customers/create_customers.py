"""Create customers in a CRM or customer API: one chunk of an import, or a list typed into the form.

Sends in batches with bounded concurrency, waits longer while the service is slow or busy, and never
repeats a write that may have been applied. Gives exactly one outcome for every row; a refused
credential stops it at once, and a cancellation as soon as what is under way has been answered: retries are
given up, and what was sent is journalled. On Windmill that takes workers with MAX_WAIT_FOR_SIGINT (seconds;
twice the timeout of a request is enough). Without it the job is killed, which loses nothing either: the next
run finds out what became of the rows that were under way.
Every row's intent is journalled before it is sent and its outcome after: a second run, also after a crash,
sends only what has not been applied. If it would have to wait longer than `park_after`, because the day's
quota is used up or the API asks for a long pause, the job stops and parks the rest of its rows.
"""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# annotated-types==0.8.0
# dnspython==2.9.2
# email-validator==2.4.0
# phonenumbers==9.0.43
# pycountry==26.2.16
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-inspection==0.4.5

from __future__ import annotations

import os
import secrets
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypedDict, cast

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.customers.targets.customer_api import customer_api
    from f.records.rows.outcome import RowOutcome, Stop
    from f.records.rows.row import Row, Rows
    from f.records.rows.row_store import Created, StoredRows
    from f.records.sending.run import Sent
    from f.records.sending.session import Session
    from f.records.target.target import OnDuplicate, Target
    from f.windmill.job import Cancellation


def main(
    api: customer_api,
    customers: list[dict] | None = None,
    chunk: dict | None = None,
    import_id: str = "",
    batch_size: int | None = None,
    delay_between_batches: float | None = None,
    max_concurrent_requests: int | None = None,
    on_duplicate: Literal["skip", "update", "fail"] = "skip",
    dry_run: bool = False,
    journal: postgresql | None = None,
    resend_unknown: bool = False,
    resend_missing: bool = False,
    planned_outcomes: dict | None = None,
    park_after: int = 300,
    renews_at: str = "",
) -> Created:
    from f.customers.targets.customer_api import open_target
    from f.records.sending.session import open_import, tuned_for_rows
    from f.windmill.job import Cancellation

    started = time.time()
    target = open_target(api, _overrides(batch_size, delay_between_batches, max_concurrent_requests))
    guarantee = _guarantee(target, journal, on_duplicate)
    import_id = import_id or os.environ.get("WM_ROOT_JOB_ID") or secrets.token_hex(8)
    with tuned_for_rows(), Cancellation() as cancellation:
        job_rows = _typed_rows(customers) if customers else _chunk_rows(chunk, planned_outcomes)
        if dry_run:
            sent = _nothing_sent(job_rows.to_send)
        else:
            with open_import(
                journal,
                target,
                import_id,
                chunk=None if customers or resend_missing else chunk,
                resend_unknown=resend_unknown,
                park_after=park_after,
                renews_at=renews_at,
                clock=cancellation,
            ) as session:
                if resend_missing:
                    _release_missing(job_rows.to_send, target, session, cancellation)
                sent = _send(job_rows.to_send, target, session, on_duplicate, cancellation)
    return {
        **_summary(sent, job_rows, chunk, import_id, names_ids=bool(customers)),
        "target": target.title,
        "guarantee": guarantee(sent),
        "started": started,
        "ended": time.time(),
    }


def _overrides(size: int | None, delay: float | None, concurrent: int | None) -> dict[str, Any]:
    """What this run sets otherwise than the resource."""
    return {"batch_size": size, "delay_between_batches": delay, "max_concurrent_requests": concurrent}


def _nothing_sent(rows: Rows) -> Sent:
    from f.records.rows.outcome import RowOutcome
    from f.records.sending.run import Sent

    return Sent([(row, RowOutcome.because("dry_run")) for row in rows])


def _guarantee(
    target: Target, journal: postgresql | None, on_duplicate: OnDuplicate
) -> Callable[[Sent], str]:
    """What says of rows that were sent which guarantee held; made before, as an import can fail."""
    from f.records.sending.session import journal_kind
    from f.records.target.guarantee import guarantee_of

    def guarantee(sent: Sent) -> str:
        return guarantee_of(target, journal_kind(journal), on_duplicate, lookup_shown=sent.lookup_shown)

    return guarantee


def _send(
    rows: Rows, target: Target, session: Session, on_duplicate: OnDuplicate, cancellation: Cancellation
) -> Sent:
    """Send the rows that the journal does not know as applied, unless another job has stored a pause."""
    from f.records.rows.outcome import RowOutcome
    from f.records.sending.run import Sent, send_rows
    from f.windmill.job import Progress

    if pause := session.client.pause():
        return Sent([(row, RowOutcome.because("not_sent")) for row in rows], stopped=pause.stop())
    return send_rows(
        rows,
        target,
        session.client,
        journal=session.journal,
        on_duplicate=on_duplicate,
        progress=Progress(len(rows)),
        sleep=cancellation.sleep,
        cancelled=cancellation.is_requested,
    )


def _release_missing(rows: Rows, target: Target, session: Session, cancellation: Cancellation) -> None:
    """Let rows be sent again that were applied before and that the target was shown not to have."""
    from f.records.verifying.read_back import forget_missing  # seldom asked for

    print(f"{forget_missing(rows, target, session, cancellation.sleep)} rows are not there, and sent again.")


@dataclass(slots=True)
class _JobRows:
    """The rows of a job: those to send, and those whose outcome is decided already."""

    to_send: list[Row] = field(default_factory=list)
    decided: list[tuple[Row, RowOutcome]] = field(default_factory=list)


def _chunk_rows(chunk: dict[str, Any] | None, planned_outcomes: dict[str, Any] | None) -> _JobRows:
    """The rows of a chunk that parse_csv made; a plan may have decided what becomes of some of them."""
    from f.connect.errors import FixInput
    from f.records.rows.outcome import RowOutcome
    from f.records.rows.row import Row
    from f.records.rows.row_store import read_rows

    if not chunk:
        raise FixInput("Nothing to create: give customers, or a chunk of parse_csv.", code="no_customers")
    job_rows = _JobRows()
    planned = {one["line"]: one for one in read_rows(cast("StoredRows", planned_outcomes or {}))}
    if not planned:
        job_rows.to_send = list(map(Row.from_json, read_rows(cast("StoredRows", chunk["rows"]))))
        return job_rows
    for record in read_rows(cast("StoredRows", chunk["rows"])):
        row = Row.from_json(record)
        one = planned.get(row.line)
        if one is not None and one["code"]:
            job_rows.decided.append((row, RowOutcome.because(one["code"], one["detail"], one["id"])))
        else:
            row.planned_id = one["id"] if one is not None else None
            job_rows.to_send.append(row)
    return job_rows


def _typed_rows(customers: list[dict[str, Any]]) -> _JobRows:
    """Customers typed into the form or handed over by another step: unchecked. Lines count from 1."""
    from f.customers.validation.customer import check  # the rows of a chunk are checked
    from f.customers.validation.fields import FIELDS
    from f.records.rows.outcome import RowOutcome
    from f.records.rows.row import Row

    job_rows = _JobRows()
    for line, record in enumerate(customers, start=1):
        texts = {name: str(value) for name, value in record.items() if value is not None}
        values = {name: text for name, text in texts.items() if name in FIELDS}
        custom = {name: text for name, text in texts.items() if name not in FIELDS}
        customer, faults, _ = check(values, custom, None)
        cells = [str(value) for value in record.values()]
        if customer is None:
            refusal = RowOutcome("invalid", faults[0].code, f"{faults[0].field} {faults[0].detail}")
            job_rows.decided.append((Row(line, cells, "", {}), refusal))
        else:
            job_rows.to_send.append(Row(line, cells, customer.key, customer.to_json()))
    return job_rows


def _line(outcome: tuple[Row, RowOutcome]) -> int:
    return outcome[0].line


class _Summary(TypedDict):
    """The part of Created that is about the rows."""

    index: int
    counts: dict[str, int]
    ids: dict[str, str]
    reported: StoredRows
    requests: int
    retries: int
    latencies: dict[str, Any]
    stopped: Stop | None


def _summary(
    sent: Sent,
    job_rows: _JobRows,
    chunk: dict[str, Any] | None,
    import_id: str,
    *,
    names_ids: bool,
) -> _Summary:
    """What Created says of the rows; the log gets the counts too."""
    from f.records.rows.row_store import object_path

    outcomes = sorted([*sent.parked(), *job_rows.decided], key=_line)
    index, in_storage = (chunk or {}).get("index", 0), "s3" in (chunk or {}).get("rows", {})
    counts = {str(name): count for name, count in Counter(one.outcome for _, one in outcomes).items()}
    print(f"chunk {index}: {len(outcomes)} rows, {counts}, {sent.requests} requests, {sent.retries} retries")
    path = object_path(import_id, f"reported/{index:05}.jsonl") if in_storage else None
    return {
        "index": index,
        "counts": counts,
        "ids": {str(row.line): outcome.id for row, outcome in outcomes if outcome.id} if names_ids else {},
        "reported": _reported(outcomes, path),
        "requests": sent.requests,
        "retries": sent.retries,
        "latencies": sent.latencies.to_json(),
        "stopped": sent.stopped,
    }


def _reported(outcomes: list[tuple[Row, RowOutcome]], path: str | None) -> StoredRows:
    """The rows that a report names; in the workspace's storage if the chunk was there."""
    from f.records.rows.row import reported
    from f.records.rows.row_store import inline, to_line, write_rows

    records = [reported(row, outcome) for row, outcome in outcomes if outcome.code]
    if path is None or not records:
        return inline(records)
    return write_rows(path, [to_line(record) for record in records])
