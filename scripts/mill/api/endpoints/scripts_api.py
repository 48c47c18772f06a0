"""The code of scripts over HTTP: what a worker fetches to import a module of the workspace."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from mill.api.transport.endpoint import Call, endpoint
from mill.api.transport.replies import Refusal
from mill.repository.workspace import clean_path

_SHOWN = 200


class ScriptsApi:
    """The endpoint `/api/w/<workspace>/scripts/raw/p/<path>.py`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def routes(self) -> list[Route]:
        """Routes relative to the workspace."""
        return [Route("/scripts/raw/p/{path:path}", endpoint(self._raw))]

    def _raw(self, call: Call) -> Response:
        path = clean_path(call.path("path"))
        file = self._root / f"{path}.py"
        try:
            code = file.read_text("utf-8")
        except (OSError, ValueError) as error:  # also a path no file can have: too long, a NUL byte
            raise Refusal(404, f"There is no script {path[:_SHOWN]} that can be read.") from error
        return PlainTextResponse(code)
