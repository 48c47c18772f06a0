from __future__ import annotations

from typing import Any

import pytest

from mill.engine.expressions import Evaluator, ExpressionError, Names, with_awaits
from mill.errors import MillError


def _variable(path: str) -> str:
    if path == "u/test/none":
        raise MillError("There is no variable u/test/none.")
    return f"value of {path}"


RESULTS = {"a": [1, 2], "b": {"c": None, "d": {"e": 5}}, "a-b": 7}
NAMES = Names(
    flow_input={"n": 1, "deep": {"list": [1]}, "dotted.key": 8},
    flow_env={"place": "here"},
    values={"previous_result": {"error": {"message": "m"}}, "result": 5},
    result_of=RESULTS.get,
    user_state={"k": 3}.get,
)


def evaluator(**limits: Any) -> Evaluator:
    settings: dict[str, Any] = {"time_limit": 5, "tries": 1, **limits}
    return Evaluator(variable=_variable, resource=lambda path: {"path": path}, **settings)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("1 + 1", 2),
        ("  flow_input.n  ", 1),
        ("flow_input['n']", 1),
        ('flow_input["n"]', 1),
        ("flow_input.deep.list", [1]),
        ("flow_input.none", None),
        ("flow_env.place", "here"),
        ("flow_env.none", None),
        ("results.a", [1, 2]),
        ("results?.a", [1, 2]),
        ("results.a[1]", 2),
        ("results.a[9]", None),
        ("results.b.d.e", 5),
        ("results.b.c.x.y", None),
        ("results.none", None),
        ("results.a.length", 2),
        ("results.a.map((x) => x * 2)", [2, 4]),
        ('results["a-b"]', 7),
        ("results['a-b']", 7),
        ("(await results[['a'][0]])", [1, 2]),
        ("const a = results.a; return [0].map((i) => a[i])", [1]),
        ("[await results.b.d].map((d) => d.e)", [5]),
        ("variable('u/test/x')", "value of u/test/x"),
        ("variable('u/test/x').length + variable('u/test/y').length", 34),
        ("resource('u/test/r').path", "u/test/r"),
        ("flow_user_state('k') + 1", 4),
        ("flow_user_state('none')", None),
        ("error.message", "m"),
        ("undefined", None),
        ("NaN", None),
        ("() => 1", None),
        ("({a: undefined, b: NaN, c: 1})", {"b": None, "c": 1}),
        ("{a: 1}", {"a": 1}),
        ("new Date(0)", "1970-01-01T00:00:00.000Z"),
        ("return 5", 5),
        ("5;", None),
        ("let x = 1; x", None),
        ("let x = 1; return x", 1),
        ("if (true) { return 3 }", 3),
        ("'a;b'", "a;b"),
        ('"it\'s; fine"', "it's; fine"),
        ("// note\n1", None),
        ("", None),
        ("await Promise.resolve(4)", None),
        ("return await Promise.resolve(4)", 4),
        ("(async () => 6)()", 6),
        ("result", 5),
        ("typeof console", "undefined"),
        ("typeof fetch", "undefined"),
        ("typeof setTimeout", "undefined"),
        ("globalThis.left = 1", 1),
        ("typeof left", "undefined"),
        ("'é ☃ 😀'", "é ☃ 😀"),
        ("2 ** 53", 2**53),
    ],
)
def test_an_expression_has_the_value_windmill_gives_it(expression: str, value: Any) -> None:
    assert evaluator().value(expression, NAMES) == value


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("(", "Error: "),
        ("1 // a trailing comment", "Error: "),
        ("[1].map((x) => results.a)", "Error: "),
        ("missing", "missing is not defined"),
        ("results.b.c.x + 1", "cannot read property 'x' of null"),
        ("throw new Error('boom')", "Error: boom"),
        ("throw 'text'", "text"),
        ("console.log(1)", "console is not defined"),
        ("variable('u/test/none')", "There is no variable u/test/none."),
        ("10n", "BigInt"),
        ("const all = []; while (true) all.push(new Array(1e5).fill(1))", "out of memory"),
        ("'x'.repeat(64 * 1024 * 1024)", "out of memory"),
        ("(function f() { return f() })()", "Maximum call stack size exceeded"),
    ],
)
def test_a_broken_expression_says_which_and_why(expression: str, reason: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluator().value(expression, NAMES)
    assert reason in caught.value.reason
    assert expression in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("missing", "Error: missing is not defined"),
        ("null.x", "Error: cannot read property 'x' of null"),
        ("throw new RangeError('far')", "Error: far"),
        ("(", "Error: unexpected token in expression"),
        ("new Array(1e9).fill(1)", "Error: out of memory"),
    ],
)
def test_a_reason_begins_with_error_whatever_its_class(expression: str, reason: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluator().value(expression, NAMES)
    assert caught.value.reason.startswith(reason)


@pytest.mark.parametrize(
    "expression", ["while (true) {}", "return await (async () => { await 0; while (true) {} })()"]
)
def test_an_endless_expression_is_ended(expression: str) -> None:
    with pytest.raises(ExpressionError, match=r"longer than 0\.2 seconds"):
        evaluator(time_limit=0.2).value(expression, NAMES)


def test_a_promise_that_never_settles_gives_an_error_and_does_not_hang() -> None:
    with pytest.raises(ExpressionError, match="never"):
        evaluator().value("new Promise(() => {})", NAMES)


def test_a_timeout_is_tried_again_as_often_as_windmill_does() -> None:
    with pytest.raises(ExpressionError, match=r"longer than 0\.05 seconds"):
        evaluator(time_limit=0.05, tries=3).value("while (true) {}", NAMES)


@pytest.mark.parametrize(
    ("predicate", "holds"),
    [
        ("result == 5", True),
        ("''", False),
        ("results.a", True),
        ("results.none", False),
        ("[]", True),
        ("0", False),
    ],
)
def test_a_predicate_is_a_boolean_of_its_text(predicate: str, holds: bool) -> None:
    assert evaluator().truth(predicate, NAMES) is holds


@pytest.mark.parametrize("predicate", ["return true", "true;", "const a = 1; a"])
def test_a_predicate_takes_an_expression_only(predicate: str) -> None:
    with pytest.raises(ExpressionError):
        evaluator().truth(predicate, NAMES)


def test_without_results_the_name_does_not_exist() -> None:
    with pytest.raises(ExpressionError, match="results is not defined"):
        evaluator().value("results.a + 1", Names())


@pytest.mark.parametrize(
    ("previous", "name"),
    [
        ({"error": {"name": "Own"}}, "Own"),
        ([{"error": {"name": "Only"}}, 1], "Only"),
        ([{"error": {"message": "x"}}, {"error": {"message": "y"}}], "MultipleErrors"),
        ([1], "MultipleErrors"),
        ({"fine": 1}, "UnknownError"),
        (None, "UnknownError"),
    ],
)
def test_error_is_found_in_the_previous_result(previous: Any, name: str) -> None:
    assert evaluator().value("error.name", Names(values={"previous_result": previous})) == name


def test_several_errors_are_joined_into_one_message() -> None:
    failed = [{"error": {"message": "x", "step_id": "s"}}, {"error": {"name": "N"}}]
    assert evaluator().value("error.message", Names(values={"previous_result": failed})) == "[s] x; [1] N"


@pytest.mark.parametrize(
    ("expression", "rewritten"),
    [
        ("results.a + results.b", "(await results.a) + (await results.b)"),
        ('results["x y"].z', '(await results["x y"]).z'),
        ("results['x']", "results['x']"),
        ("results[k]", "results[k]"),
        ("'results.a'", "'(await results.a)'"),
        ("variable('a')", "(await variable('a'))"),
        ("resource(path('b', c()))", "(await resource(path('b', c())))"),
        ("myvariable('a')", "my(await variable('a'))"),
        ("variable('a'", "(await variable('a')"),
        ("nothing", "nothing"),
    ],
)
def test_the_text_is_rewritten_as_windmill_rewrites_it(expression: str, rewritten: str) -> None:
    assert with_awaits(expression) == rewritten
