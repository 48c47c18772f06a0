"""The twin of Slack: chat.postMessage, conversations.history and incoming webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from mill.strict_values import whole_number
from mill.twins.formats.slack_blocks import Block, characters
from mill.twins.limits import RollingWindow
from mill.twins.message import Refused, Reply, Request
from mill.twins.twin import Route, Setup, Twin

_MESSAGE = "message"
_MOST_TEXT = 40_000
_MOST_BLOCK_CHARACTERS = 13_200  # undocumented; measured by others
_MOST_ATTACHMENTS = 100
_STRICT = ConfigDict(extra="forbid", strict=True)
_BLOCKS: TypeAdapter[list[Block]] = TypeAdapter(Annotated[list[Block], Field(max_length=50)])


class Settings(BaseModel):
    """What this workspace is like. Tokens and webhooks not named here are good."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    refused_tokens: dict[str, str] = {
        "xoxb-wrong": "invalid_auth",
        "xoxb-expired": "token_expired",
        "xoxb-revoked": "token_revoked",
        "xoxb-unscoped": "missing_scope",
    }
    token_expires_in: int | None = None  # seconds, of a token that rotates
    channels: dict[str, str] = {"C0ALERTS": "alerts", "C0OPS": "ops", "C0GENERAL": "general"}
    archived: list[str] = ["C0OLD"]
    not_joined: list[str] = ["C0PRIVATE"]
    refused_webhooks: dict[str, tuple[int, str]] = {
        "removed": (404, "no_service"),
        "archived": (410, "channel_is_archived"),
        "prohibited": (403, "action_prohibited"),
    }
    posts_a_second: Annotated[int, Field(ge=1)] | None = None  # per channel


class Metadata(BaseModel):
    """https://docs.slack.dev/messaging/message-metadata."""

    model_config = _STRICT
    event_type: str
    event_payload: dict[str, Any]


class Attachment(BaseModel):
    """Legacy, but the only place for a coloured bar."""

    model_config = _STRICT
    color: Annotated[str, Field(pattern=r"^(#[0-9A-Fa-f]{6}|good|warning|danger)$")] | None = None
    fallback: str | None = None
    text: str | None = None
    blocks: list[dict[str, Any]] | None = None


class WebhookMessage(BaseModel):
    """What a webhook takes."""

    model_config = _STRICT
    text: str = ""
    blocks: list[dict[str, Any]] | None = None
    attachments: list[Attachment] | None = None
    thread_ts: str | None = None
    mrkdwn: bool | None = None
    unfurl_links: bool | None = None
    unfurl_media: bool | None = None


class BotMessage(WebhookMessage):
    """What chat.postMessage takes."""

    channel: str
    metadata: Metadata | None = None
    username: str | None = None
    icon_emoji: str | None = None
    icon_url: str | None = None
    link_names: bool | None = None
    parse: Literal["none", "full"] | None = None
    reply_broadcast: bool | None = None


def build(setup: Setup) -> Twin:
    """Return the twin for `settings` of the form of Settings."""
    settings = Settings.model_validate(setup.settings)
    service = _Slack(setup, settings)
    return Twin(
        name="slack",
        settings=settings,
        error=_http_error,
        gate=service.gate,
        routes=[
            Route("POST", "/api/auth.test", "auth_test", service.auth_test),
            Route("POST", "/api/chat.postMessage", "post_message", service.post_message),
            Route("GET", "/api/conversations.history", "history", service.history),
            Route("POST", "/services/{team}/{app}/{secret}", "webhook", service.webhook),
        ],
        faults={"internal_error": lambda _request: _refusal("internal_error")},
    )


