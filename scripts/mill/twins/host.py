"""Serves twins below one path, `/twins/<name>/...`, as an ASGI application."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from mill.twins import registry
from mill.twins.connection import gone, reset
from mill.twins.control import Control
from mill.twins.faults import (
    AFTER_COMMIT,
    ON_THE_WIRE,
    RESET_BEFORE,
    SLOW,
    TIMEOUT_AFTER_COMMIT,
    Answer,
)
from mill.twins.message import Malformed, Refused, Reply, Request
from mill.twins.served import Served, TwinConfig
from mill.twins.store import Store
from mill.twins.twin import Route

MOUNT = "/twins"


class Twins:
    """The ASGI application. Its state is read when the first request comes; `close` ends it."""

    def __init__(self, state_dir: Path, configs: Mapping[str, TwinConfig] | None = None) -> None:
        self._configs = configs or {}
        self._store = Store(state_dir)
        self._served: dict[str, Served] = {}
        self._control = Control(self._serve)
        self._stopping = asyncio.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._store.__exit__(kind, error, trace)

    def release(self) -> None:
        """Let go of the connections held in silence, so that the server can end. Call it in its loop."""
        self._stopping.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or fail it as the twin's plan of faults says."""
        raw_path: str = scope["raw_path"].decode("ascii")
        name, _, rest = raw_path.removeprefix(f"{MOUNT}/").partition("/")
        request = await _request(scope, receive, name, f"/{rest}")
        if name not in registry.NAMES:
            await _send(send, self._control.unknown(raw_path, registry.NAMES))
        elif rest.startswith("_"):
            await _send(send, self._control.answer(name, request))
        else:
            await self._answer(self._serve(name), request, scope, receive, send)

    def _serve(self, name: str) -> Served:
        served = self._served.get(name)
        if served is None:
            served = Served(name, self._store, self._configs.get(name, TwinConfig()))
            self._served[name] = served
        return served

    async def _answer(
        self, served: Served, request: Request, scope: Scope, receive: Receive, send: Send
    ) -> None:
        twin, faults = served.twin, served.plan.faults
        route, reply, headers = _admit(served, request)
        fault = None if route is None else served.plan.next(route.operation)
        if delay := faults.latency_ms / 1000 + (faults.slow_seconds if fault == SLOW else 0):
            await asyncio.sleep(delay)
        if fault == RESET_BEFORE:
            await reset(scope, receive)
            return
        if route is not None:
            reply = _reply_of(served, route, request, fault)
        if fault == TIMEOUT_AFTER_COMMIT:
            await self._hold(receive, faults.hang_seconds)
        if fault in AFTER_COMMIT:
            await reset(scope, receive)
            return
        assert reply is not None, f"{twin.name} has no reply"
        await _send(send, faults.changed.apply(reply), headers)

    async def _hold(self, receive: Receive, seconds: float) -> None:
        """Silence until the client leaves, the time is over or the server ends."""
        ends = [asyncio.ensure_future(gone(receive)), asyncio.ensure_future(self._stopping.wait())]
        try:
            await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()


def _admit(served: Served, request: Request) -> tuple[Route | None, Reply | None, Mapping[str, str]]:
    """Return the route of a request and the headers of its reply; or, where it gets no further, the reply."""
    route, params, methods = served.routes.find(request.method, request.path)
    if route is None:
        status, problem = (405, "does not allow this method") if methods else (404, "does not exist")
        reply = served.twin.error(status, f"{request.method} {request.path}: the resource {problem}.")
        return None, reply, {"Allow": ", ".join(methods)} if methods else {}
    request.params = params
    try:
        return route, None, served.twin.gate(request)
    except Refused as refused:
        return None, refused.reply, {}


def _reply_of(served: Served, route: Route, request: Request, fault: str | Answer | None) -> Reply:
    """Return the route's reply once what it wrote is committed, or the fault's."""
    twin = served.twin
    if isinstance(fault, str) and fault not in ON_THE_WIRE:
        refusal = _fault_reply(served, fault, request)
        if refusal is not None:
            return refusal
    if isinstance(fault, Answer) and not fault.applied:
        return _worded(fault)
    try:
        with served.store.transaction():
            reply = route.answer(request)
    except Refused as refused:
        reply = refused.reply
    except Malformed as malformed:
        reply = twin.error(malformed.status, str(malformed))
    return _worded(fault) if isinstance(fault, Answer) else reply


def _fault_reply(served: Served, fault: str, request: Request) -> Reply | None:
    own = served.twin.faults.get(fault)
    if own is not None:
        return own(request)
    if fault == "error_503":
        return served.twin.error(503, "The service is temporarily unavailable.")
    reply = served.twin.error(429, "Too many requests.")
    reply.headers = {**reply.headers, "Retry-After": f"{served.plan.faults.retry_after:g}"}
    return reply


def _worded(answer: Answer) -> Reply:
    return Reply(answer.status, answer.body, answer.headers)


async def _request(scope: Scope, receive: Receive, name: str, path: str) -> Request:
    headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
    query_string: bytes = scope["query_string"]
    query = dict(parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)) if query_string else {}
    parts = []
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":  # half a body must not be applied
            raise ClientDisconnect
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    url = f"{scope['scheme']}://{headers.get('host', '')}{MOUNT}/{name}"
    return Request(
        scope["method"],
        path,
        query,
        headers,
        b"".join(parts),
        url,
        query_string=query_string.decode("latin-1"),
    )


async def _send(send: Send, reply: Reply, more_headers: Mapping[str, str] | None = None) -> None:
    body = reply.body
    headers = {"content-type": "application/json"} if body is not None else {}
    if body is None:
        data = b""
    elif isinstance(body, bytes):
        data = body
    else:
        data = json.dumps(body, separators=(",", ":")).encode()
    for name, value in (*(more_headers or {}).items(), *reply.headers.items()):
        headers[name.lower()] = value
    if reply.status != 204:
        headers["content-length"] = str(len(data))
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
    await send({"type": "http.response.body", "body": data})
