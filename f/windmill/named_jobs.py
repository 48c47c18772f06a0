"""Jobs that are started under an id of ours, so that asking twice starts none twice, and asked for by it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from f.connect.errors import FixSettings, TryLater
from f.connect.redact import mask_start
from f.windmill.api import Answer, get, post

_OURS = uuid.UUID("6f1b7a52-5f5e-4f0b-9a3e-0d7c3b1f8e24")  # the namespace of our job ids
_START_SECONDS = 20.0
_ASK_SECONDS = 10.0
APPROVAL = "approval"  # what a flow's state has while it waits for a person: {"page": where to decide}
_EXISTS = "already exists"

Kind = Literal["script", "flow"]
State = Literal["running", "succeeded", "failed", "unknown"]
Phase = Literal["queued", "running", "waiting"]


@dataclass(frozen=True, slots=True)
class JobState:
    """How a job stands. `unknown`: Windmill has no such job; `result`: of one that has ended."""

    state: State
    result: Any = None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Where a job stands that has not ended, and when it began (ISO 8601, empty if it has not).

    `waiting`: a flow that waits for a person's decision.
    """

    phase: Phase
    started_at: str = ""


def job_named(*parts: object) -> str:
    """Return the id of the job that these plain values stand for: always the same, whoever makes it."""
    return str(uuid.uuid5(_OURS, json.dumps(parts)))


def start(kind: Kind, path: str, job: str, inputs: Mapping[str, Any]) -> Answer | None:
    """Start a job; return Windmill's refusal if it certainly does not run, None if it runs or may run.

    What was started before under this id is not started again. Where the answer is lost, `state_of` tells.
    """
    letter = "f" if kind == "flow" else "p"
    try:
        reply = post(
            f"jobs/run/{letter}/{path}?job_id={job}&skip_preprocessor=true", inputs, seconds=_START_SECONDS
        )
    except TryLater:
        return None
    if reply.is_success or reply.status in (408, 429) or reply.status >= 500:
        return None
    return None if reply.status == 400 and _EXISTS in reply.body.decode("utf-8", "replace") else reply


def start_or_raise(kind: Kind, path: str, job: str, inputs: Mapping[str, Any]) -> None:
    """Start a job as `start` does; FixSettings if it certainly does not run."""
    refusal = start(kind, path, job, inputs)
    if refusal is None:
        return
    said = mask_start(refusal.body.decode("utf-8", "replace"), 200)
    why = f"there is no such {kind}" if refusal.status == 404 else f"status {refusal.status}: {said}"
    raise FixSettings(
        f"Windmill did not start {path} ({why}). Deploy it, and give whoever is to start it the right to.",
        code="not_started",
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


def phase_of(job: str) -> Unfinished:
    """Return where a job stands that has not ended; TryLater if Windmill does not say.

    One that Windmill does not know yet counts as queued.
    """
    reply = get(f"jobs_u/get/{job}?no_logs=true", seconds=_ASK_SECONDS)
    if reply.status == 404:
        return Unfinished("queued")
    facts = reply.json()
    if reply.status != 200 or not isinstance(facts, dict):
        raise TryLater(f"Windmill did not say how job {job} stands.", code="platform")
    began = str(facts.get("started_at") or "")
    if isinstance(waits_for := facts.get("suspend"), int) and waits_for > 0:
        return Unfinished("waiting", began)
    return Unfinished("running" if facts.get("running") or began else "queued", began)


def cancel(job: str, reason: str) -> None:
    """Ask for the end of a job and of all that it started; one that has ended is left as it is.

    TryLater if Windmill does not answer, FixSettings if it refuses.
    """
    reply = post(f"jobs_u/queue/cancel/{job}", {"reason": reason}, seconds=_START_SECONDS)
    if reply.status in (401, 403):
        raise FixSettings(
            f"Windmill did not let you cancel job {job} (status {reply.status}). Ask who started it, or an "
            "admin of the workspace.",
            code="not_canceled",
        )
    if not reply.is_success and reply.status != 404:
        raise TryLater(f"Windmill did not cancel job {job} (status {reply.status}).", code="platform")


def flow_state(job: str, key: str) -> Any:
    """Return what a step has kept under `key` in the state of its flow while that runs; None if nothing."""
    try:
        reply = get(f"jobs/flow/user_states/{job}/{key}", seconds=_ASK_SECONDS)
    except TryLater:
        return None
    return reply.json() if reply.is_success else None


def progress_of(job: str) -> int | None:
    """Return the percent of a job's progress bar; None if it has none, or Windmill does not say."""
    try:
        reply = get(f"job_metrics/get_progress/{job}", seconds=_ASK_SECONDS)
    except TryLater:
        return None
    percent = reply.json() if reply.is_success else None
    return percent if isinstance(percent, int) and not isinstance(percent, bool) else None
