"""Approvals, cancelling, warm calls, progress: what the API asks of the engine."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mill.engine.jobs.job_table import KEPT_LARGE, JobTable
from mill.engine.jobs.outcome import Outcome, error_of
from mill.errors import MillError
from mill.ports import Job, Resume, Target
from tests.mill.engine.lab import Lab, const, give, identity, loop, py, subflow

SLEEP = "import time; time.sleep(60)"
YES = Resume(1, approved=True, payload={"note": "fine"}, approver="ann")
NO = Resume(2, approved=False, approver="bob")


def suspend(needed: int = 1, **more: Any) -> dict[str, Any]:
    return {"required_events": needed, "timeout": 0.05, **more}


def test_an_approval_lets_the_flow_go_on_and_its_payload_is_seen(lab: Lab) -> None:
    lab.answers = [YES]
    completed = lab.flow([const("a", 1, suspend=suspend()), give("b", "[resume, resumes.length, approvers]")])
    assert completed.result == [{"note": "fine"}, 1, ["ann"]]


def test_the_answers_are_gone_a_step_later(lab: Lab) -> None:
    lab.answers = [YES]
    steps = [const("a", 1, suspend=suspend()), identity("b"), give("c", "[resume, resumes, approvers]")]
    assert lab.flow(steps).result == [None, [], []]


def test_predicates_see_the_answers_too(lab: Lab) -> None:
    lab.answers = [YES]
    steps = [
        const("a", 1, suspend=suspend()),
        loop("l", "[resume.note, ...approvers]", [give("x", "flow_input.iter.value")]),
    ]
    assert lab.flow(steps).result == ["fine", "ann"]


def test_several_approvals_may_be_needed(lab: Lab) -> None:
    lab.answers = [YES, Resume(3, approved=True)]
    completed = lab.flow([const("a", 1, suspend=suspend(2)), give("b", "approvers")])
    assert completed.result == ["ann", "anonymous"]


def test_a_refusal_fails_the_flow(lab: Lab) -> None:
    lab.answers = [NO]
    completed = lab.flow([const("a", 1, suspend=suspend()), const("b", 2)])
    assert not completed.success
    assert completed.result == {"error": {"name": "SuspendedDisapproved", "message": "Disapproved by bob"}}


def test_without_an_answer_in_time_the_flow_fails(lab: Lab) -> None:
    completed = lab.flow([const("a", 1, suspend=suspend()), const("b", 2)])
    assert error_of(completed.result)["name"] == "SuspendedTimedOut"


def test_a_flow_may_go_on_after_a_refusal_or_timeout(lab: Lab) -> None:
    setting = suspend(continue_on_disapprove_timeout=True)
    lab.answers = [NO]
    steps = [const("a", 1, suspend=setting), give("b", "resume.error.name")]
    assert lab.flow(steps).result == "SuspendedDisapproved"
    assert lab.flow(steps).result == "SuspendedTimedOut"


def test_a_trailing_pause_is_ignored_and_the_run_says_so_once(lab: Lab) -> None:
    sleep = {"type": "static", "value": 2}
    inner = lab.write_flow([loop("l", "[1, 2]", [const("x", 1), identity("y", sleep=sleep)])])
    steps = [subflow("s", inner), subflow("t", inner), const("a", 1, suspend=suspend(), sleep=sleep)]
    path = lab.write_flow(steps)
    assert lab.run("flow", path).result == 1
    assert not lab.waits
    assert not lab.asked
    said = [event.data for event in lab.events if event.kind == "warning"]
    assert [text.split(" (")[0] for text in said] == [
        f"{path}: step a comes last, so a deployed flow ignores its sleep and suspend, and mill does too",
        f"{inner}: step y comes last, so a deployed flow ignores its sleep, and mill does too",
    ]


def test_the_run_says_that_a_preview_gives_the_only_step_of_a_loop_another_previous_result(lab: Lab) -> None:
    lab.flow([const("a", 5), loop("l", "[1]", [give("x", "previous_result")])])
    [said] = [event.data for event in lab.events if event.kind == "warning"]
    assert (
        "step x is all its loop runs, so its previous_result is the step's before in a deployed flow" in said
    )
    lab.events.clear()
    lab.flow([const("a", 5), loop("l", "[1]", [give("x", "previous_result"), identity("y")])])
    assert not [event.data for event in lab.events if event.kind == "warning"]


def test_a_suspend_that_needs_nobody_does_not_wait(lab: Lab) -> None:
    assert lab.flow([const("a", 1, suspend={"required_events": 0}), const("b", 2)]).result == 2
    assert not lab.asked


def _when(condition: Callable[[], Any]) -> Any:
    for _ in range(2_000):
        if found := condition():
            return found
        threading.Event().wait(0.005)
    raise AssertionError("it never happened")


def test_a_resume_by_the_steps_job_id_counts_even_while_it_still_runs(lab: Lab) -> None:
    engine = lab.session.engine
    slow = py("a", "import time; time.sleep(0.3)", suspend={"required_events": 1, "timeout": 20})
    job = engine.start(Target("flow", lab.write_flow([slow, give("b", "resume")])), {})
    step = _when(lambda: [e.job_id for e in lab.events if e.label == "a" and e.kind == "started"])[0]
    assert engine.resume(step, Resume(7, approved=True, payload="early"))
    assert not engine.resume(step, Resume(7, approved=True, payload="twice"))
    completed = engine.wait(job, 20)
    assert completed is not None
    assert completed.result == "early"
    assert not engine.resume(step, Resume(8, approved=True))


def test_a_suspended_flow_says_so_and_resumes_by_its_own_id(lab: Lab) -> None:
    engine = lab.session.engine
    waits = {"required_events": 1, "timeout": 20}
    job = engine.start(Target("flow", lab.write_flow([const("a", 1, suspend=waits), const("b", 2)])), {})
    _when(lambda: _job(lab, job).status == "suspended")
    assert engine.resume(job, YES)
    completed = engine.wait(job, 20)
    assert completed is not None
    assert completed.success


def _job(lab: Lab, job_id: str) -> Job:
    job = lab.session.engine.get(job_id)
    assert job is not None
    return job


def test_a_job_that_is_canceled_while_its_scripts_start_ends_at_once(lab: Lab) -> None:
    engine = lab.session.engine
    flow = Target("flow", lab.write_flow([loop("l", "[1, 2]", [py("a", SLEEP)], parallel=True)]))
    for moment in range(30):
        job = engine.start(flow, {})
        time.sleep(0.003 * moment)  # before, while and after the processes are forked
        engine.cancel(job, "enough")
        assert engine.wait(job, 20) is not None


# Its interrupt is noted while it sleeps, and the sleep goes on, as when one comes just before the call.
MISSED = """
import _thread, signal, threading, time
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})

