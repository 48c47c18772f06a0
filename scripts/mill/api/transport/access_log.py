"""One line for each request: its method, path and status, how long it took, and where its job is read.

Below it, of a script that refused or failed, what it said last: nobody else could read why.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

# What is a credential of its own in a path: a signature, and the secret part of a webhook's address.
_SIGNED = re.compile(r"(/(?:jobs_u/(?:resume|cancel)|approve)/.*/)[^/]+$", re.DOTALL)
_JOB = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SECRET = re.compile(r"(?=[^/]*\d)(?=[^/]*[A-Za-z])[^/.]{16,}")
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]")
_LONGEST = 300
_SAID = "mill.said"
_LAST_LINES = 3


class AccessLog:
    """The ASGI application in front of another. `write` gets each line once the answer is out.

    Neither the query nor any header or body is in a line, and no part of a path that may be a secret.
    """

    def __init__(self, application: ASGIApp, write: Callable[[str], None]) -> None:
        self._application = application
        self._write = write

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, and write the line."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        began, status, result = time.monotonic(), 500, ""
        scope[_SAID] = said = list[str]()

        async def watch(message: Message) -> None:
            nonlocal status, result
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = dict(message.get("headers") or ())
                result = headers.get(b"location", b"").decode("latin-1")
            await send(message)

        try:
            await self._application(scope, receive, watch)
        finally:
            took = f"{(time.monotonic() - began) * 1000:.0f} ms"
            where = f"  result: {result}" if status == 201 and result else ""
            self._write(f"{scope['method']} {shown_path(scope['path'])} {status} {took}{where}")
            for line in said:
                self._write(f"  {line}")


def said_for_log(scope: Scope, logs: Sequence[str]) -> None:
    """Have the last lines of a job's log written below the line of its request."""
    lines = [line for text in logs for line in text.splitlines() if line.strip()]
    scope.get(_SAID, []).extend(_shown(line) for line in lines[-_LAST_LINES:])


def _shown(line: str) -> str:
    """Return a line as a terminal may show it: without what would steer it."""
    return "".join(one if one.isprintable() else "?" for one in line[:_LONGEST])


def shown_path(path: str) -> str:
    """Return a path as a log may show it: printable, and without what may be a secret in it."""
    path = _SIGNED.sub(r"\1...", path[:_LONGEST])
    segments = ("..." if _is_secret(segment) else segment for segment in path.split("/"))
    return _UNPRINTABLE.sub("?", "/".join(segments))


def _is_secret(segment: str) -> bool:
    return _SECRET.fullmatch(segment) is not None and _JOB.fullmatch(segment) is None
