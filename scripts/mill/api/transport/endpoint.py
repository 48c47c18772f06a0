"""From a Starlette request to a plain function in a worker thread, and back."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from mill.api.transport.replies import Refusal

LARGEST_BODY = 200 * 1024 * 1024  # bytes, held in memory; S3 uploads are streamed and have no limit

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose body has arrived."""

    request: Request
    body: bytes

    def path(self, name: str) -> str:
        """Return a parameter of the route."""
        return str(self.request.path_params[name])

    def query(self, name: str) -> str | None:
        """Return a query parameter; None if it is missing or empty."""
        return self.request.query_params.get(name) or None

    def json(self) -> Any:
        """Return the body as JSON; None if it is empty, 400 where it is none."""
        try:
            return json.loads(self.body) if self.body else None
        except ValueError as error:
            raise Refusal(400, f"The body is not valid JSON: {error}.") from error
        except RecursionError as error:
            raise Refusal(400, "The body is nested too deeply: send flatter JSON.") from error

    def fields(self) -> dict[str, Any]:
        """Return the body as a JSON object, 400 where it is none."""
        value = self.json()
        if not isinstance(value, dict):
            raise Refusal(400, "The body must be a JSON object.")
        return value

    def text_field(self, name: str) -> str:
        """Return a text member of the body, 400 where it is missing."""
        value = self.fields().get(name)
        if not isinstance(value, str):
            raise Refusal(400, f"The body needs {name}, a text.")
        if _SURROGATE.search(value):
            raise Refusal(400, f"{name} has half a character (a lone surrogate): send whole ones.")
        return value


async def read_body(request: Request) -> bytes:
    """Return the whole body, refused above LARGEST_BODY."""
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > LARGEST_BODY:
            raise Refusal(
                413, f"The body is larger than {LARGEST_BODY:,} bytes: pass large data as an S3 object."
            )
        chunks.append(chunk)
    return b"".join(chunks)


def endpoint(handler: Callable[[Call], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Return an ASGI endpoint that reads the body and runs `handler`, which may block, in a worker thread."""

    async def run(request: Request) -> Response:
        call = Call(request, await read_body(request))
        return await run_in_threadpool(handler, call)

    return run
