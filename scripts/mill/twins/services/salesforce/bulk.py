"""Bulk API 2.0 ingest jobs: created, filled with CSV, closed, processed, read back.

A job is processed in the transaction that closes it; what polling sees catches up after a while.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from mill.twins.message import Malformed, Refused, Reply, Request
from mill.twins.registry import problems
from mill.twins.services.salesforce.contacts import Contacts, SeveralMatches
from mill.twins.services.salesforce.errors import RowError, error
from mill.twins.services.salesforce.ids import JOB, from_id, to_id
from mill.twins.store import Records
from mill.twins.twin import Route

_KIND = "job"
_LARGEST = 150 * 1024 * 1024
_DELIMITERS = {
    "BACKQUOTE": "`",
    "CARET": "^",
    "COMMA": ",",
    "PIPE": "|",
    "SEMICOLON": ";",
    "TAB": "\t",
}
_LINE_ENDS = {"LF": "\n", "CRLF": "\r\n"}
_NULL = "#N/A"
Row = dict[str, str | None]


class NewJob(BaseModel):
    """The body that creates a job."""

    model_config = ConfigDict(extra="forbid")

    object: Literal["Contact"]
    operation: Literal["insert", "upsert"]
    externalIdFieldName: str | None = None  # noqa: N815 - Salesforce's name
    contentType: Literal["CSV"] = "CSV"  # noqa: N815 - Salesforce's name
    columnDelimiter: Literal["BACKQUOTE", "CARET", "COMMA", "PIPE", "SEMICOLON", "TAB"] = "COMMA"  # noqa: N815 - Salesforce's name
    lineEnding: Literal["LF", "CRLF"] = "LF"  # noqa: N815 - Salesforce's name


class NewState(BaseModel):
    """The body that closes or aborts a job."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["UploadComplete", "Aborted"]


