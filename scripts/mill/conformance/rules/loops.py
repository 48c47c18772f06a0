"""For and while loops."""

from __future__ import annotations

from mill.conformance.rules.case import BAD_JS, BODY, ITER, Case, Ending, error, errors_in
from mill.conformance.steps import const, fail, give, identity, loop, py, stop, transforms, while_

PATHS = """
names = [os.environ['WM_' + name] for name in ('JOB_PATH', 'FLOW_PATH', 'FLOW_STEP_ID', 'STATE_PATH')]
return [names[1].split('/forloop-')[0], names]
"""

CASES = [
    Case("a loop gives an array in order", [loop("l", "[3, 1, 2]", [give("x", BODY)])], [3, 1, 2]),
    Case(
        "a parallel loop gives an array in order",
        [
            loop(
                "l",
                "[3, 1, 2]",
                [py("x", "import time; time.sleep(v / 50); return v", {"v": BODY})],
                parallel=True,
            )
        ],
        [3, 1, 2],
    ),
    Case("the iterator may be fixed", [loop("l", ("static", [1, 2]), [give("x", BODY)])], [1, 2]),
    Case("iter has the index", [loop("l", "['a', 'b']", [give("x", f"{ITER}.index")])], [0, 1]),
    Case(
        "the rest of flow_input stays visible",
        [loop("l", "[1]", [give("x", "flow_input.n")])],
        [7],
        args={"n": 7},
    ),
    Case(
        "an outer loop's iter becomes iter_parent",
        [
            loop(
                "o",
                "[5]",
                [loop("l", "[1]", [give("x", "[flow_input.iter_parent.value, flow_input.iter.value]")])],
            )
        ],
        [[[5, 1]]],
    ),
    Case(
        "a third loop's outermost is iter_parent_parent",
        [
            loop(
                "p",
                "[9]",
                [loop("o", "[5]", [loop("l", "[1]", [give("x", "flow_input.iter_parent_parent.value")])])],
            )
        ],
        [[[9]]],
    ),
    Case(
        "an iteration of several steps gives the last one's result",
        [loop("l", "[1, 2]", [give("x", BODY), give("y", "previous_result * 10")])],
        [10, 20],
    ),
    Case(
        "an iteration's first step has its flow_input as previous result",
        [const("a", 5), loop("l", "[1]", [identity("x"), identity("y")])],
        [{"iter": {"index": 0, "value": 1}}],
    ),
    Case("an empty array gives an empty array", [loop("l", "[]", [fail("x")])], []),
    Case(
        "an empty array needs no stop check",
        [loop("l", "[]", [fail("x")], stop_after_all_iters_if=stop("true")), const("b", 1)],
        1,
    ),
    Case(
        "stop_after_if of an empty loop stops the flow",
        [loop("l", "[]", [fail("x")], stop_after_if=stop("true")), const("b", 1)],
        [],
    ),
    Case("a loop without steps gives an empty array", [loop("l", "[1]", [])], []),
    Case(
        "an iterator of the first step that is not an array is named Anyhow",
        [loop("l", "({a: 1})", [const("x", 1)])],
        error("Anyhow", "Expected an array"),
        False,
    ),
    Case(
        "an iterator of the first step that is not an array reaches the failure module",
        [loop("l", "({a: 1})", [const("x", 1)])],
        "Anyhow",
        False,
        value={"failure_module": give("failure", "error.name")},
    ),
    Case(
        "an iterator of a later step that is not an array breaks the flow",
        [const("a", 1), loop("l", "({a: 1})", [const("x", 1)])],
        error("InternalError", "Expected an array"),
        False,
        value={"failure_module": const("failure", "handled")},
    ),
    Case(
        "a throwing iterator of the first step is named Anyhow",
        [loop("l", BAD_JS, [const("x", 1)])],
        error("Anyhow"),
        False,
    ),
    Case(
        "a throwing iterator of the first step reaches the failure module",
        [loop("l", BAD_JS, [const("x", 1)])],
        "Anyhow",
        False,
        value={"failure_module": give("failure", "error.name")},
    ),
    Case(
        "a throwing iterator of a later step breaks the flow",
        [const("a", 1), loop("l", BAD_JS, [const("x", 1)])],
        error("InternalError"),
        False,
        value={"failure_module": const("failure", "handled")},
    ),
    Case(
        "the single plain step of a loop has the step before as previous result",
        [const("a", 5), loop("l", "[1]", [give("x", "previous_result")])],
        [5],
        preview="the flow input with iter",
        in_preview=Ending([{"iter": {"index": 0, "value": 1}}]),
    ),
    Case(
        "a step in a loop is named by its iteration",
        [loop("l", "[1, 2]", [py("x", PATHS), identity("y")])],
        lambda r: all(
            paths == [f"{flow}/forloop-{i}/x", f"{flow}/forloop-{i}", "x", f"{flow}/forloop-{i}/x_user"]
            for i, (flow, paths) in enumerate(r)
        ),
    ),
    Case(
        "a step in a parallel loop is named by its iteration",
        [loop("l", "[1, 2]", [py("x", PATHS)], parallel=True)],
        lambda r: [paths[0] for _, paths in r] == [f"{flow}/forloop-{i}/x" for i, (flow, _) in enumerate(r)],
    ),
    Case(
        "the single plain step of a loop is named by the loop",
        [loop("l", "[1, 2]", [py("x", PATHS)])],
        lambda r: all(
            paths == [f"{flow}/loop-{i}", flow, "l", f"{flow}/l_user"] for i, (flow, paths) in enumerate(r)
        ),
        preview="named by the step, as in a loop of several steps",
    ),
    Case(
        "an error of the single plain step of a loop has the loop's id",
        [loop("l", "[1]", [fail("x")])],
        lambda r: r[0]["error"]["step_id"] == "l",
        False,
        preview="the step's own id",
        in_preview=Ending(lambda r: r[0]["error"]["step_id"] == "x", success=False),
    ),
    Case(
        "the iterator sees result and results",
        [const("a", [1]), loop("l", "[...result, ...results.a]", [give("x", BODY)])],
        [1, 1],
    ),
    Case(
        "a failed iteration ends a sequential loop, with the array so far",
        [loop("l", "[1, 0, 2]", [py("x", "return 1 / v", {"v": BODY})])],
        errors_in(1.0, "error"),
        False,
    ),
    Case(
        "with skip_failures a sequential loop goes on",
        [loop("l", "[1, 0, 2]", [py("x", "return 1 / v", {"v": BODY})], skip_failures=True)],
        errors_in(1.0, "error", 0.5),
    ),
    Case(
        "a parallel loop finishes all and then fails, with the whole array",
        [loop("l", "[1, 0, 2]", [py("x", "return 1 / v", {"v": BODY})], parallel=True)],
        errors_in(1.0, "error", 0.5),
        False,
    ),
    Case(
        "a parallel loop with skip_failures succeeds",
        [loop("l", "[1, 0]", [py("x", "return 1 / v", {"v": BODY})], parallel=True, skip_failures=True)],
        errors_in(1.0, "error"),
    ),
    Case(
        "stop_after_if of a loop breaks it after an iteration",
        [loop("l", "[1, 2, 3]", [give("x", BODY)], stop_after_if=stop("result == 2")), const("b", "next")],
        "next",
    ),
    Case(
        "a broken loop keeps the iterations so far",
        [loop("l", "[1, 2, 3]", [give("x", BODY)], stop_after_if=stop("result == 2"))],
        [1, 2],
    ),
    Case(
        "stop_after_if of a loop sees all_iters",
        [loop("l", "[1, 2, 3]", [give("x", BODY)], stop_after_if=stop("all_iters.length == 2"))],
        [1, 2],
    ),
    Case(
        "stop_after_if is ignored in a parallel loop",
        [loop("l", "[1, 2]", [give("x", BODY)], parallel=True, stop_after_if=stop("true")), const("b", 4)],
        4,
    ),
    Case(
        "a stop inside a loop only breaks it",
        [loop("l", "[1, 2]", [give("x", BODY, stop_after_if=stop("true"))]), const("b", 4)],
        4,
    ),
    Case(
        "a stop with a message inside a loop fails it",
        [loop("l", "[1, 2]", [give("x", BODY, stop_after_if=stop("true", message="m"))])],
        errors_in("error"),
        False,
    ),
    Case(
        "unless the loop skips failures",
        [loop("l", "[1, 2]", [give("x", BODY, stop_after_if=stop("true", message="m"))], skip_failures=True)],
        errors_in("error"),
    ),
    Case(
        "parallelism bounds a parallel loop and keeps order",
        [loop("l", "[1, 2, 3]", [give("x", BODY)], parallel=True, parallelism=1)],
        [1, 2, 3],
    ),
    Case(
        "parallelism may be computed",
        [
            const("a", 2),
            loop(
                "l", "[1, 2]", [give("x", BODY)], parallel=True, parallelism=transforms({"p": "result"})["p"]
            ),
        ],
        [1, 2],
    ),
    Case(
        "parallelism that is computed as 0 is refused by name: on Windmill the flow hangs",
        [loop("l", "[1, 2]", [give("x", BODY)], parallel=True, parallelism=transforms({"p": "0"})["p"])],
        error("ExecutionErr", "parallelism came to 0"),
        False,
        value={"failure_module": const("failure", "handled")},
        hangs=True,
    ),
    Case(
        "a while loop counts in iter and ends by its stop",
        [while_("w", [give("x", f"{ITER}.index")], stop_after_if=stop("result == 2"))],
        [0, 1, 2],
    ),
    Case(
        "a while loop's iter.value is the index",
        [while_("w", [give("x", BODY)], stop_after_if=stop("result == 1"))],
        [0, 1],
    ),
    Case(
        "a while loop ends by a step inside",
        [while_("w", [give("x", f"{ITER}.index", stop_after_if=stop("result == 1"))])],
        [0, 1],
    ),
    Case(
        "a while loop ends by a failure",
        [while_("w", [py("x", "return 1 / (1 - i)", {"i": f"{ITER}.index"})])],
        errors_in(1.0, "error"),
        False,
    ),
    Case(
        "a while loop of several steps sees its own earlier results",
        [
            while_(
                "w",
                [give("x", "(results.y ?? 0) + 1"), give("y", "results.x")],
                stop_after_if=stop("result == 3"),
            )
        ],
        [1, 2, 3],
    ),
    Case(
        "the single plain step of a while loop does not see its earlier result",
        [while_("w", [give("x", f"[results.x, {ITER}.index]")], stop_after_if=stop("result[1] == 1"))],
        [[None, 0], [None, 1]],
    ),
    Case("a while loop without steps gives an empty array", [while_("w", [])], []),
]
