"""A Python package index on loopback, for locks that are resolved without a network.

It serves metadata only (PEP 658): enough for `uv pip compile`, which then downloads no package.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Packages = Mapping[tuple[str, str], Sequence[str]]


@contextmanager
def serve_packages(packages: Packages) -> Iterator[str]:
    """Serve (name, version) -> requirements; yields the index URL."""

    class Handler(_Handler):
        offered = packages

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/simple"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    offered: Packages

    def do_GET(self) -> None:
        kind, _, rest = self.path.strip("/").partition("/")
        reply = self._listing(rest.strip("/")) if kind == "simple" else self._metadata(rest)
        if reply is None:
            self.send_error(404)
            return
        raw = reply.encode()
        self.send_response(200)
        is_listing = kind == "simple"
        self.send_header(
            "Content-Type",
            "application/vnd.pypi.simple.v1+json" if is_listing else "text/plain; charset=utf-8",
        )
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _listing(self, name: str) -> str | None:
        files = [
            {
                "filename": f"{name.replace('-', '_')}-{version}-py3-none-any.whl",
                "url": f"/files/{name}/{version}/{name.replace('-', '_')}-{version}-py3-none-any.whl",
                "hashes": {},
                "core-metadata": True,
            }
            for offered, version in self.offered
            if offered == name
        ]
        page = {"meta": {"api-version": "1.1"}, "name": name, "files": files}
        return json.dumps(page) if files else None

    def _metadata(self, path: str) -> str | None:
        name, version, _ = path.split("/")
        requirements = self.offered.get((name, version))
        if requirements is None or not path.endswith(".metadata"):
            return None
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", "Requires-Python: >=3.10"]
        lines += ["Provides-Extra: binary", "Provides-Extra: pool"]
        return "\n".join([*lines, *(f"Requires-Dist: {requirement}" for requirement in requirements), ""])

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test output to what failed."""
