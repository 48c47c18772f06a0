"""Posting to Slack: through a bot or a webhook, in as many messages as the limits ask for, each once.

The limits are kept by splitting where nothing is lost, else by trimming with a notice:
https://docs.slack.dev/reference/block-kit/blocks and .../methods/chat.postMessage. The total over all blocks
is undocumented: about 13,200 characters, then msg_blocks_too_long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict

from f.connect.client import Client
from f.connect.errors import ConnectError, FixInput, FixSettings, OutcomeUnknown
from f.connect.transport.addresses import GivenAddresses
from f.notify.messages.account_limit import LONGEST_WAIT, wait_for_turn
from f.notify.slack.client import (
    Block,
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
from f.store.once import Attempt, Candidate, Once, OneTimeWrite, send_once
from f.store.sent_keys import KEEP_SECONDS, key_of, was_sent

if TYPE_CHECKING:
    from f.store.store import Store

MOST_BLOCKS = 50
MOST_CHARACTERS = 12_000
MOST_TEXT = 40_000
_SECTION_TEXT, _FIELDS, _FIELD_TEXT = 3000, 10, 2000
_HEADER_TEXT, _CONTEXT_ELEMENTS, _ACTION_ELEMENTS = 150, 10, 25
_BUTTON_TEXT, _BUTTON_VALUE, _ID = 75, 2000, 255
_NOTICE = "… ({} characters in all)"
_MOST_ATTACHMENTS = 100
_MOST_PAGES = 50  # of 200 messages each, that a look-up reads
_CLOCKS_DIFFER = 300.0  # seconds between theirs and ours; the mark is ours alone, however wide we look


class SlackResult(TypedDict):
    """`ts` is the first message's id, to answer in its thread; a webhook gives none."""

    status: Literal["sent", "already_sent"]
    channel: str
    ts: str
    parts: int
    notices: list[str]


@dataclass(slots=True)
class SlackChannel(AbstractContextManager["SlackChannel"]):
    """A channel, and the way into it: by webhook, or by bot if `webhook_path` is None.

    `account`: the resource, whose messages are counted together.
    """

    client: Client
    channel: str
    webhook_path: str | None
    account: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Return what distinguishes this channel, for keys; never the webhook itself in clear."""
        return f"slack:{self.channel or key_of(self.webhook_path)}"

    def post(self, post: Post, attempt: Attempt) -> Posted:
        """Post once; raises a ConnectError named by what to do next."""
        if self.webhook_path is not None:
            request = replace(webhook_request(post, self.webhook_path), permit=attempt.permit)
            try:
                return read_webhook(self.client.request(request))
            except ConnectError as error:
                raise error from None  # the cause, an error of the HTTP library, quotes the secret path
        request = replace(post_request(post, self.channel, attempt.mark), permit=attempt.permit)
        return read_post(self.client.request(request))

    def look_up(self, attempt: Attempt) -> list[Candidate]:
        """Return the message if it was posted earlier. Needs the scope channels:history."""
        since, until, cursor = attempt.since - _CLOCKS_DIFFER, attempt.until + _CLOCKS_DIFFER, ""
        for _ in range(_MOST_PAGES):
            response = self.client.request(history_request(self.channel, since, until, cursor))
            ts, cursor = find_mark(response, attempt.mark)
            if ts is not None or not cursor:
                return [] if ts is None else [Candidate(ts)]
        raise OutcomeUnknown(
            "The channel has too many messages since then to find out whether this one arrived. Look there, "
            "and use another message_key to send it all the same.",
            code="answer_lost",
        )

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
    """Return a way into a channel. FixSettings unless exactly one of bot and webhook is given.

    A webhook posts into the channel it was made for, whatever it is told (Slack dropped the override), so a
    channel beside one is refused.
    """
    if bool(slack) == bool(slack_webhook):
        raise FixSettings(
            "Give either slack (a bot, with a channel) or slack_webhook (which knows its channel).",
            code="bad_settings",
        )
    if slack_webhook and channel.strip():
        raise FixInput(
            "A webhook posts into its own channel only. Leave channel empty, or give slack (a bot) instead.",
            code="channel_with_webhook",
        )
    if slack_webhook:
        integration, path = webhook_integration(slack_webhook)
        # Who posts may hand over a webhook of their own. One that begins with "/" is a route of Windmill.
        own_route = str(slack_webhook.get("url") or "").startswith("/")
        given = None if own_route else GivenAddresses()
        return SlackChannel(Client(integration, store, given=given), "", path, slack_webhook)
    assert slack is not None
    if not channel.strip():
        raise FixInput("A bot needs a channel: its id (C...), or its name (#alerts).", code="missing_channel")
    return SlackChannel(Client(bot_integration(slack, channel), store), channel.strip(), None, slack)


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
    longest_wait: float = LONGEST_WAIT,
    once: Once = send_once,
) -> SlackResult:
    """Post all parts in order. If one fails the error says how many were posted before.

    `longest_wait`: seconds to wait for the account's turn. `once`: `look_only` posts nothing.
    """
    first, statuses, said = "", set(), list(notices)
    for number, post in enumerate(posts):
        key = key_of(channel.name, message_key, number) if message_key else ""
        try:
            if not (key and was_sent(store, key, window or KEEP_SECONDS)):
                said += filter(None, [wait_for_turn("Slack", channel.account, store, longest=longest_wait)])
            receipt = once(store, key, _write_of(channel, post), window=window)
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
        "notices": said,
    }


def _write_of(channel: SlackChannel, post: Post) -> OneTimeWrite:
    return OneTimeWrite(
        send=lambda attempt: channel.post(post, attempt).ts,
        look_up=channel.look_up if channel.can_look_up else None,
    )


def escape(text: str) -> str:
    """Make text show as it is: no mention, no link, no channel. The three characters Slack reads as control.

    https://docs.slack.dev/messaging/formatting-message-text#escaping
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def trim(text: str, most: int) -> str:
    """Cut a text that is too long and say so at its end; an escaped character is never cut in two."""
    if len(text) <= most:
        return text
    notice = _NOTICE.format(f"{len(text):,}")
    if most < 3 * len(notice):
        notice = "…"
    kept = text[: most - len(notice)]
    cut = kept.rfind("&")
    if cut > len(kept) - 5 and ";" not in kept[cut:]:
        kept = kept[:cut]
    return kept + notice