class _Slack:
    def __init__(self, setup: Setup, settings: Settings) -> None:
        self._ledger, self._records, self._clock = setup.ledger, setup.records, setup.clock
        self._settings = settings
        self._windows: dict[str, RollingWindow] = {}

    def gate(self, request: Request) -> Mapping[str, str]:
        """A bot token for the Web API; a webhook's secret is its path."""
        if not request.path.startswith("/api/"):
            return {}
        token = request.bearer
        if not token:
            raise Refused(_refusal("not_authed"))
        if not token.startswith("xoxb-"):
            raise Refused(_refusal("invalid_auth"))
        if token in self._settings.refused_tokens:
            raise Refused(_refusal(self._settings.refused_tokens[token]))
        return {}

    def auth_test(self, _request: Request) -> Reply:
        """Return the workspace and the bot; of a token that rotates, also the seconds it has left."""
        who = {
            "ok": True,
            "url": "https://twin.slack.com/",
            "team": "Twin",
            "user": "millwright",
            "team_id": "T0TWIN",
            "user_id": "U0TWIN",
            "bot_id": "B0TWIN",
            "is_enterprise_install": False,
        }
        left = self._settings.token_expires_in
        return Reply(200, who if left is None else {**who, "expires_in": left})

    def post_message(self, request: Request) -> Reply:
        """200 whatever comes of it: `ok` says."""
        try:
            message = BotMessage.model_validate(request.json())
        except ValidationError as problem:
            return _refusal("invalid_arguments", [_said(problem)])
        channel = self._channel(message.channel)
        _check(message)
        self._admit(channel)
        ts = self._keep(channel, message, "bot")
        return Reply(
            200, {"ok": True, "channel": channel, "ts": ts, "message": {"type": "message", "ts": ts}}
        )

    def webhook(self, request: Request) -> Reply:
        """`ok`, or a word for what is wrong."""
        refused = self._settings.refused_webhooks.get(request.params["secret"])
        if refused:
            return _word(*refused)
        try:
            message = WebhookMessage.model_validate(request.json())
            _check(message)
        except ValidationError:
            return _word(400, "invalid_payload")
        except Refused as refusal:
            return _word(400, refusal.reply.body["error"])
        channel = next(iter(self._settings.channels))
        self._admit(channel)
        self._keep(channel, message, "webhook")
        return _word(200, "ok")

    def history(self, request: Request) -> Reply:
        """Return the messages of a channel, newest first."""
        channel = self._channel(request.query.get("channel", ""))
        try:
            oldest = float(request.query.get("oldest", "0"))
            latest = float(request.query.get("latest", "inf"))
        except ValueError:
            raise Refused(_refusal("invalid_ts_oldest")) from None
        limit = whole_number(request.query.get("limit", "100"))
        if limit is None:
            raise Refused(_refusal("invalid_limit"))
        found = [
            self._records.get(_MESSAGE, number) for number in self._records.find(_MESSAGE, "channel", channel)
        ]
        messages = [one for one in reversed(found) if one and oldest <= float(one["ts"]) <= latest]
        if request.query.get("include_all_metadata") != "true":
            messages = [{k: v for k, v in message.items() if k != "metadata"} for message in messages]
        return Reply(
            200,
            {"ok": True, "messages": messages[:limit], "has_more": False},
        )

    def _channel(self, given: str) -> str:
        names = {name: channel for channel, name in self._settings.channels.items()}
        channel = names.get(given.removeprefix("#"), given)
        if channel in self._settings.archived:
            raise Refused(_refusal("is_archived"))
        if channel in self._settings.not_joined:
            raise Refused(_refusal("not_in_channel"))
        if channel not in self._settings.channels:
            raise Refused(_refusal("channel_not_found"))
        return channel

    def _admit(self, channel: str) -> None:
        limit = self._settings.posts_a_second
        if limit and not self._windows.setdefault(channel, RollingWindow(limit, 1)).admit():
            raise Refused(Reply(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "1"}))

    def _keep(self, channel: str, message: WebhookMessage, via: str) -> str:
        body = message.model_dump(exclude_none=True)
        number = self._records.add(_MESSAGE, {}, {"channel": channel})
        ts = f"{int(self._clock())}.{number:06d}"
        self._records.replace(_MESSAGE, number, {"type": "message", **body, "ts": ts}, {"channel": channel})
        name = self._settings.channels[channel]
        self._ledger.append("sent", channel, {**body, "ts": ts, "via": via, "channel_name": name})
        return ts


def _check(message: WebhookMessage) -> None:
    """Slack's limits; Refused with its word for the first that is not kept."""
    if not (message.text or message.blocks or message.attachments):
        raise Refused(_refusal("no_text"))
    if len(message.text) > _MOST_TEXT:
        raise Refused(_refusal("msg_too_long"))
    if len(message.attachments or ()) > _MOST_ATTACHMENTS:
        raise Refused(_refusal("too_many_attachments"))
    for blocks in (message.blocks, *(attachment.blocks for attachment in message.attachments or ())):
        try:
            _BLOCKS.validate_python(blocks or [])
        except ValidationError as problem:
            raise Refused(_refusal("invalid_blocks", [_said(problem)])) from problem
        if characters(blocks) > _MOST_BLOCK_CHARACTERS:
            raise Refused(_refusal("msg_blocks_too_long"))


def _refusal(code: str, messages: list[str] | None = None) -> Reply:
    body: dict[str, Any] = {"ok": False, "error": code}
    if messages:
        body["response_metadata"] = {"messages": messages}
    return Reply(200, body)


def _http_error(status: int, _message: str) -> Reply:
    if status == 429:
        return Reply(429, {"ok": False, "error": "ratelimited"})
    return _word(status, "service_unavailable" if status == 503 else "unknown_method")


def _word(status: int, word: str) -> Reply:
    return Reply(status, word.encode(), {"Content-Type": "text/html"})


def _said(problem: ValidationError) -> str:
    first = problem.errors(include_url=False, include_input=False)[0]
    return f"[ERROR] {first['msg']} [json-pointer:/{'/'.join(str(step) for step in first['loc'])}]"
