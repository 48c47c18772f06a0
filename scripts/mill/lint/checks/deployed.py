"""WM42: settings that a deployed flow ignores, or comes to grief on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mill.lint.sources.document import mapping
from mill.lint.sources.finding import Finding
from mill.lint.sources.flow_tree import FlowTree, Step

_LOOPS = {"forloopflow", "whileloopflow"}
_RUNS_ALONE = {"script", "rawscript", "flow"}
# With one of these Windmill puts a flow around the single step of a loop.
_NEEDS_A_FLOW = (
    "skip_if",
    "cache_ttl",
    "stop_after_if",
    "stop_after_all_iters_if",
    "suspend",
    "sleep",
    "retry",
)


def check_deployed(tree: FlowTree) -> Iterator[Finding]:
    """Yield findings for what works in the editor's preview, and not once the flow is deployed."""
    followed = {step.before.keys for step in tree.steps if step.before is not None}
    sequences = [step for step in tree.steps if not str(step.keys[-1]).endswith("_module")]
    for step in sequences:
        if step.keys not in followed:
            yield from _ignored_pause(tree, step)
        if _runs_body_without_flow(tree, step):
            yield from _retry_without_arguments(tree, step)
            yield from _other_previous_result(tree, step)
    for step in tree.steps:
        yield from _zero(tree, step)


def _ignored_pause(tree: FlowTree, step: Step) -> Iterator[Finding]:
    for name in ("sleep", "suspend"):
        setting = step.data.get(name)
        if not setting or (name == "suspend" and not mapping(setting).get("required_events")):
            continue
        yield tree.document.place((*step.keys, name)).find(
            "WM420",
            f"{step.id} comes last, so its {name} is ignored in a deployed flow; only a preview waits.",
            "Add a step after it, such as an identity.",
        )


def _retry_without_arguments(tree: FlowTree, step: Step) -> Iterator[Finding]:
    retry = mapping(step.data.get("retry"))
    attempts = [mapping(retry.get(kind)).get("attempts") for kind in ("constant", "exponential")]
    if any(attempts):
        yield tree.document.place((*step.keys, "retry")).find(
            "WM421",
            f"Deployed, Windmill runs the loop {step.id} again without the flow's arguments.",
            "Put the retry on the step inside.",
        )


def _other_previous_result(tree: FlowTree, step: Step) -> Iterator[Finding]:
    body = step.value["modules"][0]
    inputs = mapping(mapping(body.get("value")).get("input_transforms"))
    for name, transform in inputs.items():
        if step.type == "forloopflow" and "previous_result" in str(mapping(transform).get("expr")):
            keys = (*step.keys, "value", "modules", 0, "value", "input_transforms", name, "expr")
            yield tree.document.place(keys).find(
                "WM424",
                f"In a loop of one step previous_result is the step's before {step.id}; in a preview the"
                " flow's input.",
                "Name the step: results.<id>.",
            )


def _runs_body_without_flow(tree: FlowTree, step: Step) -> bool:
    """Whether the body is one plain step, which Windmill then runs in the flow itself."""
    modules = step.value.get("modules")
    if step.type not in _LOOPS or step.value.get("parallel") or tree.value.get("failure_module"):
        return False
    if not isinstance(modules, list) or len(modules) != 1:
        return False
    body = mapping(modules[0])
    is_plain = mapping(body.get("value")).get("type") in _RUNS_ALONE
    mocked = mapping(body.get("mock")).get("enabled")
    return is_plain and not mocked and not any(body.get(name) for name in _NEEDS_A_FLOW)


def _zero(tree: FlowTree, step: Step) -> Iterator[Finding]:
    if _is_zero(step.data.get("timeout")):
        yield tree.document.place((*step.keys, "timeout")).find(
            "WM422", f"With timeout 0 {step.id} ends the moment it starts.", "Give it a second or more."
        )
    if step.value.get("parallel") and _is_zero(step.value.get("parallelism")):
        yield tree.document.place((*step.keys, "value", "parallelism")).find(
            "WM423",
            f"With parallelism 0 {step.id} starts no iteration, and the flow hangs.",
            "Have at least 1.",
        )


def _is_zero(setting: Any) -> bool:
    value = mapping(setting).get("value") if isinstance(setting, dict) else setting
    return not isinstance(value, bool) and value == 0
