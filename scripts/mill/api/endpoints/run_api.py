"""Webhooks: the URLs that run a script or flow by path, and what `wmill.run_script_by_path` calls."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mill.api.endpoints.approvals import decoded_payload
from mill.api.endpoints.waiting import Waiter
from mill.api.storage.data_tables import DataTables
from mill.api.transport.payload import Payload, read_payload
from mill.api.transport.replies import Refusal, json_response, result_response
from mill.errors import NotThere
from mill.ports import JobExists, JobKind, Jobs, Target
from mill.strict_values import whole_number

_KINDS: dict[str, JobKind] = {"p": "script", "f": "flow"}
_LONGEST_DELAY = 10 * 365 * 86_400  # seconds: ten years
_REFUSED_QUERY = ("retry", "scheduled_for", "cache_ttl")


@dataclass(frozen=True, slots=True)
class Webhook:
    """A request to a webhook, as arguments for `main` and as the event for a preprocessor.

    `headers` and `query` are what was asked for with `include_header` and `include_query`, for `main`; a
    preprocessor gets all of both.
    """

    payload: Payload
    headers: Mapping[str, str]
    query: Mapping[str, str]
    wrap_body: bool
    all_headers: Mapping[str, str]
    all_query: Mapping[str, str]

    def arguments(self) -> dict[str, Any]:
        """Return what `main` gets."""
        return self.payload.arguments(wrap_body=self.wrap_body, extra={**self.headers, **self.query})

    def event(self) -> dict[str, Any]:
        """Return what a `preprocessor` gets."""
        return {
            "kind": "webhook",
            "body": self.payload.value,
            "raw_string": self.payload.raw_string,
            "headers": dict(self.all_headers),
            "query": dict(self.all_query),
        }


class RunApi:
    """The endpoints `/jobs/run/...`, `/jobs/run_wait_result/...` and `/jobs/run_inline/preview`."""

    def __init__(self, jobs: Jobs, waiter: Waiter, data_tables: DataTables) -> None:
        self._jobs = jobs
        self._waiter = waiter
        self._data_tables = data_tables

    def routes(self) -> list[Route]:
        """Return the routes relative to the workspace."""
        both = ["GET", "POST"]
        return [
            Route("/jobs/run/preview", self._preview, methods=["POST"]),
            Route("/jobs/run_wait_result/preview", self._preview_and_wait, methods=["POST"]),
            Route("/jobs/run_inline/preview", self._preview_inline, methods=["POST"]),
            Route("/jobs/run/{kind}/{path:path}", self._run, methods=["POST"]),
            Route("/jobs/run_wait_result/{kind}/{path:path}", self._run_and_wait, methods=both),
        ]

    async def _run(self, request: Request) -> Response:
        return self._waiter.started(await self._start(request))

    async def _run_and_wait(self, request: Request) -> Response:
        return result_response(await self._waiter.wait(request, await self._start(request)))

    async def _preview(self, request: Request) -> Response:
        return self._waiter.started(await self._start_preview(request))

    async def _preview_and_wait(self, request: Request) -> Response:
        return result_response(await self._waiter.wait(request, await self._start_preview(request)))

    async def _preview_inline(self, request: Request) -> Response:
        preview = await _read_preview(request)
        if preview.language == "postgresql":
            return json_response(
                await run_in_threadpool(self._data_tables.run, preview.content, preview.args)
            )
        completed = await self._waiter.wait(request, await self._push_preview(request, preview))
        return json_response(completed.result, 200 if completed.success else 400)

    async def _start(self, request: Request) -> str:
        kind = _KINDS.get(request.path_params["kind"])
        if kind is None:
            raise Refusal(501, "`mill` runs scripts and flows by path only: use jobs/run/p/ or jobs/run/f/.")
        webhook = await _webhook(request)
        return await self._push(
            request, Target(kind, request.path_params["path"]), webhook.arguments(), webhook.event()
        )

    async def _start_preview(self, request: Request) -> str:
        return await self._push_preview(request, await _read_preview(request))

    async def _push_preview(self, request: Request, preview: _Preview) -> str:
        if preview.language != "python3":
            raise Refusal(501, f"`mill` does not run {preview.language} previews, only python3.")
        return await self._push(request, Target("preview", preview.path, preview.content), preview.args, None)

    async def _push(
        self, request: Request, target: Target, arguments: Mapping[str, Any], event: Mapping[str, Any] | None
    ) -> str:
        query = request.query_params
        for name in _REFUSED_QUERY:
            if query.get(name):
                raise Refusal(501, f"`mill` does not offer ?{name}= : leave it out.")

        handed = None if query.get("skip_preprocessor") == "true" else event

        def start() -> str:
            parent = query.get("parent_job") or None
            try:
                return self._jobs.start(
                    target, arguments, event=handed, parent=parent, delay=_delay(query), id=_chosen_id(query)
                )
            except JobExists as error:
                raise Refusal(400, str(error)) from error
            except NotThere as error:
                if error.path != target.path.strip("/"):  # a part of it is missing
                    raise
                raise Refusal(404, str(error)) from error

        return await run_in_threadpool(start)


@dataclass(frozen=True, slots=True)
class _Preview:
    """Code that is not deployed, to be run once."""

    language: str
    content: str
    path: str
    args: Mapping[str, Any]


async def _read_preview(request: Request) -> _Preview:
    preview = read_payload("application/json", await request.body(), keep_raw=False).value
    if not isinstance(preview, dict) or not isinstance(preview.get("content"), str):
        raise Refusal(400, "A preview needs content, the code, and language.")
    args = preview.get("args")
    return _Preview(
        str(preview.get("language")),
        preview["content"],
        str(preview.get("path") or ""),
        args if isinstance(args, dict) else {},
    )


async def _webhook(request: Request) -> Webhook:
    query = request.query_params
    body = await request.body()
    content_type = request.headers.get("content-type")
    if request.method == "GET":
        encoded = query.get("payload")
        members = {} if encoded is None else decoded_payload(encoded)
        if not isinstance(members, dict):
            raise Refusal(400, "payload must be a JSON object: its members are the arguments.")
        payload = Payload(members, is_object=True, raw_string=None)
    else:
        payload = read_payload(content_type, body, keep_raw=query.get("raw") == "true")
    wanted_headers = _names(query.get("include_header"))
    return Webhook(
        payload=payload,
        headers={
            name.lower().replace("-", "_"): request.headers[name]
            for name in wanted_headers
            if name.isascii() and name in request.headers
        },
        query={name: query[name] for name in _names(query.get("include_query")) if name in query},
        wrap_body=query.get("wrap_body") == "true",
        all_headers={name.lower(): value for name, value in request.headers.items()},
        all_query=dict(query),
    )


def _names(text: str | None) -> list[str]:
    return [name for name in (text or "").split(",") if name]


def _chosen_id(query: Mapping[str, str]) -> str | None:
    """Return the id that the caller chose for the job, as Windmill writes it."""
    text = query.get("job_id")
    if not text:
        return None
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise Refusal(400, "job_id must be a UUID.") from None


def _delay(query: Mapping[str, str]) -> float:
    seconds = whole_number(query.get("scheduled_in_secs") or "0")
    if seconds is None or seconds > _LONGEST_DELAY:
        raise Refusal(400, f"scheduled_in_secs must be a whole number of seconds up to {_LONGEST_DELAY}.")
    return float(seconds)
