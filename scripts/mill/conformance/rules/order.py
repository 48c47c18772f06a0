"""The order of steps and settings: skips, mocks, sleeps."""

from __future__ import annotations

from mill.conformance.rules.case import BAD_JS, BODY, Case, Ending, error
from mill.conformance.steps import const, fail, give, identity, loop, retries, stop

CASES = [
    Case("a flow without modules gives its arguments", [], {"n": 1}, args={"n": 1}),
    Case("a flow's result is the last step's", [const("a", 1), const("b", 2)], 2),
    Case(
        "the first step's previous result is the flow input",
        [give("a", "previous_result")],
        {"n": 1},
        args={"n": 1},
    ),
    Case(
        "a later step's previous result is the step before", [const("a", 5), give("b", "previous_result")], 5
    ),
    Case("identity hands on the previous result", [const("a", [1]), identity("b")], [1]),
    Case("identity as the first step gives the flow input", [identity("a")], {"n": 1}, args={"n": 1}),
    Case(
        "a skipped step's result is the previous one", [const("a", 5), fail("b", skip_if={"expr": "true"})], 5
    ),
    Case(
        "a skipped first step gives the flow's arguments",
        [fail("a", skip_if={"expr": "true"})],
        {"n": 1},
        args={"n": 1},
    ),
    Case(
        "skip_if sees result, the step before's",
        [const("a", 5), fail("b", skip_if={"expr": "result == 5"})],
        5,
    ),
    Case(
        "skip_if sees results",
        [const("a", 5), const("b", 1), fail("c", skip_if={"expr": "results.a == 5"})],
        1,
    ),
    Case(
        "a step whose skip_if is false runs",
        [const("a", 5), give("b", "1", skip_if={"expr": "result == 6"})],
        1,
    ),
    Case(
        "a skipped step does not stop the flow",
        [const("a", 5), fail("b", skip_if={"expr": "true"}, stop_after_if=stop("true")), const("c", 7)],
        7,
    ),
    Case(
        "a skipped step's sleep acts",
        [
            const("a", 5),
            fail("b", skip_if={"expr": "true"}, sleep={"type": "static", "value": 3}),
            identity("c"),
        ],
        5,
        waits=[3],
    ),
    Case(
        "a skipped step asks for no approval",
        [const("a", 5), fail("b", skip_if={"expr": "true"}, suspend={"required_events": 1}), identity("c")],
        5,
    ),
    Case(
        "a throwing skip_if of the first step is named Anyhow",
        [const("a", 1, skip_if={"expr": BAD_JS})],
        error("Anyhow", "cannot read property"),
        False,
    ),
    Case(
        "a throwing skip_if of the first step reaches the failure module",
        [const("a", 1, skip_if={"expr": BAD_JS})],
        "Anyhow",
        False,
        value={"failure_module": give("failure", "error.name")},
    ),
    Case(
        "a throwing skip_if of the first step is neither retried nor gone on from",
        [const("a", 1, skip_if={"expr": BAD_JS}, retry=retries(2, 1), continue_on_error=True), const("b", 2)],
        error("Anyhow"),
        False,
    ),
    Case(
        "a throwing skip_if of a later step breaks the flow",
        [const("a", 1), const("b", 2, skip_if={"expr": BAD_JS})],
        error("InternalError"),
        False,
    ),
    Case(
        "a throwing skip_if of a later step does not reach the failure module",
        [const("a", 1), const("b", 2, skip_if={"expr": BAD_JS})],
        error("InternalError"),
        False,
        value={"failure_module": const("failure", "handled")},
    ),
    Case("a mock wins over the step", [fail("a", mock={"enabled": True, "return_value": 9})], 9),
    Case("a mock wins over skip_if", [const("a", 1), const("b", 9, skip_if={"expr": "true"})], 9),
    Case("a mock without a value gives null", [fail("a", mock={"enabled": True})], None),
    Case("a mock that is off does nothing", [give("a", "4", mock={"enabled": False, "return_value": 9})], 4),
    Case(
        "a mock needs no inputs: a broken transform is not run",
        [give("a", BAD_JS, mock={"enabled": True, "return_value": 1})],
        1,
    ),
    Case(
        "a mocked step stops the flow early",
        [const("a", 1, stop_after_if=stop("result == 1")), const("b", 2)],
        1,
    ),
    Case(
        "a mocked step's sleep acts",
        [const("a", 1, sleep={"type": "static", "value": 2}), identity("b")],
        1,
        waits=[2],
    ),
    Case(
        "skip_expr true ends the flow before it begins",
        [fail("a")],
        "stopped early",
        value={"skip_expr": "flow_input.off"},
        args={"off": True},
    ),
    Case(
        "skip_expr false lets it run",
        [const("a", 1)],
        1,
        value={"skip_expr": "flow_input.off"},
        args={"off": False},
    ),
    Case(
        "skip_expr sees WM_SCHEDULED_FOR",
        [const("a", 1)],
        "stopped early",
        value={"skip_expr": "WM_SCHEDULED_FOR > '2020'"},
    ),
    Case(
        "a throwing skip_expr is named Anyhow",
        [const("a", 1)],
        error("Anyhow"),
        False,
        value={"skip_expr": BAD_JS},
    ),
    Case(
        "a throwing skip_expr reaches the failure module",
        [const("a", 1)],
        "Anyhow",
        False,
        value={"skip_expr": BAD_JS, "failure_module": give("failure", "error.name")},
    ),
    Case(
        "a sleep waits after its step",
        [const("a", 1, sleep={"type": "static", "value": 1.5}), identity("b")],
        1,
        waits=[1.5],
    ),
    Case(
        "a sleep may be computed from the step's own result",
        [const("a", 4, sleep={"type": "javascript", "expr": "result / 2"}), identity("b")],
        4,
        waits=[2],
    ),
    Case(
        "a sleep sees no results",
        [const("a", 4, sleep={"type": "javascript", "expr": "results.a"}), identity("b")],
        error("InternalError"),
        False,
    ),
    Case(
        "a trailing sleep is ignored",
        [const("a", 1, sleep={"type": "static", "value": 2})],
        1,
        preview="waits 2 s",
        in_preview=Ending(1, waits=2),
    ),
    Case(
        "a trailing sleep inside a loop is ignored",
        [loop("l", "[1]", [give("x", BODY), identity("y", sleep={"type": "static", "value": 2})])],
        [1],
        preview="waits 2 s",
        in_preview=Ending([1], waits=2),
    ),
    Case(
        "a trailing suspend is ignored",
        [const("a", 1, suspend={"required_events": 1, "timeout": 2})],
        1,
        preview="waits for the approval",
    ),
    Case(
        "a sleep that is not a number breaks the flow",
        [const("a", 1, sleep={"type": "static", "value": "x"}), identity("b")],
        error("InternalError", "sleep", on_server=""),
        False,
    ),
]
