"""The steps of a flow.yaml, each with its place and with what has run before it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from mill.lint.sources.document import Document, Keys, mapping

Where = Literal["transform", "choice", "after", "retry", "sleep"]


@dataclass(frozen=True)
class Step:
    """One module. `earlier` are the ids that have run whenever this step runs."""

    id: str
    data: dict[str, Any]
    keys: Keys
    before: Step | None
    earlier: frozenset[str]
    in_loop: bool = False
    is_failure_module: bool = False

    @property
    def value(self) -> dict[str, Any]:
        """What the step is: its type, path, code, children."""
        return mapping(self.data.get("value"))

    @property
    def type(self) -> str:
        """Windmill's name of the kind of step."""
        return str(self.value.get("type", ""))


@dataclass(frozen=True)
class Expression:
    """JavaScript in a flow. `where` decides which names exist; a predicate runs as Boolean(text)."""

    text: str
    keys: Keys
    step: Step
    where: Where
    predicate: bool = False


class FlowTree:
    """All steps of a flow, containers before their children."""

    def __init__(self, document: Document) -> None:
        self.document = document
        data = mapping(document.data)
        self.value = mapping(data.get("value"))
        self.inputs = mapping(mapping(data.get("schema")).get("properties"))
        self.modules: list[Step] = list(
            _siblings(self.value.get("modules"), ("value", "modules"), frozenset())
        )
        self.steps: list[Step] = [step for module in self.modules for step in _with_children(module)]
        everything = frozenset(step.id for step in self.steps)
        for name in ("failure_module", "preprocessor_module"):
            extra = self.value.get(name)
            if isinstance(extra, dict):
                is_failure = name == "failure_module"
                seen = everything if is_failure else frozenset()
                keys = ("value", name)
                self.steps.append(
                    Step(str(extra.get("id")), extra, keys, None, seen, is_failure_module=is_failure)
                )

    def expressions(self) -> Iterator[Expression]:
        """Yield every JavaScript expression of every step."""
        for step in self.steps:
            yield from _expressions(step)


def _siblings(modules: Any, keys: Keys, earlier: frozenset[str], *, in_loop: bool = False) -> Iterator[Step]:
    before: Step | None = None
    for index, data in enumerate(modules if isinstance(modules, list) else []):
        if isinstance(data, dict):
            before = Step(str(data.get("id")), data, (*keys, index), before, earlier, in_loop)
            yield before
            earlier |= {before.id}


def _with_children(step: Step) -> Iterator[Step]:
    yield step
    for child in children(step):
        yield from _with_children(child)


def children(step: Step) -> list[Step]:
    """Return the steps directly inside a loop or branches."""
    keys = (*step.keys, "value")
    in_loop = step.in_loop or step.type in {"forloopflow", "whileloopflow"}
    found = list(_siblings(step.value.get("modules"), (*keys, "modules"), step.earlier, in_loop=in_loop))
    for index, branch in enumerate(branches(step)):
        inner = (*keys, "branches", index, "modules")
        found += _siblings(branch.get("modules"), inner, step.earlier, in_loop=in_loop)
    return found + list(
        _siblings(step.value.get("default"), (*keys, "default"), step.earlier, in_loop=in_loop)
    )


def branches(step: Step) -> list[dict[str, Any]]:
    """Return the branches of a branchone or branchall; of anything else, none."""
    listed = step.value.get("branches")
    return [branch for branch in listed if isinstance(branch, dict)] if isinstance(listed, list) else []


def _expressions(step: Step) -> Iterator[Expression]:
    def one(value: Any, keys: Keys, where: Where, *, predicate: bool = False) -> Iterator[Expression]:
        text = value.get("expr") if isinstance(value, dict) else None
        if isinstance(text, str) and (predicate or value.get("type") == "javascript"):
            yield Expression(text, (*step.keys, *keys, "expr"), step, where, predicate)

    for name, transform in mapping(step.value.get("input_transforms")).items():
        yield from one(transform, ("value", "input_transforms", name), "transform")
    for name in ("iterator", "parallelism"):
        yield from one(step.value.get(name), ("value", name), "choice")
    if step.type == "branchone":
        for index, branch in enumerate(branches(step)):
            yield from one(branch, ("value", "branches", index), "choice", predicate=True)
    yield from one(step.data.get("skip_if"), ("skip_if",), "choice", predicate=True)
    yield from one(step.data.get("timeout"), ("timeout",), "choice")
    for name in ("stop_after_if", "stop_after_all_iters_if"):
        yield from one(step.data.get(name), (name,), "after", predicate=True)
    yield from one(step.data.get("sleep"), ("sleep",), "sleep")
    retry_if = mapping(step.data.get("retry")).get("retry_if")
    yield from one(retry_if, ("retry", "retry_if"), "retry", predicate=True)
