"""Salesforce's error bodies: lists of errors outside rows, `errors` with a statusCode inside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mill.twins.message import Reply

_CODES = {
    400: "JSON_PARSER_ERROR",
    401: "INVALID_SESSION_ID",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    414: "URI_TOO_LONG",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "REQUEST_LIMIT_EXCEEDED",
    503: "SERVER_UNAVAILABLE",
}


@dataclass
class RowError(Exception):
    """One record that Salesforce does not take; nothing of it was applied."""

    code: str
    message: str
    fields: tuple[str, ...] = ()
    detail: Mapping[str, Any] | None = None  # more members of the error, where it stands alone

    def reply(self) -> Reply:
        """As the answer to a request about this record alone."""
        return Reply(
            400, [{"message": self.message, "errorCode": self.code, **self._fields(), **(self.detail or {})}]
        )

    def entry(self) -> dict[str, Any]:
        """As one of the `errors` of a row."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields)}

    def text(self) -> str:
        """As the sf__Error of a bulk job."""
        return f"{self.code}:{self.message}:{' '.join(self.fields)} --"

    def _fields(self) -> dict[str, Any]:
        return {"fields": list(self.fields)} if self.fields else {}


def error(status: int, message: str, code: str | None = None) -> Reply:
    """Return an error in Salesforce's shape."""
    return Reply(status, [{"message": message, "errorCode": code or _CODES.get(status, "UNKNOWN_EXCEPTION")}])


def expired_session() -> Reply:
    """401 for no token, a wrong one, or one that is over."""
    return error(401, "Session expired or invalid")


def requests_exceeded() -> Reply:
    """403 when the requests of 24 hours are used up."""
    return error(403, "TotalRequests Limit exceeded.", "REQUEST_LIMIT_EXCEEDED")


def oauth_error(code: str, description: str) -> Reply:
    """Return an error of the token endpoint."""
    return Reply(400, {"error": code, "error_description": description})
