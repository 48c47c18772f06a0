"""Where a flow, once deployed, does otherwise than in the editor's preview. `mill` runs it as deployed."""

from __future__ import annotations

from collections.abc import Iterator

from mill.engine.definition.openflow import (
    Flow,
    ForLoop,
    Module,
    ScriptStep,
    SubflowStep,
    runs_body_without_flow,
    sequences,
    walk,
)


def differences(flow: Flow) -> Iterator[str]:
    """Yield a sentence for each setting of this flow that a preview treats otherwise."""
    for sequence in sequences(flow.modules):
        yield from _ignored_pauses(sequence[-1])
    for module in walk(flow.modules):
        if isinstance(module.value, ForLoop) and runs_body_without_flow(module, flow.failure_module):
            yield from _other_previous_result(*module.value.modules)


def _ignored_pauses(last: Module) -> Iterator[str]:
    pauses = ["sleep"] * (last.sleep is not None) + ["suspend"] * (last.suspend is not None)
    if pauses:
        yield (
            f"step {last.id} comes last, so a deployed flow ignores its {' and '.join(pauses)}, and mill"
            " does too (a preview on Windmill waits); add a step after it, such as an identity."
        )


def _other_previous_result(body: Module) -> Iterator[str]:
    assert isinstance(body.value, ScriptStep | SubflowStep)
    if any("previous_result" in (transform.expr or "") for transform in body.value.inputs.values()):
        yield (
            f"step {body.id} is all its loop runs, so its previous_result is the step's before in a deployed"
            " flow, and in mill (in a preview on Windmill the flow's input); name the step: results.<id>."
        )
