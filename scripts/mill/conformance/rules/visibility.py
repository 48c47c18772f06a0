"""What expressions see, and how references in arguments resolve."""

from __future__ import annotations

from mill.conformance.rules.case import ITER, Case, error
from mill.conformance.steps import const, give, identity, loop, one_of, py

CASES = [
    Case("a transform sees flow_input", [give("a", "flow_input.n + 1")], 2, args={"n": 1}),
    Case(
        "a transform sees flow_env",
        [give("a", "flow_env.place")],
        "here",
        value={"flow_env": {"place": "here"}},
    ),
    Case(
        "flow_env does not reach the process",
        [py("a", "return os.environ.get('place')")],
        None,
        value={"flow_env": {"place": "x"}},
    ),
    Case(
        "a transform sees results by id",
        [const("a", 1), const("b", 2), give("c", "results.a + results.b")],
        3,
    ),
    Case(
        "a transform has no `result`",
        [const("a", 1), give("b", "result")],
        error("ExecutionErr", "result"),
        False,
    ),
    Case("params is an empty object", [give("a", "params")], {}),
    Case("a step that has not run is null", [give("a", "results.later"), const("later", 1)], 1),
    Case("a path into a missing result is null", [give("a", "results.nothing.at.all")], None),
    Case(
        "in a larger expression a missing result's field throws",
        [give("a", "results.nothing.at.all + 1")],
        error("ExecutionErr", "null"),
        False,
    ),
    Case("variable() gives a variable", [give("a", "variable('u/test/word')")], "hello"),
    Case("resource() gives a resource", [give("a", "resource('u/test/crm').host")], "crm.example.com"),
    Case(
        "a missing variable fails the step",
        [give("a", "variable('u/test/none')")],
        error("ExecutionErr", "no variable", on_server=""),
        False,
    ),
    Case("flow_user_state() is null for what nobody set", [give("a", "flow_user_state('k')")], None),
    Case("a fixed input reaches the step", [give("a", ("static", {"k": [1, None]}))], {"k": [1, None]}),
    Case(
        "`$res:` in a fixed input resolves at job start",
        [give("a", ("static", "$res:u/test/crm"))],
        {"host": "crm.example.com"},
    ),
    Case(
        "`$var:` deep in an argument resolves",
        [give("a", ("static", {"k": ["$var:u/test/word"]}))],
        {"k": ["hello"]},
    ),
    Case(
        "`$jsonvar:` resolves to the JSON in a variable", [give("a", ("static", "$jsonvar:u/test/json"))], [1]
    ),
    Case(
        "an array below depth 2 keeps its references",
        [give("a", ("static", [[[["$var:u/test/word"]]]]))],
        [[[["$var:u/test/word"]]]],
    ),
    Case(
        "a longer array than 1000 keeps its references",
        [give("a", ("static", ["$var:u/test/word"] * 1001))],
        ["$var:u/test/word"] * 1001,
    ),
    Case(
        "in an expression a reference is still text",
        [give("a", "flow_input.crm.slice(1)")],
        "res:u/test/crm",
        args={"crm": "$res:u/test/crm"},
    ),
    Case(
        "an unknown reference fails the step",
        [give("a", ("static", "$res:u/test/none"))],
        error("ExecutionErr", "no resource", on_server=""),
        False,
    ),
    Case("a step sees its own id", [py("a", "return os.environ['WM_FLOW_STEP_ID']")], "a"),
    Case(
        "the body of a loop sees results of the steps before it",
        [const("a", 7), loop("l", "[1]", [give("x", "results.a")])],
        [7],
    ),
    Case(
        "ids inside a sequential loop resolve outside, last run",
        [loop("l", "[1, 2]", [identity("p"), give("x", f"{ITER}.value")]), give("b", "results.x")],
        2,
    ),
    Case(
        "ids inside a parallel loop do not resolve outside",
        [
            loop("l", "[1, 2]", [identity("p"), give("x", f"{ITER}.value")], parallel=True),
            give("b", "results.x"),
        ],
        None,
    ),
    Case(
        "ids inside a branch resolve outside", [one_of("o", [], [const("x", 4)]), give("b", "results.x")], 4
    ),
]
