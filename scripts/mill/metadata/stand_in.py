"""The few workspace endpoints `wmill generate-metadata` calls, on loopback.

The CLI infers schemas itself, with Windmill's own parser; what it asks a server for is locks. This one
answers with ours.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self

from mill.errors import MillError
from mill.metadata.lock_jobs import LockJobs
from mill.repository.wmill_cli import Remote

_WORKSPACE = "local"

# Answered like a server that has every script deployed already: the CLI then uploads none, as the lock jobs
# read the files themselves.
_NOTHING_DIFFERS: list[str] = []


class StandIn:
    """Serves one run of the CLI; a context manager."""

    def __init__(self, jobs: LockJobs) -> None:
        self._server = _Server(jobs)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def remote(self) -> Remote:
        """Where the CLI finds it."""
        return Remote(f"http://127.0.0.1:{self._server.server_port}/", _WORKSPACE, self._server.token)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, jobs: LockJobs) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.jobs = jobs
        self.token = secrets.token_urlsafe()
        self.results: dict[str, dict[str, Any]] = {}

    def run(self, job: Callable[[dict[str, Any]], dict[str, Any]], request: dict[str, Any]) -> str:
        """Run a lock job to its end and keep its result under an id."""
        try:
            result: dict[str, Any] = {"completed": True, "success": True, "result": job(request)}
        except MillError as error:
            self.jobs.failures.append(error)
            failure = {"error": {"name": "LockError", "message": str(error)}}
            result = {"completed": True, "success": False, "result": failure}
        job_id = secrets.token_hex(8)
        self.results[job_id] = result
        return job_id


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    prefix: ClassVar[str] = f"/api/w/{_WORKSPACE}"

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path == "/api/version":
            self._reply("CE v1.819.0", kind="text/plain")
        elif not self._authorized():
            self._reply("Unauthorized", kind="text/plain", status=HTTPStatus.UNAUTHORIZED)
        elif path in {"/api/users/whoami", f"{self.prefix}/users/whoami"}:
            self._reply({"username": "mill", "email": "mill@localhost.invalid", "is_admin": True})
        elif path.startswith(f"{self.prefix}/jobs_u/completed/get_result_maybe/"):
            self._reply(self.server.results.get(path.rsplit("/", 1)[1], {"completed": False}))
        else:
            self._refuse(path)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        path = self.path.split("?")[0]
        if not self._authorized():
            self._reply("Unauthorized", kind="text/plain", status=HTTPStatus.UNAUTHORIZED)
        elif path == f"{self.prefix}/scripts/raw_temp/diff":
            self._reply(_NOTHING_DIFFERS)
        elif path == f"{self.prefix}/jobs/run/dependencies_async":
            self._reply(self.server.run(self.server.jobs.script, json.loads(body)), kind="text/plain")
        elif path == f"{self.prefix}/jobs/run/flow_dependencies_async":
            self._reply(self.server.run(self.server.jobs.flow, json.loads(body)), kind="text/plain")
        else:
            self._refuse(path)

    def _authorized(self) -> bool:
        """The CLI sends its token as a bearer, or as a cookie with lock jobs."""
        given = (self.headers.get("Authorization"), self.headers.get("Cookie"))
        return any(text in {f"Bearer {self.server.token}", f"token={self.server.token}"} for text in given)

    def _refuse(self, path: str) -> None:
        message = f"mill's stand-in for metadata does not offer {self.command} {path}"
        self._reply(message, kind="text/plain", status=HTTPStatus.NOT_IMPLEMENTED)

    def _reply(
        self, body: Any, *, kind: str = "application/json", status: HTTPStatus = HTTPStatus.OK
    ) -> None:
        raw = (body if kind == "text/plain" else json.dumps(body)).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the CLI reports what it does."""
