"""Post an alert to Slack: title, text, severity with its colour, and metadata as fields.

Everything shows as plain text, wherever it comes from. A second run posts again, unless it has the
same `message_key`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.notify.slack.client import slack, slack_webhook
    from f.notify.slack.posting import SlackResult


def main(
    title: str,
    message: str = "",
    severity: Literal["info", "warning", "error", "critical"] = "info",
    metadata: dict | None = None,
    link: str = "",
    slack: slack | None = None,
    slack_webhook: slack_webhook | None = None,
    channel: str = "",
    thread_ts: str = "",
    message_key: str = "",
    database: postgresql | None = None,
) -> SlackResult:
    from f.notify.messages.message import Message, facts_of, rank, safe_link
    from f.notify.slack.alert_blocks import alert_posts
    from f.notify.slack.posting import open_slack, send_posts
    from f.store.stores import open_store

    rank(severity)
    alert = Message(title, message, severity, facts_of(metadata), safe_link(link))
    posts, notices = alert_posts(alert, thread_ts)
    with open_store(database, "notify") as store, open_slack(slack, slack_webhook, channel, store) as opened:
        return send_posts(opened, posts, notices, store, message_key=message_key)
