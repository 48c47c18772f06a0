"""Puts the parts of the API together: who may enter, and which part answers."""

from __future__ import annotations

import re
from collections.abc import Iterable

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mill.admission import LARGEST_BODY, Exceptions
from mill.api.endpoints.routes_api import PREFIX, RoutesApi, has_token
from mill.api.endpoints.triggers import RouteTable
from mill.api.storage.values import FixedValue, MissingValue
from mill.api.transport.replies import Refusal, json_response
from mill.errors import MillError
from mill.twins.mount import TwinsMount

VERSION = "mill (a local stand-in of Windmill)"
USER = "user"  # as jobs see it in WM_USERNAME and WM_EMAIL
EMAIL = "user@example.com"
# Signed URLs are their own credentials; the version is public on Windmill too; a description holds no secret;
# the import desk has sessions of its own.
_PUBLIC = re.compile(
    r"/api/version|/docs|/openapi\.json|/desk(/.*)?|/approve/.*|/api/w/[^/]+/(jobs_u/(resume|cancel)/.*|s3_proxy/.*)"
)
_TWINS = "/twins/"
_DESK = "/desk"
_PAGES = re.compile(
    r"/approve/.*|/docs|/twins/inbox/|/api/w/[^/]+/(jobs_u/(resume|cancel)/.*|s3_proxy/.*)", re.DOTALL
)
_UPLOAD = re.compile(r"/api/w/[^/]+/job_helpers/upload_s3_file")
_WORKSPACE = re.compile(r"/api/w/([^/]+)/")
# A route, a webhook, or what the import desk runs.
_STARTS_A_JOB = re.compile(r"/api/(r/|w/[^/]+/jobs/run(_wait_result)?/[pf]/)|/desk/run/")


class Application:
    """The whole ASGI application: routes first, then the API behind its token."""

    def __init__(
        self,
        routes_api: RoutesApi,
        workspace_routes: Iterable[Route],
        pages: Iterable[Route],
        twins: TwinsMount,
        workspace_id: str,
        token: str,
        workers: int | None = None,
    ) -> None:
        self._routes_api = routes_api
        self._twins = twins
        self._workspace_id = workspace_id
        self._token = token
        api = [
            Route("/version", _version),
            Route("/users/whoami", self._whoami),
            _workers_route(workers),
            Mount("/w/{workspace}", routes=[*workspace_routes, Route("/users/whoami", self._whoami)]),
        ]
        self._api: ASGIApp = Starlette(
            routes=[Mount("/api", routes=api), *pages],
            exception_handlers={
                Refusal: _refused,
                MillError: _mill_error,
                HTTPException: _unknown,
            },
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["path"].startswith(PREFIX):
            await self._routes_api(scope, receive, send)
            return
        if scope["path"].startswith(_TWINS):  # remote services: they have credentials of their own
            await self._twins(scope, receive, send)
            return
        refusal = self._gate(Request(scope))
        await (self._api if refusal is None else refusal.response())(scope, receive, send)

    def _gate(self, request: Request) -> Refusal | None:
        path = request.scope["path"]
        if not _PUBLIC.fullmatch(path) and not has_token(request, self._token):
            return Refusal(401, "This needs the token of the session: send Authorization: Bearer <token>.")
        workspace = _WORKSPACE.match(path)
        if workspace is not None and workspace[1] != self._workspace_id:
            return Refusal(404, f"There is no workspace {workspace[1]} here, only {self._workspace_id}.")
        return None

    async def _whoami(self, _request: Request) -> Response:
        return json_response(
            {
                "email": EMAIL,
                "username": USER,
                "name": USER,
                "is_admin": True,
                "is_super_admin": True,
                "operator": False,
                "disabled": False,
                "workspace_id": self._workspace_id,
                "groups": ["all"],
                "folders": [],
                "folders_owners": [],
            }
        )


def exceptions(table: RouteTable, largest_body: int) -> Exceptions:
    """Return what other sites may do: lead people to pages and signed links, call routes that name them.

    A link to an import at the desk opens its page, which holds no data.

    `largest_body`: bytes that a route or a webhook takes.
    """
    return Exceptions(
        is_link=lambda path: _PAGES.fullmatch(path) is not None,
        is_open=lambda path: (
            path == _DESK or (path.startswith(PREFIX) and table.is_open(path.removeprefix(PREFIX)))
        ),
        allows_origin=lambda path, origin: (
            path.startswith(PREFIX) and table.allows_origin(path.removeprefix(PREFIX), origin)
        ),
        is_streamed=lambda method, path: method == "POST" and _UPLOAD.fullmatch(path) is not None,
        largest_body=lambda path: largest_body if _STARTS_A_JOB.match(path) else LARGEST_BODY,
    )


def _workers_route(count: int | None) -> Route:
    """Return the list of workers: none where nobody set a number, as a server that hides them answers."""
    listed = [
        {
            "worker": f"mill-{number}",
            "worker_instance": "mill",
            "worker_group": "default",
            "custom_tags": None,
            "last_ping": 0,
        }
        for number in range(1, (count or 0) + 1)
    ]

    async def answer(_request: Request) -> Response:
        return json_response(listed)

    return Route("/workers/list", answer)


async def _version(_request: Request) -> Response:
    return PlainTextResponse(VERSION)


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return error.response()


async def _mill_error(_request: Request, error: Exception) -> Response:
    status = 404 if isinstance(error, MissingValue) else 409 if isinstance(error, FixedValue) else 400
    return PlainTextResponse(str(error), status)


async def _unknown(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    endpoint = f"{request.method} {request.scope['path']}"
    if error.status_code == 405:
        return PlainTextResponse(f"{endpoint}: another method answers there.", 405, error.headers)
    return PlainTextResponse(
        f"{endpoint} is not offered by `mill`, which stands in for the part of Windmill's API that jobs use. "
        "Run this on Windmill.",
        404,
    )
