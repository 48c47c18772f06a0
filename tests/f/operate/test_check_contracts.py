"""The script as `mill` runs it: what changed at a twin is told in Slack before any job breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mill.twins.store import Ledger, Store
from tests.mill.commands import mill, mill_here
from tests.mill.trees import with_own_resources
from tests.pools import pool_of

SCRIPT = "f/operate/check_contracts"
CHANGED = """
stripe:
  faults:
    changed:
      lost_fields: [error.message]
      headers: {Sunset: "Sun, 06 Nov 2016 08:49:37 GMT"}
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Path]:
    """The repository, with resources whose twins can be changed."""
    root = with_own_resources(tmp_path / "workspace")
    with pool_of(root):
        yield root


def check(workspace: Path, state: Path, run: Any = mill_here, **args: Any) -> Any:
    given = json.dumps({"only": ["f/payments/stripe"], "as_data": True, **args})
    done = run("script", "run", SCRIPT, "-s", "--state", str(state), "-d", given, cwd=workspace)
    return json.loads(done.stdout)


def posted(state: Path) -> list[str]:
    with Store(state) as store:
        return [json.dumps(entry.body) for entry in Ledger(store, "slack").entries("sent")]


def test_a_changed_contract_is_told_once_and_goes_away(workspace: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    assert check(workspace, state)["summary"] == "1 service: 1 seen for the first time."
    twins = workspace / "resources" / "mock" / "twins.yaml"
    twins.write_text(CHANGED)
    found = check(workspace, state)
    assert (found["changed"], found["told"]) == (1, 1)
    [message] = posted(state)
    assert "The API of Stripe (f/payments/stripe) changed, or will" in message
    assert "The call ended on 2016-11-06, says the service" in message
    assert "The field error.message of the answer about what is not there changed" in message
    again = check(workspace, state)
    assert (again["changed"], again["told"], len(posted(state))) == (1, 0, 1)
    failed = check(workspace, state, fail_if_changed=True, tell=False)
    assert failed["error"]["extra"]["code"] == "contract_changed"
    twins.unlink()
    assert check(workspace, state)["summary"] == "1 service: 1 as expected."


def test_people_see_a_table_and_the_changes_as_sentences(workspace: Path, tmp_path: Path) -> None:
    (workspace / "resources" / "mock" / "twins.yaml").write_text(CHANGED)
    page = check(workspace, tmp_path / "state", as_data=False, tell=False)["render_all"]
    assert page[0]["md"].startswith("**1 service: 1 changed.**\n\n- `f/payments/stripe`: ")
    [row] = page[1]["table-row-object"]
    assert (row["service"], row["status"], row["changes"]) == ("Stripe", "changed", 2)


def test_a_word_that_selects_nothing_is_named(workspace: Path, tmp_path: Path) -> None:
    failed = check(workspace, tmp_path / "state", mill, only=["f/nowhere"])
    assert "'f/nowhere' names no resource" in failed["error"]["message"]
