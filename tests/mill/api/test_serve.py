"""`mill serve` as a person starts and stops it, with the real engine behind it."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from mill.api.server import LocalApi
from mill.api.transport.access_log import shown_path
from mill.engine.jobs.delayed import Delayed
from mill.ports import Target
from tests.mill.api.stage import Stage

COMMAND = "import typer; from mill.commands.serve import serve; typer.run(serve)"
SCRIPT = """
def preprocessor(event: dict):
    return {"name": event["params"]["name"], "n": event["body"]["n"]}


def main(name: str, n: int = 0):
    return {"wm_status_code": 201, "result": [name, n]}
"""


NOTE = """
from pathlib import Path


def main(file: str):
    Path(file).write_text("done")
"""


NAP = """
import time


def main():
    began = time.time()
    time.sleep(0.3)
    return [began, time.time()]
"""


@pytest.fixture
def serving(stage: Stage, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """`mill serve`, with the options that the test is given by."""
    stage.write("f/demo/nap.py", NAP)
    stage.trigger("f/demo/nap", route_path="nap")
    stage.write("f/demo/greet.py", SCRIPT)
    stage.write("f/demo/note.py", NOTE)
    stage.trigger("f/demo/greet", route_path="greet/:name")
    stage.trigger("f/demo/guarded", authentication_method="windmill", http_method="get")
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(__file__).parents[3] / "scripts"),
        "MILL_TOKEN": "an-example-token",
        "COLUMNS": "200",
    }
    process = subprocess.Popen(
        [
            *(sys.executable, "-u", "-c", COMMAND, "--port", "0", "--state", str(stage.state)),
            *getattr(request, "param", ()),
        ],
        cwd=stage.root,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    yield process
    process.kill()
    process.communicate()


def test_it_says_what_it_serves_serves_it_and_stops_on_ctrl_c(
    stage: Stage, serving: subprocess.Popen[str]
) -> None:
    assert serving.stdout is not None
    said = ""
    while "/jobs/run_wait_result/" not in said:
        line = serving.stdout.readline()
        assert line, said + (serving.stderr.read() if serving.stderr else "")
        said += line
    url = said.partition(" on ")[2].partition(". Ctrl-C")[0]
    assert ["POST", "/api/r/greet/:name", "script", "f/demo/greet", "sync", "none"] in [
        line.split() for line in said.splitlines()
    ]
    assert f"curl -X POST {url}/api/r/greet/name -H 'Content-Type: application/json' -d '{{}}'" in said
    assert f'curl {url}/api/r/f/demo/guarded -H "Authorization: Bearer an-example-token"\n' in said
    assert f"{url}/api/w/local/jobs/run_wait_result/p/f/demo/greet" in said

    greeted = stage.post("/api/r/greet/kim", {"n": 3}, url=url)
    webhook = "/api/w/local/jobs/run_wait_result/p/f/demo/greet?token=an-example-token"
    assert (greeted.status, greeted.json()) == (201, ["kim", 3])
    assert stage.send("GET", "/api/r/f/demo/guarded", url=url).status == 401
    assert (
        stage.post(webhook, {"n": 3}, url=url).status == 422
    )  # a webhook has no params for the preprocessor
    script = {"path": "u/user/new", "content": "def main():\n    return 'new'\n", "language": "python3"}
    taken = stage.post("/api/w/local/scripts/create?token=an-example-token", script, url=url)
    run = "/api/w/local/jobs/run_wait_result/p/u/user/new?token=an-example-token"
    assert (taken.status, stage.post(run, {}, url=url).json()) == (201, "new")
    assert not (stage.root / "u").exists()

    serving.send_signal(signal.SIGINT)
    _, errors = serving.communicate(timeout=30)
    assert serving.returncode == 0
    *lines, last = errors.splitlines()
    assert last == "Stopped."
    assert [line.split()[1:4] for line in lines][:3] == [
        ["POST", "/api/r/greet/kim", "201"],
        ["GET", "/api/r/f/demo/guarded", "401"],
        ["POST", "/api/w/local/jobs/run_wait_result/p/f/demo/greet", "422"],
    ]
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d \S+ \S+ \d{3} \d+ ms", line) for line in lines)
    assert "an-example-token" not in errors


def test_it_runs_the_jobs_that_other_runs_have_put_off(stage: Stage, serving: subprocess.Popen[str]) -> None:
    file = stage.root / "noted"
    put_off = Delayed(stage.state)
    put_off.keep("overdue", Target("script", "f/demo/note"), {"file": str(file)}, None, 1000.0)
    put_off.keep("gone", Target("script", "f/demo/gone"), {}, None, 2000.0)
    assert serving.stdout is not None
    assert serving.stderr is not None
    said = next(line for line in serving.stdout if line.startswith("Waiting: "))
    assert said == "Waiting: script f/demo/note (job overdue) runs at 1970-01-01 00:16:40 UTC.\n"
    assert serving.stderr.readline().startswith("Cannot run script f/demo/gone (job gone), due at 1970-01-01")
    while not file.exists():
        assert serving.poll() is None
        time.sleep(0.01)
    assert [job.id for job in put_off.all()] == ["gone"]


@pytest.mark.parametrize("serving", [("--workers", "1")], indirect=True)
def test_with_one_worker_a_route_and_a_webhook_wait_for_each_other_and_jobs_can_count_it(
    stage: Stage, serving: subprocess.Popen[str]
) -> None:
    assert serving.stdout is not None
    first = serving.stdout.readline()
    url = first.partition(" on ")[2].partition(". Ctrl-C")[0]
    webhook = "/api/w/local/jobs/run_wait_result/p/f/demo/nap?token=an-example-token"
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(stage.post, path, {}, url=url) for path in ("/api/r/nap", webhook) * 2]
        naps = sorted(call.result().json() for call in calls)
    assert all(earlier[1] <= later[0] for earlier, later in itertools.pairwise(naps))

    listed = stage.send("GET", "/api/workers/list?token=an-example-token", url=url).json()
    assert [worker["worker"] for worker in listed] == ["mill-1"]


@pytest.mark.parametrize("serving", [("--quiet",)], indirect=True)
def test_quiet_says_nothing_of_requests(stage: Stage, serving: subprocess.Popen[str]) -> None:
    assert serving.stdout is not None
    url = serving.stdout.readline().partition(" on ")[2].partition(". Ctrl-C")[0]
    assert stage.post("/api/r/nap", {}, url=url).status == 200
    serving.send_signal(signal.SIGINT)
    assert serving.communicate(timeout=30)[1] == "Stopped.\n"


def test_a_secret_of_the_environment_is_named_and_not_shown(stage: Stage) -> None:
    settings = {"api_key_header": "X-Key", "api_key_secret": "$var:f/demo/key"}
    stage.template("resource", "f/demo/auth", settings, resource_type="api_key_auth")
    stage.template("variable", "f/demo/key", 'a "local" $key')
    for name, environment, word in (
        ("local", {}, r"a \"local\" \$key"),
        ("own", {"MILL_VAR_F_DEMO_KEY": "my-very-own"}, "$MILL_VAR_F_DEMO_KEY"),
    ):
        with LocalApi(stage.root, stage.state / name, stage.jobs, environment=environment) as api:
            assert api.shell_word("f/demo/auth", "api_key_secret") == word


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_each_line_that_is_printed_works_when_it_is_pasted(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(root / "scripts"), "HOME": str(tmp_path)}
    words = [sys.executable, "-u", "-c", COMMAND, "--port", "0", "--state", str(tmp_path / "state")]
    with subprocess.Popen(
        words, cwd=root, env={**environment, "MILL_TOKEN": "it's $mine"}, stdout=-1, stderr=-1, text=True
    ) as process:
        try:
            assert process.stdout is not None
            lines: list[str] = []
            while not (lines and lines[-1].startswith("job=")):
                lines.append(process.stdout.readline())
                assert lines[-1], process.stderr.read() if process.stderr else ""
            pasted = [line for line in lines if line.startswith(("curl ", "job="))]
            answers = [_paste(line, environment) for line in pasted]
        finally:
            process.send_signal(signal.SIGINT)
            _, log = process.communicate(timeout=30)
    statuses = [status for status, _ in answers]
    # A route whose path has a name in it takes that name for a value: no vessel, no app of that name.
    named = [index for index, line in enumerate(pasted) if re.search(r"/(app|imo)\b", line)]
    assert [status for index, status in enumerate(statuses) if index not in named] == [
        *(201, 200, 200, 201),
        *(200, 200, 200, 200),
    ]
    assert len(named) == 3
    assert {statuses[index] for index in named} == {400}, statuses
    assert json.loads(answers[-2][1])["counts"]["rows"] == 1
    assert json.loads(answers[-1][1])["started"]
    assert re.search(
        r"POST /api/r/local/customers/import 201 \d+ ms  result: http://127.0.0.1:\d+/api/w/", log
    )
    assert "it's $mine" not in log
    assert "ada@example.com" not in log


def _paste(line: str, environment: dict[str, str]) -> tuple[int, str]:
    """What a shell makes of a line: status and body. A job that was started has ended then."""
    said = subprocess.run(
        ["bash", "-c", f"{line.rstrip()} -s -w '\\n%{{http_code}}'"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    ).stdout
    body, _, status = said.rpartition("\n")
    location = re.search(r"(?im)^location: (\S+)", body)
    deadline = time.monotonic() + 60
    while location and not _read(location[1])["completed"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return int(status), body


def _read(url: str) -> dict[str, Any]:
    request = urllib.request.Request(url, headers={"Authorization": "Bearer it's $mine"})
    with urllib.request.urlopen(request, timeout=10) as reply:
        result: dict[str, Any] = json.load(reply)
    return result


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/api/w/local/jobs_u/get/39a88515-c5ef-47bd-ada7-ad5fc823722f",) * 2,
        ("/api/r/local/mock/customers/cust_44136fa3",) * 2,
        ("/api/w/local/jobs_u/resume/39a88515/7/0aafc1d2", "/api/w/local/jobs_u/resume/39a88515/7/..."),
        ("/approve/local/39a88515/7/0aafc1d2", "/approve/local/39a88515/7/..."),
        ("/twins/slack/services/T0/B0/aSecretPart0123456789", "/twins/slack/services/T0/B0/..."),
        ("/api/r/a\n23:59:59 GET /forged\x1b[2J", "/api/r/a?23:59:59?GET?/forged?[2J"),
    ],
)
def test_the_log_shows_a_path_without_what_may_be_secret_or_forge_a_line(path: str, shown: str) -> None:
    assert shown_path(path) == shown
