"""The form of a routing and the code that reads it say the same, and what it writes is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from f.connect.errors import FixSettings
from f.notify.dispatch.routing_resource import (
    EmailSettings,
    OwnEvent,
    Pace,
    QuietHours,
    RouteRule,
    Routing,
    SlackSettings,
    TextSettings,
    read_routing,
)
from f.notify.messages.events import EVENTS
from f.notify.messages.message import Severity
from mill.repository.yaml_file import read_mapping
from tests.windmill_form import opened

ROOT = Path(__file__).parents[3]
FORM: dict[str, Any] = read_mapping(ROOT / "notification_routing.resource-type.yaml")["schema"]
PARTS = FORM["properties"]
CHANNEL: dict[str, Any] = PARTS["channels"]["items"]["properties"]
MODELS: dict[str, type[BaseModel]] = {
    kind: model
    for model in (SlackSettings, TextSettings, EmailSettings)
    for kind in get_args(model.model_fields["kind"].annotation)
}
BY_HAND: dict[str, Any] = {
    "channels": {"ops": {"kind": "slack", "slack_webhook": {"url": "https://hooks.slack.com/x"}}},
    "routes": [{"channels": ["ops"]}],
}


def shown_for(kind: str) -> set[str]:
    """The fields of a channel that the form shows for a kind."""
    return {
        name
        for name, spec in CHANNEL.items()
        if name != "name" and ("showExpr" not in spec or f"'{kind}'" in spec["showExpr"])
    }


def test_the_form_has_every_part_that_is_read() -> None:
    assert PARTS.keys() == Routing.model_fields.keys()
    assert CHANNEL["kind"]["enum"] == list(MODELS)


@pytest.mark.parametrize("kind", MODELS)
def test_the_form_shows_the_fields_of_a_channels_kind_and_no_others(kind: str) -> None:
    fields = set(MODELS[kind].model_fields)
    assert shown_for(kind) == fields - ({"content_sid"} if kind == "sms" else set())


@pytest.mark.parametrize(
    ("properties", "model"),
    [
        (CHANNEL["rate_limit"]["properties"], Pace),
        (PARTS["routes"]["items"]["properties"], RouteRule),
        (PARTS["quiet_hours"]["properties"], QuietHours),
        ({k: v for k, v in PARTS["events"]["items"]["properties"].items() if k != "name"}, OwnEvent),
    ],
)
def test_a_group_of_the_form_has_the_fields_and_defaults_of_its_model(
    properties: dict[str, Any], model: type[BaseModel]
) -> None:
    assert properties.keys() == model.model_fields.keys()
    for name, declared in model.model_fields.items():
        if not declared.is_required() and declared.default is not None:
            assert properties[name]["default"] == declared.default


def test_severities_and_events_are_those_of_the_code() -> None:
    severities = list(get_args(Severity))
    assert PARTS["routes"]["items"]["properties"]["min_severity"]["enum"] == severities
    assert PARTS["events"]["items"]["properties"]["severity"]["enum"] == severities
    assert PARTS["quiet_hours"]["properties"]["unless"]["enum"] == severities[1:]
    script = read_mapping(ROOT / "f/notify/notify_event.script.yaml")["schema"]["properties"]
    assert script["event"]["enum"] == [*EVENTS, "other"]
    assert script["severity"]["enum"] == ["", *severities]
    for name in EVENTS:
        assert name in PARTS["routes"]["items"]["properties"]["events"]["description"]


@pytest.mark.parametrize(
    "channel",
    [
        {"kind": "slack", "slack": {"token": "x"}, "channel": "C0"},
        {"kind": "sms", "twilio": {"x": 1}, "sender": "+1", "to": ["+2"]},
        {"kind": "whatsapp", "twilio": {"x": 1}, "sender": "+1", "to": ["+2"], "content_sid": "HX1"},
        {"kind": "email", "resend": {"x": 1}, "sender": "a@b.example", "to": ["c@d.example"]},
        {"kind": "slack", "slack": {"x": 1}, "rate_limit": {"max_messages": 5}},
    ],
)
def test_a_channel_that_the_form_has_written_is_read_as_one_written_by_hand(channel: dict[str, Any]) -> None:
    listed = {**BY_HAND, "channels": [{"name": "it", **channel}], "routes": [{"channels": ["it"]}]}
    by_hand = {**listed, "channels": {"it": channel}}
    assert read_routing(opened(FORM, listed)) == read_routing(listed) == read_routing(by_hand)


def test_quiet_hours_and_events_of_the_form_are_read_and_untouched_ones_are_none() -> None:
    listed = {**BY_HAND, "channels": [{"name": "ops", **BY_HAND["channels"]["ops"]}]}
    quiet = {"start": "22:00", "end": "06:00", "timezone": "Etc/UTC"}
    untouched = opened(FORM, listed)
    assert untouched["quiet_hours"] == {}
    assert read_routing(untouched).quiet_hours is None
    made = read_routing(
        opened(FORM, {**listed, "quiet_hours": quiet, "events": [{"name": "e", "title": "T"}]})
    )
    assert made == read_routing({**BY_HAND, "quiet_hours": quiet, "events": {"e": {"title": "T"}}})


@pytest.mark.parametrize("folder", ["mock", "live"])
def test_the_routings_of_this_repository_open_in_the_form_as_they_are(folder: str) -> None:
    routing = read_mapping(ROOT / "resources" / folder / "f/notify/routing.resource.yaml")["value"]
    for channel in routing["channels"]:  # as Windmill resolves them
        for name, value in channel.items():
            if isinstance(value, str) and value.startswith("$res:"):
                channel[name] = {"resource": value}
    assert read_routing(opened(FORM, routing)) == read_routing(routing)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"channels": [{"kind": "slack"}]}, "entry 1 of channels needs a name of its own"),
        ({"channels": ["ops"]}, "entry 1 of channels needs a name of its own"),
        ({"channels": [{"name": "a", "kind": "slack"}] * 2}, "entry 2 of channels needs a name of its own"),
        ({"events": [{"title": "x"}]}, "entry 1 of events needs a name of its own"),
        ({"channels": [{"name": "ops", "kind": "slack", "slakc": 1}]}, "channels.ops"),
        ({"quiet_hours": {"unless": "critical"}}, "quiet_hours.start"),
        ({"channels": []}, "channels"),
    ],
)
def test_a_list_that_cannot_be_read_is_refused_in_a_sentence(change: dict[str, Any], said: str) -> None:
    with pytest.raises(FixSettings) as caught:
        read_routing({**BY_HAND, **change})
    assert said in str(caught.value)
