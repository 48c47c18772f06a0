"""What happens between two steps: waiting for approvals, then sleeping."""

from __future__ import annotations

from mill.engine.decisions import Decisions
from mill.engine.definition.openflow import Module, Suspend
from mill.engine.frame import NO_ANSWERS, Frame
from mill.engine.jobs.outcome import Outcome, failure
from mill.engine.runtime import Runtime


def pause_after(
    runtime: Runtime, decisions: Decisions, frame: Frame, module: Module, *, skipped: bool
) -> Outcome | None:
    """Wait as `module`, which has just ended, asks. The failure where approval was refused, else None.

    A skipped step asks for no approval, but its sleep acts. Raises BrokenFlow and JobCanceled.
    """
    frame.answers = NO_ANSWERS
    if module.suspend is not None and not skipped:
        refused = _await_approval(runtime, frame, module, module.suspend)
        if refused is not None:
            return refused
    if module.sleep is not None:
        seconds = decisions.number("sleep", module.sleep, frame.without_results(frame.previous))
        frame.handle.tell("waiting", f"sleeps {seconds:g} s after {module.id}")
        runtime.wait(frame.handle, seconds)
    return None


def _await_approval(runtime: Runtime, frame: Frame, module: Module, suspend: Suspend) -> Outcome | None:
    frame.handle.job.status = "suspended"
    frame.handle.tell("waiting", f"waits for approval after {module.id}, {suspend.timeout:g} s at most")
    answers = runtime.approvals.wait(frame.handle, frame.step_job, module.id, suspend, frame.previous)
    frame.handle.job.status = "running"
    resumes = [answer.payload for answer in answers]
    refused = next((answer for answer in answers if not answer.approved), None)
    error = None
    if refused is not None:
        error = failure("SuspendedDisapproved", f"Disapproved by {refused.approver or 'unknown'}")
    elif len(answers) < suspend.required_events:
        error = failure("SuspendedTimedOut", "Timed out waiting to be resumed")
    if error is not None:
        if not suspend.continue_on_disapprove_timeout:
            return Outcome(False, error)
        resumes.append(error)
    frame.answers = {
        "resume": resumes[-1] if resumes else None,
        "resumes": resumes,
        "approvers": [answer.approver or "anonymous" for answer in answers],
    }
    return None
