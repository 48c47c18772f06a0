"""Messages of agents: to whom they may go, and each once, whatever becomes of its answer."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from f.connect.errors import FixInput, TryLater
from f.store.stores import sqlite_store
from f.tools.acting.messages import MessageOrder, send
from f.tools.acting.replays import ReplayOrder, replay
from f.tools.acting.status import status_of
from f.tools.effects.ledger import Ledger
from f.tools.effects.once_only import refusing
from f.tools.effects.written import Written
from f.tools.guards.guards_resource import Guards
from tests.f.notify.conftest import Twin
from tests.f.tools.conftest import OwnDesk

ROOT = Path(__file__).parents[3]


def ask(desk: OwnDesk, key: str, channel: str, text: str = "Hello", **more: str) -> Written:
    return refusing(key, lambda: send(desk, key, MessageOrder(channel, text, **more)))


def guarded(desk: OwnDesk, **changes: Any) -> OwnDesk:
    return dataclasses.replace(desk, guards=dataclasses.replace(desk.guards, **changes))


def lapse() -> None:
    """As if two minutes had passed since whoever sends was killed."""
    for name in ("tools", "notify"):
        with sqlite_store(Path.home() / ".millwright" / f"{name}.sqlite") as store:
            store.execute("UPDATE store_lease SET until = 0")
            if name == "notify":
                store.execute("UPDATE notify_sent SET at = at - 121")


@pytest.mark.parametrize("channel", ["ops", "phone", "office", "post"])
def test_a_message_goes_out_once(
    desk: OwnDesk, slack_twin: Twin, twilio_twin: Twin, resend_twin: Twin, sendgrid_twin: Twin, channel: str
) -> None:
    first, second = (ask(desk, "k", channel) for _ in range(2))
    assert (first["status"], second["status"]) == ("done", "already_done")
    assert first["result"] == second["result"]
    assert ask(desk, "k", channel, "Other")["status"] == "refused"
    twins = (slack_twin, twilio_twin, resend_twin, sendgrid_twin)
    assert sum(len(twin.sent()) for twin in twins) == 1
    assert status_of(desk, "k")["status"] == "done"
    assert status_of(desk, "k")["result"] == first["result"]


def test_a_result_names_no_person(desk: OwnDesk) -> None:
    text = json.dumps([ask(desk, "a", "phone"), ask(desk, "b", "office"), status_of(desk, "a")])
    assert "2025550123" not in text
    assert "@example" not in text


@pytest.mark.parametrize(("channel", "operation"), [("ops", "post_message"), ("phone", "create_message")])
def test_a_lost_answer_is_found_and_sends_no_second(
    desk: OwnDesk, slack_twin: Twin, twilio_twin: Twin, channel: str, operation: str
) -> None:
    twin = slack_twin if channel == "ops" else twilio_twin
    twin.fail_next(operation, "reset_after_commit")
    assert ask(desk, "k", channel)["status"] == "done"  # looked up at once
    assert ask(desk, "k", channel)["status"] == "already_done"
    assert len(twin.sent()) == 1


def test_what_a_killed_job_has_sent_is_confirmed_by_the_status(desk: OwnDesk, twilio_twin: Twin) -> None:
    ask(desk, "k", "phone")
    with sqlite_store(Path.home() / ".millwright" / "notify.sqlite") as store:
        store.execute("UPDATE notify_sent SET state = 'sending', id = ''")
    with sqlite_store(Path.home() / ".millwright" / "tools.sqlite") as store:
        sealed = _sealed_anew(desk, store)
    assert "Hello" not in sealed
    twilio_twin.client.put_settings()
    assert status_of(desk, "k")["status"] == "confirmed"
    assert status_of(desk, "k")["status"] == "done"
    assert ask(desk, "k", "phone")["status"] == "already_done"
    assert len(twilio_twin.sent()) == 1


def _sealed_anew(desk: OwnDesk, store: Any) -> str:
    """Put the ledger's row back to where a kill right after the send leaves it; return what it has sealed."""
    from f.notify.dispatch.routing_resource import read_routing  # noqa: PLC0415 - one test needs it
    from f.tools.acting.messages import _look_up_by  # noqa: PLC0415 - as above

    channel = read_routing(desk.routing()).channels["phone"]
    sealed: str = _look_up_by("k", channel, MessageOrder("phone", "Hello"))["sealed"]
    store.execute("UPDATE tool_effect SET state = 'begun', result = '', sealed = :sealed", {"sealed": sealed})
    return sealed


def test_where_nobody_can_be_asked_a_lost_answer_stays_unknown(desk: OwnDesk, sendgrid_twin: Twin) -> None:
    sendgrid_twin.fail_next("mail_send", "reset_after_commit")
    assert ask(desk, "k", "post")["status"] == "unknown"
    assert status_of(desk, "k")["status"] == "unknown"
    assert ask(desk, "k", "post")["status"] == "unknown"
    assert len(sendgrid_twin.sent()) == 1


