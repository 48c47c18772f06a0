"""Objects of the workspace's storage, which here is a loopback server."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from f.connect.errors import FixInput, FixSettings
from f.windmill.objects import INLINE_BYTES, keep_file, object_at, read_object, write_object
from tests.f.windmill.storage import Storage, serve_storage
from tests.loopback import Loopback


@pytest.fixture
def storage() -> Storage:
    return Storage()


@pytest.fixture
def server(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    with serve_storage(storage, monkeypatch) as served:
        yield served


def test_a_file_is_kept_as_an_object_or_inside_the_result_while_it_is_small(
    server: Loopback, storage: Storage, tmp_path: Path
) -> None:
    del server
    path, large = "imports/1/plan.csv", tmp_path / "large"
    assert keep_file(path, b"a,b", "text/csv") == {"filename": "plan.csv", "s3": path}
    storage.full = True
    assert keep_file(path, b"a,b", "text/csv") == {"filename": "plan.csv", "content": "a,b"}
    large.write_bytes(b"a" * INLINE_BYTES)
    with large.open("rb") as file:
        assert len(keep_file(path, file, "text/csv")["content"]) == INLINE_BYTES
    large.write_bytes(b"a" * (INLINE_BYTES + 1))
    with large.open("rb") as file, pytest.raises(FixSettings, match=r"plan.csv is too large") as caught:
        keep_file(path, file, "text/csv")
    assert caught.value.code == "no_object_storage"


def test_many_objects_share_one_connection(server: Loopback) -> None:
    for number in range(5):
        write_object(f"imports/1/{number}", b"text", "text/plain")
    assert len({asked.client for asked in server.asked}) == 1


def test_an_open_file_is_stored_whole(server: Loopback, storage: Storage) -> None:
    content = b"line\n" * 50_000
    write_object("imports/1/rejects.csv", io.BufferedReader(io.BytesIO(content)), "text/csv")
    assert storage.objects["imports/1/rejects.csv"] == content


def test_the_next_job_of_a_warm_process_has_its_own_token(
    server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_object("imports/1/a", b"", "text/plain")
    monkeypatch.setenv("WM_TOKEN", "token-2")
    write_object("imports/1/b", b"", "text/plain")
    assert [asked.headers["Authorization"] for asked in server.asked] == ["Bearer token-1", "Bearer token-2"]


def test_another_storage_and_a_kind_are_named_only_if_they_are_given(server: Loopback) -> None:
    write_object("imports/1/a", b"", storage="archive")
    write_object("imports/1/a.csv", b"", "text/csv")
    queries = [parse_qs(urlsplit(asked.path).query) for asked in server.asked]
    assert queries == [
        {"file_key": ["imports/1/a"], "storage": ["archive"]},
        {"file_key": ["imports/1/a.csv"], "content_type": ["text/csv"]},
    ]
    assert object_at("a", "archive") == {"s3": "a", "storage": "archive"}
    assert object_at("a") == {"s3": "a"}


def test_an_object_that_is_not_there_is_named(server: Loopback) -> None:
    del server
    with pytest.raises(FixInput, match="imports/1/gone"):
        list(read_object(object_at("imports/1/gone")))


def test_without_windmill_a_small_file_travels_in_the_result(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BASE_INTERNAL_URL", "WM_BASE_URL", "WM_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    assert keep_file("imports/1/a.csv", b"a,b", "text/csv") == {"filename": "a.csv", "content": "a,b"}
    with pytest.raises(FixSettings, match="This needs Windmill's API") as caught:
        write_object("imports/1/a.csv", b"a,b")
    assert caught.value.code == "no_windmill"


def test_a_path_no_url_can_hold_is_named(server: Loopback) -> None:
    with pytest.raises(FixInput, match="could not be read"):
        list(read_object(object_at("a/\ud800.csv")))
    with pytest.raises(FixSettings, match="did not take"):
        write_object("a/\ud800.csv", b"x")
    assert server.asked == []
