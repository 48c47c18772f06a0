"""What a service says or does that is not as it should be: one sentence each, and nothing left half-done."""

from __future__ import annotations

import base64
import errno
import hashlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from f.connect.errors import (
    ConnectError,
    FixInput,
    FixSettings,
    GiveUpRecord,
    OutcomeUnknown,
    SignInAgain,
    TryLater,
    WaitForQuota,
)
from f.connect.transport.file_sink import FileSink
from f.files import copy_file, delete_file, download_file, head_file, list_files, upload_file
from tests.loopback import Answer, Asked, Loopback, Reply, serve

XML = {"Content-Type": "application/xml"}
MD5 = hashlib.md5(b"x", usedforsecurity=False).hexdigest()
OTHER_SHA = base64.b64encode(b"0" * 32).decode()
SHA = base64.b64encode(hashlib.sha256(b"x").digest()).decode()


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("f.connect.times.REAL.sleep", lambda _seconds: False)


def resource(url: str, **changes: Any) -> Any:
    return {"bucket": "files", "accessKey": "AK", "secretKey": "very-secret", "base_url": url, **changes}


def error(status: int, code: str, more: str = "", headers: dict[str, str] | None = None) -> Reply:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>Because.</Message>{more}</Error>"
    return Reply(status, body.encode(), {**XML, **(headers or {})})