def interrupt():
    time.sleep(0.2)
    _thread.interrupt_main()
    print("ready", flush=True)

threading.Thread(target=interrupt).start()
time.sleep(60)
"""


def test_an_interrupt_that_a_script_has_missed_is_brought_to_its_notice(lab: Lab) -> None:
    engine = lab.session.engine
    job = engine.start(Target("flow", lab.write_flow([py("a", MISSED)])), {})
    _when(lambda: [e for e in lab.events if e.kind == "output"])
    engine.cancel(job, "enough")
    assert engine.wait(job, 15) is not None  # before the 30 s after which it is killed


@pytest.mark.parametrize(
    "steps",
    [
        [py("a", "print('ready'); " + SLEEP)],
        [py("a", "print('ready')", suspend={"required_events": 1, "timeout": 60}), const("b", 1)],
        [loop("l", "[1, 2]", [py("a", "print('ready'); " + SLEEP)], parallel=True)],
    ],
    ids=["in a script", "while suspended", "in a parallel loop"],
)
def test_a_canceled_job_ends_at_once(lab: Lab, steps: Any) -> None:
    engine = lab.session.engine
    job = engine.start(Target("flow", lab.write_flow(steps)), {})
    _when(lambda: [e for e in lab.events if e.kind == "output"])
    engine.cancel(job, "enough")
    completed = engine.wait(job, 20)
    assert completed is not None
    error = error_of(completed.result)
    assert (error["name"], error["reason"]) == ("Canceled", "enough")
    assert _job(lab, job).status == "canceled"


def test_a_canceled_script_may_finish_what_is_under_way(lab: Lab, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    body = """
        import time
        try:
            print('ready')
            time.sleep(60)
        except KeyboardInterrupt:
            open(mark, 'w').write('tidied up')
    """
    engine = lab.session.engine
    job = engine.start(Target("flow", lab.write_flow([py("a", body, {"mark": ("static", str(mark))})])), {})
    _when(lambda: [e for e in lab.events if e.kind == "output"])
    engine.cancel(job, "enough")
    completed = engine.wait(job, 20)
    assert completed is not None
    assert error_of(completed.result)["name"] == "Canceled"
    assert mark.read_text("utf-8") == "tidied up"


def test_a_script_that_does_not_end_when_canceled_is_killed(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mill.engine.processes.worker.GRACE_SECONDS", 0.1)
    body = """
        import signal, time
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        print('ready')
        time.sleep(60)
    """
    engine = lab.session.engine
    job = engine.start(Target("flow", lab.write_flow([py("a", body)])), {})
    _when(lambda: [e for e in lab.events if e.kind == "output"])
    engine.cancel(job, "enough")
    completed = engine.wait(job, 20)
    assert completed is not None
    assert error_of(completed.result)["name"] == "Canceled"


def test_a_step_canceled_alone_has_failed_and_the_flow_goes_on(lab: Lab) -> None:
    engine = lab.session.engine
    body = """
        import time
        if n == 1:
            print('ready')
            time.sleep(60)
        return n
    """
    waits = py("w", body, {"n": "flow_input.iter.value"})
    steps = [
        loop("l", "[1, 2]", [waits], parallel=True, skip_failures=True),
        give("after", "[results.l[0].error.name, results.l[0].error.reason, results.l[1]]"),
    ]
    job = engine.start(Target("flow", lab.write_flow(steps)), {})
    [step] = _when(lambda: [e.job_id for e in lab.events if e.kind == "output"])
    engine.cancel(step, "stuck")
    completed = engine.wait(job, 20)
    assert completed is not None
    assert completed.result == ["Canceled", "stuck", 2]


def test_progress_is_recorded(lab: Lab) -> None:
    engine = lab.session.engine
    job = engine.start(Target("flow", lab.write_flow([py("a", "import time; time.sleep(0.1)")])), {})
    engine.set_progress(job, 40)
    engine.wait(job, 20)
    assert _job(lab, job).progress == 40
    assert [e.data for e in lab.events if e.kind == "progress"] == [40]


def test_unknown_jobs_are_nobodys(lab: Lab) -> None:
    engine = lab.session.engine
    assert engine.get("nobody") is None
    assert engine.wait("nobody", 0.01) is None
    assert not engine.resume("nobody", YES)
    engine.cancel("nobody", "x")
    engine.set_progress("nobody", 1)
    with pytest.raises(MillError, match="There is no job nobody"):
        engine.flow_user_state("nobody")


def test_a_running_job_is_not_waited_for_longer_than_asked(lab: Lab) -> None:
    engine = lab.session.engine
    job = engine.start(Target("flow", lab.write_flow([py("a", "import time; time.sleep(0.3)")])), {})
    assert engine.wait(job, 0.01) is None
    assert engine.wait(job, 20) is not None


def test_code_handed_over_runs_as_a_preview(lab: Lab) -> None:
    engine = lab.session.engine
    job = engine.start(Target("preview", "", "def main(n):\n    return n + 1"), {"n": 1})
    completed = engine.wait(job, 20)
    assert completed is not None
    assert completed.result == 2


WARM = """
import os
calls = 0
def main(n=0):
    global calls
    calls += 1
    print("call", n)
    return [calls, os.getpid(), os.environ["WM_JOB_ID"], n]
