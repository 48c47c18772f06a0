"""The checks that a deploy starts: they pass as shipped, and say what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mill.lint.checks.ci_tests import targets_of
from tests.mill.commands import mill
from tests.mill.trees import with_own_resources

ROOT = Path(__file__).parents[3]
CHECKS = sorted(file.stem for file in (ROOT / "f" / "checks").glob("*.py"))
NO_ROUTE = """
resource_type: notification_routing
value:
  channels: [{name: ops, kind: slack, slack: {token: xoxb-x}, channel: C1}]
  routes: [{channels: [ops], events: [own]}]
  events: [{name: own, title: "{{ broken", severity: info}]
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """The repository, with resources that a test can change."""
    return with_own_resources(tmp_path / "workspace")


def run(name: str, workspace: Path, state: Path) -> Any:
    done = mill("script", "run", f"f/checks/{name}", "-s", "--state", str(state), cwd=workspace)
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", CHECKS)
def test_a_check_names_what_it_tests_and_passes_as_shipped(name: str, tmp_path: Path) -> None:
    assert list(targets_of((ROOT / "f" / "checks" / f"{name}.py").read_text()))
    result = run(name, ROOT, tmp_path)
    assert "error" not in result, result


def test_a_refused_credential_fails_a_deploy_and_a_dead_service_does_not(
    workspace: Path, tmp_path: Path
) -> None:
    key = workspace / "resources/mock/f/payments/stripe_token.variable.yaml"
    key.write_text("description: x\nis_secret: true\nvalue: sk_test_wrong\n")
    failed = run("check_connections", workspace, tmp_path / "state")["error"]
    assert failed["extra"]["code"] == "checks_refused"
    assert "f/payments/stripe" in failed["message"]
    assert "reqres" not in failed["message"]


def test_a_template_that_cannot_be_written_fails(workspace: Path, tmp_path: Path) -> None:
    (workspace / "resources/mock/f/notify/routing.resource.yaml").write_text(NO_ROUTE)
    failed = run("check_notify", workspace, tmp_path / "state")["error"]
    assert failed["extra"]["code"] == "check_notify_failed"
    assert "The event own cannot be written" in failed["message"]


def test_a_target_that_is_gone_fails(workspace: Path, tmp_path: Path) -> None:
    file = workspace / "resources/mock/f/customers/mock_api.resource.yaml"
    file.write_text(
        "resource_type: customer_api\n"
        "value: {kind: generic, base_url: 'http://127.0.0.1:9', authentication: {type: none}}\n"
    )
    assert "127.0.0.1:9" in run("check_target", workspace, tmp_path / "state")["error"]["message"]