@pytest.mark.parametrize(
    ("reply", "kind", "sentence"),
    [
        (error(404, "NoSuchKey"), FixInput, "no object under this key"),
        (error(404, "NoSuchBucket"), FixSettings, "no such bucket"),
        (error(403, "AccessDenied"), SignInAgain, "may not do this"),
        (error(403, "SignatureDoesNotMatch"), SignInAgain, "secretKey is wrong, or a proxy"),
        (error(403, "InvalidAccessKeyId"), SignInAgain, "accessKey is not known"),
        (error(400, "ExpiredToken"), SignInAgain, "sessionToken has expired"),
        (error(403, "RequestTimeTooSkewed"), FixSettings, "Set the clock"),
        (error(400, "AuthorizationHeaderMalformed", "<Region>r-2</Region>"), FixSettings, "region to r-2"),
        (
            error(301, "PermanentRedirect", "<Endpoint>b.s3.eu-west-1.amazonaws.com</Endpoint>"),
            FixSettings, "elsewhere, at b.s3.eu-west-1.amazonaws.com",
        ),
        (Reply(301, None, {"x-amz-bucket-region": "eu-west-1"}), FixSettings, "lies in the region eu-west-1"),
        (
            error(307, "TemporaryRedirect", "", {"Location": "http://127.0.0.1:9/"}),
            FixSettings, "the bucket is elsewhere",
        ),
        (error(503, "SlowDown"), TryLater, "503"),
        (error(500, "InternalError"), TryLater, "500"),
        (error(409, "OperationAborted"), TryLater, "409"),
        (error(403, "InvalidObjectState"), GiveUpRecord, "archived"),
        (error(507, "XMinioStorageFull"), WaitForQuota, "full"),
        (error(501, "NotImplemented"), FixSettings, "does not offer"),
        (error(418, "Teapot"), GiveUpRecord, "Teapot.*Because"),
        (Reply(403, b"<html>Blocked</html>", {"Content-Type": "text/html"}), SignInAgain, "proxy"),
        (Reply(404, b"gone"), FixSettings, "no such bucket or call"),
        (Reply(200, b"<html>Sign in</html>", {"Content-Type": "text/html"}), TryLater, "without an ETag"),
        (Reply(401), SignInAgain, "credential was refused"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)  # fmt: skip
def test_a_download_that_is_refused_leaves_nothing(
    reply: Reply, kind: type[ConnectError], sentence: str
) -> None:
    with serve(lambda _: reply) as server, pytest.raises(kind, match=sentence) as raised:
        download_file.main("reports/a", resource(server.url), local_path="out/a")
    assert "very-secret" not in str(raised.value)
    assert list(Path("out").iterdir()) == []


@pytest.mark.parametrize(
    ("headers", "sentence"),
    [
        ({"ETag": f'"{"0" * 32}"'}, "another MD5"),
        ({"ETag": '"e"', "x-amz-checksum-sha256": base64.b64encode(b"0" * 32).decode()}, "another SHA-256"),
        ({"ETag": '"e"', "x-amz-meta-millwright-sha256": "0" * 64}, "another SHA-256"),
    ],
    ids=["etag", "checksum", "metadata"],
)
def test_a_download_that_was_changed_on_the_way_is_not_kept(headers: dict[str, str], sentence: str) -> None:
    with serve(lambda _: Reply(200, b"x", headers)) as server:
        with pytest.raises(TryLater, match=sentence):
            download_file.main("a", resource(server.url), local_path="a")
        assert not list(Path().glob("a*"))
        # Where a service means something else by it, the check can be switched off.
        assert download_file.main("a", resource(server.url), verify=False)["text"] == "x"


@pytest.mark.parametrize(
    ("headers", "verified"),
    [
        ({"ETag": f'"{MD5}"'}, "md5"),
        ({"ETag": f'"{"0" * 32}-2"'}, ""),
        ({"ETag": f'"{"0" * 32}"', "x-amz-server-side-encryption": "aws:kms"}, ""),
        ({"ETag": f'"{"0" * 32}"', "x-amz-checksum-sha256": SHA}, "sha256"),
        ({"ETag": f'"{MD5}"', "x-amz-checksum-sha256": f"{SHA}-2"}, "md5"),
    ],
    ids=["md5", "parts", "kms", "sha256", "composite"],
)
def test_a_download_says_by_what_it_is_verified(headers: dict[str, str], verified: str) -> None:
    with serve(lambda _: Reply(200, b"x", headers)) as server:
        assert download_file.main("a", resource(server.url))["verified"] == verified


@contextmanager
def raw_server(*replies: bytes) -> Iterator[str]:
    """A server that sends these bytes, one to a connection, and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def run() -> None:
        for reply in replies:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(reply)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        thread.join(5)
        listener.close()


CUT_OFF = b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 1000\r\n\r\nonly the beginning'
WHOLE = b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 5\r\n\r\nwhole'


def test_a_server_that_hangs_up_in_the_middle_is_asked_again() -> None:
    with raw_server(CUT_OFF, WHOLE) as url:
        done = download_file.main("a", resource(url), local_path="a")
    assert (done["size"], Path("a").read_text()) == (5, "whole")


def test_a_server_that_always_hangs_up_leaves_nothing() -> None:
    with raw_server(*[CUT_OFF] * 4) as url, pytest.raises(TryLater, match="ends too early"):
        download_file.main("a", resource(url), local_path="a")
    assert not list(Path().glob("a*"))


@pytest.mark.parametrize(
    "head",
    [
        "HTTP/1.1 200 OK\r\nConnection: close\r\n",
        "HTTP/1.0 200 OK\r\n",
        f"HTTP/1.1 200 OK\r\nContent-Length: {'9' * 5000}\r\n",
        "HTTP/1.1 206 Partial Content\r\nContent-Length: 4\r\n",
    ],
    ids=["no length", "HTTP/1.0", "no number", "a part"],
)
@pytest.mark.parametrize("verify", [True, False])
def test_a_download_of_which_nothing_says_that_it_is_whole_is_not_kept(head: str, verify: bool) -> None:
    reply = f'{head}ETag: "{"0" * 32}-2"\r\n\r\nhalf'.encode()
    with raw_server(reply) as url, pytest.raises(TryLater, match="without its length"):
        download_file.main("a", resource(url), local_path="a", verify=verify)
    assert not list(Path().glob("*a*"))


def test_a_download_that_ends_with_its_connection_is_whole_if_its_checksum_is_right() -> None:
    with raw_server(f'HTTP/1.0 200 OK\r\nETag: "{MD5}"\r\n\r\nx'.encode()) as url:
        assert download_file.main("a", resource(url))["verified"] == "md5"


def test_a_full_disk_is_no_fault_of_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> bool:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(FileSink, "write", full)
    said = pytest.raises(FixInput, match=r"disk \(No space left on device\)")
    with serve(lambda _: Reply(200, b"x", {"ETag": '"e"'})) as server, said:
        download_file.main("a", resource(server.url), local_path="a")
    assert (len(server.asked), list(Path().glob("*a*"))) == (1, [])


def test_two_downloads_to_one_place_do_not_write_into_each_other() -> None:
    """The second one begins while the first is on its way, and the file of somebody else stays."""
    Path("a.part").write_text("mine")
    inner: list[Any] = []

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("/first"):
            inner.append(download_file.main("second", resource(server.url), local_path="a"))
            return Reply(200, b"first", {"ETag": '"e-2"'})
        return Reply(200, b"the second one", {"ETag": '"e-2"'})

    with serve(answer) as server:
        done = download_file.main("first", resource(server.url), local_path="a")
    assert (Path("a").read_text(), done["size"], inner[0]["size"]) == ("first", 5, 14)
    assert sorted(path.name for path in Path().glob("*a*")) == ["a", "a.part"]


def test_what_was_there_before_stays_if_a_download_fails() -> None:
    Path("a").write_text("before")
    with raw_server(*[CUT_OFF] * 4) as url, pytest.raises(TryLater):
        download_file.main("a", resource(url), local_path="a")
    assert Path("a").read_text() == "before"


@pytest.mark.parametrize(
    ("reply", "kind", "sentence"),
    [
        (Reply(200, b"<html>Welcome</html>"), OutcomeUnknown, "without an ETag"),
        (Reply(200), OutcomeUnknown, "without an ETag"),
        (Reply(200, None, {"ETag": f'"{"0" * 32}"'}), OutcomeUnknown, "another md5"),
        (
            Reply(200, None, {"ETag": f'"{MD5}"', "x-amz-checksum-sha256": OTHER_SHA}),
            OutcomeUnknown, "another sha256",
        ),
        (error(500, "InternalError"), OutcomeUnknown, "500"),
        (error(409, "ConditionalRequestConflict"), TryLater, "409"),
        (error(412, "PreconditionFailed"), GiveUpRecord, "exists already"),
        (error(400, "BadDigest"), TryLater, "nothing was stored"),
        (error(400, "EntityTooLarge"), FixInput, "5 GiB"),
        (error(400, "KeyTooLongError"), FixInput, "1,024 bytes"),
        (error(403, "QuotaExceeded"), WaitForQuota, "used up"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)  # fmt: skip
def test_an_upload_that_is_answered_badly_is_no_success(
    reply: Reply, kind: type[ConnectError], sentence: str
) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(404) if asked.method == "HEAD" else reply

    with serve(answer) as server, pytest.raises(kind, match=sentence) as raised:
        upload_file.main("a", resource(server.url), text="x")
    assert "very-secret" not in str(raised.value)


def test_a_race_for_a_new_key_is_tried_again() -> None:
    answers = iter([error(409, "ConditionalRequestConflict"), error(412, "PreconditionFailed")])
    with serve(lambda _: next(answers)) as server:
        done = upload_file.main("a", resource(server.url), text="x", if_exists="keep")
    assert (done["status"], len(server.asked)) == ("exists", 2)
    assert all(asked.headers["If-None-Match"] == "*" for asked in server.asked)


def parted(complete: Reply, abort: Reply, parts: Reply | None = None) -> Answer:
    """A service that takes a multipart upload, and answers its end like this."""

    def answer(asked: Asked) -> Reply:
        if asked.method == "HEAD":
            return Reply(404)
        if asked.method == "DELETE":
            return abort
        if asked.method == "PUT":
            md5 = hashlib.md5(asked.body, usedforsecurity=False).hexdigest()
            return parts or Reply(200, None, {"ETag": f'"{md5}"'})
        if "uploads=" in asked.path:
            root = "InitiateMultipartUploadResult"
            return Reply(200, f"<{root}><UploadId>UP+1/=</UploadId></{root}>".encode(), XML)
        return complete

    return answer


LARGE = b"abcdef" * 1_000_000
GONE, DENIED = Reply(204), error(403, "AccessDenied")
WRONG_WHOLE = f'<CompleteMultipartUploadResult><ETag>"{"0" * 32}-2"</ETag></CompleteMultipartUploadResult>'


@pytest.mark.parametrize(
    ("complete", "abort", "kind", "sentence", "aborted"),
    [
        (error(200, "InternalError"), GONE, OutcomeUnknown, r"parts remain in the upload UP\+1/=", False),
        (Reply(200), GONE, OutcomeUnknown, "without the ETag of a CompleteMultipartUploadResult", False),
        (Reply(200, WRONG_WHOLE.encode()), GONE, OutcomeUnknown, "made the object of other parts", False),
        (error(400, "InvalidPart"), Reply(204), TryLater, "What had been sent was removed", True),
        (error(404, "NoSuchUpload"), Reply(404), TryLater, "upload is gone", True),
        (error(412, "PreconditionFailed"), Reply(204), GiveUpRecord, "exists already", True),
        (DENIED, DENIED, SignInAgain, r"not be removed \(403\).*UP\+1/=", True),
    ],
    ids=["error in 200", "empty 200", "other parts", "InvalidPart", "NoSuchUpload", "exists", "denied"],
)  # fmt: skip
def test_the_end_of_a_multipart_upload(
    complete: Reply, abort: Reply, kind: type[ConnectError], sentence: str, aborted: bool
) -> None:
    with serve(parted(complete, abort)) as server, pytest.raises(kind, match=sentence):
        upload_file.main("a", resource(server.url), content=LARGE, part_mb=5)
    assert ("DELETE" in [asked.method for asked in server.asked]) is aborted
    parts = [asked.path.partition("?")[2] for asked in server.asked if asked.method == "PUT"]
    assert parts == [f"partNumber={number}&uploadId=UP%2B1%2F%3D" for number in (1, 2)]


@pytest.mark.parametrize("if_exists", ["overwrite", "fail"])
@pytest.mark.parametrize("part_mb", [5, 16], ids=["in parts", "in one"])
def test_other_bytes_that_were_stored_are_not_looked_up_as_ours(part_mb: int, if_exists: Any) -> None:
    stored: dict[str, str] = {}
    wrong = {"ETag": f'"{"0" * 32}-2"' if part_mb == 5 else f'"{"0" * 32}"'}
    takes = parted(Reply(200, WRONG_WHOLE.encode()), GONE, None if part_mb == 5 else Reply(200, None, wrong))

    def answer(asked: Asked) -> Reply:
        if asked.method == "HEAD" and stored:
            return Reply(200, LARGE, {**stored, **wrong})
        meta = {name: value for name, value in asked.headers.items() if name.startswith("x-amz-meta-")}
        stored.update(meta)
        return takes(asked)

    with serve(answer) as server, pytest.raises(OutcomeUnknown) as raised:
        upload_file.main("a", resource(server.url), content=LARGE, part_mb=part_mb, if_exists=if_exists)
    assert raised.value.code == "checksum_mismatch"


def test_an_object_with_our_mark_and_other_bytes_is_no_success() -> None:
    sent: dict[str, str] = {}

    def answer(asked: Asked) -> Reply:
        if asked.method == "HEAD":
            return Reply(200, b"y", {**sent, "ETag": f'"{"0" * 32}"'})
        sent.update((name, value) for name, value in asked.headers.items() if "millwright" in name)
        return Reply(drop=True)

    with serve(answer) as server, pytest.raises(OutcomeUnknown, match="has other bytes than were sent"):
        upload_file.main("a", resource(server.url), text="x", if_exists="fail")


def test_a_file_that_changes_between_its_parts_is_not_made_an_object() -> None:
    takes = parted(Reply(500), Reply(204))
    Path("growing").write_bytes(LARGE)

    def answer(asked: Asked) -> Reply:
        if asked.path.endswith("partNumber=1&uploadId=UP%2B1%2F%3D"):
            Path("growing").write_bytes(LARGE.upper())
        return takes(asked)

    with serve(answer) as server:
        with pytest.raises(FixInput, match=r"changed while it was uploaded.*was removed"):
            upload_file.main("a", resource(server.url), local_path="growing", part_mb=5)
        assert [asked.method for asked in server.asked] == ["POST", "PUT", "PUT", "DELETE"]


def test_a_part_that_arrived_as_another_ends_the_upload() -> None:
    wrong = Reply(200, None, {"ETag": f'"{"0" * 32}"'})
    with serve(parted(Reply(500), Reply(204), wrong)) as server:
        with pytest.raises(TryLater, match=r"another md5 for part 1.*was removed"):
            upload_file.main("a", resource(server.url), content=LARGE, part_mb=5)
        assert [asked.method for asked in server.asked] == ["POST", "PUT", "DELETE"]


CIRCLE = (
    b"<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>t</NextContinuationToken>"
    b"</ListBucketResult>"
)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"{}", "without a list"),
        (b"<html/>", "without a list"),
        (b"<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>", "token for the next page"),
        (b'<!DOCTYPE l [<!ENTITY e "x">]><ListBucketResult>&e;</ListBucketResult>', "without a list"),
        (b"<ListBucketResult><IsTruncated> TRUE</IsTruncated></ListBucketResult>", "token for the next"),
        (b"<a>" * 5000, "without a list"),
        (CIRCLE, "repeats its page"),
    ],
    ids=["json", "html", "no token", "entities", "capitals", "deep", "circle"],
)  # fmt: skip
def test_a_list_that_is_none(body: bytes, sentence: str) -> None:
    with serve(lambda _: Reply(200, body, XML)) as server, pytest.raises(TryLater, match=sentence):
        list_files.main(resource(server.url))


def copying(reply: Reply) -> Answer:
    head = Reply(200, None, {"ETag": '"e"'})

    def answer(asked: Asked) -> Reply:
        if asked.method == "HEAD":
            return head if asked.path.endswith("/a") else Reply(404)
        return reply

    return answer


@pytest.mark.parametrize(
    ("reply", "kind", "sentence"),
    [
        (error(200, "InternalError"), OutcomeUnknown, "answered 200 and then failed"),
        (error(200, "SlowDown"), TryLater, "fewer requests"),
        (Reply(200), OutcomeUnknown, "may have been copied"),
        (error(412, "PreconditionFailed"), TryLater, "was changed meanwhile"),
        (error(403, "AccessDenied"), SignInAgain, "may not"),
    ],
    ids=["error in 200", "slow down in 200", "empty", "source changed", "denied"],
)
def test_a_copy_that_is_answered_badly(reply: Reply, kind: type[ConnectError], sentence: str) -> None:
    with serve(copying(reply)) as server, pytest.raises(kind, match=sentence):
        copy_file.main("a", "b", resource(server.url))


def test_a_source_that_changes_meanwhile_is_not_taken_for_a_target_that_exists() -> None:
    changed = error(412, "PreconditionFailed")
    with serve(copying(changed)) as server, pytest.raises(TryLater, match="Nothing was copied"):
        copy_file.main("a", "b", resource(server.url), if_exists="keep")


def test_a_target_that_is_made_meanwhile_is_kept() -> None:
    there = iter([Reply(404), Reply(200, None, {"ETag": '"other"'})])

    def answer(asked: Asked) -> Reply:
        if asked.method == "PUT":
            return error(412, "PreconditionFailed")
        return Reply(200, None, {"ETag": '"e"'}) if asked.path.endswith("/a") else next(there)

    with serve(answer) as server:
        done = copy_file.main("a", "b", resource(server.url), if_exists="keep")
    assert done["status"] == "exists"


@pytest.mark.parametrize(
    ("reply", "kind", "sentence"),
    [
        (Reply(200, b"<html>Sign in</html>"), OutcomeUnknown, "may still be there"),
        (error(200, "InternalError"), OutcomeUnknown, "answered 200 and then failed"),
        (Reply(404, b"gone"), FixSettings, "no such bucket or call"),
        (error(404, "NoSuchBucket"), FixSettings, "no such bucket"),
    ],
    ids=["page", "error in 200", "404 page", "no bucket"],
)
def test_a_deletion_that_is_answered_badly_is_none(
    reply: Reply, kind: type[ConnectError], sentence: str
) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(200, None, {"ETag": '"e"'}) if asked.method == "HEAD" else reply

    with serve(answer) as server, pytest.raises(kind, match=sentence):
        delete_file.main("a", resource(server.url))


def test_a_service_that_has_nothing_to_delete_may_say_so() -> None:
    with serve(lambda asked: Reply(404) if asked.method == "HEAD" else error(404, "NoSuchKey")) as server:
        assert delete_file.main("a", resource(server.url))["status"] == "not_there"


def test_an_object_too_large_to_copy_is_said_before() -> None:
    reply = b'HTTP/1.1 200 OK\r\nETag: "e"\r\nContent-Length: 5368709121\r\n\r\n'
    with raw_server(reply) as url, pytest.raises(FixInput, match="copies up to 5 GiB"):
        copy_file.main("a", "b", resource(url))


def test_nobody_listens() -> None:
    gone: Loopback
    with serve(lambda _: Reply(200)) as gone:
        pass
    for run in (
        lambda: head_file.main("a", resource(gone.url)),
        lambda: upload_file.main("a", resource(gone.url), text="x"),
        lambda: delete_file.main("a", resource(gone.url)),
    ):
        with pytest.raises(TryLater, match="Nothing was applied"):
            run()
