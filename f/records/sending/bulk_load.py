"""Loading many rows as one job of the target's: opened, filled, closed, awaited, read back.

The job's id is journalled before the job is closed, and a job does nothing before that. A run after a crash
therefore finds either a job that was never closed, whose rows it sends anew, or one whose outcomes it waits
for.

    open --upload--> open --close--> working --> ended: outcomes are read
      `--abort, or never closed--> gone: nothing was applied
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from f.connect.errors import ConnectError, OutcomeUnknown
from f.records.rows.outcome import RowOutcome

if TYPE_CHECKING:
    from f.connect.calls.message import Response
    from f.records.rows.row import Rows
    from f.records.sending.batch_claims import BatchClaims
    from f.records.sending.wire import Wire
    from f.records.target.target import Bulk, OnDuplicate, Target

# Waits between two looks at a job, and how long one run looks at all. A job that takes longer goes on without
# us; the next run reads its outcomes.
_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS = 0.5, 10.0
_LONGEST_LOAD_SECONDS = 1800.0


class BulkLoad:
    """Jobs of one target."""

    def __init__(
        self,
        bulk: Bulk,
        target: Target,
        wire: Wire,
        claims: BatchClaims,
        sleep: Callable[[float], object],
    ) -> None:
        self._bulk, self._target, self._wire, self._claims = bulk, target, wire, claims
        self._sleep = sleep

    def load(self, rows: Rows, on_duplicate: OnDuplicate) -> dict[int, RowOutcome]:
        """Send the rows as one job, and return their outcomes by line.

        Rows that another job has taken over meanwhile are left to it. Waits for half an hour at most: then
        the outcomes are `bulk_unfinished`. Raises a ConnectError only if nothing was applied.
        """
        opened = self._wire.call(self._bulk.new_job(self._target, on_duplicate)).raise_for_status()
        job = self._bulk.job_in(opened)
        ours = self._claims.record_job(rows, job)
        elsewhere = RowOutcome.because("in_progress_elsewhere")
        outcomes = dict.fromkeys({*_lines(rows)}.difference(_lines(ours)), elsewhere)
        if not ours:
            self._wire.call(self._bulk.abort(job, self._target))
            return outcomes
        uploaded = self._wire.call(self._bulk.upload(job, ours, self._target))
        if not uploaded.in_doubt:  # else the first attempt may have filled the job, so that it takes no more
            uploaded.raise_for_status()
        if self._wire.is_stopping():
            self._wire.call(self._bulk.abort(job, self._target))
            return outcomes
        with contextlib.suppress(OutcomeUnknown):  # whether it was closed is seen by its state
            self._wire.call(self._bulk.close(job, self._target))
        return {**outcomes, **(self.resume(job, ours) or {})}

    def resume(self, job: str, rows: Rows) -> dict[int, RowOutcome] | None:
        """Wait for a job and return its rows' outcomes by line; None if nothing was or will be applied.

        A job that was never closed is aborted. Raises nothing: what cannot be asked for is `bulk_unfinished`.
        """
        waited, wait = 0.0, _FIRST_WAIT_SECONDS
        try:
            while True:
                reply = self._wire.call(self._bulk.look(job, self._target))
                state = self._bulk.state_in(reply)
                if state == "open":
                    self._wire.call(self._bulk.abort(job, self._target)).raise_for_status()
                if state in {"open", "gone"}:
                    return None
                if state == "ended":
                    return self._read(job, rows, reply)
                if waited >= _LONGEST_LOAD_SECONDS or self._wire.is_stopping():
                    return dict.fromkeys(_lines(rows), RowOutcome.because("bulk_unfinished"))
                self._sleep(wait)
                waited, wait = waited + wait, min(wait * 2, _LONGEST_WAIT_SECONDS)
        except ConnectError as error:
            return dict.fromkeys(_lines(rows), RowOutcome.because("bulk_unfinished", str(error)))

    def _read(self, job: str, rows: Rows, reply: Response) -> dict[int, RowOutcome]:
        """What the job says of each row; a row it does not name was not applied."""
        outcomes = dict.fromkeys(_lines(rows), self._bulk.failure_in(reply))
        for request in self._bulk.results(job, self._target):
            outcomes.update(self._bulk.outcomes_in(self._wire.call(request).raise_for_status(), rows))
        return outcomes


def _lines(rows: Rows) -> list[int]:
    return [row.line for row in rows]
