"""`mill target check`, as a person and as a program would use it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mill.repository.yaml_file import read_mapping
from tests.f.customers.strangers import Stranger
from tests.loopback import Reply, serve
from tests.mill.commands import mill, mill_here

ROOT = Path(__file__).parents[3]
RESOURCE = """\
# The CRM of the north.
resource_type: customer_api
value:
  kind: generic
  base_url: {url}
  authentication: {{type: bearer_token, token: "secret-token"}}
  settings:
    timeout: 5 # seconds
"""


def conflict(record: dict[str, str]) -> Reply:
    return Reply(409, {"existing_id": record["id"]})


def test_the_shipped_mock_is_as_its_resource_says(tmp_path: Path) -> None:
    """What the first run's guarantee rests on is measured anew by every test run."""
    state = str(tmp_path / "state")
    for _ in range(5):
        ended = mill("target", "check", "f/customers/mock_api", "--write", "--state", state, cwd=ROOT)
        assert ended.returncode == 0, ended.stderr
        result = json.loads(ended.stdout)
        if not any(one["found"].startswith("not known (") for one in result["findings"]):
            break  # else one of the mock's failures, at 2% of calls, left open what became of a record
    shipped = read_mapping(ROOT / "resources/mock/f/customers/mock_api.resource.yaml")["value"]["proven"]
    assert {**result["proven"], "checked_at": ""} == {**shipped, "checked_at": ""}
    assert result["guarantee_before"].startswith("Exactly once")


def test_a_file_is_checked_and_keeps_its_comments_with_what_was_measured(tmp_path: Path) -> None:
    file, output = tmp_path / "crm.yaml", tmp_path / "result.json"
    state = ("--state", str(tmp_path / "state"))
    with serve(Stranger(exists=conflict, token="secret-token")) as server:
        file.write_text(RESOURCE.format(url=server.url))
        first = mill("target", "check", str(file), "--write", "--save", "-o", str(output), *state, cwd=ROOT)
        again = mill("target", "check", str(file), *state, cwd=ROOT)
    assert first.returncode == again.returncode == 0, first.stderr + again.stderr
    text = file.read_text()
    assert text.startswith(RESOURCE.format(url=server.url).rstrip("\n"))
    proven = read_mapping(file)["value"]["proven"]
    assert proven["repeats"] == "record"
    assert json.loads(first.stdout)["proven"] == json.loads(output.read_text())["proven"] == proven
    assert json.loads(again.stdout)["guarantee_after"].startswith("Exactly once")
    assert "secret-token" not in first.stdout + first.stderr + output.read_text()


def test_a_target_that_cannot_be_used_fails_in_a_sentence_and_saves_nothing(tmp_path: Path) -> None:
    file = tmp_path / "crm.json"
    with serve(lambda _: Reply(401, {})) as server:
        file.write_text(json.dumps({"kind": "generic", "base_url": server.url}))
        before = file.read_text()
        ended = mill(
            "target", "check", str(file), "--write", "--save", "--state", str(tmp_path / "s"), cwd=ROOT
        )
    assert ended.returncode == 1
    assert "Failed: SignInAgain" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert file.read_text() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("f/customers/mock_api", "--save"), "only a check with --write measures anything"),
        (("nowhere.yaml",), "neither a file nor a Windmill path"),
        (("f/customers/nothing", "--write", "--save"), "Give the resource's file instead"),
        (("f/customers/mock_api", "--fields", "{"), "--fields is not JSON"),
    ],
)
def test_an_order_that_cannot_be_carried_out_is_refused_in_a_sentence(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    ended = mill_here("target", "check", *arguments, "--state", str(tmp_path / "state"), cwd=ROOT)
    assert ended.returncode == 2
    assert said in ended.stderr


def test_an_unknown_target_is_a_wrong_input_and_not_a_failed_check(tmp_path: Path) -> None:
    done = mill_here("target", "check", "f/customers/mock_ap", "--state", str(tmp_path / "state"), cwd=ROOT)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(
        "mill: There is no resource f/customers/mock_ap. Did you mean f/customers/mock_api"
    )
