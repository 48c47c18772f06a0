"""The resource `notification_routing`: channels, and which events go where. Read once, checked whole."""

# extra_requirements:
# annotated-types==0.8.0
# pydantic==2.14.3
# pydantic-core==2.50.4
# typing-extensions==4.16.0
# typing-inspection==0.4.5

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Annotated, Any, Literal, Self, TypedDict
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from f.connect.errors import FixSettings
from f.notify.messages.events import EVENTS
from f.notify.messages.message import Severity

_STRICT = ConfigDict(extra="forbid", frozen=True)
Seconds = Annotated[float, Field(gt=0)]
Credential = dict[str, Any]


class notification_routing(TypedDict, total=False):  # noqa: N801 - Windmill finds the resource type by this name
    """Where notifications go. Windmill's form for it comes from the resource type of the same name."""

    channels: dict[str, Any] | list[dict[str, Any]]
    routes: list[dict[str, Any]]
    quiet_hours: dict[str, Any]
    dedupe_seconds: float
    events: dict[str, Any] | list[dict[str, Any]]


class Pace(BaseModel):
    """At most so many messages in so many seconds; more wait for the digest."""

    model_config = _STRICT
    max_messages: Annotated[int, Field(ge=1)]
    per_seconds: Seconds = 3600


class _Settings(BaseModel):
    model_config = _STRICT
    digest: bool = False
    rate_limit: Pace | None = None


class SlackSettings(_Settings):
    """A Slack channel, by bot and channel, or by webhook."""

    kind: Literal["slack"]
    slack: Credential | None = None
    slack_webhook: Credential | None = None
    channel: str = ""


class TextSettings(_Settings):
    """Phones. `content_sid`: a WhatsApp template whose hole 1 gets the message.

    Without one, WhatsApp takes our text only within 24 hours of the person's last message.
    """

    kind: Literal["sms", "whatsapp"]
    twilio: Credential
    sender: str = ""
    to: Annotated[list[str], Field(min_length=1)]
    default_country: str = ""
    content_sid: str = ""


class EmailSettings(_Settings):
    """Mailboxes, which all see one another's address."""

    kind: Literal["email"]
    resend: Credential | None = None
    sendgrid: Credential | None = None
    sender: str = ""
    to: Annotated[list[str], Field(min_length=1)]


ChannelSettings = SlackSettings | TextSettings | EmailSettings


class RouteRule(BaseModel):
    """Sends these events ("*": all) from this severity on to these channels."""

    model_config = _STRICT
    events: Annotated[list[str], Field(min_length=1)] = ["*"]
    min_severity: Severity = "info"
    channels: Annotated[list[str], Field(min_length=1)]
    digest: bool = False


class QuietHours(BaseModel):
    """From `start` to `end`, which may be past midnight, only `unless` and worse is sent; the rest waits."""

    model_config = _STRICT
    start: time
    end: time
    timezone: str
    channels: list[str] | None = None
    unless: Severity = "critical"

    @field_validator("timezone")
    @classmethod
    def _exists(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("no such time zone; use a name such as Europe/Berlin") from error
        return name


class OwnEvent(BaseModel):
    """An event the routing adds: templates over its data."""

    model_config = _STRICT
    title: str
    text: str = ""
    severity: Severity = "info"


class Routing(BaseModel):
    """The whole resource. `dedupe_seconds`: the same event goes to a channel once in this time; 0 always."""

    model_config = _STRICT
    channels: Annotated[
        dict[str, Annotated[ChannelSettings, Field(discriminator="kind")]], Field(min_length=1)
    ]
    routes: Annotated[list[RouteRule], Field(min_length=1)]
    quiet_hours: QuietHours | None = None
    dedupe_seconds: Annotated[float, Field(ge=0)] = 900
    events: dict[str, OwnEvent] = {}

    @model_validator(mode="after")
    def _names_exist(self) -> Self:
        quiet = (self.quiet_hours.channels or []) if self.quiet_hours else []
        named = {name for route in self.routes for name in route.channels} | set(quiet)
        if unknown := sorted(named - self.channels.keys()):
            raise ValueError(f"no such channel: {', '.join(unknown)}")
        events = {name for route in self.routes for name in route.events} - {"*"}
        if unknown := sorted(events - EVENTS.keys() - self.events.keys()):
            raise ValueError(f"no such event: {', '.join(unknown)}")
        return self


def _from_form(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Return the resource as it is written by hand.

    A form cannot show an object with names of one's own: there channels and events are lists, each with its
    name. What it leaves empty it writes as null, as an empty text or as an object of those.
    """
    made = {name: value for name, value in resource.items() if value is not None}
    for part in ("channels", "events"):
        if isinstance(made.get(part), list):
            made[part] = _by_name(made[part], part)
    if isinstance(made.get("routes"), list):
        made["routes"] = [_given(route) for route in made["routes"]]
    if "quiet_hours" in made:
        made["quiet_hours"] = _given(made["quiet_hours"]) or None
    return made


def _by_name(entries: list[Any], part: str) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for number, entry in enumerate(entries, 1):
        given = _given(entry)
        name = given.pop("name", None) if isinstance(given, dict) else None
        if not isinstance(name, str) or name in named:
            raise FixSettings(
                f"The routing cannot be used: entry {number} of {part} needs a name of its own.",
                code="bad_settings",
            )
        named[name] = given
    return named


def _given(value: Any) -> Any:
    """Return an object without what was left empty."""
    if not isinstance(value, Mapping):
        return value
    made = {name: _given(one) for name, one in value.items()}
    return {name: one for name, one in made.items() if one not in (None, "", {})}


def _place(steps: tuple[int | str, ...]) -> str:
    return ".".join(str(step) for step in steps) or "routing"


def read_routing(resource: Mapping[str, Any] | None) -> Routing:
    """Check the resource; FixSettings lists every fault, and no value, as it may be a credential."""
    if not resource:
        raise FixSettings(
            "No routing: choose a resource of type notification_routing (f/notify/routing is the sample).",
            code="missing_routing",
        )
    try:
        return Routing.model_validate(_from_form(resource))
    except ValidationError as error:
        faults = [
            f"{_place(fault['loc'])}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors(include_input=False, include_url=False)
        ]
        raise FixSettings(
            f"The routing cannot be used: {'; '.join(faults)}.", faults=faults, code="bad_settings"
        ) from None  # pydantic's own error quotes the values
