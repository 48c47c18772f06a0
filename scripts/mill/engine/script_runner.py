"""Runs one script as a job: arguments resolved, process started, its end turned into a result."""

from __future__ import annotations

import codecs
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mill.engine.definition.code import Code
from mill.engine.jobs.job_table import Handle
from mill.engine.jobs.outcome import EXECUTION, Outcome, failure
from mill.engine.processes.encoding import STREAM_PREFIX
from mill.engine.processes.worker import Call, Ending
from mill.engine.runtime import ResultCache, Runtime
from mill.errors import MillError
from mill.ports import Platform

TIMED_OUT = "job process terminated due to timeout after exceeding job-specific duration limit"
_LOG_TAIL = 600  # characters of the log Windmill quotes when a process died
_DEEPEST_ARRAY, _LONGEST_ARRAY = 2, 1_000  # arrays beyond these keep their references


@dataclass(frozen=True, slots=True)
class ScriptJob:
    """A script job. `path` is what Windmill calls the runnable; what names a flow is empty outside one."""

    code: Code
    path: str
    args: Mapping[str, Any]
    flow_path: str = ""
    flow_job: str = ""
    step_id: str = ""
    entry: str = "main"
    event: Mapping[str, Any] | None = None
    timeout: float | None = None
    cache_ttl: int | None = None
    shared: Path | None = None


class ScriptRunner:
    """Runs scripts in workers."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._cache = ResultCache(runtime.state / "cache")

    def run(self, handle: Handle, job: ScriptJob) -> Outcome:
        """Return the job's outcome; every way the script can fail is one. Raises JobCanceled."""
        try:
            args = resolve_references(job.args, self._runtime.platform)
            event = job.event and resolve_references(job.event, self._runtime.platform)
        except MillError as error:
            return Outcome(False, failure(EXECUTION, str(error), step_id=job.step_id or None))
        job = replace(job, args=args, event=event)
        if job.cache_ttl:
            hit, result = self._cache.get(self._cache_key(job), args)
            if hit:
                return Outcome(True, result)
        try:
            outcome = self._run_process(handle, job)
        except (ChildProcessError, MillError) as error:
            outcome = Outcome(False, failure(EXECUTION, str(error), step_id=job.step_id or None))
        if handle.is_canceled and outcome.success:
            handle.tell("late", outcome.result)
        handle.check()
        if job.cache_ttl and outcome.success:
            self._cache.put(self._cache_key(job), args, outcome.result, job.cache_ttl)
        return outcome

    def _run_process(self, handle: Handle, job: ScriptJob) -> Outcome:
        python = self._runtime.python_of(handle, job.code, job.path)
        folder = self._runtime.state / "jobs" / handle.id
        folder.mkdir(parents=True)
        shared = folder / "shared"  # there for every job; the other steps see it only on the same worker
        if job.shared is not None:
            shared.symlink_to(job.shared)
        else:
            shared.mkdir()
        log = JobLog(handle)
        call = Call(
            job.code,
            job.args,
            self._runtime.environment(handle, job.path, job.flow_path, job.flow_job, job.step_id),
            folder,
            job.entry,
            job.event,
            job.timeout,
        )
        try:
            with self._runtime.slots.hold(handle):
                worker = self._runtime.workers.take_for(call, python)
                with worker, handle.when_canceled(worker.cancel):
                    ending = worker.run(call, log.feed)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        log.close()
        return outcome_of(ending, log, job.step_id)

    def _cache_key(self, job: ScriptJob) -> str:
        return f"{job.path}\0{job.code.file.read_text('utf-8')}"


class JobLog:
    """Turns a process's bytes into log lines, and `WM_STREAM: ` lines into the streamed result."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._rest = ""
        self.tail = ""
        self.streamed: str | None = None

    def feed(self, data: bytes) -> None:
        """Take what the process wrote."""
        *lines, self._rest = (self._rest + self._decoder.decode(data)).split("\n")
        for line in lines:
            self._line(line)

    def close(self) -> None:
        """Take the last line, which may lack its end."""
        if self._rest:
            self._line(self._rest)

    def _line(self, line: str) -> None:
        if line.startswith(STREAM_PREFIX):
            self.streamed = (self.streamed or "") + line.removeprefix(STREAM_PREFIX).replace("\\n", "\n")
            return
        self.tail = f"{self.tail}\n{line}"[-_LOG_TAIL:]
        self._handle.output(line)


def outcome_of(ending: Ending, log: JobLog, step_id: str) -> Outcome:
    """Return what Windmill makes of a process's end."""
    step = step_id or None
    if ending.timed_out:
        return Outcome(False, failure(EXECUTION, TIMED_OUT, step_id=step))
    if ending.reply is None:
        code = ending.exit_code
        if code < 0:
            message = f"process terminated by signal: Some({-code}), stopped_signal: None, core_dumped: false"
            return Outcome(False, failure(EXECUTION, message, step_id=step))
        message = f'exit code for "python run": {code}, last log lines:\n{log.tail.strip()}'
        return Outcome(False, failure(EXECUTION, message, step_id=step, exit_code=code))
    result = ending.reply["result"]
    if not ending.reply["ok"]:
        return Outcome(False, {"error": result})
    if log.streamed is not None:
        result = {**result, "wm_stream": log.streamed} if isinstance(result, dict) else log.streamed
    if isinstance(result, dict) and isinstance(result.get("wm_failure"), str):
        return Outcome(False, {**result, **failure("ManualFailure", result["wm_failure"])})
    return Outcome(True, result)


def resolve_references(args: Mapping[str, Any], platform: Platform) -> dict[str, Any]:
    """Return the arguments with `$res:`, `$var:` and `$jsonvar:` strings replaced. Raises MillError.

    So are those of the event for a preprocessor, which is an argument like any other on Windmill.
    """
    return {name: _resolved(value, platform, 0) for name, value in args.items()}


def _resolved(value: Any, platform: Platform, depth: int) -> Any:
    match value:
        case str() if value.startswith("$res:"):
            return platform.get_resource(value.removeprefix("$res:"))
        case str() if value.startswith("$var:"):
            return platform.get_variable(value.removeprefix("$var:"))
        case str() if value.startswith("$jsonvar:"):
            return _json_variable(value.removeprefix("$jsonvar:"), platform)
        case list() if depth <= _DEEPEST_ARRAY and len(value) <= _LONGEST_ARRAY:
            return [_resolved(item, platform, depth + 1) for item in value]
        case dict():
            return {key: _resolved(item, platform, depth + 1) for key, item in value.items()}
        case _:
            return value


def _json_variable(path: str, platform: Platform) -> Any:
    try:
        return json.loads(platform.get_variable(path))
    except ValueError as error:
        raise MillError(f"variable {path} is asked for as JSON and is not: {error}.") from error
