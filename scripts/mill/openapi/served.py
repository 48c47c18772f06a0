"""What `mill serve` shows of the document: the page at /docs, the document itself at /openapi.json."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from mill.errors import MillError
from mill.openapi.document import Where, document
from mill.openapi.page.page import POLICY, write_page
from mill.openapi.reading.schemas import Json
from mill.repository.workspace import Workspace

_READ = ("f", "u", "flows", "resources")
_SUFFIXES = (".py", ".yaml", ".json", ".csv")
_HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def document_routes(root: Path, url: str, workspace_id: str) -> list[Route]:
    """Return the routes of a workspace that is served at `url`. Neither holds a secret."""
    served = _Served(root, Where(url, workspace_id))
    return [
        Route("/docs", _endpoint(served, lambda made: HTMLResponse(write_page(made), headers=_HEADERS))),
        Route("/openapi.json", _endpoint(served, _as_json)),
    ]


def _as_json(made: Json) -> Response:
    return Response(json.dumps(made, ensure_ascii=False), media_type="application/json", headers=_HEADERS)


def _endpoint(served: _Served, write: Callable[[Json], Response]) -> Callable[[Request], object]:
    def answer() -> Response:
        try:
            return write(served.document())
        except (MillError, OSError, UnicodeDecodeError) as error:
            return PlainTextResponse(f"The document cannot be made: {error}", 409)

    async def run(_request: Request) -> Response:
        return await run_in_threadpool(answer)

    return run


class _Served:
    """The document of files that people edit: made again when one of them has changed."""

    def __init__(self, root: Path, where: Where) -> None:
        self._workspace = Workspace(root)
        self._where = where
        self._lock = threading.Lock()
        self._made: tuple[dict[str, int], Json] | None = None

    def document(self) -> Json:
        """Return it as the files are now."""
        with self._lock:
            files = dict(self._files())
            if self._made is None or self._made[0] != files:
                self._made = (files, document(self._workspace, where=self._where))
            return self._made[1]

    def _files(self) -> Iterator[tuple[str, int]]:
        for folder in _READ:
            for file in (self._workspace.root / folder).rglob("*"):
                if file.suffix in _SUFFIXES:
                    with contextlib.suppress(FileNotFoundError):  # somebody has just removed it
                        yield str(file), file.stat().st_mtime_ns
