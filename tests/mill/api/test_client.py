"""The official client, unmodified, in a process of its own."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from mill.engine import runtime
from mill.ports import Completed
from tests.mill.api.stage import Stage


def double(args: Mapping[str, Any]) -> Any:
    if args["n"] < 0:
        raise RuntimeError("n is negative")
    return args["n"] * 2


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    root = tmp_path_factory.mktemp("workspace")
    stage = Stage(root, tmp_path_factory.mktemp("state"))
    stage.template("variable", "f/crm/token", "a-secret", is_secret=True)
    stage.template("resource", "f/crm/host", {"name": "crm.example.com"}, resource_type="host")
    account = {"token": "$var:f/crm/token", "hosts": ["$res:f/crm/host"], "port": 443}
    stage.template("resource", "f/crm/account", account, resource_type="crm_account")
    stage.jobs.functions["f/demo/double"] = double
    stage.jobs.functions["f/demo/flow"] = lambda args: {"got": dict(args)}
    with stage.serve():
        yield stage
        stage.jobs.close()


def run(stage: Stage, code: str, **environment: str) -> Any:
    """What the code leaves in `result`."""
    program = "import json, wmill, warnings\n" + textwrap.dedent(code) + "\nprint(json.dumps(result))"
    done = stage.script(program, **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_a_job_can_read_its_arguments_as_they_were_sent(served: Stage) -> None:
    job = served.jobs.add("script", "f/demo/double")
    job.args = {"n": "$var:f/crm/token"}
    reply = served.send("GET", f"/api/w/local/jobs_u/get_args/{job.id}", token=True)
    assert reply.json() == {"n": "$var:f/crm/token"}
    assert served.send("GET", f"/api/w/local/jobs_u/get_args/{job.id}").status == 401


def test_a_completed_job_is_asked_for_until_it_is_one(served: Stage) -> None:
    job = served.jobs.add("flow", "f/demo/flow", status="running", started_at=1000.0)
    path = f"/api/w/local/jobs_u/completed/get/{job.id}"
    assert served.send("GET", path, token=True).status == 404
    served.jobs.end(job, Completed(success=True, result=[1]), "success")
    completed = served.send("GET", path, token=True).json()
    assert (completed["success"], completed["result"]) == (True, [1])
    assert completed["flow_status"] == {"step": 0, "modules": []}


def test_variables_are_read_created_and_updated(served: Stage) -> None:
    code = """
        before = wmill.get_variable("f/crm/token")
        wmill.set_variable("f/crm/new", "one", is_secret=True)
        wmill.set_variable("f/crm/new", "two")
        wmill.set_variable("f/crm/token", "changed")
        result = [before, wmill.get_variable("var://f/crm/new"), wmill.get_variable("f/crm/token")]
        wmill.set_variable("f/crm/token", "a-secret")
    """
    assert run(served, code) == ["a-secret", "two", "changed"]


def test_resources_come_resolved_or_as_stored_and_can_be_set(served: Stage) -> None:
    code = """
        wmill.set_resource("f/crm/made", {"x": 1, "token": "$var:f/crm/token"}, "any")
        wmill.set_resource("f/crm/made", {"x": 2, "token": "$var:f/crm/token"}, "any")
        result = [
            wmill.get_resource("f/crm/account"),
            wmill.get_resource("f/crm/account", interpolated=False),
            wmill.get_resource("f/crm/made"),
            wmill.get_resource("f/crm/nothing", none_if_undefined=True),
            sorted(row["path"] for row in wmill.list_resources("crm_account")),
        ]
    """
    resolved = {"token": "a-secret", "hosts": [{"name": "crm.example.com"}], "port": 443}
    stored = {"token": "$var:f/crm/token", "hosts": ["$res:f/crm/host"], "port": 443}
    made = {"x": 2, "token": "a-secret"}
    assert run(served, code) == [resolved, stored, made, None, ["f/crm/account"]]


def test_a_missing_resource_names_the_nearest_one(served: Stage) -> None:
    done = served.script("import wmill; wmill.get_resource('f/crm/acount')")
    assert done.returncode == 1
    assert "There is no resource f/crm/acount." in done.stderr
    assert "f/crm/account" in done.stderr


def test_state_is_kept_between_jobs(served: Stage) -> None:
    where = {"WM_STATE_PATH": "f/demo/double/user"}
    assert run(served, "result = wmill.get_state()", **where) is None
    assert run(served, "wmill.set_state({'cursor': 7}); result = wmill.get_state()", **where) == {"cursor": 7}
    assert run(served, "result = wmill.get_state()", **where) == {"cursor": 7}


def test_progress_is_recorded_and_read_back(served: Stage) -> None:
    job = served.jobs.add("script", "f/demo/double")
    code = "before = wmill.get_progress(); wmill.set_progress(150); result = [before, wmill.get_progress()]"
    assert run(served, code, WM_JOB_ID=job.id) == [None, 99]


def test_flow_user_state_is_shared_by_the_steps_of_a_flow(served: Stage) -> None:
    flow = served.jobs.add("flow", "f/demo/flow")
    step = served.jobs.add("script", "f/demo/double", parent=flow.id, root=flow.id)
    code = """
        wmill.set_flow_user_state("seen", {"n": 1})
        result = [wmill.get_root_job_id(), wmill.get_flow_user_state("seen"), wmill.get_flow_user_state("no")]
    """
    assert run(served, code, WM_JOB_ID=step.id) == [flow.id, {"n": 1}, None]
    assert served.jobs.flow_user_state(flow.id) == {"seen": {"n": 1}}


def test_s3_objects_are_written_read_signed_and_deleted(served: Stage, tmp_path: Path) -> None:
    (tmp_path / "big.csv").write_bytes(b"id\n" * 100_000)
    code = f"""
        import httpx
        first = wmill.write_s3_file({{"s3": "in/a.txt"}}, b"hello", content_type="text/x-demo")
        with open({str(tmp_path / "big.csv")!r}, "rb") as file:
            wmill.write_s3_file("s3:///in/big.csv", file)
        unnamed = wmill.write_s3_file(None, b"x")
        with wmill.load_s3_file_reader(wmill.S3Object(s3="in/big.csv")) as reader:
            head, rest = reader.read(6), len(reader.read())
        url = wmill.get_presigned_s3_public_url({{"s3": "in/a.txt"}})
        reply = httpx.get(url)
        result = [
            first, wmill.load_s3_file({{"s3": "/in/a.txt"}}).decode(), head.decode(), rest,
            unnamed["s3"].startswith("windmill_uploads/"), reply.text, reply.headers["content-type"],
        ]
        wmill.delete_s3_object({{"s3": "in/a.txt"}})
        result.append(httpx.get(url).status_code)
    """
    expected = [{"s3": "in/a.txt", "storage": None}, "hello", "id\nid\n", 299_994, True, "hello"]
    found = run(served, code)
    assert found[:6] == expected
    assert found[6].startswith("text/x-demo")
    assert found[7] == 404


def test_scripts_and_flows_are_started_waited_for_and_cancelled(served: Stage) -> None:
    held = served.jobs.add("script", "f/demo/slow", status="running")
    code = f"""
        job = wmill.run_script_by_path_async("f/demo/double", {{"n": 21}})
        flow = wmill.run_flow_async("f/demo/flow", {{"a": 1}})
        client = wmill.Windmill()
        result = [
            client.wait_job(job), wmill.get_job_status(job), wmill.get_result(job),
            client.wait_job(flow), wmill.run_script_by_path("f/demo/double", {{"n": 4}}),
            wmill.get_job_status({held.id!r}), wmill.get_job(job)["duration_ms"],
        ]
        wmill.cancel_job({held.id!r}, "no longer needed")
        result.append(wmill.get_job_status({held.id!r}))
    """
    assert run(served, code) == [42, "COMPLETED", 42, {"got": {"a": 1}}, 8, "RUNNING", 1500, "COMPLETED"]
    ended = held.completed
    assert ended == Completed(False, {"error": {"name": "Canceled", "message": "no longer needed"}})


def test_a_python_preview_runs_the_code_it_brings(served: Stage) -> None:
    served.jobs.functions[""] = lambda args: args["n"] + 1  # the path of code that has none
    code = "result = wmill.run_inline_script_preview('def main(n): ...', 'python3', {'n': 2})"
    assert run(served, code) == 3


def test_a_failed_script_raises_its_message(served: Stage) -> None:
    done = served.script("import wmill; wmill.run_script_by_path('f/demo/double', {'n': -1})")
    assert done.returncode == 1
    assert "was not successful" in done.stderr
    assert "n is negative" in done.stderr


def test_a_script_that_does_not_exist_is_refused_with_its_name(served: Stage) -> None:
    done = served.script("import wmill; wmill.run_script_by_path('f/demo/no', {})")
    assert "There is no script f/demo/no." in done.stderr


@pytest.mark.parametrize(
    ("result", "shown"),
    [
        ({"description": {"md": "Two <b>rows</b>"}}, "<pre>Two &lt;b&gt;rows&lt;/b&gt;</pre>"),
        ({"description": "Two & two"}, "<pre>Two &amp; two</pre>"),
        ({"description": "half \ud800 a character"}, "<pre>half ? a character</pre>"),
        ({"description": {"rows": 2}}, "<pre>{\n  &quot;rows&quot;: 2\n}</pre>"),
        ({"other": 1}, "waits for an answer"),
        ([1], "waits for an answer"),
    ],
)
def test_the_approval_page_shows_what_the_step_says_to_whoever_decides(
    served: Stage, result: Any, shown: str
) -> None:
    job = served.jobs.add("script", "f/demo/double")
    served.jobs.end(job, Completed(True, result), "success")
    served.jobs.waiting.add(job.id)
    code = "import httpx; result = httpx.get(wmill.get_resume_urls()['approvalPage']).text"
    page = run(served, code, WM_JOB_ID=job.id)
    assert shown in page
    assert page.count("<pre>") == (1 if "<pre>" in shown else 0)


def test_resume_urls_approve_once(served: Stage) -> None:
    job = served.jobs.add("script", "f/demo/double")
    served.jobs.waiting.add(job.id)
    code = """
        import httpx
        urls = wmill.get_resume_urls(approver="kim")
        page = httpx.get(urls["approvalPage"])
        first = httpx.post(urls["resume"], json={"note": "fine"})
        result = [sorted(urls), page.status_code, first.status_code, httpx.get(urls["cancel"]).status_code]
    """
    assert run(served, code, WM_JOB_ID=job.id) == [["approvalPage", "cancel", "resume"], 200, 201, 404]
    (resume,) = served.jobs.resumes[job.id]
    assert (resume.approved, resume.payload, resume.approver) == (True, {"note": "fine"}, "kim")


def test_the_client_learns_who_and_what_it_talks_to(served: Stage) -> None:
    code = "client = wmill.Windmill(); result = [wmill.whoami()['username'], client.version]"
    user, version = run(served, code)
    assert user == runtime.USER
    assert "mill" in version


@pytest.mark.parametrize(
    ("code", "endpoint"),
    [
        ("wmill.get_id_token('x')", "POST /api/w/local/oidc/token/x is not offered"),
        ("wmill.cancel_running()", "GET /api/w/local/jobs/list is not offered"),
        ("wmill.boto3_connection_settings()", "s3_resource_info is not offered"),
        ("wmill.run_inline_script_preview('select 1', 'postgresql', {})", "SQL on data tables only"),
        ("wmill.load_s3_file({'s3': 'a'}, 'f/crm/bucket')", "f/crm/bucket"),
        ("wmill.run_script_by_path_async('f/demo/double', {}, retry={'constant': {}})", "?retry="),
        ("wmill.run_script_by_hash('abc')", "by path only"),
    ],
)
def test_what_is_not_offered_is_refused_by_name(served: Stage, code: str, endpoint: str) -> None:
    done = served.script(f"import wmill; {code}", WM_JOB_PATH="f/demo/double")
    assert done.returncode == 1
    assert endpoint in done.stderr
