"""Bringing one message to one channel of the routing, whatever kind it is.

Each kind's modules are imported on first use: a job mostly has one kind.
"""


# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# aiohappyeyeballs==2.7.1
# aiohttp==3.14.5
# aiosignal==1.4.0
# anyio==4.16.0
# attrs==26.1.0
# certifi==2026.10.18
# cffi==2.1.1
# charset-normalizer==3.5.2
# cryptography==50.0.2
# dnspython==2.9.2
# email-validator==2.4.0
# frozenlist==1.8.0
# h11==0.16.0
# httpcore==1.0.9
# httpx==0.28.1
# idna==3.20
# multidict==7.2.1
# orjson==3.13.0
# phonenumbers==9.0.43
# propcache==0.5.4
# psycopg[binary]==3.3.9
# psycopg-binary==3.3.9
# pycparser==3.12
# requests==2.34.2
# typing-extensions==4.16.0
# urllib3==2.8.0
# wmill==1.850.0
# yarl==1.25.1

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypedDict

from f.connect.errors import ConnectError, OutcomeUnknown
from f.notify.dispatch.routing_resource import ChannelSettings, EmailSettings, SlackSettings, TextSettings
from f.store.once import send_once
from f.store.sent_keys import key_of

if TYPE_CHECKING:
    from f.notify.messages.message import Message
    from f.store.once import Once
    from f.store.store import Store

Status = Literal["sent", "duplicate", "suppressed", "digest", "failed", "unknown"]
# The status of a channel of several recipients is the worst of its parts.
_WORST: tuple[Status, ...] = ("unknown", "failed", "sent", "suppressed", "duplicate")
_SLACK_ID = re.compile(r"[CDG][A-Z0-9]{8,}")
_LONGEST_WAIT = 20.0  # seconds for an account's turn: what waits longer is for the digest
_STATUSES: dict[str, Status] = {"sent": "sent", "already_sent": "duplicate", "suppressed": "suppressed"}


class ChannelResult(TypedDict):
    """What became of the message on one channel. `error`: the class to act by; `code`: the reason."""

    status: Status
    detail: str
    id: str
    error: str
    code: str


@dataclass(frozen=True, slots=True)
class _How:
    """Under which key a message goes out, within which window it is the same, and by what it goes once."""

    key: str
    window: float | None
    once: Once


def deliver(
    channel: ChannelSettings,
    message: Message,
    store: Store,
    *,
    key: str = "",
    window: float | None = None,
    once: Once = send_once,
) -> ChannelResult:
    """Send, and return an error as a result, so that no channel stops another.

    `once`: `look_only` sends nothing, and finds out what became of what was sent under the key.
    """
    how = _How(key, window, once)
    match channel:
        case SlackSettings():
            return _attempt(lambda: _to_slack(channel, message, store, how))
        case EmailSettings():
            return _attempt(lambda: _to_email(channel, message, store, how))
        case TextSettings():
            return _together([_to_one(channel, number, message, store, how) for number in channel.to])


def place_of(channel: ChannelSettings) -> tuple[str, ...]:
    """Return where a channel leads. No credential is part of it, unless nothing else names the place."""
    match channel:
        case SlackSettings():
            bot, hook = channel.slack or {}, channel.slack_webhook or {}
            # A channel's id is Slack's own; a name means another channel in each workspace.
            team = "" if _SLACK_ID.fullmatch(channel.channel) else bot.get("token")
            return tuple(map(str, ("slack", channel.channel, team, bot.get("base_url"), hook.get("url"))))
        case EmailSettings():
            account = channel.resend or channel.sendgrid or {}
        case TextSettings():
            account = channel.twilio
    return channel.kind, str(account.get("base_url")), *sorted(set(channel.to))


def worst_of(results: Sequence[ChannelResult]) -> ChannelResult:
    """Return the one that a person has to look at most."""
    return min(results, key=lambda one: _WORST.index(one["status"]))


def _attempt(send: Callable[[], tuple[str, str, str]]) -> ChannelResult:
    try:
        status, service_id, detail = send()
    except ConnectError as error:
        return {
            "status": "unknown" if isinstance(error, OutcomeUnknown) else "failed",
            "detail": str(error),
            "id": "",
            "error": type(error).__name__,
            "code": error.code or "",
        }
    return {"status": _STATUSES[status], "detail": detail, "id": service_id, "error": "", "code": ""}


def _to_slack(channel: SlackSettings, message: Message, store: Store, how: _How) -> tuple[str, str, str]:
    from f.notify.slack.alert_blocks import alert_posts
    from f.notify.slack.posting import open_slack, send_posts

    posts, notices = alert_posts(message)
    with open_slack(channel.slack, channel.slack_webhook, channel.channel, store) as opened:
        sent = send_posts(
            opened,
            posts,
            notices,
            store,
            message_key=how.key,
            window=how.window,
            longest_wait=_LONGEST_WAIT,
            once=how.once,
        )
    return sent["status"], sent["ts"], " ".join(sent["notices"])


def _to_email(channel: EmailSettings, message: Message, store: Store, how: _How) -> tuple[str, str, str]:
    from f.notify.email.mail import mail_of
    from f.notify.email.mail_layouts import event_html
    from f.notify.email.mailing import send_mail
    from f.notify.email.provider import provider_of
    from f.notify.messages.senders import mail_sender

    provider = provider_of(channel.resend, channel.sendgrid)
    sender = mail_sender(channel.sender, channel.resend or channel.sendgrid)
    subject = " ".join(f"[{message.severity}] {message.title}".split())
    mail = mail_of(sender, channel.to, subject, event_html(message))
    sent = send_mail(mail, provider, store, message_key=how.key, window=how.window, once=how.once)
    left_out = len(sent["suppressed"])
    return sent["status"], sent["id"], f"{left_out} recipients opted out." if left_out else ""


def _to_one(channel: TextSettings, number: str, message: Message, store: Store, how: _How) -> ChannelResult:
    return _attempt(lambda: _to_phone(channel, number, message, store, how))


def _to_phone(
    channel: TextSettings, number: str, message: Message, store: Store, how: _How
) -> tuple[str, str, str]:
    from f.notify.messages.senders import text_sender
    from f.notify.texts.texting import MOST_CHARACTERS, send_text, text_of

    line = message.line
    if len(line) > MOST_CHARACTERS:
        line = f"{line[: MOST_CHARACTERS - 1]}…"
    text = text_of(
        number,
        text_sender(channel.sender, channel.twilio),
        "" if channel.content_sid else line,
        channel.default_country,
        whatsapp=channel.kind == "whatsapp",
        content_sid=channel.content_sid,
        content_variables={"1": line} if channel.content_sid else None,
    )
    own_key = how.key and key_of(how.key, text.to)
    sent = send_text(
        text,
        channel.twilio,
        store,
        message_key=own_key,
        window=how.window,
        longest_wait=_LONGEST_WAIT,
        once=how.once,
    )
    return sent["status"], sent["sid"], " ".join(sent["notices"])


def _together(parts: list[ChannelResult]) -> ChannelResult:
    if len(parts) == 1:
        return parts[0]
    worst = worst_of(parts)
    arrived = sum(part["status"] in {"sent", "duplicate"} for part in parts)
    detail = f"{arrived} of {len(parts)} recipients were reached. {worst['detail']}".strip()
    return {**worst, "detail": detail}
