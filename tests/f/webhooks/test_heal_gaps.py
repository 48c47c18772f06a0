"""Gaps healed end to end: signed webhooks in, some lost, and the twins' own lists."""

from __future__ import annotations

import base64
import json
import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from f.connect.errors import FixInput, FixSettings, SignInAgain
from f.webhooks.heal_gaps import main as heal
from tests.f.webhooks.healing.stage import stripe_event, stripe_list
from tests.f.webhooks.post_office import PostOffice, signed
from tests.loopback import Reply
from tests.mill.twins.stage import TwinClient, TwinProcess

ROOT = Path(__file__).parents[3]
KEY = "sk_test_good"
EVERYTHING = ["*"]


def routing(office: PostOffice, *routes: dict[str, Any]) -> None:
    resource = {"resource_type": "webhook_routing", "value": {"routes": list(routes)}}
    (office.templates / "f/webhooks/routing.resource.yaml").write_text(json.dumps(resource))


@pytest.fixture
def stripe(twins: TwinProcess) -> TwinClient:
    client = TwinClient(twins.client("stripe").url, KEY)
    client.forget()
    return client


def customers(stripe: TwinClient, count: int) -> list[dict[str, Any]]:
    """Make customers and return what the twin tells of them."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for number in range(count):
        stripe.send("POST", "/v1/customers", urlencode({"name": f"C{number}"}).encode(), form)
    told: list[dict[str, Any]] = stripe.get("/v1/events?limit=100").json["data"]
    assert len(told) == count
    return told


def test_events_of_stripe_that_were_lost_are_there_once_in_the_end(
    office: PostOffice, stripe: TwinClient
) -> None:
    events = customers(stripe, 12)
    came = random.Random(3).sample(events, 5)
    for event in came:
        assert office.send("stripe", event).status == 200
    office.started.clear()
    account: Any = {"token": KEY, "base_url": stripe.url}
    result = heal("stripe", stripe=account, event_types=EVERYTHING, grace_minutes=0)
    assert (result["known"], result["healed"], result["complete"]) == (5, {"customer.created": 7}, True)
    assert sorted(office.kept("provider_id")) == sorted(event["id"] for event in events)
    again = heal("stripe", stripe=account, event_types=EVERYTHING, grace_minutes=0)
    assert (again["known"], again["healed"]) == (12, {})
    late = next(event for event in events if event not in came)
    assert "0 new, 1 repeated" in office.send("stripe", late).log
    assert len(office.kept()) == 12


def test_a_dispatch_job_is_started_for_what_was_healed(office: PostOffice, stripe: TwinClient) -> None:
    customers(stripe, 2)
    account: Any = {"token": KEY, "base_url": stripe.url}
    heal("stripe", stripe=account, event_types=EVERYTHING, grace_minutes=0, dry_run=True)
    assert office.started == []
    heal("stripe", stripe=account, event_types=EVERYTHING, grace_minutes=0)
    deadline = time.monotonic() + 20
    while not office.started and time.monotonic() < deadline:
        time.sleep(0.02)
    assert office.started == ["dispatch"]


def test_without_types_those_that_are_routed_are_looked_for(office: PostOffice) -> None:
    routing(office, {"handler": "f/a/b", "sources": ["stripe"], "events": ["invoice.paid"]})
    with stripe_list([stripe_event(1), stripe_event(2, name="charge.updated")]) as server:
        result = heal("stripe", stripe={"token": KEY, "base_url": server.url})
    assert result["healed"] == {"invoice.paid": 1}


def test_github_is_healed_as_its_webhooks_are_read(office: PostOffice, twins: TwinProcess) -> None:
    twin = twins.client("github")
    twin.forget()
    bodies = [json.dumps({"action": "opened", "number": number}) for number in range(3)]
    sent = [signed("github", body) for body in bodies]
    at = datetime.fromtimestamp(time.time() - 3600, UTC).isoformat()
    twin.put_settings(
        deliveries=[
            {
                "hook": "orgs/acme/hooks/7",
                "guid": headers["x-github-delivery"],
                "event": headers["x-github-event"],
                "delivered_at": at,
                "payload": json.loads(body),
            }
            for headers, body in zip(sent, bodies, strict=True)
        ]
    )
    assert office.post("github", bodies[1], sent[1]).status == 200
    account: Any = {"token": "t", "base_url": twin.url}
    asked: Any = {"github": account, "repository": "acme", "hook_id": 7, "event_types": ["issues.*"]}
    assert heal("github", **asked)["healed"] == {"issues.opened": 2}
    assert "0 new, 1 repeated" in office.post("github", bodies[0], sent[0]).log
    assert sorted(office.kept("origin, repeats")) == [("healed", 0), ("healed", 1), ("received", 0)]
    assert heal("github", **asked)["healed"] == {}


def test_what_became_of_messages_is_healed(office: PostOffice, twins: TwinProcess) -> None:
    twin = twins.client("twilio")
    twin.forget()
    basic = "Basic " + base64.b64encode(b"AC1:t").decode()
    form = urlencode({"To": "+12025550123", "From": "+15005550006", "Body": "x"}).encode()
    headers = {"Authorization": basic, "Content-Type": "application/x-www-form-urlencoded"}
    sid = twin.send("POST", "/2010-04-01/Accounts/AC1/Messages.json", form, headers).json["sid"]
    account: Any = {"accountSid": "AC1", "token": "t", "base_url": twin.url}
    result = heal("twilio", twilio=account, event_types=["message.*"], grace_minutes=0)
    assert result["healed"] == {"message.delivered": 1}
    assert office.kept("type, provider_id, origin") == [("message.delivered", sid, "healed")]


@pytest.mark.parametrize(
    ("source", "inputs", "error", "sentence"),
    [
        ("stripe", {}, FixInput, "Give one account"),
        ("stripe", {"stripe": {"token": KEY}, "github": {"token": "t"}}, FixInput, "Give one account"),
        ("nobody", {"stripe": {"token": KEY}}, FixInput, "no webhook source f/webhooks/nobody"),
        ("github", {"stripe": {"token": KEY}}, FixInput, "of the kind github"),
        ("github", {"github": {"token": "t"}}, FixInput, "Give the repository"),
        ("stripe", {"stripe": {}}, FixSettings, "has no token"),
        ("stripe", {"stripe": {"token": KEY}, "most": 0}, FixInput, "most must be"),
        (
            "stripe",
            {"stripe": {"token": KEY}, "event_types": None},
            FixSettings,
            "no resource f/webhooks/routing",
        ),
    ],
)
def test_what_cannot_be_done_says_why(
    source: str, inputs: dict[str, Any], error: type[Exception], sentence: str, office: PostOffice
) -> None:
    with pytest.raises(error, match=sentence):
        heal(source, **{"event_types": EVERYTHING, **inputs})
    assert office.started == []


def test_a_key_that_is_refused_is_said_and_nothing_of_it(office: PostOffice, stripe: TwinClient) -> None:
    account: Any = {"token": "sk_test_wrong", "base_url": stripe.url}
    with pytest.raises(SignInAgain) as caught:
        heal("stripe", stripe=account, event_types=EVERYTHING)
    assert "sk_test_wrong" not in str(caught.value)
    assert office.kept() == []


_RUN = """
import json, sys
from f.webhooks.heal_gaps import main
main("stripe", stripe=json.loads(sys.argv[1]), event_types=["*"])
"""


def test_a_job_that_is_killed_again_and_again_ends_with_each_event_once(office: PostOffice) -> None:
    events = [stripe_event(number, age=3600.0 + number) for number in range(500)]
    for event in random.Random(5).sample(events, 50):
        assert office.send("stripe", event).status == 200
    killed: list[int] = []
    children: list[subprocess.Popen[bytes]] = []

    def disturb(number: int) -> Reply | None:
        if number in {1, 4, 8}:  # while a page is asked for, between events that are being kept
            children[-1].send_signal(signal.SIGKILL)
            killed.append(number)
        return None

    with stripe_list(events, disturb) as server:
        account: Any = {"token": KEY, "base_url": server.url}
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        for _ in range(3):
            command = [sys.executable, "-c", _RUN, json.dumps(account)]
            children.append(subprocess.Popen(command, env=environment, cwd=ROOT))
            assert children[-1].wait(60) == -signal.SIGKILL
        before = len(office.kept())
        result = heal("stripe", stripe=account, event_types=EVERYTHING)
    assert len(killed) == 3
    assert 50 < before < 500
    assert (result["known"], sum(result["healed"].values())) == (before, 500 - before)
    assert sorted(office.kept("provider_id")) == sorted(event["id"] for event in events)
