"""Whether the bytes that arrived are those that were sent: checksums asked for, and those in answers. Pure.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from f.connect.calls.reply_reader import named, unreadable
from f.connect.errors import OutcomeUnknown, TryLater
from f.files.s3.client import hex_of, md5_of

if TYPE_CHECKING:
    from f.connect.calls.message import Response
    from f.files.s3.client import Stored
    from f.files.s3.content import Digests
    from f.files.s3.results import Checksum
    from f.store.once import Attempt


MISMATCH = "checksum_mismatch"


def checksum_headers(digests: Digests, checksum: Checksum) -> dict[str, str]:
    """Return the headers by which the service itself refuses bytes that were changed on the way."""
    if checksum == "sha256":
        return {"x-amz-checksum-sha256": base64.b64encode(digests.sha256).decode()}
    if checksum == "md5":
        return {"Content-MD5": base64.b64encode(digests.md5).decode()}
    return {}


def check_stored(response: Response, digests: Digests, checksum: Checksum) -> str:
    """Return by what the answer to a PUT shows that the very bytes were stored, "" if by nothing.

    OutcomeUnknown if it shows that others were.
    """
    return _check(response, digests, checksum, "the object that was stored")


def check_part(response: Response, digests: Digests, checksum: Checksum, number: int) -> str:
    """Do the same for a part."""
    return _check(response, digests, checksum, f"part {number}")


def _check(response: Response, digests: Digests, checksum: Checksum, what: str) -> str:
    if checksum == "none":
        return ""
    kind, same = _compare(response.headers, digests)
    if kind and not same:
        raise named(
            OutcomeUnknown(
                f"S3 answered with another {kind} for {what} than was sent: the bytes were changed, or this "
                "service counts otherwise. Download and compare; if they are the same, use checksum none.",
                code=MISMATCH,
                repeat_safe=True,
            ),
            response,
        )
    return kind


def _compare(headers: Mapping[str, str], digests: Digests) -> tuple[str, bool]:
    if answered := headers.get("x-amz-checksum-sha256", ""):
        return "sha256", hex_of(answered) == digests.sha256.hex()
    if md5 := md5_of(headers):
        return "md5", md5 == digests.md5.hex()
    return "", True


def check_download(response: Response, stored: Stored, digests: Digests) -> str:
    """Return by what a download is verified, "" if by nothing; TryLater if it is not what was announced.

    That it is as long as was announced, the transport sees to; that it was announced, `check_whole`.
    """
    fault = ""
    if stored.sha256 and stored.sha256 != digests.sha256.hex():
        fault = "has another SHA-256 than was announced"
    elif not stored.sha256 and stored.md5 and stored.md5 != digests.md5.hex():
        fault = "has another MD5 than its ETag"
    if fault:
        raise named(
            TryLater(
                f"What S3 sent {fault}: it was changed or cut off on the way. Nothing was kept; try again.",
                code="checksum_mismatch",
            ),
            response,
        )
    return "sha256" if stored.sha256 else "md5" if stored.md5 else ""


def check_whole(response: Response, stored: Stored, verified: str) -> None:
    """Raise TryLater if nothing shows that a download is whole: neither a checksum nor a length or an end."""
    ends = stored.size >= 0 or response.headers.get("Transfer-Encoding", "").lower() == "chunked"
    if response.status != 200 or not (verified or ends):
        raise unreadable(response, "S3", "the whole object, or without its length")


def noting_mismatch(send: Callable[[Attempt], str], found: list[OutcomeUnknown]) -> Callable[[Attempt], str]:
    """Return `send`, which adds to `found` that it has seen other bytes stored than were sent."""

    def noting(attempt: Attempt) -> str:
        try:
            return send(attempt)
        except OutcomeUnknown as error:
            if error.code == MISMATCH:
                found.append(error)
            raise

    return noting


def check_found(stored: Stored, size: int, digests: Digests, checksum: Checksum) -> None:
    """Raise OutcomeUnknown if an object that bears our mark certainly has other bytes than were sent."""
    other = stored.size not in {-1, size}
    if not other and checksum != "none" and (stored.sha256 or stored.md5):
        other = not is_same(stored, size, digests)
    if other:
        raise OutcomeUnknown(
            "The answer was lost, and the object that was stored has other bytes than were sent. Download "
            "and compare; if they are the same, use checksum none.",
            code=MISMATCH,
            repeat_safe=True,
        )


def is_same(stored: Stored, size: int, digests: Digests) -> bool:
    """Return whether an object certainly has this content."""
    if stored.size != size:
        return False
    if stored.sha256:
        return stored.sha256 == digests.sha256.hex()
    return bool(stored.md5) and stored.md5 == digests.md5.hex()
