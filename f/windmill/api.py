"""Windmill's API for jobs whose start must cost little: one request at a time, by what Python brings along.

`connection` holds wmill's client, which does more and takes longer to import than such a job has.
"""

from __future__ import annotations

import http.client
import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from f.connect.errors import FixSettings, TryLater
from f.windmill.connection import address, is_on_windmill

_SECONDS = 30.0
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


def _encoded(fields: Mapping[str, Any]) -> bytes:
    """Return JSON as short as it can be: Windmill takes no more than so many bytes, 2 MB where not set up."""
    try:
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # half of a character
        return json.dumps(fields).encode()


def _send(method: str, call: str, body: bytes | None, seconds: float) -> Answer:
    if not is_on_windmill():
        raise FixSettings(
            "This needs Windmill's API, and no BASE_INTERNAL_URL and WM_WORKSPACE say where it is. Run it as "
            "a job, or with `mill`.",
            code="no_windmill",
        )
    try:
        request = urllib.request.Request(  # noqa: S310 - the address of Windmill's own API
            f"{address()}/api/w/{os.environ['WM_WORKSPACE']}/{quote(call, safe=_AS_IT_IS)}",
            data=body,
            headers={
                "Authorization": f"Bearer {os.environ.get('WM_TOKEN', '')}",
                "Content-Type": "application/json",
            },
            method=method,
        )
        try:
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=seconds) as reply:
                return Answer(reply.status, reply.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise TryLater(
            f"Windmill did not answer {call} ({type(error).__name__}).", code="platform"
        ) from error
