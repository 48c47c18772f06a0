"""HTTP routes: `/api/r/...`, answered by the scripts and flows that `*.http_trigger.yaml` name."""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from http import HTTPStatus
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from mill.api.endpoints.triggers import HttpTrigger, RouteMatch, RouteTable
from mill.api.endpoints.waiting import Waiter
from mill.api.storage.values import Values
from mill.api.transport.access_log import said_for_log
from mill.api.transport.http_auth import check_api_key, check_basic, check_signature
from mill.api.transport.payload import Payload, read_payload
from mill.api.transport.replies import Refusal, result_response
from mill.errors import MillError
from mill.ports import Jobs, Target

PREFIX = "/api/r/"
_CORS = {
    "access-control-allow-methods": "GET, POST, PUT, DELETE, PATCH, HEAD, OPTIONS",
    "access-control-allow-headers": "content-type, authorization",
}

_SETTINGS_SECONDS = 1.0


class RoutesApi:
    """The ASGI application below `/api/r/`.

    A synchronous route of a script goes through `Jobs.call`, on `executor`: that is the busy path (a mock
    API of a bench), so it touches no file and builds nothing it does not need.
    """

    def __init__(
        self,
        table: RouteTable,
        jobs: Jobs,
        values: Values,
        waiter: Waiter,
        executor: Executor,
        may_enter: Callable[[Request], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._table = table
        self._jobs = jobs
        self._values = values
        self._waiter = waiter
        self._executor = executor
        self._may_enter = may_enter
        self._clock = clock
        self._settings: dict[str, tuple[float, Any]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Refusal as refusal:
            response = refusal.response()
        except MillError as error:
            response = PlainTextResponse(str(error), 400)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method in {"HEAD", "OPTIONS"}:
            return _with_cors(Response(), None, request)
        url_path = request.scope["path"].removeprefix(PREFIX)
        match = self._table.find(request.method.lower(), url_path)
        if match is None:
            raise Refusal(404, self._not_found(request.method, url_path))
        try:
            response = await self._run(request, match, url_path.rstrip("/"))
        except Refusal as refusal:
            response = refusal.response()
        return _with_cors(response, match.trigger.allowed_origins, request)

    async def _run(self, request: Request, match: RouteMatch, url_path: str) -> Response:
        trigger = match.trigger
        if trigger.refused is not None:
            raise Refusal(501, f"{trigger.path} asks for {trigger.refused}, which `mill` does not offer.")
        if trigger.authentication == "windmill" and not self._may_enter(request):
            raise Refusal(401, f"The route {trigger.route_path} needs a token: send Authorization: Bearer.")
        headers = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in request.scope["headers"]
        }
        resource = trigger.authentication_resource
        if resource is not None and trigger.authentication != "signature":
            await run_in_threadpool(self._check_credential, trigger, headers, resource)
        payload = read_payload(headers.get("content-type"), await request.body(), keep_raw=trigger.keeps_raw)
        if resource is not None and trigger.authentication == "signature":
            answer = await run_in_threadpool(self._check_signature, headers, payload, resource)
            if answer is not None:
                return answer
        event = {
            "kind": "http",
            "route": trigger.route_path,
            "path": url_path,
            "trigger_path": trigger.path,
            "body": payload.value,
            "raw_string": payload.raw_string,
            "params": match.params,
            "headers": headers,
            "query": dict(request.query_params),
            "method": trigger.http_method,
        }
        return await self._dispatch(request, trigger, payload.arguments(wrap_body=trigger.wrap_body), event)

    async def _dispatch(
        self, request: Request, trigger: HttpTrigger, arguments: Mapping[str, Any], event: Mapping[str, Any]
    ) -> Response:
        target = Target("flow" if trigger.is_flow else "script", trigger.script_path)
        if trigger.request_type == "sync" and not trigger.is_flow:
            loop = asyncio.get_running_loop()
            completed = await loop.run_in_executor(self._executor, self._call, target, arguments, event)
            response = result_response(completed)
            if response.status_code >= HTTPStatus.BAD_REQUEST:
                said_for_log(request.scope, completed.logs)
            return response
        job_id = await run_in_threadpool(self._jobs.start, target, arguments, event=event)
        if trigger.request_type == "async":
            return self._waiter.started(job_id)
        return result_response(await self._waiter.wait(request, job_id))

    def _call(self, target: Target, arguments: Mapping[str, Any], event: Mapping[str, Any]) -> Any:
        return self._jobs.call(target, arguments, event=event)

    def _check_credential(self, trigger: HttpTrigger, headers: Mapping[str, str], resource: str) -> None:
        """Refuse who has no credential before a byte of the body is kept."""
        settings = self._settings_at(resource)
        if trigger.authentication == "api_key":
            check_api_key(settings, headers)
        elif trigger.authentication == "basic_http":
            check_basic(settings, headers)

    def _check_signature(
        self, headers: Mapping[str, str], payload: Payload, resource: str
    ) -> Response | None:
        return check_signature(self._settings_at(resource), headers, payload.raw_string or "", self._clock())

    def _settings_at(self, path: str) -> dict[str, Any]:
        """Return an authentication resource, read again when what is known of it is a second old."""
        known = self._settings.get(path)
        if known is None or time.monotonic() - known[0] > _SETTINGS_SECONDS:
            known = self._settings[path] = (time.monotonic(), self._values.resolved(path))
        settings = known[1]
        if not isinstance(settings, dict):
            raise Refusal(400, f"Resource {path} is not an object: it holds no settings.")
        return settings

    def _not_found(self, method: str, url_path: str) -> str:
        others = self._table.methods(url_path)
        if others:
            return f"No route answers {method} {url_path}; it answers {', '.join(others).upper()}."
        return f"No route answers {url_path}: no *.http_trigger.yaml of this workspace has such a route_path."


def token_of(request: Request) -> str | None:
    """Return the token a request presents: a bearer header, `?token=`, or the `token` cookie."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token
    return request.query_params.get("token") or request.cookies.get("token")


def has_token(request: Request, token: str) -> bool:
    """Return whether the request presents `token`."""
    given = token_of(request)
    return given is not None and hmac.compare_digest(given.encode(), token.encode())


def _with_cors(response: Response, origins: tuple[str, ...] | None, request: Request) -> Response:
    """Add Windmill's CORS headers unless the script set its own: any origin, or those allowed."""
    headers = response.headers
    for name, value in _CORS.items():
        headers.setdefault(name, value)
    if origins is None:
        headers.setdefault("access-control-allow-origin", "*")
        return response
    headers.setdefault("vary", "Origin")
    origin = request.headers.get("origin")
    if origin is not None and origin.lower() in {allowed.lower() for allowed in origins}:
        headers.setdefault("access-control-allow-origin", origin)
    return response
