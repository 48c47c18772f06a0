"""`mill webhooks`, as a person and as a program would use it."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from f.store.store import release
from f.store.stores import sqlite_store
from mill.repository.yaml_file import read_mapping
from mill.terminal.webhook_events import show_list
from tests.f.webhooks.inbox.kept import SOURCE, Kept
from tests.mill.commands import mill, mill_here

ROOT = Path(__file__).parents[3]
KEY = read_mapping(ROOT / "resources/mock/f/webhooks/storage_key.variable.yaml")["value"]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Return a state folder in whose inbox are a dead letter and an event that was handled."""
    file = tmp_path / "home/.millwright/webhooks.sqlite"
    with sqlite_store(file) as store:
        kept, source = Kept(store), replace(SOURCE, storage_key=KEY)
        body = {"id": "evt_1", "customer": {"email": "ada@example.com"}}
        kept.routed("evt_1", {"tell": "dead"}, source=source, body=body)
        kept.routed("evt_2", {"tell": "done"}, source=source)
    return tmp_path


def asked(state: Path, *words: str, code: int = 0) -> Any:
    ended = mill_here("webhooks", *words, "--state", str(state), cwd=ROOT)
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    return json.loads(ended.stdout)


def test_a_dead_letter_is_listed_shown_changed_and_started_anew(state: Path) -> None:
    (event,) = asked(state, "list", "--only", "dead")["events"]
    assert event["tasks"][0]["failure"]["code"] == "busy"
    assert asked(state, "show", "evt_1")["content"]["customer"] == {"email": "***"}
    assert asked(state, "replay", "--only", "dead", "--dry-run")["replayed"] == 1
    done = asked(state, "replay", event["id"][:8], "--changes", '{"amount": 5}', "--note", "mended")
    assert done["replayed"] == 1
    shown = asked(state, "show", "evt_1", "--whole")
    assert (shown["content"]["amount"], shown["content"]["customer"]) == (5, {"email": "ada@example.com"})
    assert (shown["replays"][0]["note"], shown["tasks"][0]["replayed"]) == ("mended", 1)


def test_a_purge_about_a_person_fails_as_long_as_an_event_waits(state: Path) -> None:
    (event,) = asked(state, "list", "--only", "dead")["events"]
    assert asked(state, "purge", "--about", "ada@example.com")["erased"] == 1
    assert asked(state, "show", "evt_1", code=1)["error"]["extra"]["code"] == "no_event"
    assert asked(state, "replay", event["id"], code=1)["error"]["extra"]["code"] == "purged"
    with sqlite_store(state / "home/.millwright/webhooks.sqlite") as store:
        store.execute("UPDATE webhook_task SET state = 'due'")
    assert asked(state, "purge", "--about", "evt_2", code=1)["waiting"] == 1


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("show", "nobody"), 1, "There is no event 'nobody'"),
        (("replay",), 1, "Say which events"),
        (("replay", "evt_1", "--changes", "{"), 2, "--changes is not JSON"),
        (("purge", "--forget-days", "3"), 1, "at least 30"),
        (("purge", "--about", ""), 2, "--about is empty"),
        (("list", "--only", "lost"), 2, "lost"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    words: tuple[str, ...], code: int, said: str, state: Path
) -> None:
    ended = mill("webhooks", *words, "--state", str(state), cwd=ROOT)
    assert (ended.returncode, said in ended.stderr) == (code, True), ended.stderr
    assert "Traceback" not in ended.stderr


def test_what_further_commands_take_is_whole_on_a_terminal_of_80_columns(state: Path) -> None:
    listed = asked(state, "list")
    for event in listed["events"]:
        event |= {"source": "sendgrid", "type": "invoice_payment.paid", "provider_id": "x" * 60}
    said = io.StringIO()
    show_list(listed, Console(file=said, width=80))
    lines = said.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    for event in listed["events"]:
        row = next(line.split() for line in lines if line.startswith(event["id"][:8]))
        assert (row[0], row[3:5], row[6]) == (
            event["id"][:8],
            ["sendgrid", "invoice_payment.paid"],
            event["state"],
        )
    assert f"{listed['events'][1]['id'][:8]}: tell, 1x: TryLater" in said.getvalue().replace("\n", " ")


def test_a_replay_sees_what_became_of_the_handlers_that_it_ran(tmp_path: Path) -> None:
    source = replace(SOURCE, name="twilio", kind="twilio", storage_key=KEY)
    told = {"type": "message.delivered", "body": {"MessageSid": "SM1", "MessageStatus": "delivered"}}
    with sqlite_store(tmp_path / "home/.millwright/webhooks.sqlite") as store:
        kept = Kept(store)
        kept.routed("told", {"f/webhooks/record_delivery": "dead"}, source=source, **told)
        release(store, kept.lease)
    assert asked(tmp_path, "replay", "told")["replayed"] == 1
    event = asked(tmp_path, "show", "told")
    assert (event["state"], event["tasks"][0]["attempts"]) == ("done", 1)
