"""WM4: flows that deploy and then behave differently from how they read."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Iterator

from mill.engine.definition.flow_file import STEP_ONLY
from mill.errors import MillError
from mill.lint.sources.document import mapping
from mill.lint.sources.finding import Finding
from mill.lint.sources.flow_tree import FlowTree, Step, branches
from mill.repository.python_syntax import parse_python
from mill.repository.workspace import Workspace

_LOOPS = {"forloopflow", "whileloopflow"}
_WRITE_IT = "Write it out: a deploy sets what is missing to {}."


def check_flow(
    tree: FlowTree, workspace: Workspace, read_inline: Callable[[str], str | None]
) -> Iterator[Finding]:
    """Yield findings for the structure of a flow.

    `read_inline` gives the code behind an `!inline` file name.
    """
    for step in tree.steps:
        yield from _written_out(tree, step)
        yield from _in_value(tree, step)
        yield from _loop(tree, step)
        yield from _id(tree, step)
        yield from _target(tree, step, workspace)
        yield from _arguments(tree, step, workspace, read_inline)
    counts = Counter(step.id for step in tree.steps)
    for step in tree.steps:
        if counts[step.id] > 1:
            yield tree.document.place((*step.keys, "id")).find(
                "WM410", f"More than one step is called {step.id}.", "Give each its own id."
            )
    if tree.modules and tree.modules[-1].data.get("continue_on_error"):
        step = tree.modules[-1]
        yield tree.document.place((*step.keys, "continue_on_error")).find(
            "WM407", "With continue_on_error on the last step a failure ends as a success.", "Remove it."
        )


def _written_out(tree: FlowTree, step: Step) -> Iterator[Finding]:
    place = tree.document.place
    for name in ("stop_after_if", "stop_after_all_iters_if"):
        stop = step.data.get(name)
        if isinstance(stop, dict) and "skip_if_stopped" not in stop:
            yield place((*step.keys, name)).find(
                "WM401",
                f"{name} has no skip_if_stopped.",
                "Write true or false: Windmill refuses to read it without.",
            )
    if step.type in _LOOPS and "skip_failures" not in step.value:
        missing = "true" if step.type == "forloopflow" else "false"
        yield place(step.keys).find(
            "WM402", f"The loop {step.id} has no skip_failures.", _WRITE_IT.format(missing)
        )
    if step.type == "branchall":
        for index, branch in enumerate(branches(step)):
            if "skip_failure" not in branch:
                yield place((*step.keys, "value", "branches", index)).find(
                    "WM403", f"Branch {index + 1} of {step.id} has no skip_failure.", _WRITE_IT.format("true")
                )
    if step.type in {"forloopflow", "branchall"} and "parallel" not in step.value:
        default = "true" if step.type == "branchall" else "false"
        yield place(step.keys).find(
            "WM404",
            f"{step.id} does not say whether it is parallel.",
            f"Write it out: missing means {default}.",
        )


def _in_value(tree: FlowTree, step: Step) -> Iterator[Finding]:
    for name in sorted(STEP_ONLY & step.value.keys()):
        yield tree.document.place((*step.keys, "value", name)).find(
            "WM416",
            f"{name} stands inside the `value` of {step.id}, where Windmill ignores it.",
            "Move it up, beside `value`.",
        )


def _loop(tree: FlowTree, step: Step) -> Iterator[Finding]:
    if not (step.type in _LOOPS and step.value.get("parallel")):
        return
    if step.data.get("stop_after_if"):
        yield tree.document.place((*step.keys, "stop_after_if")).find(
            "WM408",
            "A parallel loop ignores stop_after_if.",
            "Use stop_after_all_iters_if, or make it sequential.",
        )
    if tree.value.get("same_worker"):
        yield tree.document.place(step.keys).find(
            "WM409", "A parallel loop fails in a flow with same_worker.", "Drop one of the two."
        )


def _id(tree: FlowTree, step: Step) -> Iterator[Finding]:
    if "-" in step.id:
        yield tree.document.place((*step.keys, "id")).find(
            "WM405",
            f"results.{step.id} reads as a subtraction.",
            f"Call the step {step.id.replace('-', '_')}.",
        )


def _target(tree: FlowTree, step: Step, workspace: Workspace) -> Iterator[Finding]:
    path = step.value.get("path")
    if step.type not in {"script", "flow"} or not str(path).startswith(("f/", "u/")):
        return
    try:
        workspace.script(str(path)) if step.type == "script" else workspace.flow(str(path))
    except MillError as error:
        yield tree.document.place((*step.keys, "value", "path")).find("WM412", str(error), "")


def _arguments(
    tree: FlowTree, step: Step, workspace: Workspace, read_inline: Callable[[str], str | None]
) -> Iterator[Finding]:
    code = _code(step, workspace, read_inline)
    if code is None:
        return
    main = _main(code, "preprocessor" if step.keys[-1] == "preprocessor_module" else "main")
    if main is None:
        return
    given = mapping(step.value.get("input_transforms"))
    arguments = [argument.arg for argument in main.args.args]
    required = arguments[: len(arguments) - len(main.args.defaults)]
    optional = {argument.arg for argument in main.args.args if _accepts_none(argument)}
    place = tree.document.place
    for name in given:
        if name not in arguments and main.args.kwarg is None:
            yield place((*step.keys, "value", "input_transforms", name)).find(
                "WM414",
                f"The script of {step.id} has no parameter {name}.",
                "Correct it: Windmill drops it silently.",
            )
    for name in required:
        if name not in given and name not in optional and step.keys[-1] != "preprocessor_module":
            yield place((*step.keys, "value", "input_transforms")).find(
                "WM415", f"{step.id} is not given its input {name}.", "Add it: left out, it arrives as None."
            )


def _code(step: Step, workspace: Workspace, read_inline: Callable[[str], str | None]) -> str | None:
    """Return the Python a step runs, where it lies in this workspace."""
    if step.type == "rawscript" and step.value.get("language") == "python3":
        content = str(step.value.get("content", ""))
        return read_inline(content.removeprefix("!inline ")) if content.startswith("!inline ") else content
    path = str(step.value.get("path"))
    if step.type != "script" or not path.startswith(("f/", "u/")):
        return None
    try:
        script = workspace.script(path)
    except MillError:
        return None  # WM412 says so
    return script.file.read_text(encoding="utf-8") if script.is_python else None


def _main(code: str, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    try:
        body = parse_python(code).body
    except SyntaxError:
        return None  # reported where the script itself is linted
    found = (
        node
        for node in body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == name
    )
    return next(found, None)


def _accepts_none(argument: ast.arg) -> bool:
    text = ast.unparse(argument.annotation) if argument.annotation else "None"
    return "None" in text or text.startswith("Optional") or text == "Any"
