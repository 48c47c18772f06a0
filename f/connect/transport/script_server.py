"""A script of this workspace in place of a remote service: `base_url: script:f/customers/mock_customer_api`.

The script answers as it would behind HTTP routes of its own: its `preprocessor` gets the request as `event`,
its `main` what that returns, and the result becomes the reply. But no call is a job. The requests travel over
real HTTP to a server on loopback that lives as long as the client, inside the very job that sends, so a mock
needs no worker beside the one that sends to it. Nobody else is answered: each request carries a key that only
this process knows.

The script is imported by the job and has the packages the job has. Several calls are answered at once, each
on a thread of its own, and what the script keeps in memory is gone with the job. What it prints is in the
job's log.
"""

from __future__ import annotations

import importlib
import inspect
import json
import secrets
import socketserver
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from f.connect.errors import FixSettings
from f.connect.integration import script_path

KEY_HEADER = "X-Millwright-Script-Key"
_IDLE_SECONDS = 60.0
_LONGEST_BODY = 64 * 2**20
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_NO_BODY = (204, 304)

Result = dict[str, Any] | list[Any] | str | float | bool | None
Script = Callable[[dict[str, Any]], Any]


class ScriptServer:
    """Answers on a free port of this machine until it is closed. `url` is its address.

    FixSettings if there is no such script, or one that cannot be called.
    """

    def __init__(self, base_url: str) -> None:
        path = script_path(base_url) or ""
        key = secrets.token_urlsafe(24)
        handler = type(
            "_Handler", (_Handler,), {"script": staticmethod(_load(path)), "key": key, "path_of": path}
        )
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name=f"script:{path}", daemon=True
        )
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self.headers = {KEY_HEADER: key}

    def close(self) -> None:
        """Stop answering. Harmless if repeated."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256  # as many connections as an import may open at once

    def server_bind(self) -> None:
        """Bind without the look-up of the machine's name, which may take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "localhost", self.server_address[1]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: a client that closes its connection is no fault."""


class _Handler(BaseHTTPRequestHandler):
    """One connection: its requests are answered one after the other."""

    script: Script
    key: str
    path_of: str
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True
    wbufsize = 2**16  # headers and body in one packet

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 <= length <= _LONGEST_BODY:
            self.close_connection = True
            self._send(413, b"", {})
            return
        body = self.rfile.read(length)
        if not secrets.compare_digest(self.headers.get(KEY_HEADER, ""), self.key):
            self._send(404, b"", {})
            return
        try:
            reply = reply_of(self.script(self._event(body)))
        except Exception as error:  # noqa: BLE001 - whatever a script raises is a failed call, as behind a route
            fault = {"error": {"name": type(error).__name__, "message": str(error)}}
            reply = 422, json.dumps(fault).encode(), {"Content-Type": "application/json"}
        self._send(*reply)

    def _event(self, body: bytes) -> dict[str, Any]:
        """The request as Windmill hands it to a preprocessor; nothing of a route, as there is none."""
        parts = urlsplit(self.path)
        text = body.decode("utf-8", "replace")
        try:
            value = json.loads(text) if text else None
        except ValueError:
            value = None
        path = parts.path.lstrip("/")
        return {
            "kind": "http",
            "route": path,
            "path": path,
            "trigger_path": self.path_of,
            "method": self.command.lower(),
            "body": value,
            "raw_string": text or None,
            "params": {},
            "headers": {
                name.lower(): text
                for name, text in self.headers.items()
                if name.lower() != KEY_HEADER.lower()
            },
            "query": dict(parse_qsl(parts.query, keep_blank_values=True)),
        }

    def _send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status not in _NO_BODY:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        return


for _method in _METHODS:
    setattr(_Handler, f"do_{_method}", _Handler._answer)  # noqa: SLF001 - one method under the names http.server calls


def reply_of(result: Any) -> tuple[int, bytes, dict[str, str]]:
    """Return status, body and headers that a result becomes, as behind a route.

    `windmill_status_code`, `windmill_content_type` and `windmill_headers` (or the same with `wm_`) shape it,
    and `result` is then the body; anything else is the body itself.
    """
    shaped = result if isinstance(result, dict) else {}
    status, kind, more = (_shape(shaped, name) for name in ("status_code", "content_type", "headers"))
    is_shape = status is not None or kind is not None or more is not None
    value = shaped.get("result") if is_shape else result
    headers = {str(name): str(text) for name, text in (more or {}).items()}
    if value is None:
        return int(status or 204), b"", headers
    if kind is not None:
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        return int(status or 200), text.encode(), {**headers, "Content-Type": str(kind)}
    body = json.dumps(value, default=str).encode()
    return int(status or 200), body, {"Content-Type": "application/json", **headers}


def _shape(result: Mapping[str, Any], name: str) -> Any:
    return result.get(f"windmill_{name}", result.get(f"wm_{name}"))


def _load(path: str) -> Script:
    """Return the script as one function from event to result."""
    try:
        module = importlib.import_module(path.replace("/", "."))
    except Exception as error:
        raise FixSettings(
            f"base_url names the script {path}, which cannot be loaded ({type(error).__name__}). Check its "
            "path, and that it needs no package beyond those this job has.",
            code="no_script",
        ) from error
    main = getattr(module, "main", None)
    if not callable(main):
        raise FixSettings(
            f"base_url names {path}, which has no main to call: name a script.", code="no_script"
        )
    prepare = getattr(module, "preprocessor", None)

    def answer(event: dict[str, Any]) -> Any:
        made = prepare(event) if callable(prepare) else event["body"]
        return main(**_arguments(main, made if isinstance(made, dict) else {"body": made}))

    return answer


def _arguments(main: Callable[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what main takes of it; null leaves a parameter its default, as Windmill does."""
    parameters = inspect.signature(main).parameters
    takes_all = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters.values())
    return {
        name: value
        for name, value in given.items()
        if (name in parameters or takes_all)
        and not (
            value is None and name in parameters and parameters[name].default is not inspect.Parameter.empty
        )
    }
