"""The same scripts on the workspace's own storage, as `mill` serves it by Windmill's API."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from f.connect.errors import FixInput, FixSettings, GiveUpRecord, TryLater
from f.files import copy_file, delete_file, download_file, head_file, list_files, sign_url, upload_file
from f.windmill.connection import disconnect
from f.windmill.objects import object_at
from mill.api.server import LocalApi
from tests.f.files.conftest import Twin
from tests.loopback import Asked, Reply, serve


def be_a_job(monkeypatch: pytest.MonkeyPatch, url: str, workspace: str, token: str) -> None:
    monkeypatch.setenv("BASE_INTERNAL_URL", url)
    monkeypatch.setenv("WM_BASE_URL", url)
    monkeypatch.setenv("WM_TOKEN", token)
    monkeypatch.setenv("WM_WORKSPACE", workspace)
    monkeypatch.setenv("MILL", "1")


@pytest.fixture
def _workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "wmill.yaml").write_text("")
    no_jobs: Any = None
    with LocalApi(tmp_path, tmp_path / "state", no_jobs, environment={}) as api:
        be_a_job(monkeypatch, api.url, api.workspace_id, api.token)
        yield


@pytest.mark.usefixtures("_workspace")
@pytest.mark.parametrize("storage", ["", "backup"])
def test_up_and_down_and_what_is_there(storage: str) -> None:
    done = upload_file.main("reports/a b+ü.txt", text="hello", storage=storage)
    assert (done["status"], done["size"], done["sha256"]) == (
        "uploaded", 5, hashlib.sha256(b"hello").hexdigest(),
    )  # fmt: skip
    assert download_file.main("reports/a b+ü.txt", storage=storage)["text"] == "hello"
    facts = head_file.main("reports/a b+ü.txt", storage=storage)
    assert (facts["exists"], facts["size"], facts["content_type"]) == (True, 5, "text/plain")
    assert copy_file.main("reports/a b+ü.txt", "c", storage=storage)["status"] == "copied"
    assert [file["key"] for file in list_files.main(storage=storage)["files"]] == ["c", "reports/a b+ü.txt"]
    assert delete_file.main("c", storage=storage)["status"] == "deleted"
    assert delete_file.main("c", storage=storage)["status"] == "not_there"
    assert not head_file.main("c", storage=storage)["exists"]
    with pytest.raises(FixInput, match="no object"):
        download_file.main("c", storage=storage, local_path="c")
    assert not list(Path().glob("c*"))


@pytest.mark.usefixtures("_workspace")
def test_a_new_object_only_and_once() -> None:
    assert upload_file.main("k", text="x", if_exists="fail")["notices"][0].startswith(
        "Windmill's storage cannot"
    )
    with pytest.raises(GiveUpRecord, match="already"):
        upload_file.main("k", text="y", if_exists="fail")
    assert upload_file.main("k", text="y", if_exists="keep")["status"] == "exists"
    for expected in ("uploaded", "already_uploaded"):
        assert upload_file.main("named", text="x", request_key="r")["status"] == expected


@pytest.mark.usefixtures("_workspace")
def test_a_list_in_pages_and_folders() -> None:
    for key in ("a/1", "a/2", "b/1", "c", "d"):
        upload_file.main(key, text="x")
    seen, token = [], ""
    while True:
        page = list_files.main(max_files=2, continue_from=token)
        seen += [file["key"] for file in page["files"]]
        token = page["next"]
        if page["complete"]:
            break
    assert seen == ["a/1", "a/2", "b/1", "c", "d"]
    page = list_files.main(delimiter="/")
    assert (page["folders"], [file["key"] for file in page["files"]]) == (["a/", "b/"], ["c", "d"])


@pytest.mark.usefixtures("_workspace")
def test_a_url_to_read() -> None:
    upload_file.main("k", text="x")
    signed = sign_url.main("k", expires_seconds=60)
    assert requests.get(signed["url"], timeout=10).text == "x"


@pytest.mark.usefixtures("_workspace")
@pytest.mark.parametrize(
    ("run", "sentence"),
    [
        (lambda: sign_url.main("k", method="PUT"), "URLs to read"),
        (lambda: sign_url.main("k", expires_seconds=5), "60 to 604,800"),
        (lambda: upload_file.main("k", text="x", metadata={"a": "b"}), "no metadata"),
        (lambda: copy_file.main("k", "k"), "the same"),
    ],
    ids=["put", "expiry", "metadata", "same"],
)
def test_what_windmill_does_not_offer_is_refused_by_name(run: Any, sentence: str) -> None:
    with pytest.raises(FixInput, match=sentence):
        run()


@pytest.mark.usefixtures("_workspace")
def test_from_the_workspace_to_a_bucket_and_back(twin: Twin) -> None:
    content = b"abc" * 2_000_000
    upload_file.main("source.bin", content=content)
    done = upload_file.main("in/bucket.bin", twin.resource, file=object_at("source.bin"), part_mb=5)
    assert (done["parts"], done["size"]) == (2, len(content))
    back = download_file.main("in/bucket.bin", twin.resource, object_path="back/bucket.bin")
    assert (back["s3"], back["verified"]) == ("back/bucket.bin", "sha256")
    assert download_file.main("back/bucket.bin", local_path="b")["sha256"] == done["sha256"]


def test_without_windmill_there_is_a_sentence() -> None:
    with pytest.raises(FixSettings, match="Windmill"):
        list_files.main()


def test_a_windmill_that_sends_less_than_it_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(asked: Asked) -> Reply:
        if "load_file_metadata" in asked.path:
            return Reply(200, {"size_in_bytes": 100, "mime_type": "text/plain"})
        return Reply(200, b"short")

    with serve(answer) as server:
        be_a_job(monkeypatch, server.url, "w", "t")
        with pytest.raises(TryLater, match="5 of 100 bytes"):
            download_file.main("k", local_path="k")
        disconnect()
    assert not list(Path().glob("k*"))


@pytest.mark.parametrize(
    ("status", "kind"), [(403, "SignInAgain"), (503, "TryLater"), (400, "FixSettings")], ids=str
)
def test_a_windmill_that_refuses(monkeypatch: pytest.MonkeyPatch, status: int, kind: str) -> None:
    with serve(lambda _: Reply(status, {"error": {"message": "no"}})) as server:
        be_a_job(monkeypatch, server.url, "w", "t")
        for run in (list_files.main, lambda: head_file.main("k"), lambda: delete_file.main("k")):
            with pytest.raises(Exception, match="Windmill did not") as raised:
                run()
            assert type(raised.value).__name__ == kind
