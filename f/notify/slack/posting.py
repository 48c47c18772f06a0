"""Posting to Slack: through a bot or a webhook, in as many messages as the limits ask for, each once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Literal, Self, TypedDict

from f.connect.client import Client
from f.connect.errors import ConnectError, FixInput, FixSettings
from f.notify.slack.blocks import MOST_TEXT, escape, fit, trim
from f.notify.slack.client import (
    Post,
    Posted,
    bot_integration,
    find_mark,
    history_request,
    post_request,
    read_post,
    read_webhook,
    webhook_integration,
    webhook_request,
)
from f.store.once import OneTimeWrite, key_of, send_once
from f.store.store import Store

_MOST_ATTACHMENTS = 100


class SlackResult(TypedDict):
    """`ts` is the first message's id, to answer in its thread; a webhook gives none."""

    status: Literal["sent", "already_sent"]
    channel: str
    ts: str
    parts: int
    notices: list[str]


@dataclass(slots=True)
class SlackChannel(AbstractContextManager["SlackChannel"]):
    """A channel, and the way into it: by webhook, or by bot if `webhook_path` is None."""

    client: Client
    channel: str
    webhook_path: str | None

    @property
    def name(self) -> str:
        """Return what distinguishes this channel, for keys; never the webhook itself in clear."""
        return f"slack:{self.channel or key_of(self.webhook_path)}"

    def post(self, post: Post, mark: str) -> Posted:
        """Post once; raises a ConnectError named by what to do next."""
        if self.webhook_path is not None:
            try:
                return read_webhook(self.client.request(webhook_request(post, self.webhook_path)))
            except ConnectError as error:
                raise error from None  # the cause, an error of the HTTP library, quotes the secret path
        return read_post(self.client.request(post_request(post, self.channel, mark)))

    def look_up(self, mark: str, since: float) -> str | None:
        """Return the ts of a message posted earlier. Needs the scope channels:history."""
        request = history_request(self.channel, since - 10.0)  # their clock and ours may differ
        return find_mark(self.client.request(request), mark)

    @property
    def can_look_up(self) -> bool:
        """Return whether Slack can be asked for a message: by a bot, and by the channel's id."""
        return self.webhook_path is None and self.channel[:1] in {"C", "G", "D"}

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()

    def __enter__(self) -> Self:
        return self


def open_slack(
    slack: Mapping[str, Any] | None, slack_webhook: Mapping[str, Any] | None, channel: str, store: Store
) -> SlackChannel:
    """Return a way into a channel. FixSettings unless exactly one of bot and webhook is given."""
    if bool(slack) == bool(slack_webhook):
        raise FixSettings(
            "Give either slack (a bot, with a channel) or slack_webhook (which knows its channel).",
            code="bad_settings",
        )
    if slack_webhook:
        integration, path = webhook_integration(slack_webhook)
        return SlackChannel(Client(integration, store), "", path)
    assert slack is not None
    if not channel.strip():
        raise FixInput("A bot needs a channel: its id (C...), or its name (#alerts).", code="missing_channel")
    return SlackChannel(Client(bot_integration(slack, channel), store), channel.strip(), None)


def posts_of(
    text: str,
    blocks: Sequence[Mapping[str, Any]] | None,
    attachments: Sequence[Mapping[str, Any]] | None,
    thread_ts: str,
    *,
    mrkdwn: bool,
) -> tuple[list[Post], list[str]]:
    """Turn what a caller hands over into messages within the limits, and say what was changed."""
    escaped = text if mrkdwn else escape(text)
    if not (escaped.strip() or blocks or attachments):
        raise FixInput("The message is empty. Give it text, blocks or attachments.", code="no_text")
    if len(attachments or ()) > _MOST_ATTACHMENTS:
        raise FixInput(
            f"A Slack message takes {_MOST_ATTACHMENTS} attachments, this has {len(attachments or ())}.",
            code="too_many_attachments",
        )
    notices = []
    trimmed = trim(escaped, MOST_TEXT)
    if trimmed != escaped:
        notices.append(f"The text was cut from {len(escaped):,} to {MOST_TEXT:,} characters.")
    groups = fit(blocks or [])
    if len(groups) > 1:
        notices.append(f"The blocks were posted as {len(groups)} messages, to keep Slack's limits.")
    posts = [Post(trimmed, group, (), thread_ts, mrkdwn) for group in groups]
    posts[-1] = replace(posts[-1], attachments=attachments or ())
    return posts, notices


def send_posts(
    channel: SlackChannel,
    posts: Sequence[Post],
    notices: Sequence[str],
    store: Store,
    *,
    message_key: str = "",
    window: float | None = None,
) -> SlackResult:
    """Post all parts in order. If one fails the error says how many were posted before."""
    first, statuses = "", set()
    for number, post in enumerate(posts):
        key = key_of(channel.name, message_key, number) if message_key else ""
        try:
            receipt = send_once(store, key, _write_of(channel, post), window=window)
        except ConnectError as error:
            if number:
                error.args = (f"{error} {number} of {len(posts)} parts had been posted before.",)
            raise
        first = first or receipt.id
        statuses.add(receipt.status)
    status: Literal["sent", "already_sent"] = "sent" if "sent" in statuses else "already_sent"
    return {
        "status": status,
        "channel": channel.channel,
        "ts": first,
        "parts": len(posts),
        "notices": list(notices),
    }


def _write_of(channel: SlackChannel, post: Post) -> OneTimeWrite:
    return OneTimeWrite(
        send=lambda mark: channel.post(post, mark).ts,
        look_up=channel.look_up if channel.can_look_up else None,
    )
