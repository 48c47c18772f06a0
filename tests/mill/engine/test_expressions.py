from __future__ import annotations

from typing import Any

import pytest

from mill.conformance.rules import expressions
from mill.engine.expressions import Evaluator, ExpressionError, Names, with_awaits
from mill.errors import MillError


def _variable(path: str) -> str:
    if path == "u/test/none":
        raise MillError("There is no variable u/test/none.")
    return f"value of {path}"


NAMES = Names(
    flow_input=expressions.FLOW_INPUT,
    flow_env=expressions.FLOW_ENV,
    values={"previous_result": expressions.PREVIOUS_RESULT, "result": expressions.RESULT},
    result_of=expressions.RESULTS.get,
    user_state=expressions.USER_STATE.get,
)


def evaluator(**limits: Any) -> Evaluator:
    settings: dict[str, Any] = {"time_limit": 5, "tries": 1, **limits}
    return Evaluator(variable=_variable, resource=lambda path: {"path": path}, **settings)


@pytest.mark.parametrize(("expression", "value"), expressions.VALUES)
def test_an_expression_has_the_value_windmill_gives_it(expression: str, value: Any) -> None:
    assert evaluator().value(expression, NAMES) == value


@pytest.mark.parametrize(
    "value",
    [1, -(2**53) + 1, 2**53, 12345678901234567890, 1.0, 2.5, "ä \ud800", "", None, True, [1], {"c": 1.0}, {}],
)
def test_a_path_has_the_value_that_javascript_gives_it(value: Any) -> None:
    names = Names(flow_input={"a": {"b": value}})
    for expression in ("flow_input.a.b", "flow_input.a.b ?? 0", "flow_input.a?.b"):
        in_javascript = evaluator().value(f"[{expression}]", names)
        assert repr([evaluator().value(expression, names)]) == repr(in_javascript)


@pytest.mark.parametrize("path", ["flow_input.a.missing", "flow_input.a.b.length", "flow_input.missing.b"])
def test_a_path_that_leads_nowhere_is_javascripts_to_explain(path: str) -> None:
    names = Names(flow_input={"a": {"b": "text"}})
    said = []
    for expression in (path, f"({path})"):
        try:
            said.append(repr(evaluator().value(expression, names)))
        except ExpressionError as error:
            said.append(error.reason)
    assert said[0] == said[1]


@pytest.mark.parametrize(("expression", "reason"), expressions.BROKEN)
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


@pytest.mark.parametrize(("predicate", "holds"), expressions.PREDICATES)
def test_a_predicate_is_a_boolean_of_its_text(predicate: str, holds: bool) -> None:
    assert evaluator().truth(predicate, NAMES) is holds


@pytest.mark.parametrize("predicate", expressions.BROKEN_PREDICATES)
def test_a_predicate_takes_an_expression_only(predicate: str) -> None:
    with pytest.raises(ExpressionError):
        evaluator().truth(predicate, NAMES)


def test_without_results_the_name_does_not_exist() -> None:
    with pytest.raises(ExpressionError, match="results is not defined"):
        evaluator().value("results.a + 1", Names())


@pytest.mark.parametrize(("previous", "name"), expressions.ERRORS)
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
