"""Slack, by bot token or incoming webhook: requests built, replies read.

Web API: https://docs.slack.dev/reference/methods/chat.postMessage
Webhooks: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict
from urllib.parse import urlsplit

from f.connect.calls.message import Request, Response
from f.connect.calls.reply_reader import id_of, named, objects_at, read_object, unreadable, word_of
from f.connect.errors import (
    ConnectError,
    FixInput,
    FixSettings,
    GiveUpRecord,
    OutcomeUnknown,
    SignInAgain,
    TryLater,
)
from f.connect.integration import BearerToken, Integration, NoAuth, RateLimit, resolve_url

Block = dict[str, Any]

BASE_URL = "https://slack.com/api"
_EVENT_TYPE = "notification"  # of the metadata that carries our mark
# One message a second and channel; short bursts are let through.
# https://docs.slack.dev/apis/web-api/rate-limits
_PACE = RateLimit(max_requests=1, time_window=1.0, burst_size=3)


class slack(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """A Slack bot: its token (`xoxb-...`, scope chat:write).

    `rate_limit`: messages a minute, 0 for no limit of ours. `base_url` is for stand-ins.
    """

    token: str
    rate_limit: int
    base_url: str


class slack_webhook(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """A Slack incoming webhook. Its whole URL is a secret: who has it can post.

    `rate_limit` as of `slack`.
    """

    url: str
    rate_limit: int


@dataclass(frozen=True, slots=True)
class Post:
    """One message within Slack's limits. `mrkdwn`: whether `text` holds Slack's markup."""

    text: str
    blocks: Sequence[Block] = ()
    attachments: Sequence[Mapping[str, Any]] = ()
    thread_ts: str = ""
    mrkdwn: bool = False


@dataclass(frozen=True, slots=True)
class Posted:
    """`channel` is Slack's id and `ts` the message's; a webhook returns neither."""

    channel: str = ""
    ts: str = ""


def bot_integration(resource: Mapping[str, Any], channel: str) -> Integration:
    """Return the bot as the connection layer sees it; limits are counted by channel."""
    token = resource.get("token")
    if not isinstance(token, str) or not token:
        raise FixSettings(
            "The Slack resource has no token. Give the bot's token (xoxb-...).", code="bad_settings"
        )
    return Integration(
        name="slack",
        account=channel,
        base_url=resource.get("base_url") or BASE_URL,
        authentication=BearerToken(token=token),
        rate_limit=_PACE,
    )


def webhook_integration(resource: Mapping[str, Any]) -> tuple[Integration, str]:
    """Return the webhook's host, and its path, which is the secret."""
    try:
        parts = urlsplit(resolve_url(str(resource.get("url") or "")))
    except ValueError:  # a bracket that is not closed
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.hostname or len(parts.path) < 2:
        raise FixSettings(
            "The Slack webhook has no usable url. It looks like https://hooks.slack.com/services/T.../B.../...",
            code="bad_settings",
        )
    origin = f"{parts.scheme}://{parts.netloc}"
    integration = Integration(
        name="slack_webhook", base_url=origin, authentication=NoAuth(), rate_limit=_PACE
    )
    return integration, parts.path


def post_request(post: Post, channel: str, mark: str) -> Request:
    """Return a chat.postMessage. Slack has no idempotency keys: our mark in the metadata finds it again."""
    body: dict[str, Any] = {"channel": channel, "text": post.text, "mrkdwn": post.mrkdwn}
    body |= _content(post)
    body["metadata"] = {"event_type": _EVENT_TYPE, "event_payload": {"mark": mark}}
    return Request(method="POST", path="/chat.postMessage", json=body, endpoint="chat.postMessage")


def webhook_request(post: Post, path: str) -> Request:
    """Return the same message through a webhook, which knows its channel."""
    body = {"text": post.text, "mrkdwn": post.mrkdwn, **_content(post)}
    return Request(method="POST", path=path, json=body, endpoint="webhook")


def history_request(channel: str, since: float, until: float | None = None, cursor: str = "") -> Request:
    """Return the request for the messages between two times (epoch seconds), or for their next page.

    Needs the scope channels:history.
    """
    params: dict[str, Any] = {
        "channel": channel,
        "oldest": f"{since:.6f}",
        "include_all_metadata": True,
        "limit": 200,
    }
    if until is not None:
        params["latest"] = f"{until:.6f}"
    if cursor:
        params["cursor"] = cursor
    return Request(
        method="GET", path="/conversations.history", params=params, endpoint="conversations.history"
    )


def read_post(response: Response) -> Posted:
    """Read the reply to chat.postMessage; raises what an `ok: false` means.

    What says neither yes nor no, or does not name the message, is in doubt.
    """
    body = read_object(response)
    code = word_of(body.get("error"))
    if response.status >= 400 or (body.get("ok") is False and code):
        raise named(refusal(code or f"http_{response.status}"), response)
    posted = Posted(id_of(body.get("channel")), id_of(body.get("ts")))
    if body.get("ok") is not True or not posted.ts:
        raise unreadable(response, "Slack", "the posted message's ts")
    return posted


