"""All services of a workspace in one table: what is listed, read, checked, and how long it may take."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from f.connect.errors import FixInput, FixSettings, TryLater
from f.operate import check_integrations
from f.operate.services.workspace import check_all
from f.windmill.values import ListedResource, list_resources
from tests.loopback import Asked, Loopback, Reply, serve

RESOURCES: dict[str, tuple[str, Any]] = {
    "f/a/good": ("integration", {"base_url": "/", "endpoints": {"health": "/health"}}),
    "f/a/hook": ("slack_webhook", {"url": "/services/T/B/x"}),
    "f/b/bad": ("integration", {"base_url": "/", "endpoints": {"health": "/broken"}}),
    "f/b/empty": ("stripe", {}),
    "f/b/unreadable": ("slack", None),
    "f/b/unknown": ("postgresql", {}),
}


def answer(asked: Asked) -> Reply:
    """Windmill's API, and the service that the resources name."""
    path = urlsplit(asked.path)
    if path.path.endswith("/resources/list"):
        page = int(parse_qs(path.query)["page"][0])
        rows = [{"path": one, "resource_type": kind} for one, (kind, _) in RESOURCES.items()]
        return Reply(200, rows if page == 1 else [])
    name = path.path.partition("/get_value_interpolated/")[2]
    if name:
        value = RESOURCES[name][1]
        return Reply(404, "no") if value is None else Reply(200, value)
    return Reply(200, {}) if path.path == "/health" else Reply(503, {})


@pytest.fixture
def windmill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    with serve(answer) as server:
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("MILL", "1")
        for name in ("BASE_INTERNAL_URL", "WM_BASE_URL"):
            monkeypatch.setenv(name, server.url)
        monkeypatch.setenv("WM_WORKSPACE", "team")
        monkeypatch.setenv("WM_TOKEN", "t1")
        yield server


def test_every_known_resource_is_checked_and_said_how_it_stands(windmill: Loopback) -> None:
    found = check_integrations.main(as_data=True)
    assert {one["path"]: one["status"] for one in found["checks"]} == {
        "f/a/good": "ok",
        "f/a/hook": "not_tried",
        "f/b/bad": "failing",
        "f/b/empty": "not_set_up",
        "f/b/unreadable": "not_set_up",
    }
    assert found["summary"] == "5 services: 1 ok, 1 failing, 2 not set up, 1 not tried."
    assert not [one for one in windmill.asked if "/services/" in one.path]


def test_people_see_what_needs_them_first(windmill: Loopback) -> None:
    del windmill
    [summary, table] = check_integrations.main()["render_all"]
    assert "1 failing" in summary["md"]
    rows = table["table-row-object"]
    assert [row["status"] for row in rows] == ["failing", "not set up", "not set up", "ok", "not tried"]
    assert all(row["what to do"] for row in rows if row["status"] != "ok")


@pytest.mark.parametrize(
    ("only", "paths"),
    [
        (["f/a"], ["f/a/good", "f/a/hook"]),
        (["slack"], ["f/b/unreadable"]),
        (["f/b/bad", "f/a/good"], ["f/a/good", "f/b/bad"]),
    ],
)
def test_only_some_are_checked(only: list[str], paths: list[str], windmill: Loopback) -> None:
    del windmill
    assert [one["path"] for one in check_integrations.main(only, as_data=True)["checks"]] == paths


def test_what_selects_nothing_is_refused_and_a_failure_fails_if_asked(windmill: Loopback) -> None:
    del windmill
    for word in ("f/nothing", "f/b/unknown"):
        with pytest.raises(FixInput, match="names no resource"):
            check_integrations.main([word])
    with pytest.raises(FixInput, match="seconds"):
        check_integrations.main(seconds=0)
    with pytest.raises(TryLater, match="Failing: f/b/bad") as raised:
        check_integrations.main(fail_if_failing=True)
    assert raised.value.code == "integrations_failing"


def test_outside_of_windmill_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BASE_INTERNAL_URL", "WM_BASE_URL", "WM_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(FixSettings, match="needs Windmill's API"):
        check_integrations.main()


@pytest.mark.parametrize("reply", [Reply(500, "no"), Reply(200, "{"), Reply(200, {"rows": []})])
def test_a_windmill_that_lists_nothing_readable_is_asked_later(
    reply: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(lambda _: reply) as server:
        for name, value in {"BASE_INTERNAL_URL": server.url, "WM_WORKSPACE": "w", "WM_TOKEN": "t"}.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(TryLater, match="did not list"):
            list(list_resources())


def test_all_pages_of_the_list_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    def page(asked: Asked) -> Reply:
        query = parse_qs(urlsplit(asked.path).query)
        size, number = int(query["per_page"][0]), int(query["page"][0])
        count = size if number == 1 else 2
        return Reply(200, [{"path": f"f/x/{number}_{one}", "resource_type": "s3"} for one in range(count)])

    with serve(page) as server:
        for name, value in {"BASE_INTERNAL_URL": server.url, "WM_WORKSPACE": "w", "WM_TOKEN": "t"}.items():
            monkeypatch.setenv(name, value)
        assert len(list(list_resources())) == 1002
        assert len(server.asked) == 2


def test_one_that_hangs_is_failing_and_holds_the_others_up_for_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    done = threading.Event()

    def read(path: str) -> Any:
        if path == "f/slow":
            done.wait(2)
        return {"url": "https://hooks.slack.com/services/T/B/x"}

    listed = [ListedResource("f/slow", "slack_webhook"), ListedResource("f/quick", "slack_webhook")]
    slow, quick = check_all(listed, None, 0.5, read=read)
    done.set()
    assert (slow["status"], slow["code"]) == ("failing", "timeout")
    assert (quick["path"], quick["status"]) == ("f/quick", "not_tried")


def test_a_resource_that_cannot_be_read_is_no_error_of_the_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    def read(path: str) -> Any:
        raise TryLater(f"Windmill did not give the resource {path}.", code="platform")

    [found] = check_all([ListedResource("f/a", "stripe")], None, 5, read=read)
    assert (found["status"], found["code"]) == ("failing", "platform")
