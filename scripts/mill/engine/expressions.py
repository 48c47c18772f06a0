"""Evaluates a flow's JavaScript expressions the way Windmill does: QuickJS, a fresh context for each.

Windmill rewrites the text before it runs it (`results.x` becomes `(await results.x)`) and wraps
it in an async function on one line. Both are done here the same way, because users meet the
consequences: `results.x` inside a plain arrow function is a syntax error, a trailing `//`
comment too, a leading one makes the value null.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import quickjs  # type: ignore[import-untyped]  # the package ships no types

from mill.errors import MillError

MEMORY_LIMIT = 32 * 1024 * 1024
TIME_LIMIT = 20.0
TRIES = 3

_RESULT_ACCESS = re.compile(r'results\??(?:\.[a-zA-Z_0-9]+|\[".*?"\])')
_RESULT_PATH = re.compile(r"results\??\.([a-zA-Z_0-9]+)(?:\[(\d+)\])?((?:\.[a-zA-Z_0-9]+)*)")
_INPUT_KEY = re.compile(r'(flow_input|flow_env)(?:\.(.+)|\["(.+)"\])')
_INPUT_PATH = re.compile(r"flow_input((?:\.[a-zA-Z_][a-zA-Z_0-9]*){2,})")
_EXACT = 2**53  # JavaScript has no larger integers
_STATEMENT = re.compile(
    r"(?:return|const|let|var|throw|function|class|async|await)\s"
    r"|return(?:;|$)|(?:if|for|while|switch)[ (]|try[ {]"
)
_AWAITED_CALLS = ("variable", "resource", "flow_user_state")

# What an expression finds around it. A request is answered by the host once the engine is idle.
_PRELUDE = """
const __asked = [];
const __ask = (kind, key) => new Promise((yes, no) => __asked.push({kind, key, yes, no}));
const variable = (path) => __ask('variable', String(path));
const resource = (path) => __ask('resource', String(path));
const __answer = (i, ok, value) => ok ? __asked[i].yes(JSON.parse(value)) : __asked[i].no(new Error(value));
let __settled = false, __value, __error;
Object.assign(globalThis, __names);
"""
_RESULTS = """
const flow_user_state = (key) => __ask('flow_user_state', String(key));
const results = new Proxy({}, {get: (_, id) => typeof id === 'symbol' ? undefined : __ask('results', id)});
"""
_ERROR = """
let error = previous_result?.error;
if (!error && Array.isArray(previous_result)) {
  const failed = previous_result.filter((item) => item && typeof item === 'object' && 'error' in item);
  const text = ({error: e}, i) => `[${e.step_id || i}] ${e.message || e.name}`;
  error = failed.length === 1 ? failed[0].error : {
    name: 'MultipleErrors',
    message: failed.length ? failed.map(text).join('; ') : 'Could not parse errors',
    errors: previous_result,
  };
} else if (!error) {
  error = previous_result
    ? {name: 'UnknownError', message: 'Could not parse the error', error: previous_result}
    : {name: 'UnknownError', message: 'No error found'};
}
"""
_SETTLE = """.then((x) => { __value = JSON.stringify(x ?? null); __settled = true; })
.then(undefined, (e) => { __error = e ?? Error(String(e)); })"""


class ExpressionError(Exception):
    """An expression threw, ran too long or used too much memory; the text says which and why."""

    def __init__(self, expression: str, reason: str) -> None:
        super().__init__(f"Error during isolated evaluation of expression `{expression}`:\n{reason}")
        self.reason = reason


class _Timeout(Exception):
    """One try took too long."""


@dataclass(frozen=True, slots=True)
class Names:
    """What one expression may see. `result_of` is None if Windmill gives it no `results`."""

    flow_input: Mapping[str, Any] = field(default_factory=dict)
    flow_env: Mapping[str, Any] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    result_of: Callable[[str], Any] | None = None
    user_state: Callable[[str], Any] | None = None


class Evaluator:
    """Evaluates expressions; `variable` and `resource` answer the calls of that name.

    Safe to use from several threads. The limits are Windmill's: 32 MB and 20 seconds, a
    timeout tried three times.
    """

    def __init__(
        self,
        *,
        variable: Callable[[str], Any],
        resource: Callable[[str], Any],
        time_limit: float = TIME_LIMIT,
        tries: int = TRIES,
        memory_limit: int = MEMORY_LIMIT,
    ) -> None:
        self._lookups = {"variable": variable, "resource": resource}
        self._time_limit = time_limit
        self._tries = tries
        self._memory_limit = memory_limit

    def value(self, expression: str, names: Names) -> Any:
        """Return the expression's value as JSON data. Raises ExpressionError."""
        expression = expression.strip()
        found, value = _plain_lookup(expression, names)
        return value if found else self._evaluate(expression, names)

    def truth(self, predicate: str, names: Names) -> bool:
        """Return whether a predicate holds; Windmill runs it as `Boolean(<text>)`. Raises ExpressionError."""
        return bool(self._evaluate(f"Boolean({predicate})", names))

    def _evaluate(self, expression: str, names: Names) -> Any:
        for attempt in range(1, self._tries + 1):
            try:
                return self._evaluate_once(expression, names)
            except _Timeout:
                if attempt == self._tries:
                    reason = f"it took longer than {self._time_limit:g} seconds."
                    raise ExpressionError(expression, reason) from None
        raise AssertionError("unreachable: the last try raises")

    def _evaluate_once(self, expression: str, names: Names) -> Any:
        deadline = time.monotonic() + self._time_limit
        context = quickjs.Context()
        context.set_memory_limit(self._memory_limit)
        context.set_time_limit(self._time_limit)
        try:
            context.set("__names", context.parse_json(json.dumps(_visible(expression, names))))
            context.eval(_prelude(expression, names))
            context.eval(_wrapped(expression) + _SETTLE)
            self._settle(context, names, deadline)
            text = context.eval("__value")
        except quickjs.JSException as error:
            raise self._explained(expression, str(error)) from None
        except MemoryError:
            raise self._explained(expression, "out of memory") from None
        return json.loads(text) if text is not None else None

    def _settle(self, context: Any, names: Names, deadline: float) -> None:
        """Run until the promise is settled, answering what the expression asks for."""
        answered = 0
        while True:
            while context.execute_pending_job():
                if time.monotonic() > deadline:
                    raise _Timeout
            if context.eval("__error !== undefined"):
                raise quickjs.JSException(context.eval(_TEXT_OF_ERROR))
            asked = context.eval("__asked.length")
            if context.eval("__settled"):
                return
            if asked == answered:
                raise quickjs.JSException("Error: its promise never settles")
            for index in range(answered, asked):
                ok, text = self._answer(
                    context.eval(f"__asked[{index}].kind"), context.eval(f"__asked[{index}].key"), names
                )
                context.eval(f"__answer({index}, {json.dumps(ok)}, {json.dumps(text)})")
            answered = asked

    def _answer(self, kind: str, key: str, names: Names) -> tuple[bool, str]:
        lookups: dict[str, Callable[[str], Any] | None] = {
            **self._lookups,
            "results": names.result_of,
            "flow_user_state": names.user_state,
        }
        lookup = lookups[kind]
        if lookup is None:
            return False, f"{kind} is not available here"
        try:
            return True, json.dumps(lookup(key))
        except MillError as error:
            return False, str(error)

    def _explained(self, expression: str, text: str) -> Exception:
        text = text.strip()
        if "interrupted" in text.split("\n", maxsplit=1)[0]:
            return _Timeout()
        if "out of memory" in text or text in {"null", "undefined"}:
            return ExpressionError(expression, "Error: out of memory")
        message = text.split("\n    at ", maxsplit=1)[0]
        return ExpressionError(expression, _ERROR_CLASS.sub("Error: ", message))