def read_webhook(response: Response) -> Posted:
    """Read a webhook's reply, which is a word of text; `ok` if it was posted."""
    word = response.body[:100].decode("utf-8", "replace").strip()
    if response.status >= 400:
        raise named(refusal(word if word_of(word) else f"http_{response.status}"), response)
    if word != "ok":
        raise unreadable(response, "Slack's webhook", "its `ok`")
    return Posted()


def find_mark(response: Response, mark: str) -> tuple[str | None, str]:
    """Return the ts of the message that carries the mark, or None and the cursor of the next page, if any.

    TryLater if the history cannot be read, OutcomeUnknown if Slack does not let us look.
    """
    body = read_object(response)
    code = word_of(body.get("error"))
    if response.status >= 400 or (body.get("ok") is False and code):
        raise named(_not_looked_up(code or f"http_{response.status}"), response)
    messages = objects_at(body, "messages")
    if body.get("ok") is not True or messages is None:
        raise unreadable(response, "Slack", "a list of messages")
    for message in messages:
        if _dict(_dict(message.get("metadata")).get("event_payload")).get("mark") == mark:
            return id_of(message.get("ts")), ""
    cursor = id_of(_dict(body.get("response_metadata")).get("next_cursor"))
    if body.get("has_more") and not cursor:
        raise unreadable(response, "Slack", "the rest of the messages")
    return None, cursor


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def refusal(code: str) -> ConnectError:
    """Return what a Slack error code means for the caller."""
    for kind, sentences in _REFUSALS:
        if code in sentences:
            return kind(f"Slack refused the message: {sentences[code]} ({code}).", code=code)
    if code in _MAYBE_POSTED:
        return OutcomeUnknown(
            f"Slack failed while posting ({code}); the message may be there. Look before sending it again.",
            code=code,
        )
    return GiveUpRecord(f"Slack refused the message as it is ({code}).", code=code)


def _not_looked_up(code: str) -> ConnectError:
    if code in {"ratelimited", "rate_limited"}:
        return TryLater(f"Slack refused to be searched: {_TOO_MANY} ({code}).", code=code)
    return OutcomeUnknown(
        f"Slack does not let the bot see whether the message arrived ({code}). Look there, and give the app "
        "the scope channels:history, or groups:history for a private channel.",
        code=code,
    )


# "It's possible some aspect of the operation succeeded before the error was raised", says Slack.
_MAYBE_POSTED = frozenset({"internal_error", "fatal_error", "rollup_error"})
_TOO_MANY = "too many messages at once. Try again later"
_REMOVED = "the webhook was removed or its app uninstalled. Make a new one"
_TOKEN = "the token is wrong. Put a valid bot token into the resource"  # noqa: S105 - a sentence, not a token
_EMPTY = "the message is empty. Give it text, blocks or attachments"
_TOO_LONG = "the message is longer than Slack takes. Shorten it"
_REFUSALS: tuple[tuple[type[ConnectError], Mapping[str, str]], ...] = (
    (
        SignInAgain,
        {
            "invalid_auth": _TOKEN,
            "not_authed": _TOKEN,
            "token_expired": "the token has expired. Refresh it or install the app again",
            "token_revoked": "the token was revoked. Install the app again",
            "account_inactive": "the bot or its workspace was deactivated. Install the app again",
            "missing_scope": "the bot lacks a scope. Add chat:write to the app and install it again",
            "invalid_token": "the webhook's URL is wrong. Copy it again from the app's settings",
        },
    ),
    (
        FixSettings,
        {
            "no_service": _REMOVED,
            "no_service_id": _REMOVED,
            "no_active_hooks": _REMOVED,
            "no_team": "the workspace of the webhook does not exist",
            "team_disabled": "the workspace of the webhook is disabled",
            "not_in_channel": "the bot is not in the channel. Invite it there",
            "action_prohibited": "the workspace does not let the webhook post there. Ask an administrator",
            "restricted_action": "the workspace does not let the bot post there. Ask an administrator",
            "posting_to_general_channel_denied": "only some may post to the general channel. Choose another",
        },
    ),
    (
        FixInput,
        {
            "channel_not_found": "the channel is unknown or hidden from the bot. Check its id, or invite it",
            "is_archived": "the channel is archived. Choose another",
            "channel_is_archived": "the channel is archived. Choose another",
            "user_not_found": "the user is unknown. Check the id",
            "thread_not_found": "the thread is unknown. Check thread_ts",
            "no_text": _EMPTY,
            "missing_text_or_fallback_or_attachments": _EMPTY,
            "msg_too_long": _TOO_LONG,
            "msg_blocks_too_long": _TOO_LONG,
            "too_many_attachments": "it has more than 100 attachments. Send fewer",
            "invalid_blocks": "a block is not valid. Try it in the Block Kit Builder",
            "invalid_blocks_format": "the blocks are not valid. Try them in the Block Kit Builder",
            "invalid_payload": "the message is not valid. Check blocks and attachments",
        },
    ),
    (TryLater, {"ratelimited": _TOO_MANY, "rate_limited": _TOO_MANY}),
)


def _content(post: Post) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if post.blocks:
        body["blocks"] = list(post.blocks)
    if post.attachments:
        body["attachments"] = list(post.attachments)
    if post.thread_ts:
        body["thread_ts"] = post.thread_ts
    return body
