"""A message as Slack blocks. What came from outside stands in plain text, where Slack reads no markup."""

from __future__ import annotations

from typing import Any

from f.notify.messages.message import COLORS, Message
from f.notify.slack.blocks import Block, escape, trim

_WORDS = {"info": "Info", "warning": "Warning", "error": "Error", "critical": "Critical"}


def blocks_of(message: Message) -> list[Block]:
    """Title, text, the facts in two columns (label and value), and a link."""
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
    """Blocks beside the bar in the severity's colour; the bar exists only on attachments."""
    return {"color": COLORS[message.severity], "fallback": fallback_of(message), "blocks": blocks}


def fallback_of(message: Message) -> str:
    """What a notification and a screen reader say: severity and title."""
    return trim(f"{_WORDS[message.severity]}: {escape(message.title)}", 3000)


def _plain(text: str) -> Block:
    return {"type": "plain_text", "text": escape(text), "emoji": False}


def _label(label: str) -> Block:
    return {"type": "mrkdwn", "text": f"*{escape(label.replace('*', ''))}*"}


def _url(link: str) -> str:
    return escape(link).replace("|", "%7C").replace(" ", "%20")
