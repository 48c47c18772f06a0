"""The twins that webhooks are about, the workspace that receives them, and a home for each test's state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mill.api.server import LocalApi
from tests.f.webhooks.post_office import KINDS, PostOffice
from tests.mill.api.stage import FunctionJobs
from tests.mill.twins.stage import TwinClient, TwinProcess

STRIPE_KEY = "sk_test_good"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the scripts keep their state."""
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def slack(twins: TwinProcess) -> TwinClient:
    client = twins.client("slack")
    client.forget()
    return client


@pytest.fixture
def stripe_twin(twins: TwinProcess) -> TwinClient:
    client = TwinClient(twins.client("stripe").url, STRIPE_KEY)
    client.forget()
    return client


@pytest.fixture
def stripe(stripe_twin: TwinClient) -> Any:
    """The resource, as a script gets it."""
    return {"token": STRIPE_KEY, "base_url": stripe_twin.url}


@pytest.fixture
def routing(slack: TwinClient) -> Any:
    """All to one channel of Slack; the routing's own time of telling once is over at once."""
    bot = {"token": "xoxb-good", "base_url": f"{slack.url}/api"}
    channel = {"name": "ops", "kind": "slack", "slack": bot, "channel": "C0OPS"}
    return {"channels": [channel], "routes": [{"channels": ["ops"]}], "dedupe_seconds": 0}


@pytest.fixture(scope="session")
def receiving_workspace(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[LocalApi, Path, FunctionJobs]]:
    """A workspace, the folder of its resources, and its scripts."""
    root, jobs = tmp_path_factory.mktemp("receiving"), FunctionJobs()
    (root / "wmill.yaml").write_text("defaultTs: bun\n")
    with LocalApi(root, root / "state", jobs, templates=[root / "resources"], environment={}) as api:
        yield api, root / "resources", jobs
        jobs.close()


@pytest.fixture
def office(
    receiving_workspace: tuple[LocalApi, Path, FunctionJobs],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> PostOffice:
    """A receiver without a memory, in a workspace with a source a kind."""
    api, templates, jobs = receiving_workspace
    office = PostOffice(tmp_path, capsys, templates, jobs.functions)
    jobs.functions["f/webhooks/dispatch_events"] = lambda _: office.started.append("dispatch")
    for file in templates.rglob("*.yaml"):
        file.unlink()
    for kind in KINDS:
        office.source(kind)
    for name, value in {
        "MILL": "1", "BASE_INTERNAL_URL": api.url, "WM_TOKEN": api.token,
        "WM_WORKSPACE": api.workspace_id, "WM_JOB_ID": "job", "NOTIFY_ROUTING": "off",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    return office
