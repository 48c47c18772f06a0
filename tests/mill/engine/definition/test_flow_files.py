"""What a flow.yaml may say, and what is refused before anything runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mill.engine.definition.flow_file import read_flow
from mill.engine.definition.openflow import ForLoop, Identity
from mill.errors import MillError
from tests.mill.engine.lab import (
    Lab,
    Step,
    all_of,
    const,
    identity,
    loop,
    py,
    retries,
    stop,
    subflow,
    while_,
)


def read(folder: Path, value: dict[str, Any]) -> Any:
    (folder / "flow.yaml").write_text(json.dumps({"summary": "", "value": value}), "utf-8")
    return read_flow("f/lab/flow", folder / "flow.yaml")


def of_type(kind: str, **value: Any) -> Step:
    return {"id": "ask", "value": {"type": kind, **value}}


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (of_type("aiagent"), "step ask is of type aiagent, which runs only on Windmill"),
        (
            of_type("rawscript", language="bun", content=""),
            "step ask is written in bun; only Python runs here",
        ),
        (of_type("script", path="hub/1/x"), "from Windmill's hub; save it in the workspace"),
        (of_type("script", path="f/a/b", hash="12"), "is pinned to a deployed version (`hash`)"),
        (of_type("script", path="f/a/b", inputs={}), "has the setting inputs, which mill does not support"),
        (of_type("flow", path="f/a/b", input_transforms={"x": {"type": "ai"}}), "has an input of type ai"),
        (of_type("forloopflow", modules=[]), "step ask is a loop without an `iterator`"),
        (of_type("forloopflow", modules="x", iterator={"type": "static"}), "needs `modules` to be a list"),
        (of_type("whileloopflow", modules=[], parallel=True), "is a while loop with `parallel`"),
        (of_type("rawscript", language="python3", content="!inline gone.py"), "gone.py, which is not in"),
        (identity("ask", stop_after_if={"expr": "true"}), "stops early without `skip_if_stopped`"),
        (identity("ask", skip_if="true"), "needs skip_if to be a mapping with an `expr`"),
        (identity("ask", timeout=-1), "has timeout -1; it takes a whole number of at least 1"),
        (
            identity("ask", timeout=0),
            "has timeout 0; Windmill ends such a step the moment it starts",
        ),
        (identity("ask", timeout={"type": "static", "value": 0}), "has timeout 0; Windmill ends such a step"),
        (
            loop("ask", "[1]", [identity("x")], parallel=True, parallelism=0),
            "step ask has parallelism 0; Windmill then starts no iteration and the flow hangs",
        ),
        (
            loop("ask", "[1]", [py("x", "return 1")], retry=retries(1, 1)),
            "step ask is a loop of one plain step with a `retry`; deployed, Windmill runs the loop again",
        ),
        (
            while_("ask", [py("x", "return 1")], retry=retries(1, 1)),
            "step ask is a loop of one plain step with a `retry`; deployed, Windmill runs the loop again",
        ),
        (identity("ask", timeout="5"), "has timeout '5'"),
        (
            identity("ask", suspend={"required_events": 1, "user_auth_required": True}),
            "asks for approval by signed-in",
        ),
        (
            identity("ask", retri={}),
            "has the setting retri, which mill does not support. Did you mean retry?",
        ),
        (identity("ask", retry={"linear": {}}), "has the setting linear"),
        ({"id": "ask"}, "a step is not a mapping with an id and a value"),
        ({"value": {"type": "identity"}}, "a step has no id"),
    ],
)
def test_what_windmill_would_run_otherwise_is_refused(tmp_path: Path, step: Step, sentence: str) -> None:
    with pytest.raises(MillError) as caught:
        read(tmp_path, {"modules": [step]})
    assert sentence in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "flow.yaml"))


@pytest.mark.parametrize(
    "body",
    [
        [py("x", "return 1"), identity("y")],
        [py("x", "return 1", retry=retries(1, 1))],
        [py("x", "return 1", skip_if={"expr": "false"})],
    ],
)
def test_a_retry_of_a_loop_with_a_flow_around_its_body_is_accepted(tmp_path: Path, body: list[Step]) -> None:
    read(tmp_path, {"modules": [loop("l", "[1]", body, retry=retries(1, 1))]})


@pytest.mark.parametrize(
    ("more", "value"),
    [({"parallel": True}, {}), ({}, {"failure_module": identity("failure")})],
    ids=["parallel", "with a failure module"],
)
def test_a_retry_of_a_loop_of_one_step_is_accepted_where_a_flow_is_around_it(
    tmp_path: Path, more: dict[str, Any], value: dict[str, Any]
) -> None:
    step = loop("l", "[1]", [py("x", "return 1")], retry=retries(1, 1), **more)
    read(tmp_path, {"modules": [step], **value})


def test_a_step_that_cannot_run_here_may_be_mocked(lab: Lab) -> None:
    step = of_type("aiagent", tools=[])
    assert lab.flow([{**step, "mock": {"enabled": True, "return_value": 4}}]).result == 4


def test_two_steps_with_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MillError, match="step a has the id of another step"):
        read(tmp_path, {"modules": [identity("a"), loop("l", "[]", [identity("a")])]})


@pytest.mark.parametrize("container", [loop("l", "[]", [], parallel=True), all_of("l", [], parallel=True)])
def test_parallel_with_same_worker_is_refused(tmp_path: Path, container: Step) -> None:
    with pytest.raises(MillError, match="runs in parallel, which same_worker forbids"):
        read(tmp_path, {"modules": [container], "same_worker": True})


def test_an_unknown_setting_of_the_flow_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        MillError, match=r"the flow has the setting failure_modul.* Did you mean failure_module\?"
    ):
        read(tmp_path, {"modules": [], "failure_modul": identity("failure")})


def test_a_file_without_a_value_is_refused(tmp_path: Path) -> None:
    (tmp_path / "flow.yaml").write_text("summary: x\n", "utf-8")
    with pytest.raises(MillError, match="has no `value`"):
        read_flow("f/a/b", tmp_path / "flow.yaml")


def test_settings_without_effect_on_the_data_are_accepted(tmp_path: Path) -> None:
    flow = read(tmp_path, {"modules": [identity("a", priority=3, delete_after_use=True)], "priority": 2})
    assert flow.modules[0].value == Identity()


def test_settings_that_windmill_ignores_inside_a_value_are_ignored_here_too(lab: Lab) -> None:
    code = "import time\ndef main():\n    time.sleep(0.01)\n    return 1"
    step = of_type("rawscript", language="python3", content=code, input_transforms={}, sleep=-1, skip_if=1)
    assert lab.flow([step]).result == 1


def test_branchall_runs_in_parallel_unless_it_says_no_and_loops_the_other_way_round(tmp_path: Path) -> None:
    branches = {"id": "b", "value": {"type": "branchall", "branches": []}}
    for_loop = {"id": "l", "value": {"type": "forloopflow", "modules": [], "iterator": {"type": "static"}}}
    flow = read(tmp_path, {"modules": [branches, for_loop, while_("w", [])]})
    assert flow.modules[0].value.parallel
    assert not flow.modules[1].value.parallel
    assert isinstance(flow.modules[1].value, ForLoop)
    assert not flow.modules[1].value.skip_failures


@pytest.mark.parametrize("suffix", [".flow", "__flow"])
def test_inline_code_runs_from_its_own_file(lab: Lab, suffix: str) -> None:
    path = lab.path("inline")
    folder = lab.root / f"{path}{suffix}"
    folder.mkdir(parents=True)
    (folder / "fetch.py").write_text("def main():\n    return __file__", "utf-8")
    step = of_type("rawscript", language="python3", content="!inline fetch.py", lock="!inline fetch.lock")
    (folder / "flow.yaml").write_text(json.dumps({"value": {"modules": [step]}}), "utf-8")
    assert lab.run("flow", path).result == str(folder / "fetch.py")


def test_a_yaml_tag_is_read_as_the_same_thing(lab: Lab) -> None:
    path = lab.path("tagged")
    folder = lab.root / f"{path}.flow"
    folder.mkdir(parents=True)
    (folder / "a.py").write_text("def main():\n    return 3", "utf-8")
    value = "{type: rawscript, language: python3, content: !inline a.py}"
    text = f"value:\n  modules:\n    - id: a\n      value: {value}\n"
    (folder / "flow.yaml").write_text(text, "utf-8")
    assert lab.run("flow", path).result == 3


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        (of_type("script", path="f/lab/nowhere"), "step ask: There is no script f/lab/nowhere."),
        (subflow("ask", "f/lab/nowhere"), "step ask: There is no flow f/lab/nowhere."),
        (of_type("script", path="x"), "'x' is not a Windmill path"),
        (of_type("rawscript", language="python3", content="x = 1"), "has no function main()"),
        (of_type("rawscript", language="python3", content="def main(:"), "invalid syntax"),
    ],
)
def test_what_a_flow_runs_is_looked_up_before_it_runs(lab: Lab, step: Step, sentence: str) -> None:
    with pytest.raises(MillError) as caught:
        lab.flow([py("first", "return 1"), loop("deep", "[]", [step])])
    assert sentence in str(caught.value)
    assert not lab.events


def test_the_nearest_script_is_named(lab: Lab) -> None:
    lab.write_script("def main():\n    return 1", "f/lab/fetch_orders")
    with pytest.raises(
        MillError, match=r"There is no script f/lab/fetch_order\. Did you mean f/lab/fetch_orders"
    ):
        lab.flow([of_type("script", path="f/lab/fetch_order")])


def test_a_flow_that_runs_itself_is_refused(lab: Lab) -> None:
    lab.write_flow([subflow("back", "f/lab/ping")], "f/lab/pong")
    lab.write_flow([subflow("there", "f/lab/pong")], "f/lab/ping")
    with pytest.raises(
        MillError, match="f/lab/ping which runs f/lab/pong which runs f/lab/ping: that never ends"
    ):
        lab.run("flow", "f/lab/ping")


def test_a_script_in_another_language_is_refused(lab: Lab) -> None:
    (lab.root / "f" / "lab" / "hello.ts").write_text("export async function main() {}", "utf-8")
    (lab.root / "f" / "lab" / "hello.script.yaml").write_text("summary: x\n", "utf-8")
    with pytest.raises(MillError, match=r"hello.ts is not Python"):
        lab.flow([of_type("script", path="f/lab/hello")])


def test_an_edited_flow_is_read_again(lab: Lab) -> None:
    path = lab.write_flow([const("a", 1)])
    assert lab.run("flow", path).result == 1
    lab.write_flow([const("a", 2, stop_after_if=stop("true"))], path)
    assert lab.run("flow", path).result == 2
