"""Subflows, preprocessors, caches, shared folders: what reaches over more than one sequence of steps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mill.engine.jobs.outcome import error_of
from mill.engine.runtime import ResultCache
from mill.ports import Target
from tests.mill.engine.lab import Lab, const, fail, give, identity, loop, py, stop, subflow


def test_a_subflow_gets_its_arguments_and_gives_its_result(lab: Lab) -> None:
    inner = lab.write_flow([give("x", "flow_input.n + 1")])
    assert lab.flow([subflow("s", inner, {"n": "flow_input.n * 10"})], {"n": 2}).result == 21


def test_a_subflow_sees_its_callers_results(lab: Lab) -> None:
    inner = lab.write_flow([give("x", "results.outer")])
    assert lab.flow([const("outer", 5), subflow("s", inner)]).result == 5


def test_a_callers_steps_do_not_see_results_inside_a_subflow(lab: Lab) -> None:
    inner = lab.write_flow([const("x", 5)])
    assert lab.flow([subflow("s", inner), give("b", "results.x")]).result is None


def test_a_subflows_early_stop_stays_inside(lab: Lab) -> None:
    inner = lab.write_flow([const("x", 5, stop_after_if=stop("true")), fail("y")])
    assert lab.flow([subflow("s", inner), give("b", "results.s + 1")]).result == 6


def test_a_failed_subflow_fails_its_step(lab: Lab) -> None:
    inner = lab.write_flow([fail("x", "deep")])
    completed = lab.flow([subflow("s", inner)])
    assert not completed.success
    assert error_of(completed.result)["message"] == "deep"


HANDLED_AGAIN = give("failure", "[error.name, error.message, previous_result]")


def test_a_failure_a_subflow_handled_is_handled_again_above(lab: Lab) -> None:
    inner = lab.write_flow([fail("x")], failure_module=const("failure", "inside"))
    completed = lab.flow([subflow("s", inner)], failure_module=HANDLED_AGAIN)
    assert not completed.success
    assert completed.result == ["UnknownError", "Could not parse the error", "inside"]


def test_a_failure_a_subflow_in_a_loop_handled_is_handled_again_above(lab: Lab) -> None:
    inner = lab.write_flow([fail("x")], failure_module=const("failure", "inside"))
    completed = lab.flow([loop("l", "[1]", [subflow("s", inner)])], failure_module=HANDLED_AGAIN)
    assert not completed.success
    assert completed.result == [["UnknownError", "Could not parse the error", "inside"]]


def test_a_subflows_recover_has_no_effect(lab: Lab) -> None:
    inner = lab.write_flow([fail("x")], failure_module=const("failure", {"recover": True}))
    assert not lab.flow([subflow("s", inner)]).success


def test_a_subflow_has_its_own_flow_env(lab: Lab) -> None:
    inner = lab.write_flow([give("x", "flow_env.place")], flow_env={"place": "inner"})
    assert lab.flow([subflow("s", inner)], flow_env={"place": "outer"}).result == "inner"


def test_a_subflows_preprocessor_is_dropped(lab: Lab) -> None:
    inner = lab.write_flow([give("x", "flow_input.n")], preprocessor_module=preprocessor("{'n': 9}"))
    assert lab.flow([subflow("s", inner, {"n": "1"})], event={"body": {}}).result == 1


def preprocessor(expression: str) -> dict[str, Any]:
    code = f"def preprocessor(event):\n    return {expression}"
    return {"id": "preprocessor", "value": {"type": "rawscript", "language": "python3", "content": code}}


@pytest.mark.parametrize(
    ("expression", "flow_input"),
    [("{'n': event['body']['n']}", {"n": 4}), ("None", {}), ("5", {"value": 5}), ("[1]", {"value": [1]})],
)
def test_a_preprocessor_makes_the_flows_arguments(lab: Lab, expression: str, flow_input: Any) -> None:
    completed = lab.flow(
        [give("a", "flow_input")], event={"body": {"n": 4}}, preprocessor_module=preprocessor(expression)
    )
    assert completed.result == flow_input


def test_without_an_event_the_preprocessor_does_not_run(lab: Lab) -> None:
    completed = lab.flow([give("a", "flow_input")], {"n": 1}, preprocessor_module=preprocessor("1 / 0"))
    assert completed.result == {"n": 1}


def test_a_failing_preprocessor_fails_the_flow(lab: Lab) -> None:
    completed = lab.flow([const("a", 1)], event={}, preprocessor_module=preprocessor("1 / 0"))
    assert error_of(completed.result)["name"] == "ZeroDivisionError"


def test_steps_on_the_same_worker_share_a_folder(lab: Lab) -> None:
    write = py("w", "open('shared/note', 'w').write('hi')")
    read = py("r", "return open('shared/note').read()")
    assert lab.flow([write, read], same_worker=True).result == "hi"
    assert error_of(lab.flow([write, read]).result)["name"] == "FileNotFoundError"


COUNT = "p = __import__('pathlib').Path(f); p.write_text(p.read_text() + 'x'); return len(p.read_text())"


def test_a_cached_step_runs_once_for_the_same_arguments(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "count"
    file.write_text("", "utf-8")
    path = lab.write_flow([py("a", COUNT, {"f": "flow_input.f", "n": "flow_input.n"}, cache_ttl=60)])
    arguments = [{"f": str(file), "n": n} for n in (1, 1, 2)]
    assert [lab.run("flow", path, args).result for args in arguments] == [1, 1, 2]


def test_a_cached_flow_runs_once_for_the_same_arguments(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "count"
    file.write_text("", "utf-8")
    path = lab.write_flow([py("a", COUNT, {"f": "flow_input.f"})], cache_ttl=60)
    assert [lab.run("flow", path, {"f": str(file)}).result for _ in range(2)] == [1, 1]


def test_a_failure_is_not_cached(lab: Lab, tmp_path: Path) -> None:
    file = tmp_path / "count"
    path = lab.write_flow([py("a", COUNT, {"f": "flow_input.f"}, cache_ttl=60)])
    assert not lab.run("flow", path, {"f": str(file)}).success
    file.write_text("", "utf-8")
    assert lab.run("flow", path, {"f": str(file)}).result == 1


def test_a_cached_result_expires(tmp_path: Path) -> None:
    now = [100.0]
    cache = ResultCache(tmp_path, now=lambda: now[0])
    cache.put("f/a/b", {"n": 1}, "kept", 10)
    assert cache.get("f/a/b", {"n": 1}) == (True, "kept")
    assert cache.get("f/a/b", {"n": 2}) == (False, None)
    now[0] = 110.0
    assert cache.get("f/a/b", {"n": 1}) == (False, None)


def test_a_scripts_own_timeout_and_cache_act(lab: Lab, tmp_path: Path) -> None:
    slow = lab.write_script("import time\ndef main():\n    time.sleep(30)", metadata={"timeout": 1})
    message = error_of(lab.run("script", slow).result)["message"]
    assert message == "job process terminated due to timeout after exceeding job-specific duration limit"
    file = tmp_path / "count"
    file.write_text("", "utf-8")
    cached = lab.write_script(f"def main(f):\n    {COUNT}", metadata={"cache_ttl": 60})
    assert [lab.run("script", cached, {"f": str(file)}).result for _ in range(2)] == [1, 1]


def test_the_environment_of_a_step_names_its_flow(lab: Lab) -> None:
    path = lab.write_flow([py("fetch", "return dict(os.environ)"), identity("b")])
    env = lab.run("flow", path).result
    assert env["WM_FLOW_PATH"] == path
    assert env["WM_JOB_PATH"] == f"{path}/fetch"
    assert env["WM_STATE_PATH"] == f"{path}/fetch_user"
    assert env["WM_OBJECT_PATH"].startswith(f"{path.replace('/', '_')}/manual/fetch/")
    assert env["WM_FLOW_JOB_ID"] == env["WM_ROOT_FLOW_JOB_ID"] == env["WM_ROOT_JOB_ID"] != env["WM_JOB_ID"]


def test_a_step_in_a_loop_has_the_root_flows_id_too(lab: Lab) -> None:
    body = [
        py("x", "return [os.environ['WM_FLOW_JOB_ID'], os.environ['WM_ROOT_FLOW_JOB_ID']]"),
        identity("y"),
    ]
    ((own, root),) = lab.flow([loop("l", "[1]", body)]).result
    assert own != root


def test_flow_user_state_is_shared_by_the_whole_run(lab: Lab) -> None:
    engine = lab.session.engine
    inner = lab.write_flow([give("x", "flow_user_state('k')")])
    path = lab.write_flow([py("wait", "import time; time.sleep(0.2)"), subflow("s", inner)])
    job = engine.start(Target("flow", path), {})
    engine.flow_user_state(job)["k"] = "seen"
    completed = engine.wait(job, 30)
    assert completed is not None
    assert completed.result == "seen"
