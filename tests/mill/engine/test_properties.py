"""Any flow built from supported steps ends, and its result has the shape its steps promise."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from mill.engine.jobs.outcome import error_of
from tests.mill.engine.lab import (
    Lab,
    Step,
    all_of,
    const,
    identity,
    loop,
    one_of,
    retries,
    stop,
    transforms,
    while_,
)
from tests.properties import at_most

VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.text(max_size=3), st.lists(st.integers(0, 2), max_size=3)
)
PREDICATES = st.sampled_from(
    ["true", "false", "result", "results.s1", "error", "flow_input.n > 1", "null.x", "result.length"]
)
STOPS = st.builds(stop, PREDICATES, skipped=st.booleans(), message=st.sampled_from([None, "", "enough"]))
BROKEN: Step = {
    "id": "",
    "value": {"type": "script", "path": "f/lab/broken", "input_transforms": transforms({"x": "null.x"})},
}

# A leaf needs no process: mocks, identities, and a step whose transform throws.
LEAVES: st.SearchStrategy[Step] = st.one_of(
    VALUES.map(lambda value: const("", value)), st.just(identity("")), st.just(BROKEN)
)
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "skip_if": PREDICATES.map(lambda expr: {"expr": expr}),
        "stop_after_if": STOPS,
        "stop_after_all_iters_if": STOPS,
        "continue_on_error": st.booleans(),
        "retry": st.integers(0, 2).map(lambda attempts: retries(attempts, 1)),
        "sleep": st.sampled_from([{"type": "static", "value": 1}, {"type": "javascript", "expr": "result"}]),
        "suspend": st.just({"required_events": 1, "timeout": 0}),
    },
)


def containers(inner: st.SearchStrategy[Step]) -> st.SearchStrategy[Step]:
    body = st.lists(inner, max_size=3)
    iterators = st.sampled_from(["[]", "[1, 2]", "results.s1 ?? []", "5"])
    return st.one_of(
        st.builds(loop, st.just(""), iterators, body, parallel=st.booleans(), skip_failures=st.booleans()),
        st.builds(lambda steps: while_("", [*steps, const("", 1, stop_after_if=stop("true"))]), body),
        st.builds(one_of, st.just(""), st.lists(st.tuples(PREDICATES, body), max_size=2), body),
        st.builds(
            all_of,
            st.just(""),
            st.lists(body, max_size=3),
            parallel=st.booleans(),
            skip=st.sampled_from([(), (0,)]),
        ),
    )


STEPS = st.recursive(
    st.builds(lambda leaf, more: {**leaf, **more}, LEAVES, SETTINGS),
    lambda inner: st.builds(lambda outer, more: {**outer, **more}, containers(inner), SETTINGS),
    max_leaves=8,
)


def numbered(value: Any, counter: list[int]) -> Any:
    """The same steps with ids s1, s2, ... in the order in which they stand."""
    if isinstance(value, list | tuple):
        return [numbered(item, counter) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("id") == "":
        counter[0] += 1
        value = {**value, "id": f"s{counter[0]}"}
    return {key: numbered(item, counter) for key, item in value.items()}


@settings(deadline=None, max_examples=at_most(100), suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEPS, max_size=4), handler=st.sampled_from([None, "handled", {"recover": True}]))
def test_any_flow_ends_with_a_result_of_the_documented_shape(
    shared_lab: Lab, steps: Any, handler: Any
) -> None:
    shared_lab.write_script("def main(x):\n    return x", "f/lab/broken")
    value = {} if handler is None else {"failure_module": const("failure", handler)}
    steps = numbered(steps, [0])

    completed = shared_lab.flow(steps, {"n": 2}, **value)

    if not completed.success:
        assert error_of(completed.result) or completed.result == handler or isinstance(completed.result, list)
    if not steps:
        assert completed.result == {"n": 2}
    error = error_of(completed.result)
    assert not error or "message" in error
    assert not shared_lab.session.engine._runtime.jobs.running()
    shared_lab.reset()