"""


def test_a_warm_script_is_loaded_once_and_called_often(lab: Lab) -> None:
    target = Target("script", lab.write_script(WARM))
    replies = [lab.session.engine.call(target, {"n": n}).result for n in range(3)]
    assert [(calls, n) for calls, _, _, n in replies] == [(1, 0), (2, 1), (3, 2)]
    assert len({pid for _, pid, _, _ in replies}) == 1
    assert len({job for _, _, job, _ in replies}) == 3
    assert [e.data for e in lab.events if e.kind == "output"] == ["call 0", "call 1", "call 2"]


def test_calls_at_the_same_time_have_processes_of_their_own(lab: Lab) -> None:
    slow = "import os, time\ndef main():\n    time.sleep(0.2)\n    return os.getpid()"
    target = Target("script", lab.write_script(slow))
    with ThreadPoolExecutor(3) as pool:
        replies = list(pool.map(lambda _: lab.session.engine.call(target, {}).result, range(3)))
    assert len(set(replies)) == 3


def test_an_edited_script_is_loaded_again(lab: Lab) -> None:
    path = lab.write_script("def main():\n    return 1")
    target = Target("script", path)
    assert lab.session.engine.call(target, {}).result == 1
    file = lab.root / f"{path}.py"
    lab.write_script("def main():\n    return 22", path)
    os.utime(file, ns=(1, file.stat().st_mtime_ns + 1_000_000))
    assert lab.session.engine.call(target, {}).result == 22


def test_an_edit_of_what_a_script_imports_counts_too(lab: Lab) -> None:
    library = lab.write_script("N = 1", "f/shared/constant")
    target = Target("script", lab.write_script("from f.shared.constant import N\ndef main():\n    return N"))
    assert lab.session.engine.call(target, {}).result == 1
    lab.write_script("N = 333", library)
    assert lab.session.engine.call(target, {}).result == 333


def test_a_warm_script_that_fails_is_still_there_for_the_next_call(lab: Lab) -> None:
    target = Target("script", lab.write_script("import os\ndef main(n):\n    return [1 / n, os.getpid()]"))
    call = lab.session.engine.call
    assert error_of(call(target, {"n": 0}).result)["name"] == "ZeroDivisionError"
    assert call(target, {"n": 1}).result[1] == call(target, {"n": 1}).result[1]


def test_a_warm_script_that_dies_is_replaced(lab: Lab) -> None:
    code = "import os\ndef main(die):\n    if die:\n        os._exit(4)\n    return os.getpid()"
    target = Target("script", lab.write_script(code))
    call = lab.session.engine.call
    first = call(target, {"die": False}).result
    assert error_of(call(target, {"die": True}).result)["exit_code"] == 4
    assert call(target, {"die": False}).result != first


def test_a_warm_script_that_cannot_be_loaded_says_why(lab: Lab) -> None:
    target = Target("script", lab.write_script("import nothing_like_it\ndef main():\n    return 1"))
    assert "nothing_like_it" in error_of(lab.session.engine.call(target, {}).result)["message"]


def test_a_warm_script_has_its_preprocessor(lab: Lab) -> None:
    code = "def preprocessor(event):\n    return {'n': event['body']}\ndef main(n):\n    return n"
    target = Target("script", lab.write_script(code))
    assert lab.session.engine.call(target, {}, event={"body": 5}).result == 5


def test_a_call_of_what_is_not_there_fails(lab: Lab) -> None:
    assert (
        "no script" in error_of(lab.session.engine.call(Target("script", "f/lab/none"), {}).result)["message"]
    )


def test_of_ended_jobs_with_pieces_of_files_only_the_latest_keep_them() -> None:
    table = JobTable([])

    def end(args: dict[str, Any], result: Any) -> Job:
        handle = table.create(Target("script", "f/demo/keep"), args)
        handle.end(Outcome(success=True, result=result))
        return handle.job

    piece = "A" * 1_000_000
    small = end({"name": "a"}, {"received": 1})
    sent = [end({"data": piece}, {"received": 1}) for _ in range(KEPT_LARGE + 1)]
    assert [bool(job.args) for job in sent] == [False] + [True] * KEPT_LARGE
    assert all(table.get(job.id) is not None for job in (small, *sent))
    fetched = [end({}, {"data": piece}) for _ in range(KEPT_LARGE + 1)]
    assert [table.get(job.id) is not None for job in fetched] == [False] + [True] * KEPT_LARGE
    assert (small.args, [job.args for job in sent if job.args]) == ({"name": "a"}, [])
