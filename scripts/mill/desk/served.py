"""What `mill serve` answers at /desk: the page to everybody, and to a session what the page may run.

The page itself holds no data. A session begins at `/desk?token=...` and lives in a cookie that no script can
read and that no other site's request carries; what names other hosts or comes from other pages has been
refused before (see `mill.admission`).
"""

from __future__ import annotations

import asyncio
import hmac
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from mill.api.transport.replies import json_response, time_text
from mill.desk.bundling import Bundle, Bundler
from mill.desk.page import HEADERS, write_page, write_sentence
from mill.desk.sessions import IDLE_SECONDS, Sessions
from mill.engine.definition.arguments import references_in
from mill.errors import MillError
from mill.ports import Job, Jobs, Target
from mill.repository.raw_apps import RawApp, raw_app
from mill.repository.workspace import Workspace
from mill.strict_values import loads

APP = "f/customers/import_desk"
FOLDER = "desk"  # of bundles, in the state folder
_TITLE = "Import desk"
_MOST_JOBS = 10_000  # of the page's that can still be asked about
_LONGEST_WAIT = 20.0  # seconds that a question for a job may ask to be held
_FIRST_PAUSE, _LONGEST_PAUSE = 0.005, 0.05  # seconds between two looks at a job


class Refused(Exception):
    """A request of the page that is not served; `name` says to the page's program why."""

    def __init__(self, status: int, name: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.name = name

    def response(self) -> Response:
        """Return it in the form in which failed jobs are told."""
        told = {"error": {"name": self.name, "message": str(self)}}
        return json_response(told, self.status, HEADERS)


def address(url: str, token: str, draft: str = "") -> str:
    """Return the address that opens the desk of a server in a browser; `draft`: at that import."""
    shown = f"#/draft/{draft}/reading" if draft else ""
    return f"{url}/desk?{urlencode({'token': token})}{shown}"


def desk_app(workspace: Workspace) -> RawApp:
    """Return the page of a workspace's import desk; MillError if it has none."""
    app = raw_app(workspace, APP)
    if app is None:
        raise MillError(f"{workspace.root} has no import desk: there is no {APP}__raw_app/raw_app.yaml.")
    return app


Endpoint = Callable[[Request], Awaitable[Response]]


class Desk:
    """The page, its sessions, and its runnables."""

    def __init__(
        self, workspace: Workspace, state: Path, jobs: Jobs, token: str, sessions: Sessions | None = None
    ) -> None:
        self._workspace = workspace
        self._jobs = jobs
        self._token = token
        self._sessions = sessions or Sessions()
        self._folder = state / FOLDER
        self._bundler: Bundler | None = None
        self._started: OrderedDict[str, None] = OrderedDict()  # jobs of the page: it is told of no other

    def routes(self) -> list[Route]:
        """Return the routes from the root of the server."""
        return [
            Route("/desk", self._enter),
            Route("/desk/app.js", self._file("text/javascript", lambda bundle: bundle.script)),
            Route("/desk/app.css", self._file("text/css", lambda bundle: bundle.styles)),
            Route("/desk/run/{id}", self._in_session(self._run), methods=["POST"]),
            Route("/desk/jobs/{id}", self._in_session(self._job)),
        ]

    def bundle(self) -> Bundle:
        """Return the page's program and styles; MillError if there can be none, with what to do."""
        app = desk_app(self._workspace)
        if self._bundler is None:
            self._bundler = Bundler(app, self._folder)
        return self._bundler.bundle()

    async def _enter(self, request: Request) -> Response:
        given = request.query_params.get("token")
        if given is None:
            return await run_in_threadpool(self._page)
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            text = f"This link is of another run of the server. {_AGAIN}"
            return HTMLResponse(write_sentence(_TITLE, text), 401, HEADERS)
        # The fragment of the address, which names what to show, stays with the browser.
        response = RedirectResponse("/desk", 303, HEADERS)
        response.set_cookie(
            _cookie(request),
            self._sessions.open(),
            max_age=int(IDLE_SECONDS),
            path="/desk",
            httponly=True,
            samesite="strict",
        )
        return response

    def _page(self) -> Response:
        try:
            title = desk_app(self._workspace).summary() or _TITLE
            return HTMLResponse(write_page(title, self.bundle().digest), headers=HEADERS)
        except MillError as error:
            return HTMLResponse(write_sentence(_TITLE, str(error)), 503, HEADERS)

    def _file(self, kind: str, part: Callable[[Bundle], bytes]) -> Endpoint:
        def answer() -> Response:
            try:
                return Response(part(self.bundle()), media_type=kind, headers=HEADERS)
            except MillError as error:
                return Response(str(error), 503, HEADERS, "text/plain")

        async def run(_request: Request) -> Response:
            return await run_in_threadpool(answer)

        return run

    def _in_session(self, handler: Endpoint) -> Endpoint:
        async def run(request: Request) -> Response:
            try:
                self._check_session(request)
                return await handler(request)
            except Refused as refused:
                return refused.response()
            except MillError as error:
                return Refused(400, "NotStarted", str(error)).response()

        return run

    def _check_session(self, request: Request) -> None:
        if not self._sessions.is_open(request.cookies.get(_cookie(request), "")):
            raise Refused(401, "Unauthorized", f"Your session has ended. {_AGAIN}")

    async def _run(self, request: Request) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise Refused(415, "NotJson", "The desk takes application/json only.")
        args = _arguments(await request.body())

        def start() -> str:
            return self._jobs.start(self._target(request.path_params["id"]), args)

        job = await run_in_threadpool(start)
        self._started[job] = None
        while len(self._started) > _MOST_JOBS:
            self._started.popitem(last=False)
        return json_response({"job": job}, 201, HEADERS)

    def _target(self, id: str) -> Target:
        runnable = desk_app(self._workspace).runnable(id)
        if runnable is None:
            raise Refused(404, "NotOffered", f"The import desk runs nothing of the name {id[:60]}.")
        if runnable.kind == "script":
            return Target("script", runnable.path)
        if runnable.kind == "flow":
            return Target("flow", runnable.path)
        raise Refused(
            501,
            "NotOffered",
            f"{runnable.file.name} is of type {runnable.kind or 'nothing'}: `mill` runs script and flow.",
        )

    async def _job(self, request: Request) -> Response:
        job_id = request.path_params["id"]
        job = self._jobs.get(job_id) if job_id in self._started else None
        if job is None:
            raise Refused(
                404, "NoJob", "The server does not know this job: it was started again, or the job is old."
            )
        loop = asyncio.get_running_loop()
        until = loop.time() + _wait(request.query_params.get("wait"))
        pause = _FIRST_PAUSE
        while job.completed is None and loop.time() < until and not await request.is_disconnected():
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)
        return json_response(_described(job), headers=HEADERS)


