"""How many jobs of an import send at the same time, so that none waits for a worker that the others hold."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from f.connect.calls.urls import origin
from f.connect.errors import FixInput, FixSettings
from f.windmill.workers import count_workers

if TYPE_CHECKING:
    from f.records.target.target import Target

_USUAL = 4
_JOBS_BELOW = "/api/"  # routes and webhooks of a Windmill; what else answers at its address runs no job


class ParallelJobs(NamedTuple):
    """How many jobs send at once, and a sentence on it where there is something to say."""

    jobs: int
    message: str = ""


def decide_parallel_jobs(
    target: Target, wanted: int | None, count: Callable[[], int | None] = count_workers
) -> ParallelJobs:
    """Return how many jobs may send at once: as many as `wanted`, or four.

    If the target is this very Windmill, each call is a job that needs a worker: then it is one unless
    `wanted` says otherwise, and always fewer than there are workers. FixSettings if there is but one.
    """
    if wanted is not None and wanted < 1:
        raise FixInput(f"parallel_jobs is {wanted}: give 1 or more, or leave it empty.", code="bad_input")
    if not calls_are_jobs(target):
        return ParallelJobs(wanted or _USUAL)
    route, workers = "The target is a route of this Windmill, where each call needs a worker", count()
    costs = _jobs_a_row(target)
    if workers is None:
        jobs = wanted or 1
        sending = f"{jobs} jobs send" if jobs > 1 else "one job sends"
        return ParallelJobs(
            jobs, f"{route}: {sending} at a time, which takes {jobs + 1} workers or more.{costs}"
        )
    if workers == 1:
        raise FixSettings(
            f"{route}, and this instance has one worker, which the import itself holds: it would wait for "
            "ever. Add a worker; or name the script behind the route as base_url "
            "(script:f/<folder>/<script>): it then answers inside the job that sends.",
            code="too_few_workers",
        )
    jobs = min(wanted or 1, workers - 1)
    sending = f"{jobs} of {workers} workers send" if jobs > 1 else f"one of {workers} workers sends"
    return ParallelJobs(jobs, f"{route}: {sending}, the rest can answer.{costs}")


def _jobs_a_row(target: Target) -> str:
    """A sentence where each row is a job, which takes minutes for what batches do in seconds."""
    if target.batch_endpoint is not None or target.kind.traits.own_batches:
        return ""
    return " Each row is a job there; with endpoints.batch in the resource, a hundred rows are one."


def calls_are_jobs(target: Target) -> bool:
    """Return whether a call to the target is a job of the Windmill that runs this one."""
    url = target.integration.base_url
    if url.startswith("/"):
        return url.startswith(_JOBS_BELOW)
    own = [os.environ.get(name) for name in ("WM_BASE_URL", "BASE_INTERNAL_URL")]
    is_own = any(origin(url) == origin(one) for one in own if one)
    return is_own and urlsplit(url).path.startswith(_JOBS_BELOW)
