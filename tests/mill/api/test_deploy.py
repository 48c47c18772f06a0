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


def form(app: Any, boundary: str = "x-x") -> tuple[bytes, dict[str, str]]:
    """The form in which the Windmill CLI sends a page."""
    parts = {"app": json.dumps(app), "js": "alert('é')", "css": "body{}"}
    body = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        for name, text in parts.items()
    )
    kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return f"{body}--{boundary}--\r\n".encode(), kind


def send_app(served: Stage, path: str, app: Any) -> Reply:
    body, headers = form(app)
    return served.send("POST", f"{API}/apps/{path}", body, headers, token=True)


def page(path: str = "f/mine/page", **fields: Any) -> dict[str, Any]:
    runnables = {"greet": {"type": "path", "runType": "script", "path": "f/demo/greet"}}
    value = {"files": {"/index.tsx": "é();", "/parts/one.ts": ""}, "runnables": runnables}
    policy = {"execution_mode": "viewer"}
    return {"path": path, "summary": "A page", "policy": policy, "value": value, **fields}


def test_a_deployed_page_is_shown_as_it_was_sent_until_it_is_deleted(served: Stage) -> None:
    assert send_app(served, "create_raw", page()).status == 201
    assert send_app(served, "create_raw", page()).text == "App f/mine/page already exists."
    shown = send(served, "GET", "apps/get/p/f/mine/page").json()
    assert shown == {**page(), "raw_app": True, "extra_perms": {}}
    assert send_app(served, "update_raw/f/mine/page", page(summary="Other")).status == 200
    listed = send(served, "GET", "apps/list").json()
    assert [(app["path"], app["summary"]) for app in listed] == [("f/mine/page", "Other")]
    assert send(served, "DELETE", "apps/delete/f/mine/page").status == 200
    assert send(served, "GET", "apps/exists/f/mine/page").json() is False
    assert send(served, "GET", "apps/get/p/f/mine/page").status == 404


def test_a_page_of_the_repository_is_shown_and_never_replaced(served: Stage) -> None:
    served.write("f/demo/own__raw_app/raw_app.yaml", "summary: Ours\npolicy: {execution_mode: viewer}\n")
    served.write("f/demo/own__raw_app/index.tsx", "ours();")
    served.write("f/demo/own__raw_app/backend/run.yaml", "type: flow\npath: f/demo/steps\n")
    shown = send(served, "GET", "apps/get/p/f/demo/own").json()
    assert shown["value"] == {
        "files": {"/index.tsx": "ours();"},
        "runnables": {"run": {"type": "path", "runType": "flow", "path": "f/demo/steps"}},
    }
    assert send_app(served, "create_raw", page("f/demo/own")).status == 400
    assert send_app(served, "update_raw/f/demo/own", page("f/demo/own")).status == 400
    assert send(served, "DELETE", "apps/delete/f/demo/own").status == 400
    assert (served.root / "f/demo/own__raw_app/index.tsx").read_text("utf-8") == "ours();"


@pytest.mark.parametrize(
    ("app", "sentence"),
    [
        ("text", "The form needs app, a JSON object."),
        ({"value": {}}, "The app needs path, a text."),
        ({"path": "f/mine/page"}, "A raw app needs value, an object with files and runnables."),
        (
            page(value={"files": {"/../../out.py": ""}, "runnables": {}}),
            "'../../out.py' is not the name of a file in a raw app.",
        ),
        (
            page(value={"files": {}, "runnables": {"../x": {}}}),
            "'backend/../x.yaml' is not the name of a file in a raw app.",
        ),
        (page("f/nowhere/page"), "There is no folder nowhere: create it first."),
    ],
)
def test_a_page_that_is_none_is_refused_with_a_sentence(served: Stage, app: Any, sentence: str) -> None:
    refused = send_app(served, "create_raw", app)
    assert (refused.status, refused.text) == (400, sentence)
    assert send(served, "GET", "apps/list").json() == []


def test_a_page_comes_as_a_form(served: Stage) -> None:
    refused = post(served, "apps/create_raw", page())
    assert (refused.status, "multipart/form-data" in refused.text) == (415, True)
