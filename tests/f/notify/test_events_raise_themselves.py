"""A script whose service is dead, run by `mill`: the channels hear of it by themselves, and once."""

from __future__ import annotations

import json
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from mill.repository.workspace import Workspace
from mill.session import Session
from mill.twins.store import Ledger, Store
from tests.mill.commands import mill
from tests.mill.trees import write_tree

ROOT = Path(__file__).parents[3]

CALL = '''
"""Ask a service that is not there, as often as wished."""

from f.connect.calls.message import Request
from f.connect.client import Client
from f.connect.errors import ConnectError
from f.connect.integration import Integration, Retry
from f.store.stores import open_store


def main(base_url: str, calls: int = 1, at_once: bool = False):
    crm = Integration(name="crm", base_url=base_url, retry=Retry(max_retries=1, initial_delay=0.0))
    requests = [Request(method="GET", path=f"/customers/{n}", endpoint="customers") for n in range(calls)]
    with open_store(None, "imports") as store, Client(crm, store) as client:
        if at_once:
            return len([result for _, result in client.send_many(requests)])
        said = []
        for request in requests:
            try:
                said.append(client.request(request).status)
            except ConnectError as error:
                said.append(type(error).__name__)
    return said
'''
DEAD = "http://127.0.0.1:9"  # discard: nobody listens there


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository's own folders, and one script that calls somebody else's service."""
    root = tmp_path_factory.mktemp("workspace")
    (root / "f").mkdir()
    for folder in (ROOT / "f").iterdir():
        (root / "f" / folder.name).symlink_to(folder)
    for name in ("resources", "requirements.lock"):
        (root / name).symlink_to(ROOT / name)
    write_tree(root, {"f/fleet/call.py": CALL})
    assert mill("metadata", "f/fleet/call.py", cwd=root).returncode == 0
    return root


def run(workspace: Path, state: Path, **args: Any) -> Any:
    return script(workspace, state, "f/fleet/call", **args)


def script(workspace: Path, state: Path, path: str, **args: Any) -> Any:
    done = mill("script", "run", path, "-s", "--state", str(state), "-d", json.dumps(args), cwd=workspace)
    return json.loads(done.stdout)


def posted(state: Path) -> list[str]:
    """What was posted to Slack."""
    with Store(state) as store:
        return [json.dumps(entry.body) for entry in Ledger(store, "slack").entries("sent")]


def test_a_dead_service_is_told_once_however_many_calls_and_jobs_meet_it(
    workspace: Path, tmp_path: Path
) -> None:
    assert run(workspace, tmp_path, base_url=DEAD, calls=3) == ["TryLater"] * 3
    [message] = posted(tmp_path)
    assert "crm does not work" in message
    assert "GET 127.0.0.1:9" in message
    assert "f/fleet/call" in message
    assert run(workspace, tmp_path, base_url=DEAD) == ["TryLater"]  # another job, within the hour
    assert len(posted(tmp_path)) == 1


def test_hundreds_of_calls_at_once_start_one_job(workspace: Path, tmp_path: Path) -> None:
    assert run(workspace, tmp_path, base_url=DEAD, calls=300, at_once=True) == 300
    assert len(posted(tmp_path)) == 1


def test_a_script_that_tells_people_raises_no_event_about_its_own_failure(
    workspace: Path, tmp_path: Path
) -> None:
    account = {"accountSid": "AC1", "token": "t", "base_url": DEAD}
    to = {"to": "+12025550123", "sender": "+15005550006"}
    result = script(workspace, tmp_path, "f/notify/send_sms", body="x", twilio=account, **to)
    assert result["error"]["name"] == "TryLater"
    assert posted(tmp_path) == []


def test_on_a_server_the_job_goes_on_by_itself(workspace: Path, tmp_path: Path) -> None:
    with Session(Workspace(workspace), tmp_path) as session:
        windmill = session.platform
        call = urllib.request.Request(
            f"{windmill.url}/api/w/{windmill.workspace_id}/jobs/run_wait_result/p/f/fleet/call",
            json.dumps({"base_url": DEAD}).encode(),
            {"Authorization": f"Bearer {windmill.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(call, timeout=60) as reply:
            assert json.load(reply) == ["TryLater"]
        deadline = time.monotonic() + 60
        while not posted(tmp_path) and time.monotonic() < deadline:
            time.sleep(0.1)
        session.finish()
    assert len(posted(tmp_path)) == 1
