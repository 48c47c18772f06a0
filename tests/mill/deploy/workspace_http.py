"""The HTTP side of the imitated instance: addresses, tokens, answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from mill.repository.wmill_cli import Remote
from tests.mill.deploy.server_rules import Refused, User
from tests.mill.deploy.workspace_api import KINDS, TOKEN, USERS, WORKSPACE, WorkspaceApi


@contextmanager
def serve_workspace() -> Iterator[WorkspaceApi]:
    """A fresh workspace on loopback, gone afterwards."""
    with serve_instance(WORKSPACE) as (workspace,):
        yield workspace


@contextmanager
def serve_instance(*names: str) -> Iterator[list[WorkspaceApi]]:
    """Fresh workspaces of one instance."""
    apis = [WorkspaceApi(name) for name in names]

    class Handler(_Handler):
        workspaces: ClassVar = {api.name: api for api in apis}

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    for api in apis:
        api.remote = Remote(f"http://127.0.0.1:{server.server_port}/", api.name, TOKEN)
        api.neighbours = [other for other in apis if other is not api]
    try:
        yield apis
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    workspaces: ClassVar[dict[str, WorkspaceApi]]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(None)

    def do_DELETE(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        raw = self._body()
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("multipart/form-data"):
            self._answer(_form(kind, raw))
        else:
            self._answer(json.loads(raw) if raw else None)

    def _body(self) -> bytes:
        """What was sent; a form has no length, and comes in chunks."""
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        whole = b""
        while size := int(self.rfile.readline(), 16):
            whole += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return whole

    def _answer(self, body: Any) -> None:
        url = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        authorization = self.headers.get("Authorization") or self.headers.get("Cookie") or ""
        user = next((user for token, user in USERS.items() if token in authorization), None)
        if url.path != "/api/version" and user is None:
            self._reply(401, "Unauthorized")
            return
        user = user or User("nobody", is_admin=False)
        path = unquote(url.path).removeprefix("/api/")
        workspace = next(iter(self.workspaces.values()))
        if path.startswith("w/"):
            name, _, path = path.removeprefix("w/").partition("/")
            workspace = self.workspaces[name]
        try:
            answer = self._general(workspace, path, query, user) or self._item(
                workspace, path, query, body, user
            )
        except Refused as refused:
            answer = (refused.status, refused.message)
        if answer is None:
            workspace.unknown.append(f"{self.command} {path}")
            answer = (404, "not offered by this stand-in")
        self._reply(*answer)

    def _general(
        self, workspace: WorkspaceApi, path: str, query: dict[str, str], user: User
    ) -> tuple[int, Any] | None:
        email = f"{user.name}@example.com"
        known = [{"id": name, "name": name} for name in self.workspaces]
        answers: dict[str, Any] = {
            "version": "CE v1.819.0",
            "users/whoami": {"username": user.name, "email": email, "is_admin": user.is_admin, "groups": []},
            "workspaces/users": {"email": email, "workspaces": known},
            "resources/file_resource_type_to_file_ext_map": {},
            "jobs/queue/list": [],
            "jobs/completed/list": [],
            "workspaces/list_datatables": workspace.data_tables,
            "workspaces/get_secondary_storage_names": workspace.storages,
        }
        if path == "workspaces/tarball":
            return 200, workspace.export(query)
        return (200, answers[path]) if path in answers else None

    def _item(
        self, workspace: WorkspaceApi, path: str, query: dict[str, str], body: Any, user: User
    ) -> tuple[int, Any] | None:
        for collection in sorted([*KINDS, "scripts"], key=len, reverse=True):
            if path.startswith(f"{collection}/"):
                action, _, rest = path.removeprefix(f"{collection}/").partition("/")
                rest = rest.removeprefix("p/") if collection in {"scripts", "apps"} else rest
                if action == "list":
                    return 200, workspace.page(collection, query)
                if action in {"create_raw", "update_raw"}:  # an app, and beside it what a browser gets
                    app = body["app"]
                    workspace.write(collection, action.removesuffix("_raw"), rest or None, app, user)
                    workspace.bundles[app["path"]] = {"js": body["js"], "css": body["css"]}
                    return 201, app["path"]
                if action in {"create", "update"}:
                    workspace.write(collection, action, rest or None, body, user)
                    return 201, rest or body.get("path") or body["name"]
                if action == "setenabled":
                    workspace.switch(rest, on=body["enabled"])
                    return 200, "done"
                return _on_item(workspace, collection, action, rest)
        return None

    def _reply(self, status: int, body: Any) -> None:
        if isinstance(body, bytes):
            kind, raw = "application/zip", body
        elif isinstance(body, str):
            kind, raw = "text/plain", body.encode()
        else:
            kind, raw = "application/json", json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the test output to what failed."""


def _form(kind: str, raw: bytes) -> dict[str, Any]:
    """The fields of a form; `app` is JSON."""
    message = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + raw, policy=HTTP)
    parts = (part for part in message.iter_parts() if isinstance(part, EmailMessage))
    fields = {
        str(part.get_param("name", header="Content-Disposition")): (part.get_payload(decode=True) or b"")
        for part in parts
    }
    texts = {name: value.decode() if isinstance(value, bytes) else "" for name, value in fields.items()}
    return {**texts, "app": json.loads(texts["app"])}


def _on_item(workspace: WorkspaceApi, collection: str, action: str, path: str) -> tuple[int, Any] | None:
    if action in {"get", "getfolder"}:
        item = workspace.find(collection, path)
        return (200, item) if item is not None else (404, f"Not found: no {collection} at {path}")
    if action == "exists":
        return 200, workspace.find(collection, path) is not None
    if action in {"delete", "archive"}:
        workspace.remove(collection, path)
        return 200, "deleted"
    return None
