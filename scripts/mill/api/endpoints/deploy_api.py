"""What a server takes while it runs: folders, scripts, flows and pages, and flows that are only tried out."""

from __future__ import annotations

import json
from email import message_from_bytes
from email.policy import HTTP
from pathlib import Path
from typing import Any

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mill.api.endpoints.triggers import RouteTable, read_trigger
from mill.api.transport.endpoint import Call, endpoint
from mill.api.transport.replies import Refusal, json_response
from mill.engine.definition.flow_file import parse_flow
from mill.errors import MillError
from mill.ports import Jobs, Target
from mill.repository.deployed import Kind, OpenWorkspace
from mill.repository.raw_apps import RawApp
from mill.repository.workspace import Item, clean_path
from mill.strict_values import loads


class DeployApi:
    """The endpoints that create, show and delete folders, scripts, flows, pages and routes, and try flows.

    Nothing is written to the repository, and what it holds can neither be replaced nor deleted here.
    """

    def __init__(self, workspace: OpenWorkspace, jobs: Jobs, table: RouteTable, workspace_id: str) -> None:
        self._workspace = workspace
        self._jobs = jobs
        self._table = table
        self._workspace_id = workspace_id
        self._routes: set[str] = set()

    def routes(self) -> list[Route]:
        """Return the routes relative to the workspace."""
        post, delete = ["POST"], ["DELETE"]
        return [
            Route("/folders/exists/{name}", endpoint(self._folder_exists)),
            Route("/folders/create", endpoint(self._create_folder), methods=post),
            Route("/folders/delete/{name}", endpoint(self._delete_folder), methods=delete),
            Route("/scripts/exists/p/{path:path}", endpoint(lambda call: self._exists("script", call))),
            Route("/scripts/get/p/{path:path}", endpoint(self._script)),
            Route("/scripts/create", endpoint(self._create_script), methods=post),
            Route(
                "/scripts/delete/p/{path:path}",
                endpoint(lambda call: self._delete("script", call)),
                methods=post,
            ),
            Route("/flows/exists/{path:path}", endpoint(lambda call: self._exists("flow", call))),
            Route("/flows/get/{path:path}", endpoint(self._flow)),
            Route("/flows/create", endpoint(self._create_flow), methods=post),
            Route(
                "/flows/delete/{path:path}", endpoint(lambda call: self._delete("flow", call)), methods=delete
            ),
            *self._app_routes(),
            Route("/http_triggers/create", endpoint(self._create_route), methods=post),
            Route("/http_triggers/delete/{path:path}", endpoint(self._delete_route), methods=delete),
            Route("/jobs/run/preview_flow", endpoint(self._preview), methods=post),
        ]

    def _app_routes(self) -> list[Route]:
        return [
            Route("/apps/list", endpoint(self._list_apps)),
            Route("/apps/exists/{path:path}", endpoint(self._app_exists)),
            Route("/apps/get/p/{path:path}", endpoint(self._app)),
            Route("/apps/create_raw", endpoint(self._create_app), methods=["POST"]),
            Route("/apps/update_raw/{path:path}", endpoint(self._update_app), methods=["POST"]),
            Route("/apps/delete/{path:path}", endpoint(self._delete_app), methods=["DELETE"]),
        ]

    def _folder_exists(self, call: Call) -> Response:
        return json_response(self._workspace.has_folder(call.path("name")))

    def _create_folder(self, call: Call) -> Response:
        name = call.text_field("name")
        if not name.replace("_", "").isalnum() or not name.isascii():
            raise Refusal(400, f"{name!r} is not a folder's name: letters, digits and _ only.")
        self._workspace.create_folder(name)
        return PlainTextResponse(f"Created folder {name}")

    def _delete_folder(self, call: Call) -> Response:
        self._workspace.delete_folder(call.path("name"))
        return PlainTextResponse(f"Folder {call.path('name')} deleted")

    def _exists(self, kind: Kind, call: Call) -> Response:
        return json_response(self._workspace.exists(kind, call.path("path")))

    def _script(self, call: Call) -> Response:
        path = call.path("path")
        if not self._workspace.exists("script", path):
            raise Refusal(404, f"There is no script {path}.")
        script = self._workspace.script(path)
        code = script.file.read_text("utf-8")
        return json_response({"path": script.path, "content": code, "language": "python3", "lock": ""})

    def _create_script(self, call: Call) -> Response:
        path, code, language = (call.text_field(name) for name in ("path", "content", "language"))
        if language != "python3":
            raise Refusal(501, f"`mill` does not run {language}, only python3.")
        self._workspace.deploy_script(path, code)
        return PlainTextResponse(path, 201)

    def _flow(self, call: Call) -> Response:
        path = call.path("path")
        if not self._workspace.exists("flow", path):
            raise Refusal(404, f"There is no flow {path}.")
        return json_response({"path": self._workspace.flow(path).path, "dependency_job": None})

    def _create_flow(self, call: Call) -> Response:
        path, fields = call.text_field("path"), call.fields()
        document = {"summary": str(fields.get("summary") or ""), "value": _value(fields)}
        parse_flow(path, document)
        self._workspace.deploy_flow(path, {**document, "schema": fields.get("schema") or {}})
        return PlainTextResponse(path, 201)

    def _delete(self, kind: Kind, call: Call) -> Response:
        path = call.path("path")
        if not self._workspace.exists(kind, path):
            raise Refusal(404, f"There is no {kind} {path}.")
        self._workspace.delete(kind, path)
        return PlainTextResponse(path)

    def _list_apps(self, _call: Call) -> Response:
        return json_response([_summary_of(app) for app in self._workspace.raw_apps()])

    def _app_exists(self, call: Call) -> Response:
        return json_response(self._workspace.raw_app(call.path("path")) is not None)

    def _app(self, call: Call) -> Response:
        app = self._workspace.raw_app(call.path("path"))
        if app is None:
            raise Refusal(404, f"There is no app {call.path('path')}.")
        return json_response({**_summary_of(app), "policy": app.policy(), "value": app.value()})

    def _create_app(self, call: Call) -> Response:
        app = _sent_app(call)
        path = app.get("path")
        if not isinstance(path, str):
            raise Refusal(400, "The app needs path, a text.")
        self._workspace.deploy_raw_app(path, app, anew=False)
        return PlainTextResponse(path, 201)

    def _update_app(self, call: Call) -> Response:
        path = call.path("path")
        self._workspace.deploy_raw_app(path, _sent_app(call), anew=True)
        return PlainTextResponse(f"app {path} updated")

    def _delete_app(self, call: Call) -> Response:
        self._workspace.delete_raw_app(call.path("path"))
        return PlainTextResponse(f"app {call.path('path')} deleted")

    def _create_route(self, call: Call) -> Response:
        path = clean_path(call.text_field("path"))
        item = Item("http_trigger", path, Path(f"{path}.http_trigger.yaml"))
        trigger = read_trigger(item, call.fields(), self._workspace_id)
        if trigger is not None:
            self._table.add(trigger)
        self._routes.add(path)
        return PlainTextResponse(path, 201)

    def _delete_route(self, call: Call) -> Response:
        path = call.path("path")
        if path not in self._routes:
            raise Refusal(404, f"There is no HTTP trigger {path} that was created through the API.")
        self._table.remove(path)
        self._routes.discard(path)
        return PlainTextResponse(path)

    def _preview(self, call: Call) -> Response:
        fields = call.fields()
        document, args = {"value": _value(fields)}, fields.get("args")
        target = Target("flow", str(fields.get("path") or "preview"), json.dumps(document))
        try:
            job = self._jobs.start(target, args if isinstance(args, dict) else {})
        except MillError as error:
            raise Refusal(400, str(error)) from error
        return PlainTextResponse(job, 201)


def _summary_of(app: RawApp) -> dict[str, Any]:
    return {"path": app.path, "summary": app.summary(), "raw_app": True, "extra_perms": {}}


def _sent_app(call: Call) -> dict[str, Any]:
    """Return the field `app` of a form; beside it lies what was bundled for browsers, which is not kept."""
    kind = call.request.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        raise Refusal(415, "A raw app comes as multipart/form-data: app, js and css.")
    form = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode("latin-1") + call.body, policy=HTTP)
    for part in form.iter_parts() if form.is_multipart() else ():
        if part.get_param("name", header="Content-Disposition") == "app":
            content = part.get_payload(decode=True)
            try:
                app = loads(content) if isinstance(content, bytes) else None
            except ValueError as error:
                raise Refusal(400, f"app is not valid JSON: {error}.") from error
            if isinstance(app, dict):
                return app
    raise Refusal(400, "The form needs app, a JSON object.")


def _value(fields: dict[str, Any]) -> dict[str, Any]:
    value = fields.get("value")
    if not isinstance(value, dict):
        raise Refusal(400, "A flow needs value, an object with its modules.")
    return value
