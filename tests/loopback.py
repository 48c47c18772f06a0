"""A real HTTP server on loopback that answers as a test tells it, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived; `client` is the host and port it came from."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    client: tuple[str, int] = ("", 0)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Reply:
    """What to answer. A dict or list as body is sent as JSON; `drop` closes the connection unanswered."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False


Answer = Callable[[Asked], Reply]


@dataclass(slots=True)
class Loopback:
    """The server's address, and every request so far in the order of arrival."""

    url: str
    asked: list[Asked]


@contextmanager
def serve(answer: Answer) -> Iterator[Loopback]:
    """Serve until the end of the `with`; every request is answered by `answer`."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body leave as one packet: two would wait 40 ms for each other

        def handle_one(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            request = Asked(
                self.command, self.path, dict(self.headers), self.rfile.read(length), self.client_address
            )
            asked.append(request)
            reply = answer(request)
            if reply.drop:
                self.close_connection = True
                return
            body = reply.body
            data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
            (self.send_response_only if "Date" in reply.headers else self.send_response)(reply.status)
            for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(data)

        do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = handle_one  # noqa: N815 - http.server looks for these

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 128  # the default of 5 drops connections opened at once, for a second each

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield Loopback(f"http://127.0.0.1:{server.server_port}", asked)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
