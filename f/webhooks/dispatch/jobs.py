"""The jobs of handlers, as Windmill knows them: started under an id of ours, and asked for by it."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from f.connect.errors import TryLater
from f.connect.redact import mask_start
from f.webhooks.inbox.work import Failure
from f.windmill.api import get, post

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from f.webhooks.dispatch.routing_resource import Route
    from f.webhooks.inbox.work import Task

_OURS = uuid.UUID("6f1b7a52-5f5e-4f0b-9a3e-0d7c3b1f8e24")  # the namespace of our job ids
_START_SECONDS = 20.0
_ASK_SECONDS = 10.0
_EXISTS = "already exists"

State = Literal["running", "succeeded", "failed", "unknown"]


@dataclass(frozen=True, slots=True)
class JobState:
    """How a job stands. `unknown`: Windmill has no such job; `result`: of one that has ended."""

    state: State
    result: Any = None


def job_id(route: str, tasks: Sequence[Task]) -> str:
    """Return the id of the job for these tasks' next attempt: always the same, whoever makes it."""
    parts = sorted([task.event, task.round, task.attempts] for task in tasks)
    return str(uuid.uuid5(_OURS, json.dumps([route, parts])))


def start(route: Route, job: str, inputs: Mapping[str, Any]) -> Failure | None:
    """Start a handler's job; return why it can certainly not be started, None if it runs or may run.

    What was started before under this id is not started again. Where the answer is lost, `state_of` tells.
    """
    kind = "f" if route.kind == "flow" else "p"
    try:
        reply = post(
            f"jobs/run/{kind}/{route.handler}?job_id={job}&skip_preprocessor=true",
            {**route.args, **inputs},
            seconds=_START_SECONDS,
        )
    except TryLater:
        return None
    status, text = reply.status, reply.body.decode("utf-8", "replace")
    if reply.is_success or (status == 400 and _EXISTS in text) or status in (408, 429) or status >= 500:
        return None
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


def state_of(job: str, *, is_young: bool) -> JobState:
    """Return how a job stands; TryLater if Windmill does not say.

    Windmill answers about a job that it does not know as about one that runs, so an older one is asked for by
    another call as well.
    """
    reply = get(f"jobs_u/completed/get_result_maybe/{job}", seconds=_ASK_SECONDS)
    if reply.status == 404:
        return JobState("unknown")
    facts = reply.json()
    if reply.status != 200 or not isinstance(facts, dict) or not isinstance(facts.get("completed"), bool):
        raise TryLater(f"Windmill did not say how job {job} stands.", code="platform")
    if facts["completed"]:
        return JobState("succeeded" if facts.get("success") is True else "failed", facts.get("result"))
    if is_young:
        return JobState("running")
    known = get(f"jobs_u/get/{job}", seconds=_ASK_SECONDS)
    if known.status == 404:
        return JobState("unknown")
    return JobState("running")
