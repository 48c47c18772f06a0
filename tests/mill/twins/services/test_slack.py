"""The Slack twin takes what Slack documents and refuses the rest in Slack's words."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mill.twins.stage import TwinClient, TwinProcess

POST = {"channel": "C0OPS", "text": "x"}
PLAIN = {"type": "plain_text", "text": "x"}


@pytest.fixture
def slack(twins: TwinProcess) -> TwinClient:
    client = TwinClient(twins.client("slack").url, token="xoxb-1")
    client.forget()
    return client


def test_a_post_is_kept_and_found_again_with_its_metadata(slack: TwinClient) -> None:
    metadata = {"event_type": "e", "event_payload": {"mark": "m"}}
    posted = slack.post("/api/chat.postMessage", {**POST, "channel": "#ops", "metadata": metadata}).json
    assert (posted["ok"], posted["channel"]) == (True, "C0OPS")
    history = slack.get("/api/conversations.history?channel=C0OPS&include_all_metadata=true").json
    assert [(one["ts"], one["metadata"]) for one in history["messages"]] == [(posted["ts"], metadata)]
    without = slack.get("/api/conversations.history?channel=C0OPS&limit=1").json["messages"]
    assert "metadata" not in without[0]
    assert slack.get("/api/conversations.history?channel=C0OPS&oldest=9999999999").json["messages"] == []


@pytest.mark.parametrize(
    ("token", "error"),
    [
        (None, "not_authed"),
        ("xoxp-1", "invalid_auth"),
        ("xoxb-expired", "token_expired"),
        ("xoxb-wrong", "invalid_auth"),
    ],
)
def test_a_token_slack_would_refuse_is_refused(slack: TwinClient, token: str | None, error: str) -> None:
    answer = TwinClient(slack.url, token).post("/api/chat.postMessage", POST)
    assert (answer.status, answer.json) == (200, {"ok": False, "error": error})


def blocks(*made: dict[str, Any]) -> dict[str, Any]:
    return {**POST, "blocks": list(made)}


def section(**changes: Any) -> dict[str, Any]:
    return {"type": "section", "text": PLAIN, **changes}


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ({"channel": "C0OPS"}, "no_text"),
        ({**POST, "channel": "C1"}, "channel_not_found"),
        ({**POST, "channel": "C0OLD"}, "is_archived"),
        ({**POST, "channel": "C0PRIVATE"}, "not_in_channel"),
        ({**POST, "text": "x" * 40_001}, "msg_too_long"),
        ({**POST, "colour": "red"}, "invalid_arguments"),
        ({**POST, "attachments": [{"color": "reddish"}]}, "invalid_arguments"),
        ({**POST, "attachments": [{}] * 101}, "too_many_attachments"),
        (blocks(*[{"type": "divider"}] * 51), "invalid_blocks"),
        (blocks(section(text={"type": "plain_text", "text": "x" * 3001})), "invalid_blocks"),
        (blocks(section(fields=[PLAIN] * 11)), "invalid_blocks"),
        (blocks(section(fields=[{"type": "plain_text", "text": "x" * 2001}])), "invalid_blocks"),
        (blocks({"type": "section"}), "invalid_blocks"),
        (blocks({"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}), "invalid_blocks"),
        (blocks({"type": "header", "text": {"type": "mrkdwn", "text": "x"}}), "invalid_blocks"),
        (blocks({"type": "nonsense"}), "invalid_blocks"),
        (blocks(*[section(text={"type": "plain_text", "text": "x" * 2999})] * 5), "msg_blocks_too_long"),
    ],
)
def test_a_message_over_a_limit_or_out_of_shape_is_refused(
    slack: TwinClient, message: dict[str, Any], error: str
) -> None:
    answer = slack.post("/api/chat.postMessage", message)
    assert (answer.status, answer.json["ok"], answer.json["error"]) == (200, False, error)
    assert slack.ledger() == []


@pytest.mark.parametrize(
    ("secret", "message", "status", "word"),
    [
        ("good", {"text": "x"}, 200, b"ok"),
        ("good", {}, 400, b"no_text"),
        ("good", {"text": "x", "channel": "C0OPS"}, 400, b"invalid_payload"),
        ("removed", {"text": "x"}, 404, b"no_service"),
        ("archived", {"text": "x"}, 410, b"channel_is_archived"),
        ("prohibited", {"text": "x"}, 403, b"action_prohibited"),
    ],
)
def test_a_webhook_answers_in_words(
    slack: TwinClient, secret: str, message: dict[str, Any], status: int, word: bytes
) -> None:
    answer = TwinClient(slack.url, None).post(f"/services/T/B/{secret}", message)
    assert (answer.status, answer.body) == (status, word)


def test_a_channel_takes_only_so_many_a_second(slack: TwinClient) -> None:
    slack.put_settings(posts_a_second=1)
    first, second = (slack.post("/api/chat.postMessage", POST) for _ in range(2))
    assert (first.status, second.status, second.headers["retry-after"]) == (200, 429, "1")
    assert slack.post("/api/chat.postMessage", {**POST, "channel": "C0ALERTS"}).status == 200
