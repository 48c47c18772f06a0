"""WM5: JavaScript expressions that lint accepts and a flow run does not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mill.lint.sources.finding import Finding, Place
from mill.lint.sources.flow_tree import Expression, FlowTree, Step
from mill.lint.sources.javascript import has_line_comment, is_statements, mask, syntax_error

_DOTTED = re.compile(r"\bresults\??\.([A-Za-z_$][\w$]*)")
_INDEXED = re.compile(r"\bresults\??\.?\[")
_INPUT = re.compile(r"\bflow_input\??\.([A-Za-z_$][\w$]*)")
_RESUME = re.compile(r"(?<![.\w$])(resumes?|approvers)(?![\w$:])")
_LOOP_NAMES = {"iter", "iter_parent"}


def check_expressions(tree: FlowTree) -> Iterator[Finding]:
    """Yield findings for every expression of a flow."""
    steps = {step.id: step for step in tree.steps}
    for expression in tree.expressions():
        place = tree.document.place(expression.keys)
        yield from _syntax(expression, place)
        yield from _ids(expression, place, steps)
        yield from _inputs(expression, place, tree)
        yield from _resume(expression, place)


def _syntax(expression: Expression, place: Place) -> Iterator[Finding]:
    text = expression.text.strip()
    code = mask(text)
    if not text:
        yield place.find("WM501", "The expression is empty.", "Write one, or remove the setting.")
    elif text.startswith("//"):
        yield place.find("WM505", "An expression that begins with a // comment is null.", "Use /* */.")
    elif expression.predicate and (";" in code or re.search(r"\breturn\b", code)):
        yield place.find(
            "WM504",
            "A condition is one expression: Windmill runs it as Boolean(...).",
            "Drop `return` and `;`.",
        )
    elif not expression.predicate and is_statements(text) and not re.search(r"\b(return|throw)\b", code):
        yield place.find(
            "WM512", "With a `;` in it the expression needs its own `return`, else it is null.", "Add it."
        )
    elif (error := syntax_error(text, predicate=expression.predicate)) is not None:
        yield _explain(expression, place, error)


def _explain(expression: Expression, place: Place, error: str) -> Finding:
    """Return why an expression that reads well does not compile."""
    text = expression.text.strip()
    if syntax_error(text, predicate=expression.predicate, awaits=False) is None:
        return place.find(
            "WM502",
            "Windmill turns results.x into an await, which a plain function or arrow function may not hold.",
            "Copy it to a const before: `const x = results.x; return items.map((i) => i + x)`.",
        )
    if (
        has_line_comment(text)
        and syntax_error(re.sub(r"//[^\n]*$", "", text), predicate=expression.predicate) is None
    ):
        return place.find(
            "WM506", "A // comment at the end swallows what Windmill puts after it.", "Use /* */."
        )
    return place.find("WM501", f"The expression does not compile: {error}.", "Correct it.")


def _ids(expression: Expression, place: Place, steps: dict[str, Step]) -> Iterator[Finding]:
    text = expression.text
    code = mask(text)
    for match in _INDEXED.finditer(code):
        key = re.match(r"""\s*("[^"]*"|'[^']*')?""", text[match.end() :])
        literal = key[1] if key else None
        if literal is None or literal.startswith("'"):
            yield place.find(
                "WM503",
                f"`{text[match.start() : match.end()]}{literal or '...'}]` stays an unresolved promise.",
                'Write results.id or, with double quotes, results["id"].',
            )
    named = {match[1] for match in _DOTTED.finditer(code)} | set(
        re.findall(r'\bresults\??\.?\["([^"]+)"\]', text)
    )
    if named and expression.where in {"retry", "sleep"}:
        yield place.find("WM511", "There is no `results` here.", "Use `result`, the step's own.")
        return
    for name in sorted(named):
        yield from _id(expression, place, steps, name)


def _id(expression: Expression, place: Place, steps: dict[str, Step], name: str) -> Iterator[Finding]:
    step = expression.step
    if name in step.earlier or (name == step.id and expression.where == "after"):
        return
    if name not in steps:
        yield place.find(
            "WM507", f"There is no step {name} in this flow.", "Correct the id: Windmill gives null."
        )
    elif _runs_inside(steps[name], step):
        yield place.find(
            "WM509", f"The step {name} has not run yet here.", "Use an earlier step: Windmill gives null."
        )
    else:
        yield place.find(
            "WM508",
            f"The step {name} lies inside a loop or branch: from here Windmill gives the last run, or null.",
            "Use the result of the loop or branch itself.",
        )


def _runs_inside(other: Step, step: Step) -> bool:
    """Return whether `other` follows in the same list as `step` or in one around it, or is `step` itself."""
    parent = other.keys[:-1]
    return step.keys[: len(parent)] == parent


def _inputs(expression: Expression, place: Place, tree: FlowTree) -> Iterator[Finding]:
    if not tree.inputs or "preprocessor_module" in tree.value:
        return
    known = set(tree.inputs) | (
        _LOOP_NAMES if expression.step.in_loop or expression.where == "after" else set()
    )
    for name in sorted({match[1] for match in _INPUT.finditer(mask(expression.text))} - known):
        what = (
            "flow_input.iter exists inside loops only"
            if name in _LOOP_NAMES
            else f"The flow's schema has no input {name}"
        )
        yield place.find(
            "WM513",
            f"{what}.",
            "Correct the name or add it to the schema: it is null unless a caller sends it all the same.",
        )


def _resume(expression: Expression, place: Place) -> Iterator[Finding]:
    before = expression.step.before
    waits = before is not None and bool(before.data.get("suspend"))
    if waits and expression.where in {"transform", "choice"}:
        return
    for name in sorted({match[1] for match in _RESUME.finditer(mask(expression.text))}):
        yield place.find(
            "WM510",
            f"`{name}` exists only in the step right after the one that suspends.",
            "Read it there and hand it on as a result.",
        )
