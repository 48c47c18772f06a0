"""The S3 twin checks signatures as S3 does, and answers in its shapes. botocore's signer asks it."""

from __future__ import annotations

import datetime as dt
from unittest import mock
from urllib.parse import quote

import botocore.auth  # type: ignore[import-untyped]  # it has no types
import pytest
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]  # it has no types
from botocore.credentials import Credentials  # type: ignore[import-untyped]  # it has no types

from tests.mill.twins.stage import Answer, TwinClient, TwinProcess


@pytest.fixture
def s3(twins: TwinProcess) -> TwinClient:
    client = TwinClient(twins.client("s3").url, token=None)
    client.forget()
    return client


def ask(
    s3: TwinClient,
    method: str,
    path: str,
    body: bytes = b"",
    *,
    secret: str = "twin",
    key: str = "AKTWIN",
    region: str = "us-east-1",
    ago: int = 0,
    **headers: str,
) -> Answer:
    """Send a request that botocore has signed."""
    plain = {name.replace("_", "-"): value for name, value in headers.items()}
    request = AWSRequest(method, s3.url + path, plain, body)
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None) - dt.timedelta(seconds=ago)
    with mock.patch.object(botocore.auth, "get_current_datetime", return_value=now):
        botocore.auth.S3SigV4Auth(Credentials(key, secret), "s3", region).add_auth(request)
    return s3.send(method, path, body or None, dict(request.headers.items()))


def presigned(s3: TwinClient, path: str, expires: int, ago: int = 0) -> str:
    request = AWSRequest("GET", s3.url + path)
    now = dt.datetime.now(dt.UTC).replace(tzinfo=None) - dt.timedelta(seconds=ago)
    with mock.patch.object(botocore.auth, "get_current_datetime", return_value=now):
        signer = botocore.auth.S3SigV4QueryAuth(Credentials("AKTWIN", "twin"), "s3", "us-east-1", expires)
        signer.add_auth(request)
    return str(request.url).removeprefix(s3.url)


def code(answer: Answer) -> str:
    return answer.body.decode().partition("<Code>")[2].partition("</Code>")[0]


def test_a_signed_request_is_taken_and_an_unsigned_one_is_not(s3: TwinClient) -> None:
    stored = ask(s3, "PUT", f"/files/{quote('a b+ü')}", b"x")
    assert (stored.status, stored.headers["etag"]) == (200, '"9dd4e461268c8034f5c8564e155c67a6"')
    assert ask(s3, "GET", f"/files/{quote('a b+ü')}").body == b"x"
    assert s3.send("GET", f"/files/{quote('a b+ü')}").status == 403
    assert s3.ledger("stored") == [("stored", "a b+ü")]


@pytest.mark.parametrize(
    ("how", "status", "name"),
    [
        ({"secret": "other"}, 403, "SignatureDoesNotMatch"),
        ({"key": "nobody"}, 403, "InvalidAccessKeyId"),
        ({"region": "eu-west-1"}, 400, "AuthorizationHeaderMalformed"),
        ({"ago": 1000}, 403, "RequestTimeTooSkewed"),
        ({"ago": -1000}, 403, "RequestTimeTooSkewed"),
    ],
    ids=str,
)
def test_a_wrong_signature_has_its_name(s3: TwinClient, how: dict[str, str], status: int, name: str) -> None:
    answer = ask(s3, "PUT", "/files/k", b"x", **how)  # type: ignore[arg-type]  # text and numbers
    assert (answer.status, code(answer)) == (status, name)
    assert s3.ledger() == []


def test_a_signed_url_is_taken_until_it_ends_and_never_changed(s3: TwinClient) -> None:
    ask(s3, "PUT", "/files/k", b"x")
    good = presigned(s3, "/files/k", 60)
    assert s3.send("GET", good).body == b"x"
    assert s3.send("PUT", good, b"y").status == 403
    assert s3.send("GET", good.replace("/k?", "/l?")).status == 403
    assert s3.send("GET", good.replace("Expires=60", "Expires=61")).status == 403
    assert s3.send("GET", presigned(s3, "/files/k", 60, ago=61)).status == 403
    assert code(s3.send("GET", presigned(s3, "/files/k", 604_801))) == "AuthorizationQueryParametersError"


@pytest.mark.parametrize(
    ("headers", "status", "name"),
    [
        ({"x_amz_checksum_sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}, 400, "BadDigest"),
        ({"content_md5": "1B2M2Y8AsgTpgAmY7PhCfg=="}, 400, "BadDigest"),
        ({"x_amz_meta_a": "b" * 2048}, 400, "MetadataTooLarge"),
    ],
    ids=["sha256", "md5", "metadata"],
)
def test_an_object_s3_would_refuse_is_refused(
    s3: TwinClient, headers: dict[str, str], status: int, name: str
) -> None:
    answer = ask(s3, "PUT", "/files/k", b"x", **headers)  # type: ignore[arg-type]  # headers alone
    assert (answer.status, code(answer)) == (status, name)
    assert s3.ledger() == []


def test_create_only_and_what_is_not_there(s3: TwinClient) -> None:
    assert ask(s3, "PUT", "/files/k", b"x", if_none_match="*").status == 200
    assert code(ask(s3, "PUT", "/files/k", b"y", if_none_match="*")) == "PreconditionFailed"
    assert code(ask(s3, "GET", "/files/none")) == "NoSuchKey"
    assert code(ask(s3, "GET", "/missing/k")) == "NoSuchBucket"
    head = ask(s3, "HEAD", "/files/none")
    assert (head.status, head.body) == (404, b"")
    assert ask(s3, "DELETE", "/files/none").status == 204


def test_a_range_and_a_head(s3: TwinClient) -> None:
    ask(s3, "PUT", "/files/k", b"0123456789")
    part = ask(s3, "GET", "/files/k", range="bytes=2-4")
    assert (part.status, part.body, part.headers["content-range"]) == (206, b"234", "bytes 2-4/10")
    assert ask(s3, "GET", "/files/k", range="bytes=-2").body == b"89"
    assert code(ask(s3, "GET", "/files/k", range="bytes=20-")) == "InvalidRange"
    head = ask(s3, "HEAD", "/files/k")
    assert (head.headers["content-length"], head.body) == ("10", b"")


def test_parts_make_one_object_in_their_order(s3: TwinClient) -> None:
    begun = ask(s3, "POST", "/files/k?uploads=").body.decode()
    upload = begun.partition("<UploadId>")[2].partition("</UploadId>")[0]
    large, small = b"a" * (5 << 20), b"b"
    etags = [
        ask(s3, "PUT", f"/files/k?partNumber={number}&uploadId={upload}", part).headers["etag"].strip('"')
        for number, part in enumerate((large, small), 1)
    ]

    def complete(*parts: tuple[int, str]) -> Answer:
        listed = "".join(
            f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>" for number, etag in parts
        )
        body = f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode()
        return ask(s3, "POST", f"/files/k?uploadId={upload}", body)

    assert code(complete((1, "0" * 32))) == "InvalidPart"
    assert code(complete((2, etags[1]), (1, etags[0]))) in {"EntityTooSmall", "InvalidPartOrder"}
    assert ask(s3, "HEAD", "/files/k").status == 404
    assert complete((1, etags[0]), (2, etags[1])).status == 200
    assert ask(s3, "GET", "/files/k").body == large + small
    assert code(complete((1, etags[0]))) == "NoSuchUpload"