def test_resend_knows_the_key_so_a_lost_answer_is_repeated_under_it(desk: OwnDesk, resend_twin: Twin) -> None:
    resend_twin.fail_next("send_email", "reset_after_commit", times=9)
    first = ask(desk, "k", "office")
    resend_twin.client.put_faults(script=[])
    second = ask(desk, "k", "office")
    assert {first["status"], second["status"]} <= {"done", "unknown", "already_done", "confirmed"}
    assert second["status"] != "unknown"
    assert len(resend_twin.sent()) == 1


def test_who_opted_out_gets_nothing(desk: OwnDesk, twilio_twin: Twin) -> None:
    desk = guarded(desk, recipients=("+1500555*",))
    answer = ask(desk, "k", "phone", to="+15005550004")
    assert (answer["status"], twilio_twin.sent()) == ("refused", [])
    assert "opted out" in answer["message"]
    assert ask(desk, "k", "phone", "Other words")["status"] == "done"


@pytest.mark.parametrize(
    ("channel", "to"),
    [
        ("ops", "C0EVIL0001"),
        ("ops", "#general"),
        ("phone", "+12025550199"),
        ("office", "stranger@example.org"),
        ("office", "boss@example.com"),
    ],
)
def test_an_agent_writes_to_nobody_beside_the_channels_own_by_default(
    desk: OwnDesk, channel: str, to: str
) -> None:
    answer = ask(desk, "k", channel, to=to)
    assert answer["status"] == "refused"
    assert to not in answer["message"]
    assert status_of(desk, "k")["status"] == "not_known"


@pytest.mark.parametrize(
    "to", ["a@x.com,boss@example.com", "Boss <boss@example.com>", "a@example.com\nBcc: b@example.org", "@"]
)
def test_a_pattern_is_not_passed_by_a_second_recipient(desk: OwnDesk, to: str) -> None:
    answer = ask(guarded(desk, recipients=("*@example.com",)), "k", "office", to=to)
    assert (answer["status"], answer["message"]) == ("refused", "`to` must be one plain e-mail address.")


def test_a_person_can_allow_recipients_and_fewer_channels(desk: OwnDesk, resend_twin: Twin) -> None:
    desk = guarded(desk, recipients=("*@example.com",), channels=("office",))
    assert ask(desk, "a", "office", to="boss@example.com")["status"] == "done"
    assert resend_twin.sent()[0]["to"] == ["boss@example.com"]
    assert ask(desk, "b", "ops")["message"].endswith("Channels: office.")


def test_one_of_a_channels_own_recipients_may_be_named(desk: OwnDesk, sendgrid_twin: Twin) -> None:
    assert ask(desk, "k", "post", to="boss@example.com")["status"] == "done"
    assert "office@" not in json.dumps(sendgrid_twin.sent()[0])


def test_the_hours_messages_are_counted_over_all_channels(desk: OwnDesk) -> None:
    desk = guarded(desk, max_per_hour=2)
    statuses = [
        ask(desk, f"k{number}", name)["status"] for number, name in enumerate(("ops", "phone", "ops"))
    ]
    assert statuses == ["done", "done", "refused"]
    assert ask(desk, "k0", "ops")["status"] == "already_done"
    assert ask(guarded(desk, max_per_hour=0), "new", "ops")["status"] == "refused"


def test_a_service_that_is_down_is_said_and_the_key_is_free(desk: OwnDesk, slack_twin: Twin) -> None:
    slack_twin.fail_next("post_message", "throttle_429", times=99)
    with pytest.raises(TryLater):
        ask(desk, "k", "ops")
    slack_twin.client.put_faults(script=[])
    assert ask(desk, "k", "ops", "Other words")["status"] == "done"


def test_a_text_that_no_channel_takes_is_refused(desk: OwnDesk) -> None:
    assert "characters here" in ask(desk, "k", "phone", "x" * 1501)["message"]
    with pytest.raises(FixInput, match="The text is empty"):
        send(desk, "k", MessageOrder("ops", " "))


# Forks a sender for every key it reads, says its process id and how it went; forked, it need not be started
# anew after each kill. Leases last a second here, so that the test need not wait for two minutes.
NURSERY = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
import f.store.once, f.tools.effects.ledger as ledger
f.store.once.LEASE_SECONDS = ledger.LEASE_SECONDS = 0.3
from f.tools.acting.messages import MessageOrder, send
from f.tools.guards.guards_resource import Guards
from tests.f.tools.conftest import OwnDesk
desk = OwnDesk(Guards(max_per_hour=1000), json.loads(sys.argv[2]))
send(desk, "warm", MessageOrder("ops", "warm"))
for line in sys.stdin:
    key = line.strip()
    if not (child := os.fork()):
        print(os.getpid(), flush=True)
        print(send(desk, key, MessageOrder("ops", key))["status"], flush=True)
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) < 0:
        print("killed", flush=True)
