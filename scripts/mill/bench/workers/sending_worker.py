"""Sends customers in a process of its own, one way: `python sending_worker.py WAY`, in the workspace's root.

It carries out the errand in each line, and answers in how many seconds of wall time it did so. Ends with
its input. HOME holds the journal's file.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict
from wmill import S3Object

import f.connect.transport.async_runner  # noqa: F401 - else the first errand alone would spend its time importing it
from f.customers.create_customers import main as create_customers
from f.customers.parse_csv import main as parse_csv
from f.customers.targets.customer_api import open_target
from f.records.journal.row_journal import RowJournal
from f.records.rows.row import Row
from f.records.rows.row_store import read_rows
from f.records.sending.parking import ParkingClient
from f.records.sending.run import send_rows
from f.records.sending.session import limits_beside, open_journal, open_limits, tuned_for_rows
from mill.bench.rig.errand import Errand
from mill.bench.workers import peers

_PARK_AFTER_SECONDS = 300  # as a job's default


def prepare(errand: Errand) -> list[Any]:
    """Read the file into chunks, and leave what the API will be sent of each row where `records` says."""
    os.environ["WM_FLOW_JOB_ID"] = errand["import_id"]  # it is part of where the chunks will lie
    parsed = parse_csv(file=S3Object(s3=errand["file"]), chunk_rows=errand["chunk_rows"])
    target = open_target(errand["api"])
    rows = (row for chunk in parsed["chunks"] for row in read_rows(chunk["rows"]))
    with Path(errand["records"]).open("w", encoding="utf-8") as records:
        records.writelines(json.dumps(target.render(row["record"])) + "\n" for row in rows)
    return list(parsed["chunks"])


def jobs(errand: Errand) -> None:
    """Each chunk as the flow sends it, one after the other."""
    for chunk in errand["chunks"]:
        create_customers(errand["api"], chunk=chunk, import_id=errand["import_id"])  # type: ignore[arg-type]  # JSON


def parse(errand: Errand) -> list[Any]:
    """Return the file read and checked as the flow does: its chunks."""
    return list(parse_csv(file=S3Object(s3=errand["file"]), chunk_rows=errand["chunk_rows"])["chunks"])


def without_journal(errand: Errand) -> None:
    """Each chunk, and nothing is remembered."""
    _send(errand, journalled=False)


def with_journal(errand: Errand) -> None:
    """The same, journalled in the database given, else in the file under HOME."""
    _send(errand, journalled=True)


def _send(errand: Errand, *, journalled: bool) -> None:
    target = open_target(errand["api"])
    database = conninfo_to_dict(errand["database"]) if errand["database"] else None
    for chunk in errand["chunks"]:
        with contextlib.ExitStack() as stack:
            stack.enter_context(tuned_for_rows())  # as a job is
            rows = [Row.from_json(record) for record in read_rows(chunk["rows"])]
            journal: RowJournal | None = None
            if journalled:
                opened = open_journal(database, target, errand["import_id"], chunk=chunk)
                journal = stack.enter_context(opened)
                limits = stack.enter_context(limits_beside(journal, database))
            else:
                limits = stack.enter_context(open_limits(database))
            client = stack.enter_context(ParkingClient(target, limits, park_after=_PARK_AFTER_SECONDS))
            send_rows(rows, target, client, journal=journal)


WAYS: dict[str, Callable[[Errand], object]] = {
    way.__name__: way
    for way in (
        prepare,
        jobs,
        parse,
        without_journal,
        with_journal,
        peers.by_asyncio,
        peers.by_asyncio_in_batches,
        peers.by_threads,
        peers.by_loop,
    )
}


def serve(way: Callable[[Errand], object]) -> None:
    """Answer until the input ends; what jobs print goes nowhere."""
    answers, sys.stdout = sys.stdout, open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - for good
    for line in sys.stdin:
        errand: Errand = json.loads(line)
        started = time.perf_counter()
        result = way(errand)
        seconds = time.perf_counter() - started
        print(json.dumps({"seconds": seconds, "result": result}), file=answers, flush=True)


if __name__ == "__main__":
    serve(WAYS[sys.argv[1]])
