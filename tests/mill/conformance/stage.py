"""`mill serve` in this process, and a server between it and its caller that changes some answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests

from mill.api.server import LocalApi
from mill.conformance.check import Order, check_server
from mill.conformance.report import Report
from mill.conformance.server import Remote
from mill.ports import Jobs
from mill.repository.deployed import OpenWorkspace
from mill.repository.workspace import Workspace
from mill.session import Session

WORKSPACE = "local"
TOKEN = "an-example-token"
ROOT = Path(__file__).parents[3]

# Gets a request and the answer's status and JSON; gives another answer, or None to leave it.
Change = Callable[[str, int, Any], tuple[int, Any] | None]


@contextmanager
def mill_serve(root: Path, scratch: Path) -> Iterator[LocalApi]:
    """Serve a repository as `mill serve` does."""

    def local_api(jobs: Jobs, _workspace: Workspace, state: Path) -> LocalApi:
        return LocalApi(root, state, jobs, token=TOKEN, open_workspace=workspace)

    workspace = OpenWorkspace(root, scratch / "deployed")
    with Session(workspace, scratch / "state", platform=local_api) as session:
        assert isinstance(session.platform, LocalApi)
        yield session.platform


@dataclass
class Between:
    """A server that passes on what it is asked unless it is to `refuse` it, and changes answers."""

    behind: str
    url: str = ""
    change: Change = lambda _request, _status, _value: None
    refuse: Callable[[str], tuple[int, Any] | None] = lambda _request: None
    asked: list[str] = field(default_factory=list)

    @property
    def remote(self) -> Remote:
        return Remote(self.url, WORKSPACE, TOKEN)

    @property
    def writes(self) -> list[str]:
        """What was asked for and changes something, without its workspace."""
        return [one for one in self.asked if not one.startswith("GET ")]

    def check(self, only: str, **order: Any) -> Report:
        """Check this server, saying nothing."""
        return check_server(self.remote, Order(only, **order), lambda _: None, lambda *_: None)

    def pass_on(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        request = f"{method} {path.partition('?')[0].removeprefix(f'/api/w/{WORKSPACE}/')}"
        self.asked.append(request)
        if (refused := self.refuse(request)) is not None:
            return refused[0], json.dumps(refused[1]).encode()
        kept = {name: value for name, value in headers.items() if name.lower() != "host"}
        reply = requests.request(method, f"{self.behind}{path}", data=body, headers=kept, timeout=60)
        try:
            value = reply.json()
        except ValueError:
            value = reply.text
        changed = self.change(request, reply.status_code, value)
        if changed is None:
            return reply.status_code, reply.content
        return changed[0], json.dumps(changed[1]).encode()


@contextmanager
def between(behind: str) -> Iterator[Between]:
    """Stand before the server at `behind`."""
    stand = Between(behind)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one_request(self) -> None:
            self.close_connection = True
            self.raw_requestline = self.rfile.readline(65537)
            if not self.raw_requestline or not self.parse_request():
                return
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, content = stand.pass_on(self.command, self.path, body, dict(self.headers))
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Connection", "close")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    class Listener(ThreadingHTTPServer):
        request_queue_size = 64
        daemon_threads = True

    with Listener(("127.0.0.1", 0), Handler) as server:
        stand.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield stand
        finally:
            server.shutdown()
            thread.join()
