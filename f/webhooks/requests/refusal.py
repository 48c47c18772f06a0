"""Why a request is not taken. The caller reads a line that tells nothing; the reason stands in the log."""

from __future__ import annotations

from typing import Literal

from f.connect.errors import ConnectError

Code = Literal["invalid_signature", "unknown_source", "switched_off", "too_large", "wrong_type", "bad_body"]

# What the caller reads. Nothing here helps to forge a signature: whatever is wrong with one reads the same.
_STATUS: dict[Code, tuple[int, str]] = {
    "invalid_signature": (401, "The request is not signed as it must be."),
    "unknown_source": (404, "Not found."),
    "switched_off": (410, "Gone."),
    "too_large": (413, "The body is too large."),
    "wrong_type": (415, "The content type is not taken here."),
    "bad_body": (400, "The body cannot be read."),
}


class RefuseRequest(ConnectError):
    """The request is not taken, and asking again changes nothing.

    Its text is the line for the caller. `reason` is for the log alone: it says exactly what is wrong, and
    quotes neither the body, nor a secret, nor a signature.
    """

    def __init__(self, code: Code, reason: str) -> None:
        status, line = _STATUS[code]
        super().__init__(line, code=code, status=status)
        self.reason = reason
