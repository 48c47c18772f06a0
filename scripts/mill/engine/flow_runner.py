"""Runs a flow: its steps in order, each with its settings in Windmill's order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mill.engine.decisions import Decisions
from mill.engine.definition.library import Library
from mill.engine.definition.openflow import Flow, Identity, Module, ScriptStep, SubflowStep
from mill.engine.expressions import ExpressionError, Names
from mill.engine.frame import Frame, Scope
from mill.engine.jobs.job_table import Handle
from mill.engine.jobs.outcome import (
    EXECUTION,
    INTERNAL,
    NOT_STARTED,
    BrokenFlow,
    JobCanceled,
    Outcome,
    broken,
    canceled,
    failure,
)
from mill.engine.loops_and_branches import LoopsAndBranches
from mill.engine.pauses import pause_after
from mill.engine.runtime import ResultCache, Runtime
from mill.engine.script_runner import TIMED_OUT, ScriptJob, ScriptRunner
from mill.errors import MillError
from mill.ports import Target


@dataclass(slots=True)
class Attempts:
    """What one step's attempts share: a retry gets the arguments of the first. `more`: further names."""

    event: Mapping[str, Any] | None = None
    more: Mapping[str, Any] | None = None
    args: dict[str, Any] | None = None


class FlowRunner:
    """Runs flows in the calling thread."""

    def __init__(self, runtime: Runtime, library: Library, scripts: ScriptRunner) -> None:
        self._runtime = runtime
        self._library = library
        self._scripts = scripts
        self._decisions = Decisions(runtime.evaluator)
        self._loops_and_branches = LoopsAndBranches(self, self._decisions)
        self._cache = ResultCache(runtime.state / "cache")

    def run(
        self,
        flow: Flow,
        handle: Handle,
        args: Mapping[str, Any],
        *,
        caller: Frame | None = None,
        event: Mapping[str, Any] | None = None,
    ) -> Outcome:
        """Run a whole flow. `event` is for its preprocessor. Raises JobCanceled."""
        if caller is None:
            for difference in self._library.differences(flow):
                handle.tell("warning", difference)
        if flow.cache_ttl:
            hit, result = self._cache.get(flow.path, args)
            if hit:
                return Outcome(True, result)
        shared = caller.shared if caller is not None else None
        if flow.same_worker and shared is None:
            shared = self._runtime.state / "jobs" / f"{handle.root.id}.shared"
            shared.mkdir(parents=True, exist_ok=True)
        scope = Scope(outer=caller.scope if caller is not None else None)
        frame = Frame(handle, flow, flow.modules, dict(args), scope, shared, flow.path, top=caller is None)
        outcome = self._preprocessed(frame, event) or self._skipped(frame) or self.sequence(frame)
        if flow.cache_ttl and outcome.success and not outcome.stop:
            self._cache.put(flow.path, args, outcome.result, flow.cache_ttl)
        return outcome

    def _preprocessed(self, frame: Frame, event: Mapping[str, Any] | None) -> Outcome | None:
        """Let the preprocessor make the flow's arguments; the flow's outcome where it failed."""
        module = frame.flow.preprocessor_module
        if event is None or module is None:
            return None
        made = self._step(frame, module, Attempts(event=event))
        if not made.success:
            return self._failed(frame, made)
        result = {} if made.result is None else made.result
        frame.take_input(result if isinstance(result, dict) else {"value": result})
        return None

    def _skipped(self, frame: Frame) -> Outcome | None:
        if frame.flow.skip_expr is None:
            return None
        values = {"WM_SCHEDULED_FOR": datetime.now(UTC).isoformat()}
        try:
            skip = self._decisions.truth(
                frame.flow.skip_expr, Names(frame.flow_input, frame.flow.flow_env, values)
            )
        except BrokenFlow as error:
            return self._failed(frame, broken(error, NOT_STARTED))
        return Outcome(True, "stopped early", skipped=True) if skip else None

    def sequence(self, frame: Frame) -> Outcome:
        """Run a frame's steps; the outcome is the last one's. Raises JobCanceled."""
        outcome = Outcome(True, dict(frame.flow_input))
        before: Module | None = None
        for position, module in enumerate(frame.modules):
            frame.position = position
            refused = None
            try:
                if before is not None:
                    refused = pause_after(
                        self._runtime, self._decisions, frame, before, skipped=outcome.skipped
                    )
                outcome = refused or self._step(frame, module, Attempts())
            except BrokenFlow as error:
                name = NOT_STARTED if frame.at_its_start else INTERNAL
                return self._failed(frame, broken(error, name))
            if not outcome.success:
                goes_on = module.continue_on_error and not (refused or outcome.stop or outcome.fatal)
                if not goes_on:
                    return self._failed(frame, outcome)
                outcome = Outcome(True, outcome.result)
            if outcome.stop:
                return outcome
            before = module
        return Outcome(outcome.success, outcome.result)

    def _failed(self, frame: Frame, failed: Outcome) -> Outcome:
        """Return the frame's outcome after a failure: the failure module's, where it runs."""
        module = frame.flow.failure_module
        if module is None or failed.fatal or failed.handled:
            return failed
        frame.previous = failed.result
        if module.retry.attempts:
            frame.failures = 0
        began = datetime.fromtimestamp(frame.handle.job.started_at or 0.0, UTC)
        more = {
            "started_at": began.isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "flow_job_id": frame.handle.id,
        }
        try:
            outcome = self._step(frame, module, Attempts(more=more))
        except BrokenFlow as error:
            return broken(error)
        recovers = frame.top and isinstance(outcome.result, dict) and outcome.result.get("recover") is True
        return Outcome(outcome.success and recovers, outcome.result, handled=True)

    def _step(self, frame: Frame, module: Module, attempts: Attempts) -> Outcome:
        """Run a step, and again as its `retry` says. Raises BrokenFlow and JobCanceled."""
        while True:
            frame.handle.check()
            outcome = self._attempt(frame, module, attempts)
            frame.scope.results[module.id] = outcome.result
            frame.previous = outcome.result
            if outcome.success:
                frame.failures = 0
            if outcome.success or outcome.stop or outcome.fatal:
                return outcome
            wait = self._decisions.seconds_until_retry(frame, module, outcome)
            if wait is None:
                return outcome
            frame.failures += 1
            frame.handle.tell("waiting", f"runs {module.id} again in {wait} s, retry {frame.failures}")
            self._runtime.wait(frame.handle, wait)

    def _attempt(self, frame: Frame, module: Module, attempts: Attempts) -> Outcome:
        """Run a step once, as a job of its own."""
        handle = frame.handle.child(self._target(frame, module), {}, module.id, module.id)
        frame.step_job = handle.id
        if module.suspend is not None:
            self._runtime.approvals.expect(handle)
        return self.as_job(handle, module.summary, lambda: self._once(frame, module, attempts, handle))

    def as_job(self, handle: Handle, summary: str, work: Callable[[], Outcome]) -> Outcome:
        """Do `work` between the job's start and end. A job that was canceled alone has only failed."""
        handle.start(summary)
        try:
            outcome = work()
        except JobCanceled as error:
            outcome = Outcome(False, canceled(str(error)))
            handle.end(outcome)
            if handle.parent is None or handle.parent.is_canceled:
                raise
            return outcome
        except BrokenFlow as error:
            handle.end(broken(error))
            raise
        handle.end(outcome)
        return outcome

    def _once(self, frame: Frame, module: Module, attempts: Attempts, handle: Handle) -> Outcome:
        skip = module.skip_if is not None and self._decisions.truth(module.skip_if, frame.for_predicates())
        if module.mock is not None:
            outcome = Outcome(True, module.mock.value)
        elif skip:
            return Outcome(True, frame.previous, skipped=True)
        else:
            outcome = self._value(frame, module, attempts, handle)
        ran_nothing = outcome.result == []  # then Windmill treats a loop as any other step
        if not outcome.success or outcome.stop or (module.stops_inside and not ran_nothing):
            return outcome
        names = frame.for_stop(outcome.result)
        frame.scope.results[module.id] = outcome.result
        return self._decisions.stopped(module.stop_after_if, names, outcome.result) or outcome

    def _value(self, frame: Frame, module: Module, attempts: Attempts, handle: Handle) -> Outcome:
        step = module.value
        if isinstance(step, Identity):
            return Outcome(True, frame.previous)
        if not isinstance(step, ScriptStep | SubflowStep):
            return self._loops_and_branches.run(frame, module, handle)
        if attempts.event is not None:
            attempts.args = {"event": attempts.event}
        if attempts.args is None:
            try:
                attempts.args = self.inputs(step, frame.for_transforms(**(attempts.more or {})))
            except ExpressionError as error:
                attempts.args = {}
                return Outcome(False, failure(EXECUTION, str(error), step_id=module.id))
        entry = "main" if attempts.event is None else "preprocessor"
        return self.run_job(frame, module, handle, attempts.args, module.id, entry)

    def inputs(self, step: ScriptStep | SubflowStep, names: Names) -> dict[str, Any]:
        """Return the step's arguments. Raises ExpressionError."""
        evaluate = self._runtime.evaluator.value
        return {
            name: transform.value if transform.expr is None else evaluate(transform.expr, names)
            for name, transform in step.inputs.items()
        }

    def run_job(
        self,
        frame: Frame,
        module: Module,
        handle: Handle,
        args: dict[str, Any],
        step_id: str,
        entry: str = "main",
    ) -> Outcome:
        """Run a script or subflow step; `step_id` is the name Windmill gives it in `WM_FLOW_STEP_ID`."""
        handle.job.args = args
        try:
            return self._job(frame, module, handle, args, step_id, entry)
        except MillError as error:  # the file was there when the flow began
            return Outcome(False, failure(EXECUTION, str(error), step_id=step_id))

    def _job(
        self, frame: Frame, module: Module, handle: Handle, args: dict[str, Any], step_id: str, entry: str
    ) -> Outcome:
        step = module.value
        if isinstance(step, SubflowStep):
            outcome = self.run(self._library.flow(step.path), handle, args, caller=frame)
            return Outcome(outcome.success, outcome.result)  # handled below is not handled here
        assert isinstance(step, ScriptStep)
        timeout = cache_ttl = None
        if step.code is None:
            path = step.path or ""
            code = self._library.script(path)
            timeout, cache_ttl = self._library.timeout_and_cache(path)
        else:
            path = handle.job.target.path
            code = self._library.inline(step.code, step.file, path, step.lock)
        if module.timeout is not None:
            timeout = int(self._decisions.number("timeout", module.timeout, frame.for_predicates()))
            if timeout == 0:
                return Outcome(False, failure(EXECUTION, TIMED_OUT, step_id=step_id))
        job = ScriptJob(
            code, path, args,
            flow_path=frame.path, flow_job=frame.handle.id, step_id=step_id, entry=entry,
            timeout=timeout, cache_ttl=module.cache_ttl or cache_ttl, shared=frame.shared,
        )  # fmt: skip
        return self._scripts.run(handle, job)

    @staticmethod
    def _target(frame: Frame, module: Module) -> Target:
        match module.value:
            case SubflowStep(path=path):
                return Target("flow", path)
            case ScriptStep(path=str(path), code=None):
                return Target("script", path)
            case _:
                return Target("script", f"{frame.path}/{module.id}")
