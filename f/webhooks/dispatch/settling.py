"""What became of the jobs of handlers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.connect.errors import TryLater
from f.webhooks.dispatch.failures import failure_in
from f.webhooks.dispatch.starting import start_anew
from f.webhooks.inbox.work import Failure
from f.windmill.named_jobs import JobState, state_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from f.webhooks.dispatch.shift import Shift
    from f.webhooks.inbox.work import Task

_BLOCK = 100
_YOUNG_SECONDS = 5.0  # in which a job that Windmill does not say to have ended is taken to run
_LONGEST_START = 3600.0  # seconds after which a job that cannot be started counts as failed
_NOT_STARTED = Failure(
    "TryLater",
    "Windmill did not start the job within an hour.",
    "not_started",
    "Look at whether Windmill takes jobs of this handler.",
)


def settle(shift: Shift, most: int, seen: set[str], *, least_age: float = 0.0) -> int:
    """Settle jobs that have ended, each asked for once in a run; return how many tasks it changed.

    Those that began less than `least_age` seconds ago are taken to run.
    """
    changed = 0
    left = most
    while left > 0 and not shift.is_over():
        by_job: dict[str, list[Task]] = {}
        for task in shift.work.running(min(left, _BLOCK)):
            by_job.setdefault(task.job, []).append(task)
        unseen = {job: tasks for job, tasks in by_job.items() if job not in seen}
        if not unseen:
            break
        seen.update(unseen)
        left -= len(unseen)
        now = shift.store.now()
        old = {job: tasks for job, tasks in unseen.items() if now - _begun_at(tasks) >= least_age}
        shift.tally.counts["running"] += len(unseen) - len(old)
        changed += _settle_block(shift, old)
    return changed


def _begun_at(tasks: Sequence[Task]) -> float:
    return max(task.at for task in tasks)


def _settle_block(shift: Shift, by_job: dict[str, list[Task]]) -> int:
    changed = 0
    running: list[str] = []
    for job, tasks in by_job.items():
        if shift.is_over():
            break
        shift.hold()
        age = shift.store.now() - _begun_at(tasks)
        try:
            state = state_of(job, is_young=age < _YOUNG_SECONDS)
        except TryLater as error:
            shift.tally.problems["platform"] = str(error)
            running.append(job)
            continue
        if state.state == "running":
            running.append(job)
            shift.tally.counts["running"] += 1
        else:
            changed += _settle(shift, tasks, job, state, age)
            if state.state == "unknown":  # started or not, others come first the next time
                running.append(job)
    if running:
        shift.require(shift.work.still_running(shift.lease, running))
    return changed


def _settle(shift: Shift, tasks: Sequence[Task], job: str, state: JobState, age: float) -> int:
    if state.state == "succeeded":
        shift.require(shift.work.done(shift.lease, tasks, job))
        shift.tally.counts["done"] += len(tasks)
    elif state.state == "failed":
        failure, after = failure_in(state.result)
        shift.fail(tasks, job, failure, after=after)
    elif age > _LONGEST_START:
        shift.fail(tasks, job, _NOT_STARTED)
    else:
        start_anew(shift, tasks, job)
    return len(tasks)
