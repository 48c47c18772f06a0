"""The service at which handlers have their effects, with a ledger that counts each."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import unquote

_LOST_ANSWERS, _REFUSALS = 0.06, 0.04  # shares: 503 after an effect was had, and before


class Effects:
    """POST /<key> has an effect, each time it is asked; GET /<key> says how often it was had."""

    def __init__(self, seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self._dice = random.Random(seed)  # noqa: S311 - faults to repeat a run with, no secret
        self._lock = threading.Lock()
        effects = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                self._say(*effects.have(unquote(self.path[1:])))

            def do_GET(self) -> None:
                self._say(200, {"count": effects.count(unquote(self.path[1:]))})

            def _say(self, status: int, facts: object) -> None:
                body = json.dumps(facts).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Nothing: the ledger says it."""

        self._server = Served(Handler)

    @property
    def url(self) -> str:
        """Where it is."""
        return self._server.url

    def have(self, key: str) -> tuple[int, dict[str, str]]:
        """Have an effect, or refuse it; the answer to one that was had may be lost."""
        with self._lock:
            chance = self._dice.random()
            if chance < _REFUSALS:
                self.answers["503 before"] += 1
                return 503, {"error": "busy"}
            self.counts[key] += 1
            if chance < _REFUSALS + _LOST_ANSWERS:
                self.answers["503 after"] += 1
                return 503, {"error": "busy"}
            self.answers["201"] += 1
            return 201, {"id": f"{key}#{self.counts[key]}"}

    def count(self, key: str) -> int:
        """Return how often an effect was had."""
        with self._lock:
            return self.counts[key]

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()


class _Server(ThreadingHTTPServer):
    """Takes a burst of connections, and reports no client that was killed."""

    request_queue_size = 256
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: object, client_address: object) -> None:
        """Who asked is gone."""


class Served:
    """A server on loopback, in a thread of its own."""

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def start(self) -> None:
        """Take requests."""
        self._thread.start()

    def stop(self) -> None:
        """Take none any more."""
        self._server.shutdown()
        self._server.server_close()
