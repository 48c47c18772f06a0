"""The failure handler: whatever a step left or its error says, people hear that an import failed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from f.customers.notify_failure import main
from f.customers.parse_csv import main as parse
from f.customers.validation.reasons import TEXTS
from f.records.report.reconciliation import Steps, reconcile
from tests.loopback import Loopback, Reply, serve
from tests.properties import at_most

CSV = "name,email\nAda,ada@example.com\nGrace,grace@example.com\n"
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ERRORS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("name", "message", "step_id", "exit_code", "extra", "stack"), ANYTHING),
)


@pytest.fixture
def channels() -> Iterator[Loopback]:
    with serve(lambda _: Reply(200, b"ok")) as server:
        yield server


def notify(server: Loopback, error: dict[str, Any], **steps: Any) -> dict[str, Any]:
    return main(
        error,
        **steps,
        slack_webhook_url=f"{server.url}/services/T/B/x",
        webhook_url=f"{server.url}/hook",
    )


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=at_most(60), deadline=None
)
@given(error=ERRORS, parsed=ANYTHING, gate=ANYTHING, created=ANYTHING)
@example({"message": "\ud800 broke"}, None, None, None)
@example({"message": "\n", "exit_code": 137}, {}, {}, [])
@example({"message": {"a": 1}, "extra": "text"}, {"rows": 1}, None, None)
@example({"message": "x", "extra": {"summary": {"import_id": "\ud800"}}}, None, None, None)
def test_it_speaks_whatever_it_is_given(
    channels: Loopback, error: dict[str, Any], parsed: Any, gate: Any, created: Any
) -> None:
    done = notify(channels, error, parsed=parsed, gate=gate, created=created)
    assert done["notification"] == {"slack": "sent", "webhook": "sent"}
    json.dumps(done["error"], ensure_ascii=False).encode()
    assert channels.asked[-2].json["text"].startswith("An import failed at step ")


def test_every_row_is_accounted_for_and_the_words_of_the_target_do_not_end_it(channels: Loopback) -> None:
    words = 'half \ud83d of a pair, password="hunter2 x", mail grace@example.com <!channel>'
    done = notify(channels, {"name": "Broken", "message": words, "step_id": "b"}, parsed=parse(text=CSV))
    assert done["counts"]["failed"] == 2
    slack, hook = (asked.json for asked in channels.asked)
    for text in (json.dumps(done), slack["text"], json.dumps(hook)):
        assert "hunter2" not in text
        assert "grace@" not in text or text.startswith("{")
    assert "hunter2" not in done["report"]["content"]
    assert "<!channel>" not in slack["text"]
    assert "\ufffd of a pair" in slack["text"]


def test_a_report_that_cannot_be_written_is_said_and_the_message_goes_out(channels: Loopback) -> None:
    parsed = {**parse(text=CSV), "started_at": "yesterday"}
    done = notify(channels, {"message": "Lost.", "step_id": "c"}, parsed=parsed)
    text = channels.asked[0].json["text"]
    assert text.startswith("An import failed at step c. Lost. No report could be written (ValueError: ")
    assert done["notification"]["slack"] == "sent"


@pytest.mark.parametrize("url", ["http://[bad", "http://x:99999/", "http://\ud800/", "x", "//"])
def test_a_channel_without_a_proper_address_is_named(channels: Loopback, url: str) -> None:
    done = main({"message": "Lost."}, slack_webhook_url=url, webhook_url=f"{channels.url}/hook")
    assert done["notification"]["slack"].startswith("failed: ")
    assert done["notification"]["webhook"] == "sent"


def test_what_a_lost_job_said_is_masked_in_the_rejects() -> None:
    lost = {"error": {"name": "Boom", "message": 'sent {"password": "hunter2 x"} \ud800 to bob@example.com'}}
    summary = reconcile(Steps(parse(text=CSV), None, [lost]), TEXTS)
    assert summary["rejects"] is not None
    content = summary["rejects"]["content"]
    assert "hunter2" not in content
    assert "bob@" not in content
    assert content.count("\ufffd") == 2


def test_a_lost_job_without_words_is_a_lost_job() -> None:
    summary = reconcile(Steps(parse(text=CSV), None, [{"error": None}]), TEXTS)
    assert summary["counts"]["unknown"] == 2
