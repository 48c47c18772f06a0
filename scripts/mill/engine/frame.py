"""One running sequence of steps and what its expressions can see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mill.engine.definition.openflow import Flow, Module
from mill.engine.expressions import Names
from mill.engine.jobs.job_table import Handle

NO_ANSWERS: Mapping[str, Any] = {"resume": None, "resumes": [], "approvers": []}


@dataclass(slots=True)
class Scope:
    """Where `results.<id>` is looked up: here, then in the callers.

    A (sub)flow and each iteration of a parallel loop have their own; branches and sequential
    loops share the one around them, so that their steps' last results are visible outside.
    """

    results: dict[str, Any] = field(default_factory=dict)
    outer: Scope | None = None

    def result_of(self, step: str) -> Any:
        """Return the step's last result; None for a step that has not run."""
        scope: Scope | None = self
        while scope is not None:
            if step in scope.results:
                return scope.results[step]
            scope = scope.outer
        return None


@dataclass(slots=True)
class Frame:
    """A sequence: a flow's, a branch's, one iteration's.

    `failures` counts retries and belongs to the sequence, not to a step: a success clears it,
    going on after an exhausted step (continue_on_error) does not. `step_job` is the job of the last step.
    `path` is what Windmill calls the flow around its steps: the flow's own, or that of a branch or iteration.
    """

    handle: Handle
    flow: Flow
    modules: tuple[Module, ...]
    flow_input: Mapping[str, Any]
    scope: Scope
    shared: Path | None
    path: str
    top: bool = False
    previous: Any = None
    position: int = 0
    failures: int = 0
    answers: Mapping[str, Any] = field(default_factory=lambda: NO_ANSWERS)
    step_job: str = ""

    def __post_init__(self) -> None:
        self.take_input(self.flow_input)

    def take_input(self, flow_input: Mapping[str, Any]) -> None:
        """Begin with this input, which is also the first step's previous result."""
        self.flow_input = flow_input
        self.previous = dict(flow_input)

    @property
    def at_its_start(self) -> bool:
        """Whether its first step has not begun."""
        return self.position == 0 and self.failures == 0

    def inner(
        self,
        handle: Handle,
        modules: tuple[Module, ...],
        flow_input: Mapping[str, Any] | None = None,
        *,
        own_scope: bool = False,
    ) -> Frame:
        """Return the frame of a branch or iteration inside this one, which has the job `handle`."""
        scope = Scope(outer=self.scope) if own_scope else self.scope
        given = self.flow_input if flow_input is None else flow_input
        return Frame(handle, self.flow, modules, given, scope, self.shared, handle.job.target.path)

    def with_iteration(self, index: int, value: Any) -> dict[str, Any]:
        """Return the flow input with `iter`; an outer loop's becomes `iter_parent`, and so on outwards."""
        given = dict(self.flow_input)
        moved: Any = {"index": index, "value": value}
        key = "iter"
        while key in given:
            moved, given[key] = given[key], moved
            key += "_parent"
        given[key] = moved
        return given

    def for_transforms(self, flow_input: Mapping[str, Any] | None = None, **more: Any) -> Names:
        """Return what input transforms see."""
        values = {"params": {}, "previous_result": self.previous, **self.answers, **more}
        return self._names(values, flow_input)

    def for_predicates(self) -> Names:
        """Return what skip_if, iterators, branch predicates, timeout and parallelism see."""
        return self._names({"result": self.previous, "previous_result": self.previous, **self.answers})

    def for_stop(self, result: Any, iterations: list[Any] | None = None) -> Names:
        """Return what stop_after_if sees once the step has this result."""
        values = {"result": result, "previous_result": result}
        return self._names(values if iterations is None else {**values, "all_iters": iterations})

    def without_results(self, result: Any) -> Names:
        """Return what retry_if and sleep see: the step's own result and nobody else's."""
        values = {"result": result, "previous_result": result}
        return Names(self.flow_input, self.flow.flow_env, values)

    def _names(self, values: Mapping[str, Any], flow_input: Mapping[str, Any] | None = None) -> Names:
        return Names(
            self.flow_input if flow_input is None else flow_input,
            self.flow.flow_env,
            values,
            self.scope.result_of,
            self.handle.root.user_state.get,
        )
