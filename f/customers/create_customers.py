"""Create customers in a CRM or customer API: one chunk of an import, or a list typed into the form.

Sends in batches with bounded concurrency, waits longer while the service is slow or busy, and never
repeats a write that may have been applied. Gives exactly one outcome for every row; a refused
credential stops it at once, and a cancellation as soon as what is under way has been answered: retries are
given up, and what was sent is journalled. On Windmill that takes workers with MAX_WAIT_FOR_SIGINT (seconds;
twice the timeout of a request is enough). Without it the job is killed, which loses nothing either: the next
run finds out what became of the rows that were under way.
Every row's intent is journalled before it is sent and its outcome after: a second run, also after a crash,
sends only what has not been applied. Where sending would have to wait longer than `park_after`, because the
day's allowance is used up or the API asks for a long pause, the job ends and the rest of its rows is parked.
"""

import contextlib
import gc
import os
import secrets
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any, Literal, cast

from f.connect.errors import FixInput
from f.connect.moments import seconds_of
from f.customers.targets.customer_api import customer_api, open_target
from f.customers.validation.customer import FIELDS, Customer, check
from f.records.journal.row_journal import RowJournal
from f.records.report.summary import Created, Rows
from f.records.rows.outcome import CustomerRow, RowOutcome, to_record
from f.records.rows.row_store import inline, object_path, read_rows, to_line, write_rows
from f.records.sending.parking import ParkingClient
from f.records.sending.run import Sent, send_rows
from f.records.sending.session import journal_kind, open_import
from f.records.target.target import OnDuplicate, Target
from f.store.stores import postgresql
from f.windmill.job import Cancellation, Progress

# Objects made between two collections. Python's own 700 are the doing of a hundred rows.
_OBJECTS_A_COLLECTION = 10_000


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
    settled: dict | None = None,
    park_after: int = 300,
    renews_at: str = "",
) -> Created:
    started = time.time()
    overrides = {
        "batch_size": batch_size,
        "delay_between_batches": delay_between_batches,
        "max_concurrent_requests": max_concurrent_requests,
    }
    target = open_target(api, overrides)
    import_id = import_id or os.environ.get("WM_ROOT_JOB_ID") or secrets.token_hex(8)
    with _collector_spared():
        rows, ends = _typed(customers) if customers else _chunk(chunk, settled)
        if dry_run:
            sent = Sent([(row, RowOutcome.because("dry_run")) for row in rows])
        else:
            with (
                Cancellation() as cancellation,
                open_import(
                    journal,
                    target,
                    import_id,
                    resend_unknown=resend_unknown,
                    park_after=park_after,
                    renews_at=seconds_of(renews_at),
                    clock=cancellation,
                ) as (rows_before, client),
            ):
                sent = _send(rows, target, client, rows_before, on_duplicate, cancellation)
    ends += _parked(sent)
    counts = {str(name): count for name, count in Counter(end.outcome for _, end in ends).items()}
    index = (chunk or {}).get("index", 0)
    print(f"chunk {index}: {len(ends)} rows, {counts}, {sent.requests} requests, {sent.retries} retries")
    in_storage = "s3" in (chunk or {}).get("rows", {})
    return {
        "index": index,
        "target": target.title,
        "guarantee": target.guarantee(journal_kind(journal), on_duplicate),
        "counts": counts,
        "noted": _noted(ends, object_path(import_id, f"noted/{index:05}.jsonl") if in_storage else None),
        "ids": {str(row.line): end.id for row, end in ends if end.id} if customers else {},
        "requests": sent.requests,
        "retries": sent.retries,
        "latencies": sent.latencies.to_json(),
        "stopped": sent.stopped,
        "started": started,
        "ended": time.time(),
    }


@contextlib.contextmanager
def _collector_spared() -> Iterator[None]:
    """Let the garbage collector run seldom, and past the imported modules: rows are no cycles to be found."""
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS_A_COLLECTION, *before[1:])
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)


def _send(
    rows: list[CustomerRow],
    target: Target,
    client: ParkingClient,
    journal: RowJournal,
    on_duplicate: OnDuplicate,
    cancellation: Cancellation,
) -> Sent:
    """Send the rows the journal does not know as sent, unless another job has met a limit that lasts."""
    if pause := client.pause():
        return Sent([(row, RowOutcome.because("not_sent")) for row in rows], stopped=pause.stop())
    return send_rows(
        rows,
        target,
        client,
        journal=journal,
        on_duplicate=on_duplicate,
        progress=Progress(len(rows)),
        sleep=cancellation.sleep,
        cancelled=cancellation.is_requested,
    )


def _parked(sent: Sent) -> list[tuple[CustomerRow, RowOutcome]]:
    """The ends of a run, where the rows that it did not come to wait if it was parked."""
    if sent.stopped is None or "resume_at" not in sent.stopped:
        return sent.ends
    waits = RowOutcome.because("parked", sent.stopped["message"])
    return [(row, waits if end.code == "not_sent" else end) for row, end in sent.ends]


def _chunk(
    chunk: dict[str, Any] | None, settled: dict[str, Any] | None
) -> tuple[list[CustomerRow], list[tuple[CustomerRow, RowOutcome]]]:
    """The rows of a chunk that parse_csv made, apart from those whose outcome a plan has settled."""
    if not chunk:
        raise FixInput("Nothing to create: give customers, or a chunk of parse_csv.", code="no_customers")
    rows = [CustomerRow.from_record(record) for record in read_rows(cast("Rows", chunk["rows"]))]
    ends = {
        r["line"]: RowOutcome.because(r["code"], r["detail"], r["id"])
        for r in read_rows(cast("Rows", settled or {}))
    }
    open_ones = [row for row in rows if row.line not in ends]
    return open_ones, [(row, ends[row.line]) for row in rows if row.line in ends]


def _typed(
    customers: list[dict[str, Any]],
) -> tuple[list[CustomerRow], list[tuple[CustomerRow, RowOutcome]]]:
    """Customers typed into the form or handed over by another step: unchecked. Lines count from 1."""
    rows: list[CustomerRow] = []
    refused: list[tuple[CustomerRow, RowOutcome]] = []
    for line, record in enumerate(customers, start=1):
        values = {name: str(value) for name, value in record.items() if value is not None and name in FIELDS}
        custom = {
            name: str(value) for name, value in record.items() if value is not None and name not in FIELDS
        }
        customer, faults, _ = check(values, custom, None)
        cells = [str(value) for value in record.values()]
        if customer is None:
            empty = CustomerRow(line, cells, Customer("", ""))
            refused.append(
                (empty, RowOutcome.because(faults[0].code, f"{faults[0].field} {faults[0].detail}"))
            )
        else:
            rows.append(CustomerRow(line, cells, customer))
    return rows, refused


def _noted(ends: list[tuple[CustomerRow, RowOutcome]], path: str | None) -> Rows:
    """The rows worth a look, by line; as an object where the chunk was one."""
    records = [to_record(row, end) for row, end in ends if end.code]
    if path is None or not records:
        return inline(records)
    return write_rows(path, [to_line(record) for record in records])
