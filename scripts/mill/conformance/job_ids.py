"""Jobs under an id that their caller chose: started once, however often they are asked for."""

from __future__ import annotations

import functools
import uuid
from typing import Any

from mill.conformance.judge import Difference, same, shortened
from mill.conformance.runner import Bench, Finding, Task, guarded
from mill.conformance.server import NoAnswer, Refused, Server
from mill.conformance.steps import identity

GROUP = "job ids"
_CHOSEN = "?job_id= is the id of the job"
_AGAIN = "a job of a known id is refused with 400, and runs no second time"
_BAD = "a job id that is no UUID is refused with 400"
_NOBODYS = "get_result_maybe of an unknown job says that it has not ended"
_MISSING = "a script that is not there is answered 404"
RULES = (_CHOSEN, _AGAIN, _BAD, _NOBODYS, _MISSING)

_EXISTS = "already exists"


def job_id_tasks(bench: Bench) -> list[Task]:
    """Return the task of the job ids, with its own probe flow."""
    return [functools.partial(_job_ids, bench)]


def _job_ids(bench: Bench) -> list[Finding]:
    server, path = bench.server, bench.folder.new_path("ids")
    flow = {"modules": [identity("echo")]}
    deployed = guarded(GROUP, "the probe is deployed", "run", lambda: bench.folder.deploy_flow(path, flow))
    if deployed.differs is not None or deployed.not_run:
        return [deployed]
    job, call = str(uuid.uuid4()), f"jobs/run/f/{path}"

    def chosen() -> Difference | None:
        return _unlike(job, str(server.post(call, {}, job_id=job)))

    def again() -> Difference | None:
        server.wait(job, bench.seconds)
        return _unlike([400, _EXISTS], _refusal(server, call, _EXISTS, job_id=job))

    def bad() -> Difference | None:
        return _unlike([400, ""], _refusal(server, call, "", job_id="no-id"))

    def nobodys() -> Difference | None:
        seen = server.get(f"jobs_u/completed/get_result_maybe/{uuid.uuid4()}")
        return _unlike(False, seen.get("completed") if isinstance(seen, dict) else seen)

    def missing() -> Difference | None:
        return _unlike([404, ""], _refusal(server, f"jobs/run/p/{path}_is_not_there", ""))

    runs = zip(RULES, (chosen, again, bad, nobodys, missing), strict=True)
    return [guarded(GROUP, rule, "run", run) for rule, run in runs]


def _refusal(server: Server, call: str, words: str, **query: str) -> Any:
    """Return the status that a POST is refused with, and these words if the refusal has them."""
    try:
        return ["taken", server.post(call, {}, **query)]
    except Refused as error:
        return [error.status, words if words in error.said else shortened(error.said)]
    except NoAnswer as error:
        return ["no answer", str(error)]


def _unlike(expected: Any, got: Any) -> Difference | None:
    return None if same(expected, got) else Difference(shortened(repr(expected)), shortened(repr(got)))
