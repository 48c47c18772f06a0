"""The jobs of handlers: which id each has, and why one cannot be started."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from f.connect.redact import mask_start
from f.webhooks.inbox.work import Failure
from f.windmill.named_jobs import job_named
from f.windmill.named_jobs import start as start_job

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from f.webhooks.dispatch.routing_resource import Route
    from f.webhooks.inbox.work import Task


def job_id(route: str, tasks: Sequence[Task]) -> str:
    """Return the id of the job for these tasks' next attempt: always the same, whoever makes it."""
    return job_named(route, sorted([task.event, task.round, task.attempts] for task in tasks))


def start(route: Route, job: str, inputs: Mapping[str, Any]) -> Failure | None:
    """Start a handler's job; return why it can certainly not be started, None if it runs or may run.

    What was started before under this id is not started again. Where the answer is lost, `state_of` tells.
    """
    refusal = start_job(route.kind, route.handler, job, {**route.args, **inputs})
    if refusal is None:
        return None
    status, text = refusal.status, refusal.body.decode("utf-8", "replace")
    if status == 404:
        return Failure(
            "FixSettings",
            f"There is no {route.kind} {route.handler}.",
            "no_handler",
            "Deploy the handler, or correct the routing.",
        )
    if status in (401, 403):
        return Failure(
            "FixSettings",
            f"The job of the dispatcher may not run {route.handler} (status {status}).",
            "not_allowed",
            "Let whoever the dispatcher runs as run the handler.",
        )
    return Failure(
        "FixSettings",
        f"Windmill did not start {route.handler} (status {status}): {mask_start(text, 200)}",
        "not_started",
        "Look at what Windmill says.",
    )
