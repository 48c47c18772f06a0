"""The engine as the API sees it: start, follow, end and resume jobs."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from mill.engine.definition.library import Library
from mill.engine.flow_runner import FlowRunner
from mill.engine.jobs.delayed import Delayed, DelayedJob
from mill.engine.jobs.job_table import Handle
from mill.engine.jobs.outcome import EXECUTION, INTERNAL, JobCanceled, Outcome, canceled, failure
from mill.engine.processes.worker import GRACE_SECONDS
from mill.engine.runtime import Runtime
from mill.engine.script_runner import ScriptJob, ScriptRunner
from mill.engine.warm_scripts import WarmScripts
from mill.errors import MillError
from mill.ports import Completed, Job, Resume, Target

Work = Callable[[Handle], Outcome]  # what a job does, from its start to how it ends

_ENDING = (
    f"is ending; a script has {GRACE_SECONDS:g} s to finish what is under way. Interrupt again to kill it."
)


class Engine:
    """Implements `ports.Jobs`. Every method may be called from any thread.

    A delayed job is on disk until it starts: one that this process does not live to start waits for the next.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._delayed = Delayed(runtime.state)
        self.library = Library(runtime.workspace, runtime.state / "inline")
        self._scripts = ScriptRunner(runtime)
        self._flows = FlowRunner(runtime, self.library, self._scripts)
        self._warm = WarmScripts(runtime, self.library)

    def start(
        self,
        target: Target,
        args: Mapping[str, Any],
        *,
        event: Mapping[str, Any] | None = None,
        parent: str | None = None,
        delay: float = 0.0,
        id: str | None = None,
    ) -> str:
        """Start a job and return its id. MillError for a target that cannot run, JobExists for a known id."""
        work = self._prepared(target, args, event)
        above = self._runtime.jobs.get(parent) if parent is not None else None
        handle = self._runtime.jobs.create(target, args, parent=above, id=id)
        if delay > 0 and target.code is None:  # code without a path is nothing a run file can name
            self._delayed.keep(handle.id, target, args, event, time.time() + delay)
            work = self._taken(work)
        self._begin(handle, work, delay)
        return handle.id

    def adopt(self, job: DelayedJob) -> None:
        """Start a job that an earlier process left, when it is due. Raises MillError where it cannot run."""
        if self._runtime.jobs.get(job.id) is None:
            work = self._taken(self._prepared(job.target, job.args, job.event))
            handle = self._runtime.jobs.create(job.target, job.args, id=job.id)
            self._begin(handle, work, job.due - time.time())

    def delayed(self, *, own: bool = False) -> list[DelayedJob]:
        """Return the jobs that wait for their time; `own`: those this engine was asked for.

        MillError as `all`.
        """
        return [job for job in self._delayed.all() if not own or self._runtime.jobs.get(job.id) is not None]

    def _begin(self, handle: Handle, work: Work, delay: float) -> None:
        threading.Thread(target=self._run, args=(handle, work, delay), daemon=True).start()

    def _taken(self, work: Work) -> Work:
        """Return the work of a delayed job, done by whoever is the first to take it."""

        def take_and_work(handle: Handle) -> Outcome:
            if not self._delayed.take(handle.id):
                raise JobCanceled("it was started or taken back elsewhere")
            return work(handle)

        return take_and_work

    def call(
        self, target: Target, args: Mapping[str, Any], *, event: Mapping[str, Any] | None = None
    ) -> Completed:
        """Run a script in a process kept warm for it and wait."""
        return self._warm.call(target, args, event)

    def wait(self, job_id: str, timeout: float | None = None) -> Completed | None:
        """Wait for the end of a job; None after `timeout` seconds, or where there is no such job."""
        handle = self._runtime.jobs.get(job_id)
        if handle is None or not handle.done.wait(timeout):
            return None
        return handle.job.completed

    def get(self, job_id: str) -> Job | None:
        """Return the job, or None if there is none of that id."""
        handle = self._runtime.jobs.get(job_id)
        return handle.job if handle is not None else None

    def cancel(self, job_id: str, reason: str) -> None:
        """End a job and everything it started: its result becomes an error named Canceled."""
        handle = self._runtime.jobs.get(job_id)
        if handle is not None:
            self._delayed.take(job_id)
            handle.cancel(reason)

    def set_progress(self, job_id: str, percent: int) -> None:
        """Record what `wmill.set_progress` said."""
        handle = self._runtime.jobs.get(job_id)
        if handle is not None:
            handle.job.progress = percent
            handle.tell("progress", percent)

    def resume(self, job_id: str, resume: Resume) -> bool:
        """Approve or refuse the step that `job_id` suspended; False where nothing waits for it."""
        return self._runtime.approvals.answer(job_id, resume)

    def flow_user_state(self, flow_job_id: str) -> dict[str, Any]:
        """Return the user state of the flow that `flow_job_id` belongs to: the live, mutable mapping."""
        handle = self._runtime.jobs.get(flow_job_id)
        if handle is None:
            raise MillError(f"There is no job {flow_job_id}.")
        return handle.root.user_state

    def finish(self, asked_for: Collection[str]) -> list[Job]:
        """Wait for the jobs that others than these have started, and return those that failed.

        Those to start later wait on disk.
        """
        known = {*asked_for, *(job.id for job in self.delayed(own=True))}
        failed: list[Job] = []
        while beside := self._beside(known):
            for handle in beside:  # which may start others yet
                handle.done.wait()
                known.add(handle.id)
                failed += [handle.job] * (handle.job.status == "failure")
        return failed

    def _beside(self, known: Collection[str]) -> list[Handle]:
        """Return the jobs but for the known that no other waits for: some name the job that started them."""
        jobs = self._runtime.jobs
        found = {one.id: one for one in (*jobs.roots(), *jobs.running())}
        return [one for one in found.values() if one.id not in known]

    def end_jobs(self, reason: str) -> None:
        """End every job that still runs, and wait until it has. Raises KeyboardInterrupt, which ends that."""
        running = self._runtime.jobs.running()
        for handle in running:
            if handle.parent is None:
                handle.tell("waiting", _ENDING)
            handle.cancel(reason)
        for handle in running:
            handle.done.wait()

    def close(self) -> None:
        """End every process and forget the files of this session's jobs. The jobs have ended before."""
        self._warm.close()
        self._runtime.workers.close()
        shutil.rmtree(self._runtime.state / "jobs", ignore_errors=True)

    def _prepared(self, target: Target, args: Mapping[str, Any], event: Mapping[str, Any] | None) -> Work:
        """Return what will run, checked: a function from the job's handle to its outcome."""
        if target.kind == "flow":
            flow = self.library.check_flow(target.path, target.code)
            return lambda handle: self._flows.run(flow, handle, args, event=event)
        timeout = cache_ttl = None
        if target.code is not None:
            code = self.library.inline(target.code, None, target.path or "preview")
        else:
            self.library.check_script(target.path)
            code = self.library.script(target.path)
            timeout, cache_ttl = self.library.timeout_and_cache(target.path)
        script = ScriptJob(code, target.path, args, event=event, timeout=timeout, cache_ttl=cache_ttl)
        return lambda handle: self._scripts.run(handle, script)

    def _run(self, handle: Handle, work: Work, delay: float) -> None:
        """A job from its start to its end, in its own thread: every way to end becomes an outcome."""
        outcome = Outcome(False, failure(INTERNAL, "mill itself failed; its traceback is on stderr"))
        try:
            if delay > 0:
                self._runtime.wait(handle, delay)
            handle.start()
            outcome = work(handle)
        except JobCanceled as error:
            outcome = Outcome(False, canceled(str(error)))
        except MillError as error:
            outcome = Outcome(False, failure(EXECUTION, str(error)))
        finally:
            handle.end(outcome)
