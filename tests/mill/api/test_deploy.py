"""What `mill serve` takes while it runs: folders, scripts, flows and routes, and flows only tried out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mill.api.server import LocalApi
from mill.ports import Jobs
from mill.repository.deployed import OpenWorkspace
from mill.repository.workspace import Workspace
from mill.session import Session
from tests.mill.api.stage import OPEN_ROUTE, Reply, Stage

API = "/api/w/local"
FLOW = {"modules": [{"id": "a", "value": {"type": "identity"}}]}


@pytest.fixture
def served(stage: Stage, tmp_path: Path) -> Iterator[Stage]:
    """A repository with one script and one flow, served with the real engine."""
    stage.write("f/demo/greet.py", "def main():\n    return 'repository'\n")
    stage.write("f/demo/steps.flow/flow.yaml", {"summary": "", "value": FLOW, "schema": {}})
    workspace = OpenWorkspace(stage.root, tmp_path / "deployed")

    def local_api(jobs: Jobs, _workspace: Workspace, state: Path) -> LocalApi:
        return LocalApi(stage.root, state, jobs, open_workspace=workspace, environment={})

    with Session(workspace, stage.state, platform=local_api) as session:
        assert isinstance(session.platform, LocalApi)
        stage.served = session.platform
        assert post(stage, "folders/create", {"name": "mine"}).status == 200
        yield stage


def post(stage: Stage, path: str, value: Any) -> Reply:
    return stage.post(f"{API}/{path}", value, token=True)


def send(stage: Stage, method: str, path: str) -> Reply:
    return stage.send(method, f"{API}/{path}", token=True)


def script(path: str = "f/mine/hello", **fields: Any) -> dict[str, Any]:
    code = "def main(n=1):\n    return ['deployed', n]\n"
    return {"path": path, "content": code, "language": "python3", **fields}


def test_a_deployed_script_runs_until_it_is_deleted(served: Stage) -> None:
    assert post(served, "scripts/create", script()).status == 201
    assert post(served, "jobs/run_wait_result/p/f/mine/hello", {"n": 3}).json() == ["deployed", 3]
    assert send(served, "GET", "scripts/exists/p/f/mine/hello").json() is True
    assert post(served, "scripts/delete/p/f/mine/hello", {}).status == 200
    assert send(served, "GET", "scripts/exists/p/f/mine/hello").json() is False
    assert post(served, "jobs/run_wait_result/p/f/mine/hello", {}).status == 404


def test_a_deployed_flow_runs_until_it_is_deleted(served: Stage) -> None:
    assert post(served, "flows/create", {"path": "f/mine/flow", "value": FLOW}).status == 201
    assert post(served, "jobs/run_wait_result/f/f/mine/flow", {"n": 3}).json() == {"n": 3}
    assert send(served, "GET", "flows/get/f/mine/flow").json()["dependency_job"] is None
    assert send(served, "DELETE", "flows/delete/f/mine/flow").status == 200
    assert post(served, "jobs/run_wait_result/f/f/mine/flow", {}).status == 404


def test_a_flow_is_tried_out_without_being_deployed(served: Stage) -> None:
    tried = post(served, "jobs/run/preview_flow", {"path": "f/mine/tried", "value": FLOW, "args": {"n": 1}})
    assert tried.status == 201
    seen: dict[str, Any] = {"completed": False}
    while not seen["completed"]:
        seen = send(served, "GET", f"jobs_u/completed/get_result_maybe/{tried.text}").json()
    assert (seen["success"], seen["result"]) == (True, {"n": 1})
    assert send(served, "GET", "flows/exists/f/mine/tried").json() is False


def test_a_route_answers_until_it_is_deleted(served: Stage) -> None:
    post(served, "scripts/create", script())
    route = {"path": "f/mine/route", "script_path": "f/mine/hello", "route_path": "mine/:n", **OPEN_ROUTE}
    assert post(served, "http_triggers/create", route).status == 201
    assert served.post("/api/r/mine/4", {"n": 5}).json() == ["deployed", 5]
    assert post(served, "http_triggers/create", {**route, "path": "f/mine/other"}).status == 400
    assert send(served, "DELETE", "http_triggers/delete/f/mine/route").status == 200
    assert served.post("/api/r/mine/4", {}).status == 404


def test_nothing_is_written_to_the_repository(served: Stage) -> None:
    before = sorted(served.root.rglob("*"))
    post(served, "scripts/create", script())
    post(served, "flows/create", {"path": "f/mine/flow", "value": FLOW})
    assert sorted(path for path in served.root.rglob("*") if "__pycache__" not in path.parts) == before


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("scripts/create", script("f/demo/greet"), "already exists"),
        ("flows/create", {"path": "f/demo/steps", "value": FLOW}, "already exists"),
        ("folders/create", {"name": "demo"}, "already exists"),
        ("folders/create", {"name": "../x"}, "not a folder's name"),
        ("scripts/create", script("f/nowhere/x"), "no folder nowhere"),
        ("scripts/create", script("f/mine"), "needs a folder and a name"),
        ("scripts/create", script("f/../../x"), "not a Windmill path"),
        ("scripts/create", script("f/mine/" + "x" * 300), "Cannot deploy"),
        ("scripts/create", script("f/mine/x\0"), "Cannot deploy"),
        ("scripts/create", {"path": "f/mine/x"}, "needs content"),
        ("flows/create", {"path": "f/mine/x"}, "needs value"),
        (
            "flows/create",
            {"path": "f/mine/x", "value": {"modules": [{"id": "a", "value": {"type": []}}]}},
            "",
        ),
        ("jobs/run/preview_flow", {"value": {"modules": "x"}}, "a list of steps"),
        ("jobs/run/preview_flow", {"value": {"modules": [{"id": "a", "value": {"type": {}}}]}}, "not a flow"),
        ("http_triggers/create", {"path": "f/mine/r"}, "authentication_method"),
    ],
)
def test_what_cannot_be_taken_is_refused(served: Stage, path: str, body: Any, said: str) -> None:
    reply = post(served, path, body)
    assert (reply.status, said in reply.text) == (400, True), reply.text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "scripts/delete/p/f/demo/greet"),
        ("DELETE", "flows/delete/f/demo/steps"),
        ("DELETE", "folders/delete/demo"),
        ("DELETE", "http_triggers/delete/f/demo/greet"),
        ("DELETE", "variables/delete/f/demo/none"),
        ("DELETE", "resources/delete/f/demo/none"),
    ],
)
def test_what_was_not_created_through_the_api_cannot_be_deleted(
    served: Stage, method: str, path: str
) -> None:
    assert send(served, method, path).status in {400, 404}
    assert (served.root / "f/demo/greet.py").is_file()
    assert (served.root / "f/demo/steps.flow/flow.yaml").is_file()


def test_variables_and_resources_that_were_set_can_be_deleted(served: Stage) -> None:
    post(served, "variables/create", {"path": "f/mine/v", "value": "x"})
    post(served, "resources/create", {"path": "f/mine/r", "value": 1, "resource_type": "any"})
    assert send(served, "DELETE", "variables/delete/f/mine/v").status == 200
    assert send(served, "DELETE", "resources/delete/f/mine/r").status == 200
    assert json.loads(send(served, "GET", "variables/exists/f/mine/v").text) is False


def test_an_api_of_one_run_takes_nothing(stage: Stage) -> None:
    with stage.serve():
        assert post(stage, "folders/create", {"name": "mine"}).status == 404
