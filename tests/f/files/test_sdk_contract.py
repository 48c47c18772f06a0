"""For the same object our requests and our signed URLs are those of boto3: captured on loopback, compared."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any
from unittest import mock

import boto3  # type: ignore[import-untyped]  # it has no types
import botocore.auth  # type: ignore[import-untyped]  # it has no types
import pytest
from botocore.config import Config  # type: ignore[import-untyped]  # it has no types

from f.connect.sign_in.sigv4 import presigned_url
from f.files import copy_file, delete_file, download_file, head_file, list_files, upload_file
from f.files.s3.client import bucket_of
from tests.loopback import Asked, Loopback, Reply, serve

AT = dt.datetime(2026, 11, 1, 12, 0, 0)  # noqa: DTZ001 - as botocore has its times
SECONDS = AT.replace(tzinfo=dt.UTC).timestamp()
KEY = "reports/a b+%ü.txt"
# What says who sent it, and what is of no concern to the service.
_ABOUT_THE_SENDER = re.compile(
    r"user-agent|amz-sdk-.*|x-request-id|accept.*|connection|content-length|expect|x-amz-date|authorization"
)


def boto(url: str, **config: Any) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=url,
        region_name="eu-west-1",
        aws_access_key_id="AK",
        aws_secret_access_key="secret",
        config=Config(
            signature_version="s3v4",
            request_checksum_calculation="when_required",
            response_checksum_validation="when_supported",
            s3={"addressing_style": "path"},
            **config,
        ),
    )


def resource(url: str) -> Any:
    host, _, port = url.removeprefix("http://").partition(":")
    return {
        "bucket": "files",
        "region": "eu-west-1",
        "endPoint": host,
        "port": int(port),
        "useSSL": False,
        "pathStyle": True,
        "accessKey": "AK",
        "secretKey": "secret",
    }


def answer(asked: Asked) -> Reply:
    headers, body = {"ETag": '"e"'}, b"x" if asked.method == "GET" else None
    if asked.method == "GET" and "list-type" in asked.path:
        return Reply(200, b"<ListBucketResult/>", {"Content-Type": "application/xml"})
    if "x-amz-copy-source" in asked.headers:
        return Reply(200, b'<CopyObjectResult><ETag>"e"</ETag></CopyObjectResult>')
    if asked.method == "DELETE":
        return Reply(204)
    return Reply(404 if asked.method == "HEAD" and "new" in asked.path else 200, body, headers)


def said(asked: Asked) -> dict[str, Any]:
    headers = {
        name.lower(): value
        for name, value in asked.headers.items()
        if not _ABOUT_THE_SENDER.fullmatch(name.lower())
    }
    headers.pop("host")
    path, _, query = asked.path.partition("?")
    return {
        "method": asked.method,
        "path": path,
        "query": sorted(query.split("&")),
        "body": asked.body,
        **headers,
    }


def last(call: Callable[[Loopback], object]) -> dict[str, Any]:
    with serve(answer) as server:
        call(server)
    return said(server.asked[-1])


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (
            lambda url: boto(url).put_object(
                Bucket="files", Key=KEY, Body=b"x", ContentType="text/plain", Metadata={"owner": "Ada"},
                ChecksumAlgorithm="SHA256", IfNoneMatch="*",
            ),
            lambda url: upload_file.main(
                KEY, resource(url), text="x", content_type="text/plain", metadata={"owner": "Ada"},
                if_exists="fail",
            ),
        ),
        (
            lambda url: boto(url).put_object(Bucket="files", Key=KEY, Body=b"", ContentType="text/plain"),
            lambda url: upload_file.main(KEY, resource(url), text="", checksum="none"),
        ),
        (
            lambda url: boto(url).get_object(Bucket="files", Key=KEY),
            lambda url: download_file.main(KEY, resource(url)),
        ),
        (
            lambda url: boto(url).head_object(Bucket="files", Key=KEY, ChecksumMode="ENABLED"),
            lambda url: head_file.main(KEY, resource(url)),
        ),
        (
            lambda url: boto(url).list_objects_v2(Bucket="files", Prefix="b+/", Delimiter="/", MaxKeys=1000),
            lambda url: list_files.main(resource(url), prefix="b+/", delimiter="/"),
        ),
        (
            lambda url: boto(url).copy_object(
                Bucket="files", Key="new", CopySource={"Bucket": "files", "Key": KEY}, CopySourceIfMatch='"e"'
            ),
            lambda url: copy_file.main(KEY, "new", resource(url)),
        ),
        (
            lambda url: boto(url).delete_object(Bucket="files", Key=KEY),
            lambda url: delete_file.main(KEY, resource(url)),
        ),
    ],
    ids=["create", "empty", "get", "head", "list", "copy", "delete"],
)  # fmt: skip
def test_a_request_is_boto3s(theirs: Callable[[str], Any], ours: Callable[[str], Any]) -> None:
    expected, sent = last(lambda server: theirs(server.url)), last(lambda server: ours(server.url))
    # Beside boto3's: which attempt this is (create-only), and that boto3 names the algorithm once more.
    sent.pop("x-amz-meta-millwright-mark", None)
    expected.pop("x-amz-sdk-checksum-algorithm", None)
    if "x-amz-copy-source" in expected:  # both decode to the same key
        assert sent["x-amz-copy-source"].lstrip("/") == expected["x-amz-copy-source"].lstrip("/")
        sent.pop("x-amz-copy-source"), expected.pop("x-amz-copy-source")
    assert sent == expected


@pytest.mark.parametrize(
    "endpoint",
    [None, "https://minio.example.com:9000", "http://127.0.0.1:7070", "https://s3.example.com"],
    ids=["aws", "port", "address", "clone"],
)
@pytest.mark.parametrize("style", ["path", "virtual"])
@pytest.mark.parametrize("bucket", ["files", "with.dots"])
@pytest.mark.parametrize("key", [KEY, "x//y", "'(~*)!", "ends/"])
def test_a_signed_url_is_boto3s_byte_for_byte(
    endpoint: str | None, style: str, bucket: str, key: str
) -> None:
    if (endpoint, style, bucket) == ("http://127.0.0.1:7070", "virtual", "with.dots"):
        return  # boto3 says with.dots.127.0.0.1, which is no host; ours goes into the path
    client = boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="eu-west-1",
        aws_access_key_id="AK",
        aws_secret_access_key="secret",
        aws_session_token="to/ken+=",
        config=Config(
            signature_version="s3v4",
            request_checksum_calculation="when_required",
            s3={"addressing_style": style},
        ),
    )
    ours = bucket_of(
        {
            "bucket": bucket,
            "region": "eu-west-1",
            "endPoint": endpoint or "",
            "pathStyle": style == "path",
            "accessKey": "AK",
            "secretKey": "secret",
            "sessionToken": "to/ken+=",
        }
    )
    named = {"ResponseContentDisposition": 'attachment; filename="a b.txt"'}
    fields = [("response-content-disposition", named["ResponseContentDisposition"])]
    with mock.patch.object(botocore.auth, "get_current_datetime", return_value=AT):
        expected = [
            client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key}, 60),
            client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key, **named}, 604_800),
            client.generate_presigned_url(
                "put_object",
                {"Bucket": bucket, "Key": key, "ContentType": "image/png", "IfNoneMatch": "*"},
                60,
            ),
        ]
    assert [
        presigned_url(ours.key, "GET", ours.url(key), expires=60, at=SECONDS),
        presigned_url(ours.key, "GET", ours.url(key, fields), expires=604_800, at=SECONDS),
        presigned_url(
            ours.key,
            "PUT",
            ours.url(key),
            expires=60,
            at=SECONDS,
            headers={"Content-Type": "image/png", "If-None-Match": "*"},
        ),
    ] == expected
