"""Early stops."""

from __future__ import annotations

from mill.conformance.rules.case import BAD_JS, ITER, Case, error, plain_error
from mill.conformance.steps import all_of, const, fail, give, loop, one_of, retries, stop

CASES = [
    Case(
        "stop_after_if ends the flow with the step's result",
        [const("a", 1, stop_after_if=stop("true")), fail("b")],
        1,
    ),
    Case(
        "stop_after_if sees result, its own", [const("a", 1, stop_after_if=stop("result > 0")), fail("b")], 1
    ),
    Case(
        "stop_after_if sees previous_result as its own too",
        [const("z", 9), const("a", 1, stop_after_if=stop("previous_result == 1")), fail("b")],
        1,
    ),
    Case(
        "stop_after_if sees results",
        [const("z", 9), const("a", 1, stop_after_if=stop("results.z == 9")), fail("b")],
        1,
    ),
    Case(
        "stop_after_if sees flow_input",
        [const("a", 1, stop_after_if=stop("flow_input.go")), fail("b")],
        1,
        args={"go": True},
    ),
    Case(
        "a false stop_after_if goes on", [const("a", 1, stop_after_if=stop("result > 1")), const("b", 2)], 2
    ),
    Case(
        "a failed step does not stop early",
        [fail("a", continue_on_error=True, stop_after_if=stop("true")), const("b", 2)],
        2,
    ),
    Case(
        "an error message makes the stop a failure",
        [const("a", 1, stop_after_if=stop("true", message="enough"))],
        error("EarlyStopError", "enough"),
        False,
    ),
    Case(
        "an early stop's error does not hold the result",
        [const("a", 1, stop_after_if=stop("true", message="x"))],
        {"error": {"name": "EarlyStopError", "message": "x"}},
        False,
    ),
    Case(
        "an empty message quotes the expression",
        [const("a", 1, stop_after_if=stop("1 < 2", message=""))],
        error("EarlyStopError", "stop after if: 1 < 2"),
        False,
    ),
    Case(
        "an early stop's error reaches the failure module",
        [const("a", 1, stop_after_if=stop("true", message="m"))],
        "m",
        False,
        value={"failure_module": give("failure", "error.message")},
    ),
    Case(
        "skip_if_stopped beats the error message",
        [const("a", 1, stop_after_if=stop("true", skipped=True, message="m"))],
        1,
    ),
    Case(
        "an early stop's error is not retried",
        [const("a", 1, retry=retries(3, 1), stop_after_if=stop("true", message="m"))],
        error("EarlyStopError"),
        False,
    ),
    Case(
        "a throwing stop_after_if fails the flow with a text as the error",
        [const("a", 1, stop_after_if=stop(BAD_JS))],
        plain_error("cannot read property"),
        False,
    ),
    Case(
        "a throwing stop_after_if reaches the failure module",
        [const("z", 0), const("a", 1, stop_after_if=stop(BAD_JS)), const("b", 2)],
        "string",
        False,
        value={"failure_module": give("failure", "typeof error")},
    ),
    Case(
        "a throwing stop_after_if is neither retried nor gone on from",
        [
            const("a", 1, stop_after_if=stop(BAD_JS), retry=retries(2, 1), continue_on_error=True),
            const("b", 2),
        ],
        plain_error("cannot read property"),
        False,
    ),
    Case(
        "a stop inside branchone stops the whole flow",
        [one_of("o", [], [const("x", 3, stop_after_if=stop("true"))]), fail("b")],
        3,
    ),
    Case(
        "stop_after_if of a branchone sees its result",
        [one_of("o", [], [const("x", 3)], stop_after_if=stop("result == 3")), fail("b")],
        3,
    ),
    Case(
        "stop_after_all_iters_if sees the array",
        [
            loop(
                "l",
                "[1, 2]",
                [give("x", f"{ITER}.value")],
                stop_after_all_iters_if=stop("result.length == 2"),
            ),
            fail("b"),
        ],
        [1, 2],
    ),
    Case(
        "stop_after_all_iters_if may be an error",
        [loop("l", "[1]", [give("x", "1")], stop_after_all_iters_if=stop("true", message="m"))],
        error("EarlyStopError", "m"),
        False,
    ),
    Case(
        "stop_after_all_iters_if of a branchall sees the array",
        [
            all_of("l", [[const("x", 1)], [const("y", 2)]], stop_after_all_iters_if=stop("result[1] == 2")),
            fail("b"),
        ],
        [1, 2],
    ),
    Case(
        "stop_after_all_iters_if sees results",
        [
            const("a", 5),
            loop("l", "[1]", [give("x", "1")], stop_after_all_iters_if=stop("results.a == 5")),
            fail("b"),
        ],
        [1],
    ),
]
