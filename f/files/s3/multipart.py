"""A large object in parts: begun, sent part by part, made one at the end, or dropped as a whole.

Parts that are not dropped cost money and are in no list: where that fails, the error names the upload.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from f.connect.errors import ConnectError, FixInput, OutcomeUnknown, TryLater
from f.files.s3.client import (
    Bucket,
    abort_request,
    begin_request,
    complete_request,
    md5_of,
    part_request,
    read_etag,
    read_value,
)
from f.files.s3.content import Content, digests_of
from f.files.s3.verification import check_part, checksum_headers

if TYPE_CHECKING:
    from f.connect.calls.message import Request, Response
    from f.files.s3.content import Digests, Hash
    from f.files.s3.results import Checksum

MIB = 1 << 20
SMALLEST_PART, LARGEST_PART, MOST_PARTS = 5 * MIB, 5 << 30, 10_000
_TIDY = "remove it (AbortMultipartUpload), or let a lifecycle rule of the bucket do it"

_COMPLETE = "complete_multipart_upload"
_WHOLE = re.compile(r"[0-9a-f]{32}-[0-9]+")

Send = Callable[["Request"], "Response"]


@dataclass(frozen=True, slots=True)
class Multipart:
    """How one object is uploaded in parts. `send` sends under the lease of this write."""

    bucket: Bucket
    key: str
    send: Send
    checksum: Checksum


@dataclass(frozen=True, slots=True)
class Assembled:
    """The object's ETag, and by what its answer shows that all parts are in it."""

    etag: str
    verified: str


def part_size(size: int, part_mb: int) -> int:
    """Return how large the parts of so many bytes are: as asked, or as large as 10,000 of them have to be."""
    wanted = part_mb * MIB
    if not SMALLEST_PART <= wanted <= LARGEST_PART:
        raise FixInput(
            f"part_mb is {part_mb:,}: S3 takes parts of 5 to 5,120 MiB (5 GiB), and no more in one request.",
            code="bad_part_size",
        )
    needed = -(-size // MOST_PARTS)
    fitting = max(wanted, -(-needed // MIB) * MIB)
    if fitting > LARGEST_PART:
        raise FixInput(
            f"The content has {size:,} bytes; S3 takes {MOST_PARTS:,} parts of 5 GiB each. Split it.",
            code="too_large",
        )
    return fitting


def upload_parts(
    work: Multipart,
    content: Content,
    digests: Digests,
    size: int,
    begin: Mapping[str, str],
    complete: Mapping[str, str],
) -> Assembled:
    """Upload in parts of `size` bytes. `begin` and `complete` are further headers of the two requests.

    `digests` are those of the content when it was first read; it has to be the same until its last part.

    A failure drops what was uploaded; one whose answer was lost at the very end does not, as the object may
    be made of it by then.
    """
    bucket, key = work.bucket, work.key
    algorithm = {"x-amz-checksum-algorithm": "SHA256"} if work.checksum == "sha256" else {}
    upload = _begin(work, {**begin, **algorithm})
    read = hashlib.sha256()
    with _dropped_on_failure(work, upload):
        parts = [
            _send_part(work, upload, number, part, read) for number, part in enumerate(content.parts(size), 1)
        ]
        if read.digest() != digests.sha256:
            raise FixInput(
                "The file was changed while it was uploaded. Upload it when nobody writes to it.",
                code="changed",
            )
        sent = [part.fields for part in parts]
        response = work.send(complete_request(bucket, key, upload, sent, complete))
        etag = read_value(
            response, bucket, "CompleteMultipartUploadResult", "ETag", "The object may have been stored"
        )
    return Assembled(etag, _verify(parts, etag, work.checksum))


def _begin(work: Multipart, headers: Mapping[str, str]) -> str:
    try:
        response = work.send(begin_request(work.bucket, work.key, headers))
        return read_value(
            response,
            work.bucket,
            "InitiateMultipartUploadResult",
            "UploadId",
            "An upload without parts may have been begun",
        )
    except OutcomeUnknown as error:  # there is no object of it in any case
        raise _not_stored(error) from error


@dataclass(frozen=True, slots=True)
class _Part:
    fields: Mapping[str, str]
    md5: bytes
    is_md5: bool  # the service answered with it as the ETag
    verified: str


def _send_part(work: Multipart, upload: str, number: int, part: Content, read: Hash) -> _Part:
    digests = digests_of(part, read)
    headers = checksum_headers(digests, work.checksum)
    request = part_request(work.bucket, work.key, upload, number, part, digests.sha256.hex(), headers)
    response = work.send(request)
    etag = read_etag(response, work.bucket)
    verified = check_part(response, digests, work.checksum, number)
    fields = {"ETag": f'"{etag}"'}
    if "x-amz-checksum-sha256" in response.headers:  # a service that keeps none does not want it again
        fields["ChecksumSHA256"] = base64.b64encode(digests.sha256).decode()
    return _Part(fields, digests.md5, md5_of(response.headers) == digests.md5.hex(), verified)


def _verify(parts: list[_Part], etag: str, checksum: Checksum) -> str:
    """Return by what the parts are verified; OutcomeUnknown if the whole was made of others.

    The ETag of the whole is the MD5 of the parts' MD5s and their number, where those of the parts are MD5s.
    """
    whole = hashlib.md5(b"".join(part.md5 for part in parts), usedforsecurity=False).hexdigest()
    if (
        checksum != "none"
        and all(part.is_md5 for part in parts)
        and _WHOLE.fullmatch(etag)
        and etag != f"{whole}-{len(parts)}"
    ):
        raise OutcomeUnknown(
            f"S3 made the object of other parts than the {len(parts)} that were sent, by its ETag. "
            "Download and "
            "compare; if it is right, use checksum none.",
            code="checksum_mismatch",
            repeat_safe=True,
        )
    kinds = {part.verified for part in parts}
    return "" if "" in kinds else "sha256" if kinds == {"sha256"} else "md5"


@contextmanager
def _dropped_on_failure(work: Multipart, upload: str) -> Iterator[None]:
    try:
        yield
    except ConnectError as error:
        if isinstance(error, OutcomeUnknown) and _COMPLETE in (error.call or ""):
            left = f"If there is no such object, parts remain in the upload {upload}: {_TIDY}."
            raise _with(error, left) from error
        raise _with(_not_stored(error), _drop(work, upload)) from error
    except BaseException:
        _drop(work, upload)
        raise


def _drop(work: Multipart, upload: str) -> str:
    """Drop the upload, and return a sentence on what became of its parts."""
    try:
        response = work.send(abort_request(work.bucket, work.key, upload))
        if response.status in {200, 204, 404}:
            return "What had been sent was removed."
        why = str(response.status)
    except ConnectError as failed:
        why = failed.code or type(failed).__name__
    return f"What had been sent could not be removed ({why}). It lies in the upload {upload}: {_TIDY}."


def _not_stored(error: ConnectError) -> ConnectError:
    """Return what a failure before the parts were made one means: there is no object."""
    if not isinstance(error, OutcomeUnknown):
        return error
    known = TryLater(f"The object was not stored, as a part of it failed: {error}", code=error.code)
    known.call, known.status, known.request_id, known.attempts = (
        error.call,
        error.status,
        error.request_id,
        error.attempts,
    )
    return known


def _with(error: ConnectError, more: str) -> ConnectError:
    named = type(error)(f"{error} {more}", code=error.code, call=error.call, status=error.status)
    named.request_id, named.attempts = error.request_id, error.attempts
    if isinstance(named, OutcomeUnknown) and isinstance(error, OutcomeUnknown):
        named.repeat_safe = error.repeat_safe
    return named
