"""A message of an agent: checked against the guards, and sent once through the routing's channels."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from f.connect.errors import (
    ConnectError,
    FixInput,
    FixSettings,
    GiveUpRecord,
    OutcomeUnknown,
    SignInAgain,
    TryLater,
    WaitForQuota,
)
from f.connect.sign_in.seal import Seal
from f.notify.dispatch.delivery import deliver
from f.notify.dispatch.routing_resource import SlackSettings, TextSettings, read_routing
from f.notify.messages.message import Message
from f.store.once import NOT_SENT, look_only
from f.store.stores import open_store
from f.tools.effects.ledger import Effect, Ledger, ledger_key
from f.tools.effects.once_only import Acted, Write, checked_key, once_prepared
from f.tools.guards.guards_resource import GUARDS
from f.tools.guards.patterns import is_allowed

if TYPE_CHECKING:
    from f.notify.dispatch.delivery import ChannelResult
    from f.notify.dispatch.routing_resource import ChannelSettings
    from f.store.store import Store
    from f.tools.effects.written import Written
    from f.tools.guards.desk import Desk

TOOL = "send_once"
_LONGEST = {"slack": 2800, "email": 20_000, "sms": 1500, "whatsapp": 1500}
_LONGEST_SUBJECT = 140
_RECIPIENTS = {
    "slack": re.compile(r"[CDG][A-Z0-9]{8,}|#[\w-]{1,80}", re.ASCII),
    "email": re.compile(r"[^\s@,;:<>()\[\]\"\\]{1,64}@[^\s@,;:<>()\[\]\"\\]{1,190}"),
}
_PHONE = re.compile(r"\+[0-9]{7,15}")
_OPTED_OUT = "The recipient has opted out. Nothing was sent, and it must not be sent in another way."
_FACTS = {"Sent by": "an AI agent"}


@dataclass(frozen=True, slots=True)
class MessageOrder:
    """What an agent wants sent. `to`: one recipient; empty: those of the channel."""

    channel: str
    text: str
    subject: str = ""
    to: str = ""


def send(desk: Desk, once_key: str, order: MessageOrder) -> Written:
    """Send it once. FixInput for what the guards refuse; see `once_only`."""
    once_key = checked_key(once_key)
    arguments: dict[str, object] = {
        "channel": order.channel,
        "text": order.text,
        "subject": order.subject,
        "to": order.to,
    }
    database = desk.database()
    with open_store(database, "tools") as tools, open_store(database, "notify") as store:
        return once_prepared(
            Ledger(tools),
            once_key,
            TOOL,
            arguments,
            lambda: _prepared(desk, once_key, order, arguments, store),
        )


def _prepared(
    desk: Desk, once_key: str, order: MessageOrder, arguments: dict[str, object], store: Store
) -> Write:
    """Return the write of a message that the guards allow."""
    channel = _channel(desk, order)
    message = _message(channel.kind, order)

    def act(effect: Effect, in_doubt: bool) -> Acted:
        result = deliver(channel, message, store, key=_message_key(effect.key))
        return _acted(order.channel, channel, result, in_doubt=in_doubt)

    most = desk.guards.max_per_hour
    return Write(
        TOOL,
        arguments,
        act,
        **_look_up_by(once_key, channel, order),
        most=most,
        too_many=(
            f"Agents may send {most} messages within an hour (max_per_hour in {GUARDS}), and these were "
            "sent. Nothing was sent now. quota_left says when the next may go."
        ),
        keeps_row=isinstance(channel, TextSettings) and len(channel.to) > 1,
    )


def look_up(desk: Desk, once_key: str, effect: Effect) -> Acted | None:
    """Find out what became of a message in doubt, and send nothing; None if it was never sent.

    OutcomeUnknown if nobody can tell.
    """
    order = MessageOrder(**{"text": "-", "subject": "-", **effect.kept, **_opened(once_key, effect)})
    channel = _channel(desk, order)
    with open_store(desk.database(), "notify") as store:
        result = deliver(
            channel, _message(channel.kind, order), store, key=_message_key(effect.key), once=look_only
        )
    if result["code"] == NOT_SENT:
        return None
    return _acted(order.channel, channel, result, in_doubt=True)


def _message_key(key: str) -> str:
    return f"tools:{key}"


def _look_up_by(once_key: str, channel: ChannelSettings, order: MessageOrder) -> dict[str, Any]:
    """Return what a look-up needs. Twilio finds a message by its text and number, which are sealed."""
    if isinstance(channel, TextSettings):
        whole = {"text": order.text, "subject": order.subject, "to": order.to}
        sealed = Seal(_place(once_key), once_key, takes_plain=False).close(json.dumps(whole))
        return {"kept": {"channel": order.channel}, "sealed": sealed}
    to = {"to": order.to} if isinstance(channel, SlackSettings) else {}
    return {"kept": {"channel": order.channel, **to}}


def _opened(once_key: str, effect: Effect) -> dict[str, str]:
    text = Seal(_place(once_key), once_key, takes_plain=False).open(effect.sealed) if effect.sealed else ""
    opened: dict[str, str] = json.loads(text) if text else {}
    return opened


def _place(once_key: str) -> str:
    return f"tool effect {ledger_key(once_key)}"


def _channel(desk: Desk, order: MessageOrder) -> ChannelSettings:
    """Return the channel of the routing that is named, with the recipients that are; FixInput if refused."""
    routing = read_routing(desk.routing())
    allowed = desk.guards.channels or tuple(routing.channels)
    names = [name for name in routing.channels if name in allowed]
    channel = routing.channels.get(order.channel.strip()) if order.channel.strip() in names else None
    if channel is None:
        raise FixInput(
            f"There is no channel {order.channel!r} that agents may use. Channels: "
            f"{', '.join(names) or 'none'}.",
            code="channel_not_allowed",
        )
    return _addressed(desk, channel, order.to.strip()) if order.to.strip() else channel


def _addressed(desk: Desk, channel: ChannelSettings, to: str) -> ChannelSettings:
    """Return the channel with one recipient: one of its own, or one that the guards allow."""
    is_phone = isinstance(channel, TextSettings)
    if is_phone:
        to = re.sub(r"[\s()./-]", "", to)
    if not (_PHONE if is_phone else _RECIPIENTS[channel.kind]).fullmatch(to):
        raise FixInput(f"`to` must be {_LOOKS[channel.kind]}.", code="bad_recipient")
    if isinstance(channel, SlackSettings):
        if channel.slack_webhook and not channel.slack:
            raise FixInput(
                "This channel is a webhook, which posts into its own channel only. Leave `to` empty.",
                code="recipient_not_allowed",
            )
        own = [channel.channel]
    else:
        own = channel.to
    if to not in own and not is_allowed(to, desk.guards.recipients):
        raise FixInput(
            "Agents may not write to this recipient. Leave `to` empty for the channel's own recipients; a "
            f"person can allow more by recipients in {GUARDS}.",
            code="recipient_not_allowed",
        )
    changed = {"channel": to} if isinstance(channel, SlackSettings) else {"to": [to]}
    return channel.model_copy(update=changed)


_LOOKS = {
    "slack": "the id of a channel (C0123456789) or its name (#alerts)",
    "email": "one plain e-mail address",
    "sms": "one phone number with its country code, such as +12025550123",
    "whatsapp": "one phone number with its country code, such as +12025550123",
}


def _message(kind: str, order: MessageOrder) -> Message:
    text, subject = order.text.strip(), " ".join(order.subject.split())
    if not text:
        raise FixInput("The text is empty.", code="no_text")
    if len(text) > _LONGEST[kind] or len(subject) > _LONGEST_SUBJECT:
        raise FixInput(
            f"The text may have {_LONGEST[kind]:,} characters here and the subject {_LONGEST_SUBJECT}; "
            f"these have {len(text):,} and {len(subject)}. Shorten it.",
            code="too_long",
        )
    if subject:
        return Message(subject, text, facts=_FACTS)
    if len(text) <= _LONGEST_SUBJECT and text.isprintable():
        return Message(text, facts=_FACTS)
    return Message("Message", text, facts=_FACTS)


def _acted(name: str, channel: ChannelSettings, result: ChannelResult, *, in_doubt: bool) -> Acted:
    """Return what a delivery came to; raise what went wrong."""
    facts = {"channel": name, "kind": channel.kind, "id": result["id"]}
    match result["status"]:
        case "sent":
            return Acted("done", "It was sent.", facts)
        case "duplicate":
            return Acted("confirmed" if in_doubt else "already_done", "It was sent before.", facts)
        case "suppressed" if not in_doubt:
            return Acted("refused", _OPTED_OUT)
        case "failed":
            raise _error_in(result)
        case "suppressed":
            raise OutcomeUnknown(
                "An earlier call may have sent it; the recipient has opted out since, so it is not sent "
                "again.",
                code="answer_lost",
            )
        case _:
            raise OutcomeUnknown(result["detail"], code=result["code"] or "answer_lost")


def _error_in(result: ChannelResult) -> ConnectError:
    """Return the error that a result tells of."""
    kind = next((one for one in _ERRORS if one.__name__ == result["error"]), ConnectError)
    return kind(result["detail"], code=result["code"] or None)


_ERRORS: tuple[type[ConnectError], ...] = (
    FixInput,
    FixSettings,
    SignInAgain,
    TryLater,
    WaitForQuota,
    GiveUpRecord,
    OutcomeUnknown,
)
