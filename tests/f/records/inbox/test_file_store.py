"""The inbox and Windmill's API where it answers unlike the local stand-in: refusals, pages, no object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from f.connect.errors import FixSettings, TryLater
from f.records.inbox.file_store import FileStore
from tests.loopback import Asked, Reply, serve

Calls = Mapping[str, Callable[[dict[str, str]], Reply]]


def listing(*paths: str, next_marker: str | None = None, restricted: bool | None = None) -> Reply:
    files = [{"s3": path} for path in paths]
    more = {"next_marker": next_marker, "restricted_access": restricted}
    return Reply(200, {"windmill_large_files": files, **more})


def ask(monkeypatch: pytest.MonkeyPatch, calls: Calls, question: Callable[[FileStore], Any]) -> Any:
    """The answer of a FileStore whose Windmill answers each call, by the end of its path, as told."""

    def answer(asked: Asked) -> Reply:
        parts = urlsplit(asked.path)
        assert parts.path.startswith("/api/w/team/")
        return calls[parts.path.removeprefix("/api/w/team/")](dict(parse_qsl(parts.query)))

    with serve(answer) as windmill:
        monkeypatch.setenv("BASE_INTERNAL_URL", windmill.url)
        monkeypatch.setenv("WM_WORKSPACE", "team")
        monkeypatch.setenv("WM_TOKEN", "token")
        with FileStore() as store:
            return question(store)


def list_all(store: FileStore) -> list[str]:
    return list(store.list_paths("", "in/"))


def test_a_listing_is_followed_to_its_last_page_and_never_in_a_circle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pages = {"": listing("in/1", next_marker="1"), "1": listing("in/2", next_marker="1")}
    calls: Calls = {"job_helpers/list_stored_files": lambda query: pages[query.get("marker", "")]}
    assert ask(monkeypatch, calls, list_all) == ["in/1", "in/2"]


def test_a_part_that_may_be_listed_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: Calls = {"job_helpers/list_stored_files": lambda _: listing("in/1", restricted=True)}
    assert ask(monkeypatch, calls, list_all) == ["in/1"]


@pytest.mark.parametrize(
    ("reply", "error", "sentence"),
    [
        (listing(restricted=True), FixSettings, "a user who may list it"),
        (Reply(404, b"no storage"), FixSettings, "Set a storage up"),
        (Reply(500, b"no storage"), FixSettings, "Set a storage up"),
        (Reply(503), TryLater, "Try again later"),
    ],
)
def test_an_inbox_that_cannot_be_seen_is_not_taken_for_an_empty_one(
    monkeypatch: pytest.MonkeyPatch, reply: Reply, error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        ask(monkeypatch, {"job_helpers/list_stored_files": lambda _: reply}, list_all)


def test_windmill_out_of_reach_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BASE_INTERNAL_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("WM_WORKSPACE", "team")
    with (
        FileStore() as store,
        pytest.raises(TryLater, match="did not answer job_helpers/list_stored_files"),
    ):
        list_all(store)


@pytest.mark.parametrize("status", [404, 400, 500])
def test_a_missing_object_is_told_from_one_that_cannot_be_read_by_the_listing(
    monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    def calls(*there: str) -> Calls:
        return {
            "job_helpers/load_file_metadata": lambda _: Reply(status, b"no"),
            "job_helpers/move_s3_file": lambda _: Reply(status, b"no"),
            "job_helpers/list_stored_files": lambda _: listing(*there),
        }

    assert ask(monkeypatch, calls("in/ab"), lambda store: store.describe("", "in/a")) is None
    with pytest.raises(TryLater, match="did not describe 'in/a'"):
        ask(monkeypatch, calls("in/a"), lambda store: store.describe("", "in/a"))
    ask(monkeypatch, calls(), lambda store: store.move("", "in/a", "done/a"))
    with pytest.raises(TryLater, match="'in/a'"):
        ask(monkeypatch, calls("in/a"), lambda store: store.move("", "in/a", "done/a"))


@pytest.mark.parametrize(
    ("reply", "running"),
    [
        (Reply(200, {"type": "QueuedJob", "running": True}), True),
        (Reply(200, {"type": "CompletedJob", "success": False}), False),
        (Reply(404, b"no such job"), None),
        (Reply(403, b"not yours"), None),
    ],
)
def test_a_job_runs_or_not_or_nobody_knows(
    monkeypatch: pytest.MonkeyPatch, reply: Reply, running: bool | None
) -> None:
    calls: Calls = {"jobs_u/get/j1": lambda _: reply}
    assert ask(monkeypatch, calls, lambda store: store.is_running("j1")) == running


def test_another_storage_is_named_in_every_call(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str | None] = []

    def remember(query: dict[str, str]) -> Reply:
        asked.append(query.get("storage"))
        return Reply(200, {"windmill_large_files": [], "size_in_bytes": 3, "last_modified": None})

    names = ("list_stored_files", "load_file_metadata", "move_s3_file")

    def question(store: FileStore) -> None:
        list(store.list_paths("archive", "in/"))
        found = store.describe("archive", "in/a")
        assert found is not None
        assert (found.size, found.modified_at) == (3, 0)
        store.move("archive", "in/a", "done/a")

    ask(monkeypatch, {f"job_helpers/{name}": remember for name in names}, question)
    assert asked == ["archive"] * 3
