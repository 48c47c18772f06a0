"""Steps of small flows, as plain data: what a flow.yaml would hold."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

Step = dict[str, Any]


def transforms(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Input transforms: a string is JavaScript, `("static", value)` a fixed value."""
    return {
        name: {"type": "static", "value": given[1]}
        if isinstance(given, tuple)
        else {"type": "javascript", "expr": given}
        for name, given in inputs.items()
    }


def py(step: str, body: str, inputs: Mapping[str, Any] | None = None, **settings: Any) -> Step:
    """A Python step whose main takes the names of `inputs` and has this body."""
    names = ", ".join(inputs or {})
    code = f"import os, json, sys\ndef main({names}):\n{textwrap.indent(textwrap.dedent(body), '    ')}\n"
    value = {
        "type": "rawscript",
        "language": "python3",
        "content": code,
        "input_transforms": transforms(inputs or {}),
    }
    return {"id": step, "value": value, **settings}


def give(step: str, expr: Any, **settings: Any) -> Step:
    """A step whose result is the value of a JavaScript expression."""
    return py(step, "return x", {"x": expr}, **settings)


def const(step: str, value: Any, **settings: Any) -> Step:
    """A step with a fixed result, no process needed."""
    return {
        "id": step,
        "value": {"type": "identity"},
        "mock": {"enabled": True, "return_value": value},
        **settings,
    }


def fail(step: str, message: str = "no", **settings: Any) -> Step:
    """A step that raises ValueError."""
    return py(step, f"raise ValueError({message!r})", **settings)


def identity(step: str, **settings: Any) -> Step:
    """A step that hands on the previous result."""
    return {"id": step, "value": {"type": "identity"}, **settings}


def loop(step: str, iterator: Any, body: list[Step], **settings: Any) -> Step:
    """A for loop; `parallel`, `skip_failures`, `parallelism` belong to the loop, the rest to the step."""
    own = {key: settings.pop(key) for key in ("parallelism",) if key in settings}
    value = {
        "type": "forloopflow",
        "modules": body,
        "iterator": transforms({"i": iterator})["i"],
        "parallel": settings.pop("parallel", False),
        "skip_failures": settings.pop("skip_failures", False),
        **own,
    }
    return {"id": step, "value": value, **settings}


def while_(step: str, body: list[Step], **settings: Any) -> Step:
    """A while loop."""
    value = {"type": "whileloopflow", "modules": body, "skip_failures": settings.pop("skip_failures", False)}
    return {"id": step, "value": value, **settings}


def one_of(step: str, branches: list[tuple[str, list[Step]]], default: list[Step], **settings: Any) -> Step:
    """A branchone."""
    listed = [{"expr": expr, "modules": modules} for expr, modules in branches]
    return {"id": step, "value": {"type": "branchone", "branches": listed, "default": default}, **settings}


def all_of(step: str, branches: list[list[Step]], **settings: Any) -> Step:
    """A branchall; `skip` lists the branches that may fail."""
    skip = settings.pop("skip", ())
    listed = [{"modules": modules, "skip_failure": i in skip} for i, modules in enumerate(branches)]
    value = {"type": "branchall", "branches": listed, "parallel": settings.pop("parallel", False)}
    return {"id": step, "value": value, **settings}


def subflow(step: str, path: str, inputs: Mapping[str, Any] | None = None, **settings: Any) -> Step:
    """A step that runs another flow."""
    value = {"type": "flow", "path": path, "input_transforms": transforms(inputs or {})}
    return {"id": step, "value": value, **settings}


def stop(expr: str, *, skipped: bool = False, message: str | None = None) -> dict[str, Any]:
    """A stop_after_if."""
    setting: dict[str, Any] = {"expr": expr, "skip_if_stopped": skipped}
    return setting if message is None else {**setting, "error_message": message}


def retries(attempts: int, seconds: int = 0, **more: Any) -> dict[str, Any]:
    """A constant retry."""
    return {"constant": {"attempts": attempts, "seconds": seconds}, **more}
