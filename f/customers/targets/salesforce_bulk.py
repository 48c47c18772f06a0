"""Salesforce Bulk API 2.0: the requests of an ingest job, and what the replies mean.

https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from f.connect.calls.message import Request, Response
from f.customers.targets.salesforce_common import failure_of, places, upsert_key
from f.records.rows.outcome import CustomerRow, RowOutcome
from f.records.target.replies import explanation, object_of
from f.records.target.target import BulkKind, OnDuplicate, Target

_ENDED = frozenset({"JobComplete", "Failed"})


def new_job(target: Target, on_duplicate: OnDuplicate) -> Request:
    """An open job does nothing, so that a second one is harmless."""
    root, object_name = places(target)
    job = {"object": object_name, "operation": "insert", "contentType": "CSV", "lineEnding": "LF"}
    if on_duplicate == "update":
        job |= {"operation": "upsert", "externalIdFieldName": upsert_key(target)}
    return Request(method="POST", path=f"{root}/jobs/ingest", json=job, repeatable=True, endpoint="bulk_job")


def job_in(response: Response) -> str:
    """The job's id."""
    return str(object_of(response).get("id", ""))


def upload(job: str, rows: Sequence[CustomerRow], target: Target) -> Request:
    """All rows as one CSV; a second upload is refused, so that no row gets in twice."""
    records = [_flat(target.record_of(row)) for row in rows]
    columns = list(dict.fromkeys(name for record in records for name in record))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(records)
    return Request(
        method="PUT",
        path=f"{_path(job, target)}/batches",
        data=text.getvalue().encode(),
        headers={"Content-Type": "text/csv"},
        endpoint="bulk_upload",
    )


def close(job: str, target: Target) -> Request:
    """The load begins. A job that is closed already refuses it."""
    return _to_state(job, "UploadComplete", target)


def abort(job: str, target: Target) -> Request:
    """A job that was not closed ends without effect."""
    return _to_state(job, "Aborted", target)


def look(job: str, target: Target) -> Request:
    """How far it is."""
    return Request(method="GET", path=_path(job, target), endpoint="bulk_job")


def state_in(response: Response) -> Literal["open", "working", "ended", "gone"]:
    """What is to be done about the job."""
    if response.status == 404:
        return "gone"
    state = object_of(response.raise_for_status()).get("state")
    if state == "Open":
        return "open"
    if state == "Aborted":
        return "gone"
    return "ended" if state in _ENDED else "working"


def failure_in(response: Response) -> RowOutcome:
    """What a job that has ended means for rows it does not name."""
    return RowOutcome.because("batch_refused", explanation(object_of(response).get("errorMessage")))


def results(job: str, target: Target) -> Iterator[Request]:
    """The rows that were applied, and those that were not."""
    for name in ("successfulResults", "failedResults"):
        yield Request(method="GET", path=f"{_path(job, target)}/{name}", endpoint="bulk_results")


def outcomes_in(response: Response, rows: Sequence[CustomerRow]) -> dict[int, RowOutcome]:
    """Rows are told by the e-mail they were sent with."""
    lines = {row.customer.key: row.line for row in rows}
    ends: dict[int, RowOutcome] = {}
    for result in csv.DictReader(io.StringIO(response.text, newline="")):
        line = lines.get(str(result.get("Email", "")).casefold())
        if line is not None:
            ends[line] = _end(result)
    return ends


def _end(result: Mapping[str, str | None]) -> RowOutcome:
    error = result.get("sf__Error")
    if error is None:
        updated = str(result.get("sf__Created")).lower() == "false"
        return RowOutcome("updated" if updated else "created", id=result.get("sf__Id") or None)
    code, _, message = error.partition(":")
    return failure_of({code}, [{"message": message}], None) or RowOutcome.because(
        "rejected_by_api", explanation(error)
    )


def _flat(record: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """A field of a parent record has a column of its own: `Account.Number__c`."""
    flat: dict[str, str] = {}
    for name, value in record.items():
        flat.update(_flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value})
    return flat


def _to_state(job: str, state: str, target: Target) -> Request:
    return Request(
        method="PATCH", path=_path(job, target), json={"state": state}, repeatable=True, endpoint="bulk_job"
    )


def _path(job: str, target: Target) -> str:
    return f"{places(target)[0]}/jobs/ingest/{job}"


BULK = BulkKind(
    new_job=new_job,
    job_in=job_in,
    upload=upload,
    close=close,
    abort=abort,
    look=look,
    state_in=state_in,
    failure_in=failure_in,
    results=results,
    outcomes_in=outcomes_in,
)
