"""What the scripts do at the twin, from the first byte to the result."""

from __future__ import annotations

import base64
import threading
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]  # it has no types
import pytest
import requests
from botocore.config import Config  # type: ignore[import-untyped]  # it has no types

from f.connect.errors import ConnectError, FixInput, GiveUpRecord, OutcomeUnknown, TryLater
from f.files import copy_file, delete_file, download_file, head_file, list_files, sign_url, upload_file
from f.files.s3 import multipart
from f.files.s3.client import complete_request
from tests.f.files.conftest import Twin, changed

ODD_KEYS = ("a b+c", "100%", "a%2Fb", "ü/日本/😀", "x//y", "q?a=1&b#c", "ends/", "'quoted\"<&>")


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_keys_go_there_and_back(twin: Twin, key: str) -> None:
    assert upload_file.main(key, twin.resource, text=key)["status"] == "uploaded"
    assert download_file.main(key, twin.resource)["text"] == key
    assert [file["key"] for file in list_files.main(twin.resource)["files"]] == [key]
    copied = copy_file.main(key, f"copy of {key}", twin.resource)
    assert (copied["status"], copied["size"]) == ("copied", len(key.encode()))
    assert requests.get(sign_url.main(key, twin.resource)["url"], timeout=10).text == key
    assert delete_file.main(key, twin.resource)["status"] == "deleted"


@pytest.fixture
def boto(twin: Twin) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=twin.client.url,
        region_name="us-east-1",
        aws_access_key_id="AKTWIN",
        aws_secret_access_key="twin",
        config=Config(
            s3={"addressing_style": "path"},
            request_checksum_calculation="when_required",
            retries={"total_max_attempts": 1},
        ),
    )


def test_the_twin_takes_what_boto3_sends(twin: Twin, boto: Any) -> None:
    boto.put_object(
        Bucket="files", Key="a b/ü", Body=b"theirs", ContentType="text/plain", Metadata={"a": "b"}
    )
    assert download_file.main("a b/ü", twin.resource)["text"] == "theirs"
    upload_file.main("ours +%", twin.resource, text="ours", metadata={"x-y": "z"})
    head = boto.head_object(Bucket="files", Key="ours +%")
    assert (head["ContentLength"], head["Metadata"]) == (4, {"x-y": "z"})
    assert boto.get_object(Bucket="files", Key="ours +%", Range="bytes=1-2")["Body"].read() == b"ur"
    keys = [one["Key"] for one in boto.list_objects_v2(Bucket="files")["Contents"]]
    assert keys == ["a b/ü", "ours +%"]
    boto.copy_object(Bucket="archive", Key="c", CopySource={"Bucket": "files", "Key": "a b/ü"})
    assert download_file.main("c", changed(twin.resource, bucket="archive"))["text"] == "theirs"
    boto.delete_object(Bucket="archive", Key="c")
    assert not head_file.main("c", changed(twin.resource, bucket="archive"))["exists"]


def test_a_second_run_with_the_same_name_sends_nothing(twin: Twin) -> None:
    for expected in ("uploaded", "already_uploaded"):
        assert upload_file.main("k", twin.resource, text="x", request_key="r1")["status"] == expected
    assert len(twin.stored()) == 1
    # Another content is another write: the name stands for both.
    assert upload_file.main("k", twin.resource, text="y", request_key="r1")["status"] == "uploaded"
    for expected in ("copied", "already_copied"):
        assert copy_file.main("k", "c", twin.resource, request_key="r2")["status"] == expected
    for expected in ("deleted", "already_deleted"):
        assert delete_file.main("k", twin.resource, request_key="r3")["status"] == expected


@pytest.mark.parametrize("if_exists", ["overwrite", "fail"])
def test_a_lost_answer_is_repeated_or_recognised_as_our_own(twin: Twin, if_exists: Any) -> None:
    twin.fail_next("put_object", "reset_after_commit")
    done = upload_file.main("k", twin.resource, text="x", if_exists=if_exists)
    assert done["status"] == "uploaded"
    assert len(twin.stored()) == (2 if if_exists == "overwrite" else 1)


