"""Signature Version 4: AWS's own published examples, and botocore on the same requests."""

from __future__ import annotations

import datetime as dt
import hashlib
from unittest import mock
from urllib.parse import quote

import botocore.auth  # type: ignore[import-untyped]  # it has no types
import pytest
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]  # it has no types
from botocore.credentials import Credentials  # type: ignore[import-untyped]  # it has no types
from hypothesis import given
from hypothesis import strategies as st

from f.connect.calls.message import Outgoing
from f.connect.errors import FixInput, FixSettings
from f.connect.sign_in.sigv4 import (
    SigV4,
    SigV4Auth,
    authorization,
    host_of,
    path_of,
    presigned_url,
    query_of,
)
from f.connect.times import Clock

# https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html, sigv4-query-string-auth.html
EXAMPLE = SigV4(
    access_key="AKIAIOSFODNN7EXAMPLE",
    secret_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    region="us-east-1",
)
HOST = "examplebucket.s3.amazonaws.com"
STAMP = "20130524T000000Z"
NAIVE = dt.datetime(2013, 5, 24)  # noqa: DTZ001 - as botocore has its times
AT = dt.datetime(2013, 5, 24, tzinfo=dt.UTC).timestamp()
EMPTY = hashlib.sha256(b"").hexdigest()
WELCOME = hashlib.sha256(b"Welcome to Amazon S3.").hexdigest()


@pytest.mark.parametrize(
    ("method", "path", "headers", "payload", "signature"),
    [
        (
            "GET", "/test.txt", {"range": "bytes=0-9"}, EMPTY,
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT", "/test%24file.text",
            {"date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"}, WELCOME,
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
        (
            "GET", "/?lifecycle", {}, EMPTY,
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
        ),
        (
            "GET", "/?max-keys=2&prefix=J", {}, EMPTY,
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
    ids=["range", "put", "lifecycle", "list"],
)  # fmt: skip
def test_aws_examples_of_signed_headers(
    method: str, path: str, headers: dict[str, str], payload: str, signature: str
) -> None:
    signed = {"host": HOST, "x-amz-content-sha256": payload, "x-amz-date": STAMP, **headers}
    value = authorization(EXAMPLE, method, f"https://{HOST}{path}", signed, payload, STAMP)
    assert value.endswith(f"Signature={signature}")
    assert f"Credential={EXAMPLE.access_key}/20130524/us-east-1/s3/aws4_request," in value


def test_aws_example_of_a_signed_url() -> None:
    url = presigned_url(EXAMPLE, "GET", f"https://{HOST}/test.txt", expires=86_400, at=AT)
    assert url.endswith("X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")


class At(Clock):
    def now(self) -> float:
        return AT


KEYS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), min_size=1).filter(
    lambda key: not key.startswith("/") and not any(part in {".", ".."} for part in key.split("/"))
)


@given(key=KEYS, value=st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"))))
def test_any_request_is_signed_as_botocore_signs_it(key: str, value: str) -> None:
    url = f"https://bucket.s3.eu-west-1.amazonaws.com{path_of(key)}?{query_of([('prefix', value)])}"
    settings = SigV4(access_key="AK", secret_key="secret", region="eu-west-1", session_token="token")
    ours = SigV4Auth(settings, clock=At())(Outgoing("PUT", url, {"Content-Type": "text/plain"}, b"body"))
    theirs = AWSRequest("PUT", url, {"Content-Type": "text/plain"}, b"body")
    with mock.patch.object(botocore.auth, "get_current_datetime", return_value=NAIVE):
        botocore.auth.S3SigV4Auth(Credentials("AK", "secret", "token"), "s3", "eu-west-1").add_auth(theirs)
    assert ours.headers["Authorization"] == theirs.headers["Authorization"]


def test_each_attempt_is_signed_anew_and_says_whose_token_it_is() -> None:
    clock = At()
    settings = SigV4(access_key="AK", secret_key="secret", region="eu-west-1", session_token="token")
    auth = SigV4Auth(settings, clock=clock)
    plain = Outgoing("GET", "https://b.example.com/k", {})
    first = auth(plain).headers
    assert (first["Host"], first["X-Amz-Security-Token"], first["X-Amz-Date"]) == (
        "b.example.com",
        "token",
        STAMP,
    )
    assert "host;x-amz-content-sha256;x-amz-date;x-amz-security-token" in first["Authorization"]
    assert auth.fingerprint() != SigV4Auth(EXAMPLE).fingerprint()
    assert "secret" not in repr(settings)
    assert "token" not in repr(settings).replace("session_token", "")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://a.example.com/x", "a.example.com"),
        ("https://a.example.com:443/x", "a.example.com"),
        ("http://a.example.com:443/x", "a.example.com:443"),
        ("http://[::1]:9000/x", "[::1]:9000"),
    ],
)
def test_the_host_is_signed_as_it_is_sent(url: str, host: str) -> None:
    assert host_of(url) == host


@pytest.mark.parametrize("expires", [0, -1, 604_801])
def test_a_url_is_good_for_a_second_to_seven_days(expires: int) -> None:
    with pytest.raises(FixInput, match="7 days"):
        presigned_url(EXAMPLE, "GET", "https://b.example.com/k", expires=expires)
    assert "X-Amz-Expires=604800" in presigned_url(EXAMPLE, "GET", "https://b.example.com/k", expires=604_800)


def test_a_key_that_no_header_carries_is_refused() -> None:
    with pytest.raises(FixSettings, match="accessKey"):
        SigV4Auth(SigV4(access_key="AK\n", secret_key="s", region="us-east-1"))


def test_a_path_is_encoded_once() -> None:
    assert path_of("b", "a b+c%20/ü~") == f"/b/{quote('a b+c%20/ü', safe='/')}~"
