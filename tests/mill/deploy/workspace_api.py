"""An empty Windmill workspace over real HTTP: enough of the API for `wmill sync` and `wmill resource`.

It stores what it is sent and exports it as the server does (`workspaces/tarball`), so that what a push
created, and what a pull brings back, can be compared with the files they came from.
"""

from __future__ import annotations

import io
import json
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from mill.repository.wmill_cli import Remote

TOKEN = "loopback-token"
WORKSPACE = "team"

# What a create request carries beside the item itself.
_REQUEST_ONLY = {
    *("path", "name", "content", "language", "parent_hash", "auto_parent"),
    *("deployment_message", "skip_draft_deletion", "ws_specific"),
}

# API collection -> the word in the file name
_KINDS = {
    "flows": "flow",
    "schedules": "schedule",
    "http_triggers": "http_trigger",
    "resources": "resource",
    "variables": "variable",
    "resources/type": "resource-type",
    "folders": "folder",
}


class WorkspaceApi:
    """The state of the workspace and the log of what changed it."""

    def __init__(self) -> None:
        self.scripts: dict[str, dict[str, Any]] = {}
        self.items: dict[str, dict[str, dict[str, Any]]] = {collection: {} for collection in _KINDS}
        self.writes: list[str] = []
        self.unknown: list[str] = []
        self.remote = Remote("", WORKSPACE, TOKEN)

    def paths(self, collection: str) -> set[str]:
        """The paths of all items of a kind, as they were created."""
        return set(self.scripts if collection == "scripts" else self.items[collection])

    def export(self, query: dict[str, str]) -> bytes:
        """The workspace as the zip `wmill sync` compares files with."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in sorted(self._export_files(query)):
                archive.writestr(name, content)
        return buffer.getvalue()

    def _export_files(self, query: dict[str, str]) -> Iterator[tuple[str, str]]:
        for path, script in self.scripts.items():
            yield f"{path}.py", script["content"]
            yield f"{path}.script.json", json.dumps(_without_request(script))
        for collection, kind in _KINDS.items():
            if _left_out(kind, query):
                continue
            for path, item in self.items[collection].items():
                if kind == "variable" and item.get("is_secret") and query.get("skip_secrets") == "true":
                    continue
                name = f"f/{path}/folder.meta.json" if kind == "folder" else f"{path}.{kind}.json"
                yield name, json.dumps(_without_request(item))

    def write(self, collection: str, action: str, path: str | None, body: dict[str, Any]) -> None:
        """Create or update an item."""
        path = path or body.get("path") or body["name"]
        self.writes.append(f"{action} {collection} {path}")
        store = self.scripts if collection == "scripts" else self.items[collection]
        store[path] = store.get(path, {}) | body

    def find(self, collection: str, path: str) -> dict[str, Any] | None:
        """An item as the API shows it."""
        store = self.scripts if collection == "scripts" else self.items[collection]
        return store.get(path)

    def page(self, collection: str, query: dict[str, str]) -> list[dict[str, Any]]:
        """One page of a listing; pages count from 1, and 0 is the first one too."""
        size = int(query.get("per_page", "30"))
        start = max(int(query.get("page", "1")) - 1, 0) * size
        listed = [{"path": path, **item} for path, item in sorted(self.items[collection].items())]
        return listed[start : start + size]

    def remove(self, collection: str, path: str) -> None:
        """Delete an item."""
        self.writes.append(f"delete {collection} {path}")
        (self.scripts if collection == "scripts" else self.items[collection]).pop(path)


def _left_out(kind: str, query: dict[str, str]) -> bool:
    wanted = {
        "schedule": query.get("include_schedules") == "true",
        "http_trigger": query.get("include_triggers") == "true",
        "resource": query.get("skip_resources") != "true",
        "resource-type": query.get("skip_resource_types") != "true",
        "variable": query.get("skip_variables") != "true",
    }
    return not wanted.get(kind, True)


def _without_request(item: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in item.items() if key not in _REQUEST_ONLY and value is not None}


@contextmanager
def serve_workspace() -> Iterator[WorkspaceApi]:
    """A fresh workspace on loopback, gone afterwards."""
    api = WorkspaceApi()

    class Handler(_Handler):
        workspace = api

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    api.remote = Remote(f"http://127.0.0.1:{server.server_port}/", WORKSPACE, TOKEN)
    try:
        yield api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    workspace: WorkspaceApi
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer(None)

    def do_DELETE(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self._answer(json.loads(raw) if raw else None)

    def _answer(self, body: Any) -> None:
        url = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(url.query).items()}
        authorization = self.headers.get("Authorization") or self.headers.get("Cookie") or ""
        if url.path != "/api/version" and TOKEN not in authorization:
            self._reply(401, "Unauthorized")
            return
        path = unquote(url.path).removeprefix(f"/api/w/{WORKSPACE}/").removeprefix("/api/")
        answer = self._general(path, query) or self._item(path, query, body)
        if answer is None:
            self.workspace.unknown.append(f"{self.command} {path}")
            answer = (404, "not offered by this stand-in")
        self._reply(*answer)

    def _general(self, path: str, query: dict[str, str]) -> tuple[int, Any] | None:
        me = {"username": "deployer", "email": "deployer@example.com", "is_admin": True, "groups": []}
        answers: dict[str, Any] = {
            "version": "CE v1.819.0",
            "users/whoami": me,
            "workspaces/users": {"email": me["email"], "workspaces": [{"id": WORKSPACE, "name": WORKSPACE}]},
            "resources/file_resource_type_to_file_ext_map": {},
            "jobs/queue/list": [],
            "jobs/completed/list": [],
        }
        if path == "workspaces/tarball":
            return 200, self.workspace.export(query)
        return (200, answers[path]) if path in answers else None

    def _item(self, path: str, query: dict[str, str], body: Any) -> tuple[int, Any] | None:
        for collection in sorted([*_KINDS, "scripts"], key=len, reverse=True):
            if path.startswith(f"{collection}/"):
                action, _, rest = path.removeprefix(f"{collection}/").partition("/")
                rest = rest.removeprefix("p/") if collection == "scripts" else rest
                if action == "list":
                    return 200, self.workspace.page(collection, query)
                return self._on_item(collection, action, rest, body)
        return None

    def _on_item(self, collection: str, action: str, path: str, body: Any) -> tuple[int, Any] | None:
        workspace = self.workspace
        if action in {"create", "update"}:
            workspace.write(collection, action, path or None, body)
            return 201, path or body.get("path") or body["name"]
        if action in {"get", "getfolder"}:
            item = workspace.find(collection, path)
            return (200, item) if item is not None else (404, f"no {collection} at {path}")
        if action == "exists":
            return 200, workspace.find(collection, path) is not None
        if action in {"delete", "archive"}:
            workspace.remove(collection, path)
            return 200, "deleted"
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
