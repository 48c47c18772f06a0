"""The flow f/vessels/watch_vessels as it is deployed: event in, message out, once, even if it is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from f.store.stores import sqlite_store
from mill.ports import Completed, Target
from mill.repository.workspace import Workspace
from mill.session import Session
from tests.f.vessels.conftest import IMO, Vessey
from tests.mill.twins.stage import TwinClient, TwinProcess

ROOT = Path(__file__).parents[3]
PATH = "f/vessels/watch_vessels"
MILL = [sys.executable, "-c", "from mill.cli import main; main()"]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session(Workspace.find(ROOT), tmp_path / "state") as opened:
        yield opened


@pytest.fixture
def slack(twins: TwinProcess) -> TwinClient:
    client = twins.client("slack")
    client.forget()
    return client


def arguments(vessey: Vessey, slack: TwinClient, **more: Any) -> dict[str, Any]:
    account = {"token": "xoxb-good", "base_url": f"{slack.url}/api"}
    routing = {
        "channels": [{"name": "ops", "kind": "slack", "slack": account, "channel": "C0OPS"}],
        "routes": [{"channels": ["ops"]}],
    }
    return {"imos": [IMO], "vessey": vessey.resource, "routing": routing, **more}


def run(session: Session, vessey: Vessey, slack: TwinClient, **more: Any) -> Completed:
    return session.run(Target("flow", PATH), arguments(vessey, slack, **more))


def news(vessey: Vessey) -> None:
    """AURORA arrives at Singapore, and an inspection finds something."""
    at = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    vessey.client.put_settings(
        arrivals=[{"imo": IMO, "port": "SGSIN", "at": at}],
        findings=[{"imo": IMO, "id": "d1", "description": "Lifeboat engine does not start"}],
    )


def messages(slack: TwinClient) -> list[str]:
    """What was posted, as JSON."""
    return [json.dumps(entry["body"]) for entry in slack.get("/_ledger?kind=sent").json["entries"]]


def test_what_is_new_reaches_slack_once(session: Session, vessey: Vessey, slack: TwinClient) -> None:
    first = run(session, vessey, slack)
    assert (first.success, first.result["baseline"]) == (True, [IMO]), first.result
    assert messages(slack) == []
    news(vessey)
    second = run(session, vessey, slack)
    assert second.success, second.result
    assert second.result["events"] == {"vessel_arrival": 1, "compliance_issue": 1}
    arrival, issue = messages(slack)
    assert "AURORA has arrived at Singapore (SGSIN)" in arrival
    assert IMO in arrival
    assert "AURORA" in issue
    assert "Lifeboat engine does not start" in issue
    third = run(session, vessey, slack)
    assert (third.success, third.result["notified"]) == (True, 0)
    assert len(messages(slack)) == 2


def test_a_vessel_and_a_channel_that_fail_stop_nothing_and_the_run_is_red(
    session: Session, vessey: Vessey, slack: TwinClient
) -> None:
    run(session, vessey, slack)
    news(vessey)
    slack.put_faults(
        script=[
            {
                "operation": "post_message",
                "answer": {"status": 200, "body": {"ok": False, "error": "is_archived"}},
            }
        ]
    )
    red = run(session, vessey, slack, imos=["9999993", IMO])
    assert not red.success
    assert (red.result["notified"], red.result["vessels"]) == (1, 1)
    assert "IMO 9999993: Vessey knows no vessel" in red.result["wm_failure"]
    assert len(red.result["not_told"]) == 1
    green = run(session, vessey, slack)
    assert (green.success, green.result["notified"]) == (True, 1)
    assert len(messages(slack)) == 2


def test_a_run_that_is_killed_and_repeated_tells_once(
    session: Session, vessey: Vessey, slack: TwinClient
) -> None:
    run(session, vessey, slack)
    news(vessey)
    data = json.dumps(arguments(vessey, slack))
    command = [*MILL, "flow", "run", PATH, "-s", "--state", str(session.state), "-d", data]
    killed = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + 120
    while not messages(slack) and time.monotonic() < deadline and killed.poll() is None:
        time.sleep(0.02)
    os.killpg(killed.pid, signal.SIGKILL)  # the first message is out; nothing says so yet
    killed.wait(10)
    assert len(messages(slack)) == 1
    for name in ("notify", "vessels"):
        file = session.state / "home" / ".millwright" / f"{name}.sqlite"
        with sqlite_store(file) as store:
            store.execute("UPDATE store_lease SET until = 1") if store.columns("store_lease") else None
            if name == "notify":  # an hour later, the routing's dedupe window of 15 minutes is over
                store.execute("UPDATE notify_sent SET at = at - 3600")
    last = run(session, vessey, slack)
    assert last.success, last.result
    assert (last.result["notified"], len(messages(slack))) == (2, 2)