_ERROR_CLASS = re.compile(r"^[A-Z]\w*Error: ")  # Windmill leaves out which
_TEXT_OF_ERROR = "__error instanceof Error ? `Error: ${__error.message}` : String(__error)"


def _plain_lookup(expression: str, names: Names) -> tuple[bool, Any]:
    """Return the value of an expression that is only a path, which needs no JavaScript on Windmill."""
    if names.result_of is not None and (match := _RESULT_PATH.fullmatch(expression)):
        step, index, rest = match.groups()
        if not rest.endswith(".length"):
            keys = [int(index)] if index is not None else []
            return True, _walk(names.result_of(step), [*keys, *rest.split(".")[1:]])
    if match := _INPUT_KEY.fullmatch(expression):
        source = names.flow_input if match[1] == "flow_input" else names.flow_env
        key = match[2] or match[3]
        if key in source:
            return True, source[key]
    if match := _INPUT_PATH.fullmatch(expression):
        value = _walk(names.flow_input, match[1].split(".")[1:])
        return _is_alike_in_javascript(value), value
    return False, None


def _walk(value: Any, keys: Sequence[str | int]) -> Any:
    for key in keys:
        if isinstance(value, list) and str(key).isdigit() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, dict):
            value = value.get(str(key))
        else:
            return None
    return value


def _is_alike_in_javascript(value: Any) -> bool:
    """Whether an expression would say just that: to evaluate one takes a hundred times as long.

    It is evaluated where it may say something else: for a float, a large integer, what may hold one, nothing.
    """
    return isinstance(value, str) or (isinstance(value, int) and abs(value) < _EXACT)


def _visible(expression: str, names: Names) -> dict[str, Any]:
    """Return the values the text mentions: Windmill, too, hands over no others."""
    everything = {**names.values, "flow_input": names.flow_input, "flow_env": names.flow_env}
    wanted = {name for name in everything if name in expression}
    if "error" in expression and "previous_result" in everything:
        wanted.add("previous_result")
    return {name: everything[name] for name in wanted}


def _prelude(expression: str, names: Names) -> str:
    code = _PRELUDE
    if names.result_of is not None:
        code += _RESULTS
    if "error" in expression and "previous_result" in names.values:
        code += _ERROR
    return code


def _wrapped(expression: str) -> str:
    code = with_awaits(expression)
    body = f"return {code};" if _is_value(code) else code
    return f"(async function() {{ {body} }})()"


def with_awaits(expression: str) -> str:
    """Return the expression as Windmill rewrites it: textually, strings and comments included."""
    for name in _AWAITED_CALLS:
        expression = _await_calls(expression, name)
    return _RESULT_ACCESS.sub(lambda match: f"(await {match[0]})", expression)


def _await_calls(expression: str, name: str) -> str:
    first, *calls = expression.split(f"{name}(")
    for call in calls:
        end = _closing_parenthesis(call)
        first += f"(await {name}({call[:end]}){call[end:]}"
    return first


def _closing_parenthesis(text: str) -> int:
    """Index just after the parenthesis that closes one already open, or the end of the text."""
    level = 1
    for index, char in enumerate(text):
        level += (char == "(") - (char == ")")
        if level == 0:
            return index + 1
    return len(text)


def _is_value(code: str) -> bool:
    """Return whether Windmill puts `return` before the text."""
    return _STATEMENT.match(code) is None and not _has_semicolon(code)


def _has_semicolon(code: str) -> bool:
    quote, before = "", ""
    for char in code:
        if char in "'\"`" and before != "\\":
            quote = "" if quote == char else (quote or char)
        elif char == ";" and not quote:
            return True
        before = char
    return False
