"""Salesforce Bulk API 2.0: the requests of an ingest job, what the replies mean, and how errors are read.

https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from f.connect.calls.message import Request, Response
from f.connect.errors import FixSettings
from f.records.rows.outcome import RowOutcome
from f.records.target.replies import explanation, object_of

if TYPE_CHECKING:
    from f.records.rows.row import Row
    from f.records.target.target import OnDuplicate, Target

_EXISTS = frozenset({"DUPLICATES_DETECTED", "DUPLICATE_VALUE"})
_LOCKED = frozenset({"UNABLE_TO_LOCK_ROW"})
_RECORD_ID = re.compile(r"\b003\w{12}(?:\w{3})?\b")
_ENDPOINT = re.compile(r"(?P<root>.*/services/data/v\d+\.\d)/sobjects/(?P<object>\w+)/?")
_ENDED = frozenset({"JobComplete", "Failed"})


class SalesforceBulk:
    """Ingest jobs of Contact. Worth it from 2,000 rows: a job takes seconds, whatever is in it."""

    bulk_from = 2000

    def new_job(self, target: Target, on_duplicate: OnDuplicate) -> Request:
        """Open a job. An open job does nothing, so a second one is harmless."""
        root, object_name = places(target)
        job = {"object": object_name, "operation": "insert", "contentType": "CSV", "lineEnding": "LF"}
        if on_duplicate == "update":
            job |= {"operation": "upsert", "externalIdFieldName": upsert_key(target)}
        return Request(
            method="POST", path=f"{root}/jobs/ingest", json=job, repeatable=True, endpoint="bulk_job"
        )

    def job_in(self, response: Response) -> str:
        """Return the job's id."""
        return str(object_of(response).get("id", ""))

    def upload(self, job: str, rows: Sequence[Row], target: Target) -> Request:
        """Send all rows as one CSV. A second upload is refused, so that no row gets in twice."""
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

    def close(self, job: str, target: Target) -> Request:
        """Start the load. A job that is closed already refuses it."""
        return _to_state(job, "UploadComplete", target)

    def abort(self, job: str, target: Target) -> Request:
        """Abort a job that was not closed: it has no effect then."""
        return _to_state(job, "Aborted", target)

    def look(self, job: str, target: Target) -> Request:
        """Ask for the job's state."""
        return Request(method="GET", path=_path(job, target), endpoint="bulk_job")

    def state_in(self, response: Response) -> Literal["open", "working", "ended", "gone"]:
        """Return the job's state in the words of the engine."""
        if response.status == 404:
            return "gone"
        state = object_of(response.raise_for_status()).get("state")
        if state == "Open":
            return "open"
        if state == "Aborted":
            return "gone"
        return "ended" if state in _ENDED else "working"

    def failure_in(self, response: Response) -> RowOutcome:
        """Return the outcome of rows that an ended job does not name."""
        return RowOutcome.because("batch_refused", explanation(object_of(response).get("errorMessage")))

    def results(self, job: str, target: Target) -> Iterator[Request]:
        """Ask for the rows that were applied, and for those that were not."""
        for name in ("successfulResults", "failedResults"):
            yield Request(method="GET", path=f"{_path(job, target)}/{name}", endpoint="bulk_results")

    def outcomes_in(self, response: Response, rows: Sequence[Row]) -> dict[int, RowOutcome]:
        """Return outcomes by line: rows are known by the e-mail they were sent with."""
        lines = {row.key: row.line for row in rows}
        outcomes: dict[int, RowOutcome] = {}
        for result in csv.DictReader(io.StringIO(response.text, newline="")):
            line = lines.get(str(result.get("Email", "")).casefold())
            if line is not None:
                outcomes[line] = _outcome_of(result)
        return outcomes


def _outcome_of(result: Mapping[str, str | None]) -> RowOutcome:
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


def places(target: Target) -> tuple[str, str]:
    """Return the root of the REST API and the object's name, out of the resource's endpoint."""
    parts = _ENDPOINT.fullmatch(target.endpoint)
    if parts is None:
        raise FixSettings(
            f"The resource's endpoint {target.endpoint!r} is not a Salesforce object. Give one like "
            "/services/data/v64.0/sobjects/Contact.",
            code="bad_settings",
        )
    return parts["root"], parts["object"]


def upsert_key(target: Target) -> str:
    """Return the field that upserts go by: the external id, or the e-mail, which is an idLookup field."""
    return str(target.options.get("external_id_field") or "Email")


def failure_of(codes: set[str], errors: Sequence[Mapping[str, Any]], id: str | None) -> RowOutcome | None:
    """Return what a record's error codes mean; None if the record is refused on its merits."""
    if codes & _LOCKED:
        return RowOutcome.because("row_locked", explanation(errors))
    if codes & _EXISTS:
        named = {found for error in errors for found in _RECORD_ID.findall(str(error.get("message", "")))}
        return RowOutcome.because(
            "already_exists", explanation(errors), id=id or (named.pop() if len(named) == 1 else None)
        )
    return None


BULK = SalesforceBulk()
