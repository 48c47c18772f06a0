"""Loading many rows as one job of the target's: opened, filled, closed, awaited, read back.

The job's id is journalled before the job is closed, and a job does nothing before that. A run after a crash
therefore finds either a job that was never closed, whose rows it sends anew, or one whose end it waits for.
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from f.connect.calls.message import Request, Response
from f.connect.client import Client
from f.connect.errors import ConnectError, OutcomeUnknown
from f.records.rows.outcome import CustomerRow, RowOutcome
from f.records.target.target import BulkKind, OnDuplicate, Target

Rows = Sequence[CustomerRow]

# Waits between two looks at a job, and how long one run looks at all. A job that takes longer goes on without
# us; the next run asks for its end.
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.5, 10.0
_LONGEST_LOAD_SECONDS = 1800.0


class Count(Protocol):
    """Who counts the calls."""

    def __call__(self, result: Response | ConnectError) -> None:
        """One call has ended."""


@dataclass(slots=True)
class BulkLoading:
    """Jobs of one target. `note` commits to the journal which job holds which rows."""

    kind: BulkKind
    target: Target
    client: Client
    sleep: Callable[[float], object]
    cancelled: Callable[[], bool]
    note: Callable[[Rows, str], None]
    count: Count

    def load(self, rows: Rows, on_duplicate: OnDuplicate) -> dict[int, RowOutcome]:
        """Outcomes by line. A ConnectError is raised only where nothing was applied."""
        opened = self._call(self.kind.new_job(self.target, on_duplicate)).raise_for_status()
        job = self.kind.job_in(opened)
        self.note(rows, job)
        uploaded = self._call(self.kind.upload(job, rows, self.target))
        if not uploaded.in_doubt:  # else the first attempt may have filled the job, so that it takes no more
            uploaded.raise_for_status()
        if self.cancelled():
            self._call(self.kind.abort(job, self.target))
            return {}
        with contextlib.suppress(OutcomeUnknown):  # its state will tell
            self._call(self.kind.close(job, self.target))
        return self.resume(job, rows) or {}

    def resume(self, job: str, rows: Rows) -> dict[int, RowOutcome] | None:
        """Outcomes of a job's rows by line; None where it was never closed and is no more."""
        waited, wait = 0.0, _FIRST_WAIT_SECONDS
        try:
            while True:
                seen = self._call(self.kind.look(job, self.target))
                state = self.kind.state_in(seen)
                if state == "open":
                    self._call(self.kind.abort(job, self.target)).raise_for_status()
                if state in {"open", "gone"}:
                    return None
                if state == "ended":
                    return self._read(job, rows, seen)
                if waited >= _LONGEST_LOAD_SECONDS or self.cancelled():
                    return dict.fromkeys(_lines(rows), RowOutcome.because("bulk_unfinished"))
                self.sleep(wait)
                waited, wait = waited + wait, min(wait * 2, _LONGEST_WAIT_SECONDS)
        except ConnectError as error:
            return dict.fromkeys(_lines(rows), RowOutcome.because("bulk_unfinished", str(error)))

    def _read(self, job: str, rows: Rows, seen: Response) -> dict[int, RowOutcome]:
        """What the job says of each row; a row it does not name was not applied."""
        ends = dict.fromkeys(_lines(rows), self.kind.failure_in(seen))
        for request in self.kind.results(job, self.target):
            ends.update(self.kind.outcomes_in(self._call(request).raise_for_status(), rows))
        return ends

    def _call(self, request: Request) -> Response:
        try:
            response = self.client.request(request)
        except ConnectError as error:
            self.count(error)
            raise
        self.count(response)
        return response


def _lines(rows: Rows) -> list[int]:
    return [row.line for row in rows]