def split_text(text: str, most: int) -> list[str]:
    """Split at line ends, else at spaces, else anywhere; no part is longer than `most`."""
    parts = []
    while len(text) > most:
        cut = max(text.rfind("\n", 1, most + 1), 0) or max(text.rfind(" ", most // 2, most + 1), 0) or most
        entity = text.rfind("&", 0, cut)
        if entity > max(cut - 5, 0) and ";" not in text[entity:cut]:
            cut = entity
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip("\n ")
    return [*parts, text]


def fit(blocks: Sequence[Any]) -> list[list[Block]]:
    """Return the blocks as one or more messages, each within the limits. FixInput for what is not a block."""
    messages: list[list[Block]] = [[]]
    size = 0
    for block in _all_fitted(blocks):
        weight = _characters(block)
        if messages[-1] and (len(messages[-1]) >= MOST_BLOCKS or size + weight > MOST_CHARACTERS):
            messages.append([])
            size = 0
        messages[-1].append(block)
        size += weight
    return messages


def _all_fitted(blocks: Sequence[Any]) -> Iterator[Block]:
    for number, block in enumerate(blocks, 1):
        if not isinstance(block, Mapping) or not isinstance(block.get("type"), str):
            raise FixInput(f"Block {number} is not a Slack block: it needs a type.", code="invalid_blocks")
        yield from _fitted(dict(block))


def _fitted(block: Block) -> Iterator[Block]:
    if "block_id" in block:
        block["block_id"] = str(block["block_id"])[:_ID]
    match block["type"]:
        case "header":
            yield {**block, "text": _trimmed(block.get("text"), _HEADER_TEXT)}
        case "section":
            yield from _sections(block)
        case "context":
            elements = [_trimmed(element, _FIELD_TEXT) for element in block.get("elements", [])]
            yield from _divided(block, "elements", elements, _CONTEXT_ELEMENTS)
        case "actions":
            elements = [_button(element) for element in block.get("elements", [])]
            yield from _divided(block, "elements", elements, _ACTION_ELEMENTS)
        case _:
            yield block


def _sections(block: Block) -> Iterator[Block]:
    """A section's text in as many sections as it takes, then its fields ten by ten."""
    rest = {name: value for name, value in block.items() if name not in {"text", "fields"}}
    text, fields = block.get("text"), block.get("fields") or []
    texts = _split(text)
    fields = [_trimmed(field, _FIELD_TEXT) for field in fields]
    groups = [fields[start : start + _FIELDS] for start in range(0, len(fields), _FIELDS)]
    first: Block = dict(rest)
    if texts:
        first["text"] = texts[0]
    if groups and len(texts) < 2:
        first["fields"] = groups.pop(0)
    yield first
    bare = {name: value for name, value in rest.items() if name not in {"block_id", "accessory"}}
    yield from ({**bare, "text": part} for part in texts[1:])
    yield from ({**bare, "fields": group} for group in groups)


def _split(text: Any) -> list[Any]:
    if not isinstance(text, Mapping) or not isinstance(text.get("text"), str):
        return [] if text is None else [text]
    return [{**text, "text": part} for part in split_text(text["text"], _SECTION_TEXT)]


def _divided(block: Block, name: str, elements: list[Any], most: int) -> Iterator[Block]:
    for start in range(0, max(len(elements), 1), most):
        part = {**block, name: elements[start : start + most]}
        if start:
            part.pop("block_id", None)
        yield part


def _button(element: Any) -> Any:
    if not isinstance(element, Mapping):
        return element
    value = element.get("value")
    if isinstance(value, str) and len(value) > _BUTTON_VALUE:
        raise FixInput(
            f"A button's value has {len(value)} characters; Slack takes {_BUTTON_VALUE}. Send an id instead.",
            code="invalid_blocks",
        )
    return {**element, "text": _trimmed(element.get("text"), _BUTTON_TEXT)} if "text" in element else element


def _trimmed(text: Any, most: int) -> Any:
    """A text object, or anything else as it is."""
    if isinstance(text, Mapping) and isinstance(text.get("text"), str):
        return {**text, "text": trim(text["text"], most)}
    return text


def _characters(value: Any) -> int:
    if isinstance(value, str):
        return len(value)
    if isinstance(value, Mapping):
        return sum(_characters(item) for item in value.values())
    return sum(_characters(item) for item in value) if isinstance(value, list) else 0
