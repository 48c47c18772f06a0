"""The scripts against moto's S3, another server nobody here wrote: shapes alone, it checks no signature."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]  # it has no types
import pytest
import requests

from f.connect.errors import FixInput, FixSettings, GiveUpRecord
from f.files import copy_file, delete_file, download_file, head_file, list_files, sign_url, upload_file
from tests.f.files.conftest import changed
from tests.foreign import free_port, installed, running

LARGE = bytes(range(256)) * 45_000  # 11.5 MB


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    port = free_port()
    with running([installed("moto_server"), "-H", "127.0.0.1", "-p", str(port)], port):
        boto = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id="AK",
            aws_secret_access_key="secret",
        )
        for bucket in ("files", "archive"):
            boto.create_bucket(Bucket=bucket)
        yield {
            "bucket": "files",
            "region": "us-east-1",
            "endPoint": f"http://127.0.0.1:{port}",
            "accessKey": "AK",
            "secretKey": "secret",
        }


def test_a_round_of_everything(server: Any) -> None:
    for key in ("a b+c", "ü/日本", "x//y", "100%"):
        done = upload_file.main(key, server, text=key, metadata={"owner": "Ada"})
        assert (done["status"], done["verified"]) == ("uploaded", "md5")
        assert download_file.main(key, server)["text"] == key
        assert head_file.main(key, server)["metadata"] == {"owner": "Ada"}
    assert {file["key"] for file in list_files.main(server)["files"]} == {"a b+c", "ü/日本", "x//y", "100%"}
    assert list_files.main(server, delimiter="/")["folders"] == ["x/", "ü/"]
    assert copy_file.main("100%", "c", server, target_bucket="archive")["bucket"] == "archive"
    assert delete_file.main("100%", server)["status"] == "deleted"
    with pytest.raises(FixInput, match="no object under this key"):
        download_file.main("100%", server)
    with pytest.raises(FixSettings, match="no such bucket"):
        list_files.main(changed(server, bucket="missing"))


def test_pages(server: Any) -> None:
    for number in range(5):
        upload_file.main(f"pages/{number}", server, text="x")
    first = list_files.main(server, prefix="pages/", max_files=3)
    rest = list_files.main(server, prefix="pages/", continue_from=first["next"])
    assert [file["key"][-1] for file in (*first["files"], *rest["files"])] == list("01234")
    assert (first["complete"], rest["complete"]) == (False, True)


def test_parts_and_create_only(server: Any) -> None:
    done = upload_file.main("large", server, content=LARGE, part_mb=5)
    assert (done["parts"], done["etag"][-2:]) == (3, "-3")
    assert download_file.main("large", server, local_path="large")["verified"] == "sha256"
    assert Path("large").read_bytes() == LARGE
    with pytest.raises(GiveUpRecord, match="exists already"):
        upload_file.main("large", server, text="x", if_exists="fail")


def test_what_this_server_does_not_check(server: Any) -> None:
    """A URL that was changed is let in: versitygw and our own twin show that it must not be."""
    upload_file.main("signed", server, text="x")
    url = sign_url.main("signed", server)["url"]
    assert requests.get(url, timeout=10).status_code == 200
    assert (
        requests.get(url.replace("X-Amz-Expires=3600", "X-Amz-Expires=3601"), timeout=10).status_code == 200
    )
