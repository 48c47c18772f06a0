"""Runs the steps that hold other steps: loops and branches."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Any, Protocol

from mill.engine.decisions import Decisions
from mill.engine.definition.openflow import (
    BranchAll,
    BranchOne,
    ForLoop,
    Module,
    ScriptStep,
    SubflowStep,
    WhileLoop,
    runs_body_without_flow,
)
from mill.engine.expressions import ExpressionError, Names
from mill.engine.frame import Frame
from mill.engine.jobs.job_table import Handle
from mill.engine.jobs.outcome import EXECUTION, BrokenFlow, Outcome, failure
from mill.ports import Target

NONE_AT_ONCE = (
    "Its parallelism came to 0: Windmill then starts no iteration, and the flow hangs until somebody"
    " cancels it. Have it come to 1 or more."
)
AT_ONCE = 2 * (os.cpu_count() or 1)  # parallel iterations where the flow sets no parallelism


@dataclass(frozen=True, slots=True)
class _Loop:
    """A loop being run."""

    frame: Frame
    module: Module
    handle: Handle
    body: tuple[Module, ...]
    before: Any

    @property
    def is_plain(self) -> bool:
        """A single plain step as the body: Windmill runs it in the flow itself, with no flow around it."""
        return runs_body_without_flow(self.module, self.frame.flow.failure_module)


class StepRunner(Protocol):
    """What a loop or branch asks of the flow runner for the steps inside it."""

    def sequence(self, frame: Frame) -> Outcome:
        """Run a frame's steps; the outcome is the last one's. Raises JobCanceled."""

    def as_job(self, handle: Handle, summary: str, work: Callable[[], Outcome]) -> Outcome:
        """Do `work` between the job's start and end."""

    def inputs(self, step: ScriptStep | SubflowStep, names: Names) -> dict[str, Any]:
        """Return the step's arguments. Raises ExpressionError."""

    def run_job(
        self, frame: Frame, module: Module, handle: Handle, args: dict[str, Any], step_id: str
    ) -> Outcome:
        """Run a script or subflow step; `step_id` is the name Windmill gives it in `WM_FLOW_STEP_ID`."""


