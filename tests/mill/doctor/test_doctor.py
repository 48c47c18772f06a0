"""`mill doctor`: what is missing is said with what mends it, nothing secret is shown, nothing is written."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from mill.doctor import machine
from mill.doctor.examine import Wanted, examine
from mill.doctor.finding import Finding, Step, steps
from mill.metadata.regenerate import regenerate
from tests.mill.commands import mill, mill_here
from tests.mill.deploy.readme import create_triggers, push, session
from tests.mill.deploy.test_sync import SMALL
from tests.mill.deploy.workspace_api import WorkspaceApi
from tests.mill.deploy.workspace_http import serve_workspace
from tests.mill.trees import REPOSITORY, write_tree

SECRET = "xoxb-1-nobody-may-see-this"


@pytest.fixture(autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home and an environment without credentials of whoever runs this."""
    monkeypatch.setenv("HOME", str(tmp_path_factory.mktemp("home")))
    for name in ("SLACK_BOT_TOKEN", "STRIPE_SECRET_KEY", "TWILIO_ACCOUNT_SID", "GITHUB_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """A repository with our templates and nothing else."""
    write_tree(tmp_path, {".env.example": ""})
    shutil.copytree(REPOSITORY / "resources", tmp_path / "resources")
    return tmp_path


def found(tree: Path, *words: str, env: dict[str, str] | None = None, exit_code: int) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (env or {}).items():
            patch.setenv(name, value)
        done = mill_here("doctor", *words, "--json", cwd=tree)
    assert (done.returncode, done.stderr) == (exit_code, ""), done.stdout
    return json.loads(done.stdout)


def lines(data: Any, name: str) -> list[tuple[str, str]]:
    return [(one["status"], one["text"]) for one in data["findings"] if one["name"] == name]


def test_an_empty_folder_is_told_where_to_begin(tmp_path: Path) -> None:
    done = mill("doctor", cwd=tmp_path)
    assert done.returncode == 1
    assert "No wmill.yaml in" in done.stdout
    assert "1 thing is missing." in done.stdout
    assert "1. cd millwright" in done.stdout


def test_a_set_up_without_any_credential_is_in_order_and_says_what_can_be_done(templates: Path) -> None:
    data = found(templates, "--quick", exit_code=0)
    [services] = [one for one in data["findings"] if one["group"] == "Services"]
    assert services["status"] == "unused"
    assert "none needed" in services["text"]
    assert [step["do"] for step in data["next"]] == ["mill doctor slack", "mill doctor --workspace"]
    done = mill("doctor", "--quick", cwd=templates)
    assert "Nothing is missing." in done.stdout
    assert len(done.stdout.splitlines()) < 40


def test_what_is_half_there_is_named_with_where_to_get_the_rest(templates: Path) -> None:
    data = found(
        templates, "--quick", env={"TWILIO_ACCOUNT_SID": "AC1", "SLACK_BOT_TOKEN": SECRET}, exit_code=0
    )
    assert lines(data, "Slack") == [("ok", "f/notify/slack can be pushed, from SLACK_BOT_TOKEN")]
    assert lines(data, "Twilio") == [("warning", "f/notify/twilio still needs TWILIO_AUTH_TOKEN")]
    assert data["next"][0]["do"].startswith("https://console.twilio.com: Account Info > Auth Token")
    assert SECRET not in json.dumps(data)


def test_two_names_that_disagree_are_missing_a_decision(templates: Path) -> None:
    both = {"STRIPE_SECRET_KEY": "sk_test_1", "STRIPE_API_KEY": "sk_test_2"}
    data = found(templates, "--quick", env=both, exit_code=1)
    [(status, text)] = lines(data, "Stripe")
    assert (status, "STRIPE_SECRET_KEY and STRIPE_API_KEY" in text) == ("missing", True)
    assert "sk_test" not in json.dumps(data)


def test_one_service_is_described_in_full(templates: Path) -> None:
    data = found(templates, "slack", env={"SLACK_BOT_TOKEN": SECRET}, exit_code=0)
    assert lines(data, "f/notify/slack_token") == [("ok", "given as SLACK_BOT_TOKEN")]
    [(status, text)] = lines(data, "f/webhooks/slack_secret")
    assert (status, text) == ("unused", "not here: SLACK_SIGNING_SECRET or MILL_VAR_F_WEBHOOKS_SLACK_SECRET")
    steps_ = [step["do"] for step in data["next"]]
    assert "Signing Secret" in " ".join(steps_)
    assert not [step for step in steps_ if "Bot User OAuth Token" in step]
    assert steps_[-1] == "mill doctor slack --workspace"
    assert SECRET not in json.dumps(data)


def test_a_service_that_there_is_not_is_a_wrong_command(templates: Path) -> None:
    done = mill("doctor", "slak", cwd=templates)
    assert (done.returncode, done.stderr) == (2, "mill: No service is called slak. Did you mean Slack?\n")


def test_env_is_read_and_what_nothing_reads_is_named_with_what_was_meant(templates: Path) -> None:
    file = templates / ".env"
    file.write_text(
        f"SLACK_BOT_TOKN={SECRET}\nexport RESEND_API_KEY='re_{SECRET}'\n# A\n\n{SECRET}\nMILL_VAR_F_X=1\n",
        "utf-8",
    )
    file.chmod(0o644)
    data = found(templates, "--quick", exit_code=0)
    told = [text for _, text in lines(data, ".env")]
    assert told == [
        "3 names are read",
        "lines that give no name a value: 1, the first is line 5",
        "nothing reads SLACK_BOT_TOKN",
        "nothing reads MILL_VAR_F_X",
        "others on this machine can read it",
    ]
    assert "In .env: SLACK_BOT_TOKN. Did you mean SLACK_BOT_TOKEN?" in [step["do"] for step in data["next"]]
    assert lines(data, "Resend") == [("ok", "f/notify/resend can be pushed, from RESEND_API_KEY")]
    assert SECRET not in json.dumps(data)


def test_a_store_that_cannot_be_read_is_named(templates: Path) -> None:
    state = templates / ".mill"
    state.mkdir()
    with closing(sqlite3.connect(state / "mill.sqlite")) as whole:
        whole.execute("CREATE TABLE a (b)")
    (state / "twins.sqlite").write_bytes(b"SQLite format 3\0" + b"broken" * 99)
    data = found(templates, "--quick", exit_code=1)
    [(status, text)] = lines(data, "store")
    assert status == "missing"
    assert "twins.sqlite cannot be read" in text
    (state / "twins.sqlite").unlink()
    assert lines(found(templates, "--quick", exit_code=0), "stores") == [("ok", "1 can be read")]


def test_a_template_for_practice_that_refers_to_nothing_is_named(templates: Path) -> None:
    (templates / "resources/mock/f/notify/slack_token.variable.yaml").unlink()
    data = found(templates, "--quick", exit_code=1)
    assert lines(data, "resources/mock") == [
        ("missing", "f/notify/slack refers to f/notify/slack_token, which is not there")
    ]


def test_metadata_that_is_older_than_the_code_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    write_tree(tmp_path, {"f/a/run_it.py": "def main(a: int = 1):\n    return a\n"})
    before = sorted(tmp_path.rglob("*"))
    data = examine(tmp_path, Wanted())
    [line] = [one for one in data.findings if one.name == "metadata"]
    assert (line.status, line.remedy) == ("missing", "mill metadata")
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("lock", "installed", "expected"),
    [
        ("a==1\nb==2 \\\n    --hash=x\n", {"a": "1", "b": "2"}, (set(), set())),
        ("a==1\nb==2\n", {"a": "1"}, ({"b"}, set())),
        ("A_b==1\n", {"a-b": "2"}, (set(), {"a-b"})),
        ("a==1 ; python_version < '3'\n", {}, (set(), set())),
    ],
)
def test_packages_are_held_against_the_lock(lock: str, installed: dict[str, str], expected: Any) -> None:
    assert machine.compare(lock, installed) == expected


def test_what_is_missing_comes_first_and_each_step_once() -> None:
    findings = [
        Finding("g", "a", "warning", "", "later"),
        Finding("g", "b", "missing", "", "push", "scripts"),
        Finding("g", "c", "missing", "", "push", "types"),
        Finding("g", "d", "ok", ""),
    ]
    more = [Step("later", "again"), Step("then", "")]
    assert steps(findings, more) == [Step("push", "scripts; types"), Step("later", "a"), Step("then", "")]


# A workspace, through the real CLI.


@pytest.fixture
def workspace(monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkspaceApi]:
    with serve_workspace() as api, session(api.remote):
        yield api


def test_nobody_is_signed_in(tmp_path: Path) -> None:
    write_tree(tmp_path, SMALL)
    data = found(tmp_path, "--workspace", exit_code=1)
    assert [step["do"] for step in data["next"]] == ["npx wmill workspace add"]
    assert "No workspace given" in data["findings"][0]["text"]


@pytest.mark.timeout(240)
def test_an_empty_workspace_lacks_everything_and_a_set_up_one_nothing(
    tmp_path: Path, workspace: WorkspaceApi
) -> None:
    tree = write_tree(tmp_path, SMALL)
    empty = found(tree, "--workspace", exit_code=1)
    assert lines(empty, "sign-in") == [("ok", "deployer in team, an admin")]
    assert lines(empty, "resource types") == [("missing", "not there: customer_api")]
    assert lines(empty, "schedules and routes") == [("missing", "2 of 2 are not there: f/a/night, f/a/hook")]
    none = lines(empty, "data table") + lines(empty, "object storage")
    assert [status for status, _ in none] == ["warning", "warning"]
    assert [step["do"] for step in empty["next"]] == [
        "mill resources push f/a",
        "npx wmill sync push",
        "mill triggers push",
        "npx wmill datatable create",
        "Workspace settings > Object Storage (S3), as an admin.",
    ]
    assert workspace.writes == []

    made = mill("resources", "push", cwd=tree, env={"MILL_VAR_F_A_TOKEN": SECRET})
    assert made.returncode == 0, made.stderr
    for change in regenerate(tree):
        change.apply(tree)
    push(tree, workspace.remote)
    create_triggers(tree, workspace.remote)
    workspace.data_tables, workspace.storages = [{"name": "main"}], ["_default_"]
    whole = found(tree, "--workspace", exit_code=0)
    assert whole["counts"]["missing"] == whole["counts"]["warning"] == 0, whole
    assert whole["next"] == []
    assert SECRET not in json.dumps(whole)


def test_a_resource_without_its_variable_and_one_not_filled_in_are_named(
    templates: Path, workspace: WorkspaceApi
) -> None:
    crm = {
        "base_url": "https://api.example.com/v1",
        "authentication": {"token": "$var:f/customers/crm_token"},
    }
    workspace.items["resources"] = {
        "f/customers/crm": {"value": crm, "resource_type": "customer_api"},
        "f/identity/google": {"value": {"client_id": "$var:f/identity/google_client_id"}},
    }
    workspace.items["variables"] = {
        "f/identity/google_client_id": {"value": "", "is_secret": False},
        "f/notify/slack_token": {"value": SECRET, "is_secret": True},
    }
    crm_data = found(templates, "crm", "--workspace", exit_code=1)
    assert [text for _, text in lines(crm_data, "CRM")] == [
        "f/customers/crm refers to the variable f/customers/crm_token, which is not there",
        "f/customers/crm is not filled in: base_url",
    ]
    google = found(templates, "google", "--workspace", exit_code=1)
    assert lines(google, "Google") == [("missing", "the variable f/identity/google_client_id is empty")]
    assert "https://console.cloud.google.com/apis/credentials" in google["next"][0]["do"]
    slack = found(templates, "slack", "--workspace", exit_code=1)
    assert lines(slack, "Slack")[0] == ("missing", "f/notify/slack is not there, though its variable is")
    assert slack["next"][0]["do"] == "mill resources push f/notify/slack"
    assert SECRET not in json.dumps([crm_data, google, slack])
