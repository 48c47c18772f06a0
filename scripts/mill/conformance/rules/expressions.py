"""The values of expressions, over the names below."""

from __future__ import annotations

from typing import Any

FLOW_INPUT = {"n": 1, "deep": {"list": [1]}, "dotted.key": 8}
FLOW_ENV = {"place": "here"}
RESULTS: dict[str, Any] = {"a": [1, 2], "b": {"c": None, "d": {"e": 5}}, "a-b": 7}
PREVIOUS_RESULT = {"error": {"message": "m"}}
RESULT = 5  # in predicates and stops; an input transform has no `result` on Windmill
USER_STATE = {"k": 3}

# An input transform and its value.
VALUES: list[tuple[str, Any]] = [
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
]

# An input transform that throws, and what the error says.
BROKEN: list[tuple[str, str]] = [
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
]

# A predicate and whether it holds.
PREDICATES: list[tuple[str, bool]] = [
    ("result == 5", True),
    ("''", False),
    ("results.a", True),
    ("results.none", False),
    ("[]", True),
    ("0", False),
]

# Predicates that throw: no statement is one.
BROKEN_PREDICATES: list[str] = ["return true", "true;", "const a = 1; a"]

# A previous result and the name of the `error` in it.
ERRORS: list[tuple[Any, str]] = [
    ({"error": {"name": "Own"}}, "Own"),
    ([{"error": {"name": "Only"}}, 1], "Only"),
    ([{"error": {"message": "x"}}, {"error": {"message": "y"}}], "MultipleErrors"),
    ([1], "MultipleErrors"),
    ({"fine": 1}, "UnknownError"),
    (None, "UnknownError"),
]