_AGAIN = (
    "Open the desk again with `mill desk`, or with the link that `mill serve` prints when it starts; "
    "your imports are still there."
)


def _cookie(request: Request) -> str:
    """Return the cookie's name: browsers send cookies to every port, so each port has its own."""
    return f"mill_desk_{request.url.port or 80}"


def _arguments(body: bytes) -> dict[str, Any]:
    try:
        sent = loads(body)
    except ValueError as error:
        raise Refused(400, "NotJson", f"The request is not valid JSON: {error}.") from error
    args = sent.get("args") if isinstance(sent, dict) else None
    if not isinstance(args, dict):
        raise Refused(400, "NotJson", 'The request must be {"args": {...}}.')
    if any(references_in(args)):
        raise Refused(
            400,
            "NotAllowed",
            "A text begins with $var: or $res:, which names a credential: the desk hands none over. Put "
            "something before it.",
        )
    return args


def _wait(text: str | None) -> float:
    return min(float(text), _LONGEST_WAIT) if text and text.isascii() and text.isdigit() else 0.0


def _described(job: Job) -> dict[str, Any]:
    """Return the job as Windmill tells it to a page, but for its arguments, which the page has."""
    completed = job.completed
    took = None if job.started_at is None or job.ended_at is None else job.ended_at - job.started_at
    return {
        "type": "CompletedJob" if completed else "QueuedJob",
        "id": job.id,
        "created_at": time_text(job.created_at),
        "started_at": time_text(job.started_at),
        "duration_ms": None if took is None else round(took * 1000),
        "completed": completed is not None,
        "running": job.status == "running",
        "canceled": job.status == "canceled",
        "success": completed is not None and completed.success,
        "result": None if completed is None else completed.result,
    }