@pytest.mark.parametrize("if_exists", ["overwrite", "fail"])
def test_answers_lost_to_the_last_are_settled_by_looking(
    twin: Twin, if_exists: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("f.connect.times.REAL.sleep", lambda _seconds: False)
    twin.fail_next("put_object", "reset_after_commit", times=4)
    assert upload_file.main("k", twin.resource, text="x", if_exists=if_exists)["etag"]
    assert download_file.main("k", twin.resource)["text"] == "x"


def test_what_cannot_be_looked_up_is_unknown_and_never_success(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("f.connect.times.REAL.sleep", lambda _seconds: False)
    script = [
        {"operation": name, "fault": "reset_before", "times": 9} for name in ("put_object", "head_object")
    ]
    twin.client.put_faults(script=script)
    with pytest.raises(OutcomeUnknown):
        upload_file.main("k", twin.resource, text="x", if_exists="fail", request_key="r")
    twin.client.put_faults()
    assert (
        upload_file.main("k", twin.resource, text="x", if_exists="fail", request_key="r")["status"]
        == "uploaded"
    )
    assert len(twin.stored()) == 1


def test_the_object_of_another_is_not_taken_for_ours(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    """Same content, same key, and an answer that was lost: the mark tells them apart."""
    monkeypatch.setattr("f.connect.times.REAL.sleep", lambda _seconds: False)
    upload_file.main("k", twin.resource, text="x")
    twin.fail_next("put_object", "reset_before")
    with pytest.raises(GiveUpRecord, match="exists already"):
        upload_file.main("k", twin.resource, text="x", if_exists="fail")


BIG = b"abc" * 2_000_000  # two parts of 5 MiB


def test_parts_that_fail_are_removed_and_the_object_is_not_there(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("f.connect.times.REAL.sleep", lambda _seconds: False)
    twin.fail_next("put_object", "reset_after_commit", times=9)
    with pytest.raises(TryLater, match=r"not stored.*What had been sent was removed"):
        upload_file.main("k", twin.resource, content=BIG, part_mb=5)
    assert not head_file.main("k", twin.resource)["exists"]


def test_leftovers_that_cannot_be_removed_are_named(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("f.connect.times.REAL.sleep", lambda _seconds: False)
    script = [
        {"operation": name, "fault": "reset_before", "times": 9} for name in ("put_object", "delete_object")
    ]
    twin.client.put_faults(script=script)
    with pytest.raises(TryLater, match=r"not be removed \(reset\). It lies in the upload \S{20,}:"):
        upload_file.main("k", twin.resource, content=BIG, part_mb=5)


@pytest.mark.parametrize("if_exists", ["overwrite", "fail"])
def test_a_completion_whose_answer_was_lost_is_looked_up(twin: Twin, if_exists: Any) -> None:
    script = [
        {"operation": "post_object", "answer": {"status": 200, "applied": True, "body": None}, "times": 1},
    ]
    upload = upload_file.main("before", twin.resource, content=BIG, part_mb=5)
    assert upload["parts"] == 2
    # The first POST begins the upload and must answer; the second completes it, and its answer is empty.
    real = complete_request

    def complete(*arguments: Any) -> Any:
        twin.client.put_faults(script=script)
        return real(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(multipart, "complete_request", complete)
        done = upload_file.main("k", twin.resource, content=BIG, part_mb=5, if_exists=if_exists)
    assert done["status"] == "uploaded"
    assert [entry["key"] for entry in twin.stored()] == ["before", "k"]


def test_two_jobs_that_create_the_same_object_do_it_once(twin: Twin) -> None:
    results: list[str] = []

    def create(number: int) -> None:
        try:
            results.append(upload_file.main("k", twin.resource, text=str(number), if_exists="keep")["status"])
        except ConnectError as error:
            results.append(type(error).__name__)

    threads = [threading.Thread(target=create, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["exists", "exists", "exists", "uploaded"]
    assert len(twin.stored()) == 1


def test_small_contents_come_in_the_result(twin: Twin) -> None:
    upload_file.main("binary", twin.resource, content=base64.b64encode(b"\x00\xff").decode())  # type: ignore[arg-type]  # as JSON has bytes
    assert base64.b64decode(download_file.main("binary", twin.resource)["content_base64"]) == b"\x00\xff"
    upload_file.main("large", twin.resource, content=b"x" * 1_000_001)
    with pytest.raises(FixInput, match="too large for a job's result"):
        download_file.main("large", twin.resource)
    with pytest.raises(FixInput, match="Raise max_mb"):
        download_file.main("large", twin.resource, local_path="large", max_mb=1)
    assert not list(Path().glob("large*"))


def test_a_service_without_checksums_is_verified_by_its_etag(twin: Twin) -> None:
    twin.client.put_settings(keeps_checksums=False)
    assert upload_file.main("k", twin.resource, text="x", checksum="md5")["verified"] == "md5"
    assert download_file.main("k", twin.resource)["verified"] == "md5"
    assert upload_file.main("big", twin.resource, content=BIG, part_mb=5, checksum="md5")["verified"] == "md5"
    assert (
        download_file.main("big", twin.resource, local_path="big")["verified"] == "sha256"
    )  # our own metadata
    assert upload_file.main("k", twin.resource, text="x", checksum="none")["verified"] == ""


def test_temporary_keys(twin: Twin) -> None:
    twin.client.put_settings(session_token="st")
    temporary = changed(twin.resource, sessionToken="st")
    assert upload_file.main("k", temporary, text="x")["status"] == "uploaded"
    url = sign_url.main("k", temporary)["url"]
    assert "X-Amz-Security-Token=st" in url
    assert requests.get(url, timeout=10).text == "x"
    with pytest.raises(ConnectError, match="sessionToken has expired"):
        download_file.main("k", changed(twin.resource, sessionToken="old"))
