"""Errors, continue_on_error, the failure module, timeouts and dying processes."""

from __future__ import annotations

from mill.conformance.rules.case import BAD_JS, Case, error
from mill.conformance.steps import const, fail, give, loop, one_of, py, retries, transforms

ISO_TIME = "typeof started_at === 'string' && started_at.includes('T') && Date.parse(started_at) > 0"
TIMED_OUT = "job process terminated due to timeout after exceeding job-specific duration limit"

CASES = [
    Case(
        "a Python exception gives name, message, stack and step",
        [fail("a")],
        lambda r: set(r["error"]) == {"message", "name", "stack", "step_id"} and r["error"]["step_id"] == "a",
        False,
    ),
    Case(
        "an exception's attributes are its extra",
        [py("a", "e = KeyError('k'); e.code = 7; raise e")],
        lambda r: r["error"]["extra"] == {"code": 7},
        False,
    ),
    Case("sys.exit(0) is a failure too", [py("a", "sys.exit(0)")], error("SystemExit", "0"), False),
    Case("a failure ends the flow", [fail("a"), const("b", 1)], error("ValueError"), False),
    Case(
        "a throwing transform fails the step",
        [give("a", BAD_JS)],
        error("ExecutionErr", "Error during isolated evaluation"),
        False,
    ),
    Case("continue_on_error goes on", [fail("a", continue_on_error=True), const("b", 1)], 1),
    Case(
        "continue_on_error keeps the error as the result",
        [fail("a", continue_on_error=True), give("b", "results.a.error.message")],
        "no",
    ),
    Case(
        "a last step with continue_on_error lets the flow succeed",
        [fail("a", continue_on_error=True)],
        error("ValueError"),
    ),
    Case(
        "continue_on_error works on a loop",
        [loop("l", "[1]", [fail("x")], continue_on_error=True), give("b", "results.l[0].error.name")],
        "ValueError",
    ),
    Case(
        "`error` is previous_result.error",
        [fail("a", continue_on_error=True), give("b", "error.message")],
        "no",
    ),
    Case(
        "`error` of an array is the one failed item's",
        [loop("l", "[1]", [fail("x")], continue_on_error=True), give("b", "error.message")],
        "no",
    ),
    Case(
        "`error` of several failed items is MultipleErrors",
        [loop("l", "[1, 2]", [fail("x")], skip_failures=True), give("b", "error.name")],
        "MultipleErrors",
    ),
    Case(
        "the failure module's return value is the flow's result, still failed",
        [fail("a")],
        "handled",
        False,
        value={"failure_module": const("failure", "handled")},
    ),
    Case(
        "the failure module sees error",
        [fail("a", "boom")],
        "boom",
        False,
        value={"failure_module": give("failure", "error.message")},
    ),
    Case(
        "the failure module's previous result is the failed one",
        [fail("a")],
        "ValueError",
        False,
        value={"failure_module": give("failure", "previous_result.error.name")},
    ),
    Case(
        "the failure module sees results",
        [const("z", 8), fail("a")],
        8,
        False,
        value={"failure_module": give("failure", "results.z")},
    ),
    Case(
        "the failure module sees started_at, an ISO time, and flow_job_id",
        [fail("a")],
        [True, True],
        False,
        value={"failure_module": give("failure", f"[{ISO_TIME}, flow_job_id.length == 36]")},
    ),
    Case(
        "recover: true makes the flow succeed",
        [fail("a")],
        {"recover": True},
        value={"failure_module": const("failure", {"recover": True})},
    ),
    Case(
        "a failing failure module is the flow's failure",
        [fail("a")],
        error("ValueError", "worse"),
        False,
        value={"failure_module": fail("failure", "worse")},
    ),
    Case(
        "the failure module does not run after success",
        [const("a", 1)],
        1,
        value={"failure_module": const("failure", "handled")},
    ),
    Case(
        "in a loop the failure module runs inside",
        [loop("l", "[1, 2]", [fail("x")], skip_failures=True)],
        ["handled", "handled"],
        value={"failure_module": const("failure", "handled")},
    ),
    Case(
        "and not again above",
        [loop("l", "[1, 2]", [fail("x")])],
        ["no 1"],
        False,
        value={
            "failure_module": give("failure", "error.message + ' ' + [].concat(flow_input.iter ?? []).length")
        },
    ),
    Case(
        "recover has no effect inside a loop",
        [loop("l", "[1]", [fail("x")])],
        [{"recover": True}],
        False,
        value={"failure_module": const("failure", {"recover": True})},
    ),
    Case(
        "in a branch the failure module runs inside, once",
        [one_of("o", [], [fail("x")])],
        "handled",
        False,
        value={"failure_module": const("failure", "handled")},
    ),
    Case(
        "wm_failure fails the step and stays in the result, with an error beside it that names no step",
        [py("a", "return {'wm_failure': 'bad', 'n': 1}")],
        {"wm_failure": "bad", "n": 1, "error": {"name": "ManualFailure", "message": "bad"}},
        False,
    ),
    Case(
        "wm_failure is retried",
        [py("a", "return {'wm_failure': 'bad'}", retry=retries(1, 3))],
        error("ManualFailure", "bad"),
        False,
        waits=[3],
    ),
    Case(
        "wm_labels changes nothing",
        [py("a", "return {'wm_labels': ['x'], 'n': 1}")],
        {"wm_labels": ["x"], "n": 1},
    ),
    Case(
        "a timeout is an ExecutionErr",
        [py("a", "import time; time.sleep(30)", timeout=1)],
        error("ExecutionErr", TIMED_OUT),
        False,
    ),
    Case(
        "a computed timeout acts",
        [py("a", "import time; time.sleep(30)", timeout=transforms({"t": "1"})["t"])],
        error("ExecutionErr", TIMED_OUT),
        False,
    ),
    Case(
        "a timeout that is computed as 0 is over at once",
        [py("a", "return 1", timeout=transforms({"t": "0"})["t"])],
        error("ExecutionErr", TIMED_OUT),
        False,
    ),
    Case(
        "a throwing timeout of the first step is named Anyhow",
        [py("a", "return 1", timeout=transforms({"t": BAD_JS})["t"])],
        error("Anyhow"),
        False,
    ),
    Case(
        "a throwing timeout of the first step reaches the failure module",
        [py("a", "return 1", timeout=transforms({"t": BAD_JS})["t"])],
        "Anyhow",
        False,
        value={"failure_module": give("failure", "error.name")},
    ),
    Case(
        "a throwing timeout of a later step breaks the flow",
        [const("z", 1), py("a", "return 1", timeout=transforms({"t": BAD_JS})["t"])],
        error("InternalError"),
        False,
        value={"failure_module": const("failure", "handled")},
    ),
    Case(
        "a killed process is a failed step",
        [py("a", "os.kill(os.getpid(), 9)")],
        error("ExecutionErr", "signal: Some(9)"),
        False,
    ),
    Case(
        "a killed process's failure reaches the failure module",
        [py("a", "os.kill(os.getpid(), 9)")],
        "seen",
        False,
        value={"failure_module": const("failure", "seen")},
    ),
    Case(
        "os._exit is a failed step with its code",
        [py("a", "os._exit(3)")],
        lambda r: r["error"]["exit_code"] == 3,
        False,
    ),
]
