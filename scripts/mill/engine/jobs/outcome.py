"""How a step, a sequence or a flow ended, and the shapes of Windmill's error results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

EXECUTION = "ExecutionErr"
INTERNAL = "InternalError"
NOT_STARTED = "Anyhow"  # Windmill's name for what throws before a flow's first step has begun


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one piece of a flow.

    `stop`: an early stop, which also ends the sequence around it. `skipped`: the step did not
    run, or the flow counts as skipped. `handled`: a failure module has dealt with this failure.
    `fatal`: the flow itself is broken, so neither retries nor the failure module run.
    """

    success: bool
    result: Any
    stop: bool = False
    skipped: bool = False
    handled: bool = False
    fatal: bool = False


class BrokenFlow(Exception):
    """A predicate, iterator, sleep or timeout threw: Windmill cannot go on with the flow."""


class BrokenAfterStep(BrokenFlow):
    """stop_after_if or retry_if threw: the step has failed for good, and the text alone is its error."""


class JobCanceled(Exception):
    """Somebody ended the job; the text is the reason."""


def failure(name: str, message: str, **more: Any) -> dict[str, Any]:
    """`{"error": {"message", "name", ...}}`; what is None is left out."""
    extra = {key: value for key, value in more.items() if value is not None}
    return {"error": {"message": message, "name": name, **extra}}


def canceled(reason: str) -> dict[str, Any]:
    """Return the result of a job somebody ended."""
    return failure("Canceled", f"Job canceled: {reason} by mill", reason=reason, canceler="mill")


def broken(error: BrokenFlow, name: str = INTERNAL) -> Outcome:
    """Return the outcome of a step around which a predicate threw; of the flow, where it cannot go on."""
    if isinstance(error, BrokenAfterStep):
        return Outcome(False, {"error": str(error)})
    return Outcome(False, failure(name, str(error)), fatal=name == INTERNAL)


def error_of(result: Any) -> dict[str, Any]:
    """Return the error inside a failed result; a loop's are in an array. Empty where there is none."""
    if isinstance(result, dict) and isinstance(result.get("error"), dict):
        error: dict[str, Any] = result["error"]
        return error
    if isinstance(result, dict) and isinstance(result.get("error"), str):
        return {"message": result["error"]}
    if isinstance(result, list):
        return next((found for item in result if (found := error_of(item))), {})
    return {}
