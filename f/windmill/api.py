"""Windmill's API for jobs whose start must cost little: one request at a time, by what Python brings along.

`connection` holds wmill's client, which does more and takes longer to import than such a job has.
"""

from __future__ import annotations

import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from f.connect.errors import FixSettings, TryLater
from f.windmill.connection import address, is_on_windmill

_SECONDS = 30.0
_CHUNK_BYTES = 1 << 16
_AS_IT_IS = "/?&=%:,+;@$!*~()"  # paths may have letters that no address has


@dataclass(frozen=True, slots=True)
class Answer:
    """What Windmill answered, whatever the status."""

    status: int
    body: bytes

    @property
    def is_success(self) -> bool:
        """Whether the status is one of success."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """Return the body as JSON; None if it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer: to follow it would carry the job's token elsewhere."""

    def redirect_request(self, *_request: Any) -> None:
        """Follow none."""


def get(call: str, *, seconds: float = _SECONDS) -> Answer:
    """Return the answer to a GET below this workspace.

    FixSettings if there is no Windmill, TryLater if it is silent for `seconds`.
    """
    return _send("GET", call, None, seconds)


def post(call: str, fields: Mapping[str, Any], *, seconds: float = _SECONDS) -> Answer:
    """Return the answer to a POST of JSON below this workspace, as `get` does."""
    return _send("POST", call, _encoded(fields), seconds)


def post_bytes(call: str, body: bytes, *, seconds: float = _SECONDS) -> Answer:
    """Return the answer to a POST of bytes as they are below this workspace, as `get` does."""
    return _send("POST", call, body, seconds, "application/octet-stream")


def delete(call: str, *, seconds: float = _SECONDS) -> Answer:
    """Return the answer to a DELETE below this workspace, as `get` does."""
    return _send("DELETE", call, None, seconds)


def _encoded(fields: Mapping[str, Any]) -> bytes:
    """Return JSON as short as it can be: Windmill takes no more than so many bytes, 2 MB where not set up."""
    try:
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # half of a character
        return json.dumps(fields).encode()


def stream(call: str, *, seconds: float = _SECONDS) -> Iterator[bytes]:
    """Yield the body of the answer to a GET as it arrives. `seconds` are for the next bytes to come.

    Raises what `get` raises; TryLater also for a status that is none of success.
    """
    with _named(call), _open("GET", call, None, seconds) as reply:
        while chunk := reply.read(_CHUNK_BYTES):
            yield chunk


def get_range(call: str, start: int, length: int, *, seconds: float = _SECONDS) -> bytes:
    """Return up to `length` bytes of the answer to a GET, from `start` on; raises as `stream` does.

    What lies before is passed over where the server knows no ranges.
    """
    with _named(call):
        try:
            reply = _open("GET", call, None, seconds, Range=f"bytes={start}-{start + length - 1}")
        except urllib.error.HTTPError as error:
            with error:
                if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                    return b""
                raise
        with reply:
            left = 0 if reply.status == HTTPStatus.PARTIAL_CONTENT else start
            while left and (passed := reply.read(min(left, _CHUNK_BYTES))):
                left -= len(passed)
            return reply.read(length)


def _send(
    method: str, call: str, body: bytes | None, seconds: float, content_type: str = "application/json"
) -> Answer:
    with _named(call):
        try:
            with _open(method, call, body, seconds, content_type) as reply:
                return Answer(reply.status, reply.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read())


def _open(
    method: str,
    call: str,
    body: bytes | None,
    seconds: float,
    content_type: str = "application/json",
    **headers: str,
) -> http.client.HTTPResponse:
    if not is_on_windmill():
        raise FixSettings(
            "This needs Windmill's API, and no BASE_INTERNAL_URL and WM_WORKSPACE say where it is. Run it as "
            "a job, or with `mill`.",
            code="no_windmill",
        )
    request = urllib.request.Request(  # noqa: S310 - the address of Windmill's own API
        f"{address()}/api/w/{os.environ['WM_WORKSPACE']}/{quote(call, safe=_AS_IT_IS)}",
        data=body,
        headers={
            "Authorization": f"Bearer {os.environ.get('WM_TOKEN', '')}",
            "Content-Type": content_type,
            **headers,
        },
        method=method,
    )
    reply: http.client.HTTPResponse = urllib.request.build_opener(_NoRedirect).open(request, timeout=seconds)
    return reply


@contextmanager
def _named(call: str) -> Iterator[None]:
    """Make the errors of a connection ours."""
    try:
        yield
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise TryLater(
            f"Windmill did not answer {call} ({type(error).__name__}).", code="platform"
        ) from error
