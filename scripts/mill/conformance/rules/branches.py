"""branchone and branchall."""

from __future__ import annotations

from mill.conformance.rules.case import BAD_JS, Case, error, errors_in
from mill.conformance.steps import all_of, const, fail, give, identity, one_of, py, stop

PATHS = "return [os.environ['WM_' + name] for name in ('JOB_PATH', 'FLOW_PATH', 'STATE_PATH')]"

CASES = [
    Case(
        "branchone takes the first branch that holds",
        [one_of("o", [("false", [const("x", 1)]), ("true", [const("y", 2)]), ("true", [const("z", 3)])], [])],
        2,
    ),
    Case(
        "branchone takes the default where none holds",
        [one_of("o", [("false", [const("x", 1)])], [const("d", 9)])],
        9,
    ),
    Case(
        "an empty branch passes the preceding result through",
        [const("a", 5), one_of("o", [("true", [])], [const("d", 9)])],
        5,
    ),
    Case(
        "an empty default passes the preceding result through",
        [const("a", 5), one_of("o", [("false", [const("x", 1)])], [])],
        5,
    ),
    Case(
        "branch predicates see result and results",
        [const("a", 5), one_of("o", [("result == 5 && results.a == 5", [const("x", 1)])], [])],
        1,
    ),
    Case(
        "a branch's first step has the flow_input as previous result",
        [const("a", 5), one_of("o", [], [identity("x")])],
        {"n": 1},
        args={"n": 1},
    ),
    Case(
        "a throwing branch predicate of the first step is named Anyhow, and reaches the failure module",
        [one_of("o", [(BAD_JS, [const("x", 1)])], [])],
        "Anyhow",
        False,
        value={"failure_module": give("failure", "error.name")},
    ),
    Case(
        "a throwing branch predicate of a later step breaks the flow",
        [const("a", 1), one_of("o", [(BAD_JS, [const("x", 1)])], [])],
        error("InternalError"),
        False,
        value={"failure_module": const("failure", "handled")},
    ),
    Case(
        "a step in a branchone is named by its branch, counted from 1",
        [one_of("o", [("false", []), ("true", [py("x", PATHS)])], [])],
        lambda r: r == [f"{r[1]}/x", r[1], f"{r[1]}/x_user"] and r[1].endswith("/branchone-2"),
    ),
    Case(
        "a step in a default branch is named by branch 0",
        [one_of("o", [], [py("x", PATHS)])],
        lambda r: r == [f"{r[1]}/x", r[1], f"{r[1]}/x_user"] and r[1].endswith("/branchone-0"),
    ),
    Case(
        "a step in a branchall is named by its branch",
        [all_of("a", [[py("x", PATHS)], [py("y", PATHS)]])],
        lambda r: r[0][0].endswith("/branchall-0/x") and r[1][0].endswith("/branchall-1/y"),
    ),
    Case("a failing branch fails the step", [one_of("o", [], [fail("x")])], error("ValueError"), False),
    Case(
        "branchall gives an array in branch order", [all_of("a", [[const("x", 1)], [const("y", 2)]])], [1, 2]
    ),
    Case(
        "a parallel branchall gives an array in branch order",
        [all_of("a", [[py("x", "import time; time.sleep(0.05); return 1")], [const("y", 2)]], parallel=True)],
        [1, 2],
    ),
    Case(
        "an empty branch of a branchall gives the flow_input",
        [all_of("a", [[], [const("y", 2)]])],
        [{"n": 1}, 2],
        args={"n": 1},
    ),
    Case("branchall without branches gives an empty array", [all_of("a", [])], []),
    Case(
        "a failure in a branchall fails the step",
        [all_of("a", [[fail("x")], [const("y", 2)]], parallel=True)],
        errors_in("error", 2),
        False,
    ),
    Case(
        "a failure in a sequential branchall ends it there",
        [all_of("a", [[fail("x")], [const("y", 2)]])],
        errors_in("error"),
        False,
    ),
    Case(
        "skip_failure lets the branchall go on",
        [all_of("a", [[fail("x")], [const("y", 2)]], skip=(0,))],
        errors_in("error", 2),
    ),
    Case(
        "skip_failure in a parallel branchall",
        [all_of("a", [[fail("x")], [const("y", 2)]], skip=(0,), parallel=True)],
        errors_in("error", 2),
    ),
    Case(
        "stop_after_if of a branchall is ignored",
        [all_of("a", [[const("x", 1)]], stop_after_if=stop("true")), const("b", 3)],
        3,
    ),
    Case(
        "a stop inside a sequential branchall stops the flow",
        [all_of("a", [[const("x", 1, stop_after_if=stop("true"))], [fail("y")]]), fail("b")],
        [1],
    ),
    Case(
        "a stop inside a parallel branchall ends its branch only",
        [
            all_of(
                "a", [[const("x", 1, stop_after_if=stop("true")), fail("z")], [const("y", 2)]], parallel=True
            ),
            const("b", 3),
        ],
        3,
    ),
]
