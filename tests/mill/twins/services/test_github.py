"""The GitHub twin lists deliveries as GitHub documents it, newest first, and shows what was sent."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.mill.twins.stage import Answer, TwinClient, TwinProcess

HOOK = "repos/acme/app/hooks/7"
LIST = f"/{HOOK}/deliveries"


@pytest.fixture
def github(twins: TwinProcess) -> TwinClient:
    client = twins.client("github")
    client.forget()
    return client


def ask(client: TwinClient, path: str, method: str = "GET", **headers: str) -> Answer:
    return client.send(method, path, headers={"User-Agent": "test", **headers})


def delivery(number: int, days: float = 0.5, **changes: Any) -> dict[str, Any]:
    at = datetime.now(UTC) - timedelta(days=days, seconds=number)
    return {
        "hook": HOOK,
        "guid": f"guid-{number}",
        "event": "issues",
        "delivered_at": at.isoformat(),
        "payload": {"action": "opened", "number": number},
        **changes,
    }


def test_the_list_is_walked_by_the_links_of_its_pages(github: TwinClient) -> None:
    github.put_settings(deliveries=[delivery(number) for number in range(45)])
    guids: list[str] = []
    path, pages = f"{LIST}?per_page=20", 0
    while path:
        answer = ask(github, path)
        guids += [one["guid"] for one in answer.json]
        link = re.search(r'<([^>]+)>; rel="next"', answer.headers.get("link", ""))
        path, pages = link[1].removeprefix(github.url) if link else "", pages + 1
    assert (guids, pages) == ([f"guid-{number}" for number in range(45)], 3)


def test_an_entry_says_what_became_of_a_delivery_and_not_what_was_sent(github: TwinClient) -> None:
    github.put_settings(deliveries=[delivery(1, status_code=502)])
    (entry,) = ask(github, LIST).json
    assert (entry["event"], entry["action"], entry["status_code"]) == ("issues", "opened", 502)
    assert "request" not in entry
    shown = ask(github, f"{LIST}/{entry['id']}").json
    assert shown["request"]["payload"] == {"action": "opened", "number": 1}
    assert shown["request"]["headers"]["X-GitHub-Delivery"] == "guid-1"


def test_a_delivery_that_is_made_again_keeps_its_guid(github: TwinClient) -> None:
    github.put_settings(deliveries=[delivery(1), delivery(2)])
    first = ask(github, LIST).json[-1]
    assert ask(github, f"{LIST}/{first['id']}/attempts", "POST").status == 202
    newest, *_, oldest = ask(github, LIST).json
    assert (newest["guid"], newest["redelivery"], newest["id"] != oldest["id"]) == (first["guid"], True, True)
    assert github.ledger() == [("redelivered", first["guid"])]


def test_deliveries_are_shown_for_three_days(github: TwinClient) -> None:
    github.put_settings(deliveries=[delivery(1, days=2.9), delivery(2, days=3.1)])
    assert [one["guid"] for one in ask(github, LIST).json] == ["guid-1"]


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (LIST, {"Authorization": ""}, 401),
        (LIST, {"Authorization": "Bearer wrong"}, 401),
        (LIST, {"Authorization": "Bearer blind"}, 404),
        (LIST, {"User-Agent": ""}, 403),
        ("/repos/acme/app/hooks/8/deliveries", {}, 404),
        (f"{LIST}/999", {}, 404),
        (f"{LIST}/x", {}, 404),
        (f"{LIST}?per_page=101", {}, 422),
        (f"{LIST}?per_page=0", {}, 422),
        (f"{LIST}?cursor=nowhere", {}, 422),
    ],
)
def test_what_is_not_given_is_refused(
    path: str, headers: dict[str, str], status: int, github: TwinClient
) -> None:
    github.put_settings(deliveries=[delivery(1)])
    assert ask(github, path, **headers).status == status


def test_an_hour_has_room_for_so_many_requests(github: TwinClient) -> None:
    github.put_settings(hooks=[HOOK], rate_limit=2)
    assert [ask(github, LIST).status for _ in range(3)] == [200, 200, 403]
    assert ask(github, LIST).headers["x-ratelimit-remaining"] == "0"
