"""Every ready case of this folder runs at once, with no account, through the command a newcomer types."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mill.ports import Target
from mill.repository.workspace import Workspace
from mill.session import Session
from mill.twins.store import Ledger, Store
from tests.mill.commands import mill_here

ROOT = Path(__file__).parents[3]
SERVICES = ("slack", "twilio", "resend", "sendgrid")
# What each case sends for certain; a text message may wait for the digest in the routing's quiet hours.
CASES: dict[str, dict[str, int]] = {
    "notify_bulk_email": {"sendgrid": 3},
    "notify_email": {"resend": 1},
    "notify_event": {"slack": 1, "twilio": 1, "resend": 1},
    "notify_failure": {"slack": 1, "resend": 1},
    "notify_slack": {"slack": 1},
    "notify_sms": {"twilio": 1},
    "notify_whatsapp": {"twilio": 1},
}


def sent(state: Path) -> Counter[str]:
    """How many messages each twin took."""
    with Store(state) as store:
        return Counter({name: Ledger(store, name).totals().get("sent", 0) for name in SERVICES})


def run(case: str, state: Path, **arguments: Any) -> tuple[int, Any]:
    options = ("-d", json.dumps(arguments)) if arguments else ()
    done = mill_here("run", f"flows/{case}.yaml", "-s", "--state", str(state), *options, cwd=ROOT)
    return done.returncode, json.loads(done.stdout)


def test_no_case_is_forgotten_here() -> None:
    told_below = ["notify_digest", "notify_import"]
    assert sorted([*CASES, *told_below]) == sorted(
        file.stem for file in (ROOT / "flows").glob("notify_*.yaml")
    )


@pytest.mark.parametrize("case", CASES)
def test_a_case_sends_what_it_says(case: str, tmp_path: Path) -> None:
    code, result = run(case, tmp_path)
    assert code == 0, result
    took = sent(tmp_path)
    assert took >= Counter(CASES[case])
    assert took["twilio"] <= 1


def test_what_a_case_leaves_to_the_digest_is_sent_by_the_next(tmp_path: Path) -> None:
    assert run("notify_import", tmp_path)[0] == 0
    assert (sent(tmp_path)["slack"], sent(tmp_path)["resend"]) == (1, 0)
    assert run("notify_digest", tmp_path)[1]["counts"]["sent"] >= 1
    assert sent(tmp_path)["resend"] == 1


def test_rows_that_wait_for_their_time_are_told_as_such_and_not_as_failed(tmp_path: Path) -> None:
    limited = {
        "kind": "generic",
        "base_url": "/api/r/local/mock",
        "authentication": {"type": "api_key", "name": "X-API-Key", "key": "$var:f/customers/mock_api_key"},
        "settings": {"daily_limit": 500},
    }
    assert run("notify_import", tmp_path, api=limited)[0] == 0
    with Store(tmp_path) as store:
        [message] = Ledger(store, "slack").entries("sent")
    told = json.dumps(message.body)
    assert " refused, 0 failed." in told
    assert "Rows that wait" in told


def test_an_import_that_fails_is_told_of_and_stays_failed(tmp_path: Path) -> None:
    code, result = run("notify_import", tmp_path, csv="")
    assert (code, result["error"]["message"]) == (
        1,
        "The import failed. The channels got a message with the reason.",
    )
    assert sent(tmp_path)["slack"] == 1
    with Store(tmp_path) as store:
        [message] = Ledger(store, "slack").entries("sent")
    assert "The customer import" in json.dumps(message.body)


def test_what_else_an_error_handler_hands_over_is_shown(tmp_path: Path) -> None:
    failed = {"path": "f/fleet/watch", "error": {"name": "E", "message": "Boom."}, "email": "ada@example.com"}
    with Session(Workspace(ROOT), tmp_path) as session:
        done = session.run(
            Target("flow", "f/notify/alert_on_failure"), {**failed, "trigger_path": "f/fleet/ships"}
        )
    assert done.success, done.result
    with Store(tmp_path) as store:
        [message] = Ledger(store, "slack").entries("sent")
    told = json.dumps(message.body)
    assert "Trigger path" in told
    assert "f/fleet/ships" in told
    assert "ada@example.com" not in told
