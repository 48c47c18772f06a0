"""`mill serve` as a person starts and stops it, with the real engine behind it."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

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
    assert f'curl {url}/api/r/f/demo/guarded -H "Authorization: Bearer $MILL_TOKEN"\n' in said
    assert f"{url}/api/w/local/jobs/run/p/f/demo/greet" in said

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
    assert (serving.returncode, errors) == (0, "Stopped.\n")


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
