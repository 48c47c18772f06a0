"""What a twin is asked and what it answers, free of any web framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from mill.strict_values import loads

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


@dataclass(slots=True)
class Reply:
    """An HTTP reply. `body` goes out as JSON, as it is where it is bytes, and not at all where it is None."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """Answers with `reply` and applies nothing: what the route wrote so far is rolled back."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"answered {reply.status}")
        self.reply = reply


class Malformed(Exception):
    """A body or header this service cannot read; the twin's `error` puts it into the service's words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True, weakref_slot=True)
class Request:
    """One request as the service sees it.

    `path` begins after the twin's own mount; `url` is where that mount is reached, for links in replies.
    Header names are in lower case. `query` keeps the last of repeated names, `query_string` has all of them
    as they were sent; `params` are the path's. Held weakly, it is gone once it is answered.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    url: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    query_string: str = ""

    @property
    def content_type(self) -> str:
        """The media type alone, in lower case; "" where none was sent."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def bearer(self) -> str | None:
        """The token of `Authorization: Bearer <token>`."""
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else None

    def json(self) -> Any:
        """Return the body as JSON. Raises Malformed 415 for another type, 400 for what is not JSON."""
        if self.content_type != JSON:
            raise Malformed(415, f"Content-Type must be {JSON}, not {self.content_type or 'missing'}.")
        try:
            return loads(self.body)
        except ValueError as error:
            raise Malformed(400, f"The body is not valid JSON: {error}.") from error

    def form(self) -> dict[str, list[str]]:
        """Return the form-encoded body, every value of a name. Raises Malformed as `json` does."""
        if self.content_type != FORM:
            raise Malformed(415, f"Content-Type must be {FORM}, not {self.content_type or 'missing'}.")
        try:
            return parse_qs(self.body.decode("ascii"), keep_blank_values=True, errors="strict")
        except ValueError as error:
            raise Malformed(400, f"The body is not a valid form: {error}.") from error
