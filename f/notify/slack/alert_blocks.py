"""A message as a coloured alert in Slack.

What came from outside stands in plain text, where Slack reads no markup.
"""

from __future__ import annotations

from typing import Any

from f.notify.messages.message import COLORS, Message
from f.notify.slack.client import Block, Post
from f.notify.slack.posting import escape, fit, trim

_LABELS = {"info": "Info", "warning": "Warning", "error": "Error", "critical": "Critical"}


def alert_posts(message: Message, thread_ts: str = "") -> tuple[list[Post], list[str]]:
    """Return a message as coloured alert, in as many parts as it takes, and say what was changed."""
    groups = fit(blocks_of(message))
    notices = [f"The alert was posted as {len(groups)} messages."] if len(groups) > 1 else []
    if any("characters in all)" in str(group) for group in groups):
        notices.append("A title or field was too long for Slack and was cut.")
    fallback = fallback_of(message)
    return [Post(fallback, (), [attachment_of(message, group)], thread_ts) for group in groups], notices


def blocks_of(message: Message) -> list[Block]:
    """Return title, text, the facts in two columns (label and value), and a link."""
    blocks: list[Block] = [{"type": "header", "text": _plain(message.title)}]
    if message.text:
        blocks.append({"type": "section", "text": _plain(message.text)})
    if message.facts:
        pairs = [cell for label, value in message.facts.items() for cell in (_label(label), _plain(value))]
        blocks.append({"type": "section", "fields": pairs})
    if message.link:
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": f"<{_url(message.link)}|Open>"}})
    return blocks


def attachment_of(message: Message, blocks: list[Block]) -> dict[str, Any]:
    """Return blocks beside the bar in the severity's colour; the bar exists only on attachments."""
    return {"color": COLORS[message.severity], "fallback": fallback_of(message), "blocks": blocks}


def fallback_of(message: Message) -> str:
    """Return what a notification and a screen reader say: severity and title."""
    return trim(f"{_LABELS[message.severity]}: {escape(message.title)}", 3000)


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": escape(text), "emoji": False}


def _label(label: str) -> Block:
    return {"type": "mrkdwn", "text": f"*{escape(label.replace('*', ''))}*"}


def _url(link: str) -> str:
    return escape(link).replace("|", "%7C").replace(" ", "%20")
