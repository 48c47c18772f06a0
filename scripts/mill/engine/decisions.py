"""The questions a flow asks between its steps: whether to stop early, try again, and how long to wait."""

from __future__ import annotations

from typing import Any

from mill.engine.definition.openflow import Module, Stop, Transform
from mill.engine.definition.retry import seconds_until_retry
from mill.engine.expressions import Evaluator, ExpressionError, Names
from mill.engine.frame import Frame
from mill.engine.jobs.outcome import BrokenAfterStep, BrokenFlow, Outcome, failure


class Decisions:
    """Evaluates a flow's predicates. One that throws breaks the flow: BrokenFlow.

    One that is asked once a step has ended fails the step instead: BrokenAfterStep.
    """

    def __init__(self, evaluator: Evaluator) -> None:
        self._evaluator = evaluator

    def truth(self, predicate: str, names: Names) -> bool:
        """Return whether the predicate holds."""
        try:
            return self._evaluator.truth(predicate, names)
        except ExpressionError as error:
            raise BrokenFlow(str(error)) from error

    def truth_after(self, predicate: str, names: Names) -> bool:
        """Return whether a predicate holds that is asked once the step has ended."""
        try:
            return self.truth(predicate, names)
        except BrokenFlow as error:
            raise BrokenAfterStep(str(error)) from error

    def value(self, transform: Transform, names: Names) -> Any:
        """Return the value of a setting that is fixed or computed."""
        if transform.expr is None:
            return transform.value
        try:
            return self._evaluator.value(transform.expr, names)
        except ExpressionError as error:
            raise BrokenFlow(str(error)) from error

    def number(self, setting: str, transform: Transform, names: Names) -> float:
        """As `value`, for what must be a number of at least 0."""
        value = self.value(transform, names)
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise BrokenFlow(f"Expected a number of at least 0 for {setting}, found: {value!r}")
        return value

    def stopped(self, stop: Stop | None, names: Names, result: Any) -> Outcome | None:
        """Return the outcome of a step after which the flow stops early, None if it goes on."""
        if stop is None or not self.truth_after(stop.expr, names):
            return None
        if stop.skip_if_stopped:
            return Outcome(True, result, stop=True, skipped=True)
        if stop.error_message is None:
            return Outcome(True, result, stop=True)
        message = stop.error_message or f"stop after if: {stop.expr}"
        return Outcome(False, failure("EarlyStopError", message), stop=True)

    def seconds_until_retry(self, frame: Frame, module: Module, failed: Outcome) -> int | None:
        """Return the seconds until the step runs again; None if it does not."""
        retry = module.retry
        if not retry.attempts:
            return None
        wait = seconds_until_retry(retry, frame.failures)
        if wait is None or retry.retry_if is None:
            return wait
        return wait if self.truth_after(retry.retry_if, frame.without_results(failed.result)) else None
