"""Jobs over HTTP: what `wmill.get_job`, `wait_job`, `set_progress`, `get_flow_user_state` ... call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mill.api.transport.endpoint import Call, endpoint
from mill.api.transport.replies import Refusal, json_response, time_text
from mill.ports import Job, Jobs

_ENDED = frozenset({"success", "failure", "canceled"})
_HIGHEST_PROGRESS = 99  # Windmill's clamp: 100 is said by the end of the job


class JobsApi:
    """The endpoints below `/api/w/<workspace>/jobs`, `/jobs_u` and `/job_metrics`."""

    def __init__(self, jobs: Jobs, workspace_id: str, user: str) -> None:
        self._jobs = jobs
        self._workspace_id = workspace_id
        self._user = user

    def routes(self) -> list[Route]:
        """Return the routes relative to the workspace."""
        user_state = "/jobs/flow/user_states/{id}/{key:path}"
        return [
            Route("/jobs_u/get/{id}", self._of_job(self._get)),
            Route("/jobs_u/get_args/{id}", self._of_job(lambda job: json_response(dict(job.args)))),
            Route("/jobs_u/get_root_job_id/{id}", self._of_job(_root_id)),
            Route("/jobs_u/get_logs/{id}", self._of_job(_logs)),
            Route("/jobs_u/completed/get/{id}", self._of_job(self._completed)),
            Route("/jobs_u/completed/get_result/{id}", self._of_job(_result)),
            Route("/jobs_u/completed/get_result_maybe/{id}", endpoint(self._result_maybe)),
            Route("/jobs_u/queue/cancel/{id}", endpoint(self._cancel), methods=["POST"]),
            Route("/jobs/worker_is_draining/{id}", self._of_job(lambda _: json_response(value=False))),
            Route("/job_metrics/get_progress/{id}", self._of_job(_progress)),
            Route("/job_metrics/set_progress/{id}", endpoint(self._set_progress), methods=["POST"]),
            Route(user_state, endpoint(self._user_state)),
            Route(user_state, endpoint(self._set_user_state), methods=["POST"]),
        ]

    def _of_job(self, answer: Callable[[Job], Response]) -> Any:
        return endpoint(lambda call: answer(self._job(call)))

    def _job(self, call: Call) -> Job:
        job = self._jobs.get(call.path("id"))
        if job is None:
            raise Refusal(404, f"There is no job {call.path('id')}.")
        return job

    def _get(self, job: Job) -> Response:
        row: dict[str, Any] = {
            "type": "CompletedJob" if job.status in _ENDED else "QueuedJob",
            "id": job.id,
            "workspace_id": self._workspace_id,
            "parent_job": job.parent,
            "root_job": job.root,
            "flow_step_id": job.flow_step_id,
            "is_flow_step": job.flow_step_id is not None,
            "job_kind": job.target.kind,
            "script_path": job.target.path,
            "args": dict(job.args),
            "created_by": self._user,
            "created_at": time_text(job.created_at),
            "started_at": time_text(job.started_at),
            "canceled": job.status == "canceled",
            "logs": "\n".join(job.logs),
        }
        if job.status in _ENDED:
            row["success"] = job.status == "success"
            row["result"] = None if job.completed is None else job.completed.result
            if job.started_at is not None and job.ended_at is not None:
                row["duration_ms"] = round((job.ended_at - job.started_at) * 1000)
        else:
            row["running"] = job.status == "running"
            row["suspend"] = int(job.status == "suspended")
        if job.target.kind == "flow":
            # Which steps there are is not told: `wmill flow run` reads this, and waits for the end.
            row["flow_status"] = {"step": 0, "modules": []}
        return json_response(row)

    def _completed(self, job: Job) -> Response:
        if job.completed is None:
            raise _not_ended(job)
        return self._get(job)

    def _result_maybe(self, call: Call) -> Response:
        """How a job stands; of one that nobody knows, Windmill says as well that it has not ended."""
        job = self._jobs.get(call.path("id"))
        ended = None if job is None else job.completed
        return json_response(
            {
                "completed": ended is not None,
                "started": job is not None and job.status != "queued",
                "success": None if ended is None else ended.success,
                "result": None if ended is None else ended.result,
            }
        )

    def _cancel(self, call: Call) -> Response:
        job = self._job(call)
        reason = call.json()
        text = reason.get("reason") if isinstance(reason, dict) else None
        if job.status not in _ENDED:
            self._jobs.cancel(job.id, str(text or "canceled through the API"))
        return PlainTextResponse(job.id)

    def _set_progress(self, call: Call) -> Response:
        percent = call.fields().get("percent")
        if not isinstance(percent, int) or isinstance(percent, bool):
            raise Refusal(400, "percent must be a whole number.")
        self._jobs.set_progress(self._job(call).id, min(max(percent, 0), _HIGHEST_PROGRESS))
        return json_response(None)

    def _user_state(self, call: Call) -> Response:
        return json_response(self._flow_state(call).get(call.path("key")))

    def _set_user_state(self, call: Call) -> Response:
        self._flow_state(call)[call.path("key")] = call.json()
        return PlainTextResponse("Flow job state updated")

    def _flow_state(self, call: Call) -> dict[str, Any]:
        job = self._job(call)
        if job.target.kind != "flow":
            raise Refusal(404, f"Job {job.id} is not a flow, so it has no flow user state.")
        return self._jobs.flow_user_state(job.id)


def _root_id(job: Job) -> Response:
    return json_response(job.root or job.parent or job.id)


def _logs(job: Job) -> Response:
    return PlainTextResponse("\n".join(job.logs))


def _progress(job: Job) -> Response:
    return json_response(job.progress)


def _result(job: Job) -> Response:
    if job.completed is None:
        raise _not_ended(job)
    return json_response(job.completed.result)


def _not_ended(job: Job) -> Refusal:
    return Refusal(404, f"Job {job.id} has not ended: it is {job.status}.")