class BulkJobs:
    """The ingest jobs of an org. `seconds` pass before a closed job shows itself complete."""

    def __init__(
        self, records: Records, contacts: Contacts, seconds: float, clock: Callable[[], float]
    ) -> None:
        self._records = records
        self._contacts = contacts
        self._seconds = seconds
        self._clock = clock

    def routes(self, prefix: str) -> list[Route]:
        """Return the endpoints below `/services/data/vNN.N`."""
        jobs, one = f"{prefix}/jobs/ingest", f"{prefix}/jobs/ingest/{{id}}"
        return [
            Route("POST", jobs, "bulk_create", self.create),
            Route("GET", jobs, "bulk_list", self.list),
            Route("GET", one, "bulk_get", self.get),
            Route("PATCH", one, "bulk_close", self.close),
            Route("PUT", f"{one}/batches", "bulk_upload", self.upload),
            Route("GET", f"{one}/successfulResults", "bulk_results", self.successful),
            Route("GET", f"{one}/failedResults", "bulk_results", self.failed),
            Route("GET", f"{one}/unprocessedrecords", "bulk_results", self.unprocessed),
            Route(
                "GET", f"{one}/unprocessedRecords", "bulk_results", self.unprocessed
            ),  # as clients spell it
        ]

    def create(self, request: Request) -> Reply:
        """200 with an open job."""
        try:
            new = NewJob.model_validate(request.json())
        except ValidationError as problem:
            raise Refused(error(400, problems(problem), "INVALIDJOB")) from problem
        if (new.operation == "upsert") != (new.externalIdFieldName is not None):
            message = "An upsert, and only an upsert, names an externalIdFieldName."
            raise Refused(error(400, message, "INVALIDJOB"))
        if new.externalIdFieldName is not None:
            self._contacts.check_external_id(new.externalIdFieldName)
        job = {
            **new.model_dump(exclude_none=True),
            "state": "Open",
            "apiVersion": float(request.params["version"].removeprefix("v")),
            "concurrencyMode": "Parallel",
            "createdDate": _time(self._clock()),
        }
        number = self._records.add(_KIND, job)
        return Reply(200, self._shown(number, job))

    def list(self, _request: Request) -> Reply:
        """200 with every job."""
        jobs = [self._shown(number, job) for number, job in self._records.page(_KIND, limit=1000)]
        return Reply(200, {"done": True, "records": jobs, "nextRecordsUrl": None})

    def get(self, request: Request) -> Reply:
        """200 with the job as it is now, and its counts."""
        return Reply(200, self._shown(*self._job(request)))

    def upload(self, request: Request) -> Reply:
        """201; once a job, text/csv, at most 150 MB."""
        number, job = self._job(request)
        if request.content_type != "text/csv":
            raise Malformed(415, f"Content-Type must be text/csv, not {request.content_type or 'missing'}.")
        if job["state"] != "Open" or "content" in job:
            raise Refused(error(400, "Uploading data is not allowed for this job.", "INVALIDJOBSTATE"))
        if len(request.body) > _LARGEST:
            raise Refused(error(413, "The upload is larger than 150 MB.", "EXCEEDED_MAX_SIZE_REQUEST"))
        try:
            content = request.body.decode("utf-8-sig")
        except UnicodeDecodeError as problem:
            raise Refused(error(400, "The upload is not UTF-8.", "INVALIDBATCH")) from problem
        self._records.replace(_KIND, number, {**job, "content": content})
        return Reply(201)

    def close(self, request: Request) -> Reply:
        """200. UploadComplete applies the rows; Aborted ends the job without."""
        number, job = self._job(request)
        try:
            state = NewState.model_validate(request.json()).state
        except ValidationError as problem:
            raise Refused(error(400, problems(problem), "INVALIDJOBSTATE")) from problem
        if job["state"] != "Open":
            raise Refused(error(400, f"The job is {job['state']}.", "INVALIDJOBSTATE"))
        job = {**job, "state": state, "closed": self._clock()}
        if state == "UploadComplete":
            try:
                job.update(self._process(job))
            except csv.Error as problem:  # a field beyond the reader's limit
                raise Refused(error(400, f"The upload is not CSV: {problem}.", "INVALIDBATCH")) from problem
            job.pop("content", None)
        self._records.replace(_KIND, number, job)
        return Reply(200, {**self._shown(number, job), "state": state})

    def successful(self, request: Request) -> Reply:
        """CSV: sf__Id, sf__Created and the row."""
        return self._results(request, ("sf__Id", "sf__Created"), "successful")

    def failed(self, request: Request) -> Reply:
        """CSV: sf__Id, sf__Error and the row."""
        return self._results(request, ("sf__Id", "sf__Error"), "failed")

    def unprocessed(self, request: Request) -> Reply:
        """CSV: rows that were not tried, which is all of an aborted job."""
        return self._results(request, (), "unprocessed")

    def _results(self, request: Request, first: Sequence[str], name: str) -> Reply:
        _number, job = self._job(request)
        out = io.StringIO()
        writer = csv.writer(
            out,
            delimiter=_DELIMITERS[job["columnDelimiter"]],
            lineterminator=_LINE_ENDS[job["lineEnding"]],
            quoting=csv.QUOTE_ALL,
        )
        writer.writerow([*first, *job.get("columns", [])])
        if self._state(job) in {"JobComplete", "Failed", "Aborted"}:
            writer.writerows(job.get(name, []))
        return Reply(200, out.getvalue().encode(), {"Content-Type": "text/csv"})

    def _process(self, job: dict[str, Any]) -> dict[str, Any]:
        """Return the rows applied, and what became of each."""
        content, end = job.get("content", ""), _LINE_ENDS[job["lineEnding"]]
        if ("\r\n" in content) != (end == "\r\n") and "\n" in content:
            message = f"LineEnding is invalid on user data. Current LineEnding setting is {job['lineEnding']}"
            return {"failure": f"ClientInputError : {message}"}
        lines = csv.reader(io.StringIO(content, newline=""), delimiter=_DELIMITERS[job["columnDelimiter"]])
        columns = next(lines, [])
        unknown = [name for name in columns if name not in self._contacts.fields]
        if unknown or not columns:
            return {"failure": f"InvalidBatch : Field name not found : {', '.join(unknown) or '(none)'}"}
        successful, failed = [], []
        for values in lines:
            if not values:
                continue
            row: Row = {
                name: None if text == _NULL else text
                for name, text in zip(columns, values, strict=False)
                if text
            }
            try:
                contact_id, created = self._apply(job, row)
            except RowError as problem:
                failed.append(["", problem.text(), *values])
            else:
                successful.append([contact_id, str(created).lower(), *values])
        return {"columns": columns, "successful": successful, "failed": failed}

    def _apply(self, job: dict[str, Any], row: Row) -> tuple[str, bool]:
        if job["operation"] == "insert":
            return self._contacts.create(row), True
        field = job["externalIdFieldName"]
        value = row.pop(field, None)
        if not value:
            raise RowError("MISSING_ARGUMENT", f"{field} not specified")
        try:
            upserted = self._contacts.upsert(field, value, row)
        except SeveralMatches as several:
            message = f"{field}: more than one record found for external id field: {list(several.ids)}"
            raise RowError("DUPLICATE_EXTERNAL_ID", message) from several
        return upserted.id, upserted.created

    def _job(self, request: Request) -> tuple[int, dict[str, Any]]:
        number = from_id(JOB, request.params["id"])
        job = None if number is None else self._records.get(_KIND, number)
        if number is None or job is None:
            raise Refused(error(404, "The requested resource does not exist"))
        return number, job

    def _state(self, job: dict[str, Any]) -> str:
        state: str = job["state"]
        if state != "UploadComplete":
            return state
        if self._clock() - job["closed"] < self._seconds:
            return "InProgress"
        return "Failed" if "failure" in job else "JobComplete"

    def _shown(self, number: int, job: dict[str, Any]) -> dict[str, Any]:
        hidden = {"content", "closed", "columns", "successful", "failed", "failure"}
        job_id, state = to_id(JOB, number), self._state(job)
        version = f"v{job['apiVersion']:.1f}"
        shown = {
            "id": job_id,
            **{name: value for name, value in job.items() if name not in hidden},
            "state": state,
            "systemModstamp": _time(job.get("closed", self._clock())),
        }
        if state == "Open":
            return {**shown, "contentUrl": f"services/data/{version}/jobs/ingest/{job_id}/batches"}
        done = state == "JobComplete"
        failed = len(job.get("failed", []))
        counts = {
            "numberRecordsProcessed": failed + len(job.get("successful", [])) if done else 0,
            "numberRecordsFailed": failed if done else 0,
        }
        return {**shown, **counts, **({"errorMessage": job["failure"]} if state == "Failed" else {})}


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "+0000")
