"""Deliveries that never came, from the list of the GitHub twin."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from f.connect.client import Client
from f.connect.errors import FixInput, FixSettings, SignInAgain, WaitForQuota
from f.store.store import Store
from f.store.stores import memory_store
from f.webhooks.healing.github_deliveries import GithubDeliveries, hook_path, integration_of
from f.webhooks.healing.healer import Healed
from f.webhooks.inbox.sealing import open_body
from tests.f.webhooks.healing.stage import DAY, events_in, heal, receive, source_of
from tests.mill.twins.stage import TwinClient, TwinProcess

HOOK = "repos/acme/app/hooks/7"
_PACKAGE = "node_modules/@octokit/webhooks-examples"
EXAMPLES = Path(__file__).parents[4] / _PACKAGE / "api.github.com/index.json"


@pytest.fixture
def store() -> Iterator[Store]:
    with memory_store() as opened:
        yield opened


@pytest.fixture
def twin(twins: TwinProcess) -> TwinClient:
    client = twins.client("github")
    client.forget()
    return client


def delivery(number: int, *, age: float = 3600.0, event: str = "issues", **changes: Any) -> dict[str, Any]:
    at = datetime.now(UTC) - timedelta(seconds=age)
    return {
        "hook": HOOK,
        "guid": f"{number:08x}-0000-11f0-9000-000000000000",
        "event": event,
        "delivered_at": at.isoformat(),
        "payload": {"action": "opened", "number": number},
        **changes,
    }


def healed(
    store: Store, twin: TwinClient, hook: str = f"/{HOOK}", token: str = "good", **changes: Any
) -> Healed:
    with Client(integration_of({"token": token, "base_url": twin.url}), store) as client:
        return heal(store, GithubDeliveries(client, hook), **changes)


def tell(store: Store, one: dict[str, Any]) -> None:
    headers = {"x_github_delivery": one["guid"], "x_github_event": one["event"]}
    receive(store, "github", json.dumps(one["payload"]).encode(), **headers)


def test_whatever_did_not_come_is_there_once_and_a_second_run_heals_nothing(
    twin: TwinClient, store: Store
) -> None:
    """Payloads as GitHub documents them: one of each kind of event."""
    kinds = {kind["name"]: kind["examples"][0] for kind in json.loads(EXAMPLES.read_text())}
    assert len(kinds) > 40
    made = [
        delivery(number, age=3600.0 + number, event=kind, payload=payload)
        for number, (kind, payload) in enumerate(sorted(kinds.items()))
    ]
    twin.put_settings(deliveries=made)
    came = random.Random(7).sample(made, len(made) // 2)
    for one in came:
        tell(store, one)
    result = healed(store, twin)
    there = events_in(store)
    assert set(there) == {one["guid"] for one in made}
    assert (result["known"], sum(result["healed"].values())) == (len(came), len(made) - len(came))
    assert result["complete"]
    again = healed(store, twin)
    assert (again["healed"], again["known"]) == ({}, len(made))
    with memory_store() as other:
        for one in made:
            tell(other, one)
        columns = "SELECT id, type, provider_id FROM webhook_event ORDER BY id"
        assert store.execute(columns) == other.execute(columns)


@pytest.mark.parametrize(("count", "pages"), [(0, 1), (100, 1), (101, 2), (230, 3)])
def test_the_list_is_walked_by_its_links(count: int, pages: int, twin: TwinClient, store: Store) -> None:
    made = [delivery(number, age=3600.0 + number) for number in range(count)]
    twin.put_settings(hooks=[HOOK], deliveries=made)
    for one in made:
        tell(store, one)
    result = healed(store, twin)
    assert (result["looked_at"], result["known"], result["pages"]) == (count, count, pages)


def test_the_walk_ends_at_what_is_older_than_asked_for(twin: TwinClient, store: Store) -> None:
    made = [delivery(number, age=3600.0 + number * 600) for number in range(250)]
    twin.put_settings(deliveries=made)
    result = healed(store, twin, back=7200.0)
    assert (result["looked_at"], result["pages"]) == (6, 2)


def test_three_days_and_no_more_are_looked_at(twin: TwinClient, store: Store) -> None:
    made = [delivery(1, age=2.9 * DAY), delivery(2, age=2.99 * DAY), delivery(3, age=3.1 * DAY)]
    twin.put_settings(deliveries=made)
    result = healed(store, twin, back=30 * DAY)
    assert set(events_in(store)) == {made[0]["guid"]}
    assert result["open"] == ["GitHub is not asked for what is older than 3.0 days."]


def test_a_delivery_that_was_made_again_is_one_event(twin: TwinClient, store: Store) -> None:
    twin.put_settings(deliveries=[delivery(1), delivery(2)])
    assert twin.send("POST", f"/{HOOK}/deliveries/1/attempts", headers={"User-Agent": "t"}).status == 202
    result = healed(store, twin, grace=0.0)
    assert (result["looked_at"], result["healed"]) == (2, {"issues.opened": 2})
    tell(store, delivery(1))
    assert len(events_in(store)) == 2


def test_the_body_is_what_was_sent(twin: TwinClient, store: Store) -> None:
    payload = {
        "action": "opened",
        "text": "é \U0001f600 $var:f/a/b",
        "none": None,
        "number": 2**40,
        "list": [1.5],
    }
    twin.put_settings(deliveries=[delivery(1, payload=payload)])
    healed(store, twin)
    ((event, sealed),) = store.execute("SELECT id, body FROM webhook_event")
    assert open_body(sealed, event, source_of("github").storage_key) == payload


def test_a_webhook_of_an_organization_is_healed(twin: TwinClient, store: Store) -> None:
    twin.put_settings(deliveries=[delivery(1, hook="orgs/acme/hooks/9")])
    assert healed(store, twin, hook_path("acme", 9))["healed"] == {"issues.opened": 1}


@pytest.mark.parametrize("fault", ["secondary_limit", "used_up"])
@pytest.mark.parametrize("operation", ["list_repos_deliveries", "get_repos_delivery"])
def test_a_limit_ends_the_run_and_the_next_goes_on(
    operation: str, fault: str, twin: TwinClient, store: Store
) -> None:
    twin.put_settings(deliveries=[delivery(number, age=3600.0 + number) for number in range(3)])
    twin.put_faults(script=[{"operation": operation, "fault": fault}])
    with pytest.raises(WaitForQuota, match="no more requests of this token for now"):
        healed(store, twin)
    assert healed(store, twin)["healed"] == {"issues.opened": 3}


@pytest.mark.parametrize(
    ("token", "hook", "error", "sentence"),
    [
        ("wrong", HOOK, SignInAgain, "credential"),
        ("blind", HOOK, FixSettings, "Webhooks: read"),
        ("good", "repos/acme/app/hooks/8", FixSettings, "Check repository and hook_id"),
    ],
)
def test_a_refusal_says_what_to_do(
    token: str, hook: str, error: type[Exception], sentence: str, twin: TwinClient, store: Store
) -> None:
    twin.put_settings(deliveries=[delivery(1)])
    with pytest.raises(error, match=sentence):
        healed(store, twin, f"/{hook}", token)


def test_a_delivery_that_is_gone_meanwhile_is_said(twin: TwinClient, store: Store) -> None:
    twin.put_settings(deliveries=[delivery(1), delivery(2, age=4000.0)])
    answer = {"status": 404, "body": {"message": "Not Found"}}
    twin.put_faults(script=[{"operation": "get_repos_delivery", "answer": answer}])
    result = healed(store, twin)
    assert (len(result["not_read"]), result["healed"], result["complete"]) == (1, {"issues.opened": 1}, False)


@pytest.mark.parametrize(
    ("repository", "hook", "path"),
    [
        ("acme/app.js", 1, "/repos/acme/app.js/hooks/1"),
        ("acme", 12, "/orgs/acme/hooks/12"),
        ("", 1, None),
        ("acme/", 1, None),
        ("acme/../orgs", 1, None),
        ("acme/..", 1, None),
        ("https://github.com/acme/app", 1, None),
        ("acme/app", 0, None),
        ("acme/app", True, None),
        ("acme/a?b", 1, None),
    ],
)
def test_a_webhook_has_its_place(repository: str, hook: int, path: str | None) -> None:
    if path is not None:
        assert hook_path(repository, hook) == path
        return
    with pytest.raises(FixInput):
        hook_path(repository, hook)


@pytest.mark.parametrize("resource", [{}, {"token": " "}, {"token": "two words"}, {"token": "é"}], ids=str)
def test_a_token_that_is_none_is_refused(resource: dict[str, str]) -> None:
    with pytest.raises(FixSettings, match="no token"):
        integration_of(resource)


@pytest.mark.parametrize("headers", [{}, {"X-GitHub-Event": "push"}])
def test_a_delivery_of_another_event_than_the_list_says_is_not_taken(
    headers: dict[str, str], twin: TwinClient, store: Store
) -> None:
    twin.put_settings(deliveries=[delivery(1)])
    answer = {"status": 200, "body": {"request": {"headers": headers, "payload": {"action": "opened"}}}}
    twin.put_faults(script=[{"operation": "get_repos_delivery", "answer": answer}])
    result = healed(store, twin)
    assert ("another event" in result["not_read"][0], result["healed"], result["complete"]) == (
        True,
        {},
        False,
    )
