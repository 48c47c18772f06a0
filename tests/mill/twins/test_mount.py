"""The twins below the loopback API, and the paths that steer them."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mill.api.stage import Stage
from tests.mill.twins.stage import TwinClient, TwinProcess


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    root = tmp_path / "workspace"
    root.mkdir()
    (root / "wmill.yaml").write_text("defaultTs: bun\n", encoding="utf-8")
    made = Stage(root, tmp_path / "state")
    yield made
    made.jobs.close()


def test_the_api_serves_twins_with_their_own_credentials(stage: Stage) -> None:
    with stage.serve() as api:
        client = TwinClient(f"{api.url}/twins/hubspot")
        assert client.post("/crm/v3/objects/contacts", {"properties": {}}).status == 201
        assert client.send("GET", "/crm/v3/objects/contacts/1", headers={"Authorization": ""}).status == 401
        assert client.ledger() == [("created", "id:1")]
    with stage.serve() as api:
        assert TwinClient(f"{api.url}/twins/hubspot").ledger() == [("created", "id:1")]


def test_nothing_of_the_twins_is_there_before_one_is_asked_for(stage: Stage) -> None:
    code = (
        "import sys, pathlib\n"
        "from mill.api.server import LocalApi\n"
        "root = pathlib.Path(sys.argv[1])\n"
        "with LocalApi(root, root / 'state', None) as api:\n"
        "    print('mill.twins.host' in sys.modules, (root / 'state' / 'twins.sqlite').exists())\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, str(stage.root)],
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.stdout == "False False\n", ran.stderr


def test_faults_and_settings_lie_beside_the_resource_templates(stage: Stage) -> None:
    file = "resources/mock/twins.yaml"
    stage.write(file, "customers:\n  faults:\n    script: [{operation: health, fault: error_503}]\n")
    with stage.serve() as api:
        client = TwinClient(f"{api.url}/twins/customers")
        assert [client.get("/health").status for _ in range(2)] == [503, 200]
    stage.write(file, "customers: [\n")
    with stage.serve() as api:
        refused = TwinClient(f"{api.url}/twins/customers").get("/health")
        assert refused.status == 500
        assert b"twins.yaml:2" in refused.body


def test_the_api_ends_although_a_connection_hangs(stage: Stage) -> None:
    broken: list[str] = []

    def hang(client: TwinClient) -> None:
        try:
            client.post("/customers", {"name": "Ada", "email": "ada@example.com"})
        except ConnectionResetError:
            broken.append("reset")

    with stage.serve() as api:
        client = TwinClient(f"{api.url}/twins/customers")
        client.put_faults(script=[{"fault": "timeout_after_commit"}], hang_seconds=600)
        waiting = threading.Thread(target=hang, args=(client,))
        waiting.start()
        while not client.ledger():
            assert waiting.is_alive()
    waiting.join(10)
    assert broken == ["reset"]


@pytest.mark.parametrize(
    ("method", "path", "body", "words"),
    [
        ("GET", "/_fault", None, "GET /_fault is not offered. There is GET /_faults, PUT /_faults"),
        ("PUT", "/_settings", {"rate_limt": 5}, "The settings of the twin customers are wrong: rate_limt"),
        ("PUT", "/_settings", [], "/_settings"),
        ("GET", "/_ledger?limit=0", None, "limit"),
        ("POST", "/_ledger/check", {"keys": "a@example.com"}, "keys"),
    ],
)
def test_what_cannot_be_steered_is_said_in_a_sentence(
    twins: TwinProcess, method: str, path: str, body: object, words: str
) -> None:
    refused = twins.client("customers").send(method, path, body)
    assert refused.status in {400, 404}
    assert words in refused.json["message"]


def test_below_no_twin_there_is_a_list_of_them(twins: TwinProcess) -> None:
    refused = twins.client("hubspto").get("/crm/v3/objects/contacts")
    assert refused.status == 404
    assert "hubspot" in refused.json["twins"]


def test_the_ledger_is_read_in_pages(twins: TwinProcess) -> None:
    client = twins.client("customers")
    client.forget()
    for number in range(5):
        client.post("/customers", {"name": "C", "email": f"c{number}@example.com"})
    keys: list[str] = []
    after: int | None = 0
    while after is not None:
        page = client.get(f"/_ledger?limit=2&after={after}").json
        keys += [entry["key"] for entry in page["entries"]]
        after = page["next_after"]
    assert keys == [f"c{number}@example.com" for number in range(5)]
    assert page["totals"] == {"created": 5}
