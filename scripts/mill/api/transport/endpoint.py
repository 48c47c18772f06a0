"""From a Starlette request to a plain function in a worker thread, and back."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from mill.api.transport.replies import Refusal
from mill.strict_values import loads


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
            return loads(self.body) if self.body else None
        except ValueError as error:
            raise Refusal(400, f"The body is not valid JSON: {error}.") from error

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
        return value


def endpoint(handler: Callable[[Call], Response]) -> Callable[[Request], Awaitable[Response]]:
    """Return an ASGI endpoint that reads the body and runs `handler`, which may block, in a worker thread."""

    async def run(request: Request) -> Response:
        call = Call(request, await request.body())
        return await run_in_threadpool(handler, call)

    return run
