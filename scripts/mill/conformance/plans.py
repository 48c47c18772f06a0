"""What is run on a server: every row of the tables as a flow or script with the end it must have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from mill.conformance.rules import (
    branches,
    expressions,
    failures,
    loops,
    order,
    retries,
    stops,
    values,
    visibility,
)
from mill.conformance.rules.case import Case, Ending, error
from mill.conformance.steps import Step, const, give, one_of
from mill.engine.jobs.outcome import error_of

FLOW_TABLES = (order, visibility, stops, loops, branches, failures, retries)
FLOWS, EXPRESSIONS, VALUES = "flow rules", "expressions", "Python values"
HERE = "u/test/"  # where the tables have their variables and resources

# What they have there. A text that tells its own path tells the one of the tables.
VARIABLES = {
    "word": "hello",
    "json": "[1]",
    **{name: f"value of {HERE}{name}" for name in ("x", "y")},
}
RESOURCES: dict[str, Any] = {"crm": {"host": "crm.example.com"}, "r": {"path": f"{HERE}r"}}

_REFERENCE = re.compile(rf"((?:res|var|jsonvar):){HERE}")
_NO_RESULT = "`result` exists in predicates and stops only, so no transform can show it"
_NO_STATE = "needs a flow user state, which only a job can set"


@dataclass(frozen=True)
class Plan:
    """One flow (`body` is its value) or Python script (`body` is its code) to run, and how it must end.

    `preview` is how it must end as a preview; a text says why that cannot be compared. A flow that `hangs`
    must not end. `seconds` is what its waits may add up to. `counts`: it needs a resource to count
    its runs in. `packages`: its lock has to be made by the server.
    """

    group: str
    rule: str
    kind: Literal["flow", "script"]
    body: Any
    deployed: Ending
    preview: Ending | str
    args: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0
    counts: bool = False
    packages: bool = False
    hangs: bool = False
    not_run: str = ""


def all_plans() -> list[Plan]:
    """Return every row of every table, in their order."""
    flows = [_of_case(FLOWS, case) for table in FLOW_TABLES for case in table.CASES]
    return [*flows, *(_of_case(EXPRESSIONS, case) for case in _expression_cases()), *_value_plans()]


def placed(value: Any, folder: str) -> Any:
    """Return what is run, with its variables and resources in `folder`."""
    return _replaced(value, re.compile(HERE), f"{folder}/")


def placed_result(value: Any, folder: str) -> Any:
    """Return an expected result, with the references in it leading into `folder`."""
    return _replaced(value, _REFERENCE, rf"\g<1>{folder}/")


def _replaced(value: Any, pattern: re.Pattern[str], by: str) -> Any:
    if isinstance(value, str):
        return pattern.sub(by, value)
    if isinstance(value, list):
        return [_replaced(item, pattern, by) for item in value]
    if isinstance(value, dict):
        return {_replaced(key, pattern, by): _replaced(item, pattern, by) for key, item in value.items()}
    return value


def _of_case(group: str, case: Case) -> Plan:
    deployed = Ending(case.result, case.success, sum(case.waits))
    return Plan(
        group,
        case.rule,
        "flow",
        {"modules": case.steps, **case.value},
        deployed,
        case.in_preview or (f"a preview does otherwise: {case.preview}" if case.preview else deployed),
        args=case.args,
        seconds=max(deployed.waits, 0 if case.in_preview is None else case.in_preview.waits),
        counts=case.in_folder,
        hangs=case.hangs,
        not_run=case.not_run,
    )


def _expression_cases() -> Iterator[Case]:
    for expression, value in expressions.VALUES:
        yield _transform(expression, value, not_run=_why_not(expression))
    for expression, _ in expressions.BROKEN:  # what an engine says of it is its own affair
        yield _transform(expression, error("ExecutionErr"), success=False)
    for predicate, holds in expressions.PREDICATES:
        yield _predicate(predicate, holds)
    for predicate in expressions.BROKEN_PREDICATES:
        yield _predicate(predicate, error("InternalError"), success=False)  # of a later step
    for previous, name in expressions.ERRORS:
        steps = [const("a", previous), give("b", "error.name")]
        yield Case(f"`error` of {_short(previous)}", steps, name)


def _transform(expression: str, value: Any, **more: Any) -> Case:
    steps = [*_results(), const("previous", expressions.PREVIOUS_RESULT), give("x", expression)]
    return _in_their_flow(_short(expression), steps, value, **more)


def _predicate(predicate: str, result: Any, **more: Any) -> Case:
    choice = one_of("o", [(predicate, [const("x", value=True)])], [const("d", value=False)])
    steps = [*_results(), const("previous", expressions.RESULT), choice]
    return _in_their_flow(f"predicate {_short(predicate)}", steps, result, **more)


def _results() -> list[Step]:
    return [const(step, value) for step, value in expressions.RESULTS.items()]


def _in_their_flow(rule: str, steps: list[Step], result: Any, **more: Any) -> Case:
    settings = {"flow_env": expressions.FLOW_ENV}
    return Case(rule, steps, result, args=dict(expressions.FLOW_INPUT), value=settings, **more)


def _why_not(expression: str) -> str:
    if expression == "result":
        return _NO_RESULT
    return _NO_STATE if "flow_user_state('k')" in expression else ""


def _value_plans() -> Iterator[Plan]:
    for signature, args, seen in values.ARGUMENTS:
        rule = f"main({signature}) given {_short(args)}"
        yield _script(rule, values.takes(signature), Ending(seen), args=args)
    for annotation, value, problem in values.UNDECODABLE:
        rule = f"main(a: {annotation}) given {value!r}"
        ending = Ending(error("ExecutionErr", problem), success=False)
        yield _script(rule, values.decodes(annotation), ending, args={"a": value})
    for expression, result in values.RESULTS:
        yield _script(f"return {_short(expression)}", values.returns(expression), Ending(result))
    for expression in values.REFUSED_RESULTS:
        code = values.returns(expression, values.WITH_MODEL)
        ending = Ending(_is_no_result, success=False)
        yield _script(f"return {_short(expression)}", code, ending, packages=True)


def _script(rule: str, code: str, ending: Ending, **more: Any) -> Plan:
    return Plan(VALUES, rule, "script", code, ending, ending, **more)


def _is_no_result(result: Any) -> bool:
    """Return whether a job failed for its result, not for a package that is missing."""
    message = str(error_of(result).get("message") or "")
    return bool(message) and "ModuleNotFoundError" not in message


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return " ".join(text.split()) or repr(value)