"""


@pytest.mark.timeout(120)
@pytest.mark.parametrize(("keys", "least"), [(2, 1), (5, 3)])
def test_killed_at_random_moments_and_repeated_there_is_one_message_each(
    desk: OwnDesk, slack_twin: Twin, ledger: Ledger, keys: int, least: int
) -> None:
    chance, killed, made = random.Random(7), 0, 0
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'scripts'}"}
    with subprocess.Popen(
        [sys.executable, "-c", NURSERY, str(ROOT), json.dumps(desk.given)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
    ) as nursery:  # fmt: skip
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        # Where the kills come too late, more messages are sent.
        while made < keys or (killed < least and made < 10 * keys):
            key, made = f"key {made:02}", made + 1
            said, kills = "", 0
            while said not in {"done", "confirmed", "already_done"}:
                nursery.stdin.write(f"{key}\n")
                nursery.stdin.flush()
                child = int(nursery.stdout.readline())
                if kills < 2:
                    time.sleep(chance.uniform(0.0, 0.05))
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(child, signal.SIGKILL)
                said = nursery.stdout.readline().strip()
                if said == "killed":
                    killed, kills = killed + 1, kills + 1
                    lapse()
        nursery.stdin.close()
    every = [f"key {number:02}" for number in range(made)]
    for key in every:
        lapse()
        final = ask(guarded(desk, max_per_hour=1000), key, "ops", key)
        assert final["status"] in {"done", "confirmed", "already_done"}
    texts = [json.dumps(message) for message in slack_twin.sent()]
    assert [sum(key in text for text in texts) for key in every] == [1] * made
    assert killed >= least
    assert ledger.of_the_hour("send_once")[0] == made + 1


def test_two_tools_at_once_under_one_key_do_one_thing(desk: OwnDesk, slack_twin: Twin) -> None:
    with ThreadPoolExecutor(2) as pool:
        message = pool.submit(ask, desk, "k", "ops")
        other = pool.submit(refusing, "k", lambda: replay(desk, "k", ReplayOrder("evt_none")))
        statuses = [message.result(30)["status"], other.result(30)["status"]]
    assert statuses[1] == "refused"
    assert (statuses[0] == "done") == (len(slack_twin.sent()) == 1)


@pytest.mark.parametrize("key", ["re\u0301sume\u0301", " r\u00e9sum\u00e9 ", "r\u00e9sum\u00e9\u00a0"])
def test_a_key_is_the_same_however_it_is_composed_and_blanks_do_not_count(
    desk: OwnDesk, slack_twin: Twin, key: str
) -> None:
    assert ask(desk, "r\u00e9sum\u00e9", "ops", "caf\u00e9")["status"] == "done"
    assert ask(desk, key, " ops ", "cafe\u0301\n")["status"] == "already_done"
    assert ask(desk, "R\u00e9sum\u00e9", "ops")["status"] == "done"  # another one: case counts
    assert len(slack_twin.sent()) == 2


def test_guards_that_were_changed_since_hide_no_earlier_result(
    desk: OwnDesk, slack_twin: Twin, sendgrid_twin: Twin
) -> None:
    first = ask(desk, "k", "ops")
    sendgrid_twin.fail_next("mail_send", "reset_after_commit")
    assert ask(desk, "lost", "post")["status"] == "unknown"
    narrow = guarded(desk, channels=("office",), max_per_hour=0)
    assert ask(narrow, "k", "ops")["result"] == first["result"]
    assert ask(narrow, "lost", "post")["status"] == "unknown"
    assert status_of(narrow, "lost")["status"] == "unknown"
    assert ask(narrow, "new", "ops")["status"] == "refused"
    assert (len(slack_twin.sent()), len(sendgrid_twin.sent())) == (1, 1)


def test_the_files_of_the_state_hold_no_text_address_or_key(desk: OwnDesk, twilio_twin: Twin) -> None:
    ask(desk, "key-of-secret", "phone", "words-of-secret")
    ask(desk, "key-of-secret-2", "office", "words-of-secret")
    twilio_twin.fail_next("create_message", "reset_before", times=9)
    ask(desk, "key-of-secret-3", "phone", "words-of-secret")
    files = [file for file in (Path.home() / ".millwright").iterdir() if file.is_file()]
    whole = b"".join(file.read_bytes() for file in files)
    assert len(files) > 1
    for secret in (b"of-secret", b"2025550123", b"office@", b"good"):
        assert secret not in whole


def test_guards_of_the_hour_default_to_few() -> None:
    assert (Guards().max_per_hour, Guards().recipients) == (20, ())