class LoopsAndBranches:
    """Runs the steps that hold other steps; the sequences inside them are the flow runner's."""

    def __init__(self, runner: StepRunner, decisions: Decisions) -> None:
        self._runner = runner
        self._decisions = decisions

    def run(self, frame: Frame, module: Module, handle: Handle) -> Outcome:
        """Run a loop or branch step."""
        match module.value:
            case ForLoop() as loop:
                outcome = self._for_loop(frame, module, handle, loop)
            case WhileLoop() as loop:
                run = _Loop(frame, module, handle, loop.modules, frame.previous)
                turns = count() if loop.modules else ()
                outcome = self._one_by_one(run, ((turn, turn) for turn in turns), loop.skip_failures)
            case BranchOne() as branches:
                return self._branch_one(frame, handle, branches)
            case BranchAll() as branches:
                outcome = self._branch_all(frame, handle, branches)
            case other:
                raise AssertionError(f"not a container: {other}")
        if outcome.success and not outcome.stop and outcome.result:
            names = frame.for_stop(outcome.result)
            frame.scope.results[module.id] = outcome.result
            stopped = self._decisions.stopped(module.stop_after_all_iters_if, names, outcome.result)
            return stopped or outcome
        return outcome

    def _for_loop(self, frame: Frame, module: Module, handle: Handle, loop: ForLoop) -> Outcome:
        items = self._decisions.value(loop.iterator, frame.for_predicates())
        if not isinstance(items, list):
            raise BrokenFlow(
                f"Expected an array value in the iterator expression of {module.id}, found: {items!r:.100}"
            )
        handle.tell("items", len(items))
        if not items or not loop.modules:
            return Outcome(True, [])
        run = _Loop(frame, module, handle, loop.modules, frame.previous)
        if not loop.parallel:
            return self._one_by_one(run, enumerate(items), loop.skip_failures)
        at_once = AT_ONCE
        if loop.parallelism is not None:
            at_once = int(self._decisions.number("parallelism", loop.parallelism, frame.for_predicates()))
            if at_once == 0:
                return Outcome(False, failure(EXECUTION, NONE_AT_ONCE, step_id=module.id), fatal=True)
        iterations = [partial(self._iteration, run, *pair, own_scope=True) for pair in enumerate(items)]
        outcomes = _in_parallel(at_once, iterations)
        return _joined(outcomes, [loop.skip_failures] * len(outcomes))

    def _one_by_one(self, run: _Loop, items: Iterable[tuple[int, Any]], skip_failures: bool) -> Outcome:
        """Run a sequential loop. A stop inside it, or its own stop_after_if, ends it with success."""
        results: list[Any] = []
        stop = run.module.stop_after_if
        for index, value in items:
            run.handle.check()
            outcome = self._plain_iteration(run, index, value, results) if run.is_plain else None
            outcome = outcome or self._iteration(run, index, value)
            results.append(outcome.result)
            if not outcome.success and not skip_failures:
                return Outcome(False, results, handled=outcome.handled)
            if outcome.stop:
                break
            if outcome.success and stop is not None:
                names = run.frame.for_stop(outcome.result, results)
                if self._decisions.truth_after(stop.expr, names):
                    break
        return Outcome(True, results)

    def _iteration(self, run: _Loop, index: int, value: Any, *, own_scope: bool = False) -> Outcome:
        given = run.frame.with_iteration(index, value)
        handle = run.handle.child(Target("flow", f"{run.frame.path}/forloop-{index}"), given, f"#{index}")
        inner = run.frame.inner(handle, run.body, given, own_scope=own_scope)
        return self._runner.as_job(handle, "", lambda: self._runner.sequence(inner))

    def _plain_iteration(self, run: _Loop, index: int, value: Any, results: list[Any]) -> Outcome:
        """Run an iteration that is one plain step: its result is not kept under the step's own id."""
        (body,) = run.body
        frame = run.frame
        step = body.value
        assert isinstance(step, ScriptStep | SubflowStep)
        previous = results[-1] if results and frame.position else run.before
        given = frame.with_iteration(index, value)
        handle = run.handle.child(Target("script", f"{frame.path}/loop-{index}"), given, f"#{index}")

        def work() -> Outcome:
            try:
                args = self._runner.inputs(step, frame.for_transforms(given, previous_result=previous))
            except ExpressionError as error:
                return Outcome(False, failure(EXECUTION, str(error), step_id=run.module.id))
            return self._runner.run_job(frame, body, handle, args, run.module.id)

        return self._runner.as_job(handle, "", work)

    def _branch_one(self, frame: Frame, handle: Handle, step: BranchOne) -> Outcome:
        chosen, label, name = step.default, "default", "branchone-0"
        for index, branch in enumerate(step.branches):
            if self._decisions.truth(branch.expr, frame.for_predicates()):
                chosen, label, name = branch.modules, f"branch {index}", f"branchone-{index + 1}"
                break
        if not chosen:
            return Outcome(True, frame.previous)
        return self._branch(frame, handle, chosen, label, name)

    def _branch(
        self, frame: Frame, handle: Handle, modules: tuple[Module, ...], label: str, name: str
    ) -> Outcome:
        inner_handle = handle.child(Target("flow", f"{frame.path}/{name}"), frame.flow_input, label)
        inner = frame.inner(inner_handle, modules)
        return self._runner.as_job(inner_handle, "", lambda: self._runner.sequence(inner))

    def _branch_all(self, frame: Frame, handle: Handle, step: BranchAll) -> Outcome:
        handle.tell("items", len(step.branches))
        skips = [branch.skip_failure for branch in step.branches]
        work = [
            partial(self._branch, frame, handle, branch.modules, f"branch {index}", f"branchall-{index}")
            for index, branch in enumerate(step.branches)
        ]
        if step.parallel and work:
            return _joined(_in_parallel(len(work), work), skips)
        outcomes: list[Outcome] = []
        for run_branch, skip_failure in zip(work, skips, strict=True):
            outcome = run_branch()
            outcomes.append(outcome)
            if outcome.stop and outcome.success:
                return replace(outcome, result=[earlier.result for earlier in outcomes])
            if not outcome.success and not skip_failure:
                break
        return _joined(outcomes, skips)


def _in_parallel(at_once: int, work: Sequence[Callable[[], Outcome]]) -> list[Outcome]:
    """Return the outcomes in the order of `work`, whatever the order of ending."""
    with ThreadPoolExecutor(max(1, min(at_once, len(work)))) as pool:
        return [future.result() for future in [pool.submit(item) for item in work]]


def _joined(outcomes: list[Outcome], skip_failures: list[bool]) -> Outcome:
    """Return all results as one array; it fails where one failed that nobody skips."""
    failed = [o for o, skip in zip(outcomes, skip_failures, strict=False) if not o.success and not skip]
    results = [outcome.result for outcome in outcomes]
    return Outcome(not failed, results, handled=any(outcome.handled for outcome in failed))
