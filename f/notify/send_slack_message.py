"""Post a message to Slack, through a bot or an incoming webhook.

Returns where it stands and what was changed to keep Slack's limits. Plain text shows as it is: no
mention, no link, no formatting; with `mrkdwn` the text is Slack's markup as written. Long messages go
out in several parts. A second run posts again, unless it has the same `message_key`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from f.store.database import postgresql

if TYPE_CHECKING:
    from f.notify.slack.client import slack, slack_webhook
    from f.notify.slack.posting import SlackResult


def main(
    text: str,
    slack: slack | None = None,
    slack_webhook: slack_webhook | None = None,
    channel: str = "",
    thread_ts: str = "",
    blocks: list[dict] | None = None,
    attachments: list[dict] | None = None,
    mrkdwn: bool = False,
    message_key: str = "",
    database: postgresql | None = None,
) -> SlackResult:
    from f.notify.slack.posting import open_slack, posts_of, send_posts
    from f.store.stores import open_store

    posts, notices = posts_of(text, blocks, attachments, thread_ts, mrkdwn=mrkdwn)
    with open_store(database, "notify") as store, open_slack(slack, slack_webhook, channel, store) as opened:
        return send_posts(opened, posts, notices, store, message_key=message_key)
