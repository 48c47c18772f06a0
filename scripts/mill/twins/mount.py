"""The twins as a part of the loopback API: nothing of them is loaded before somebody asks for one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from mill.errors import MillError

if TYPE_CHECKING:  # see above
    from mill.twins.host import Twins

CONFIG = "twins.yaml"  # beside the resource templates: settings and faults by twin


class TwinsMount:
    """An ASGI application for `/twins/...`. A context manager, to be left when no request can come."""

    def __init__(self, state_dir: Path, template_dirs: Sequence[Path]) -> None:
        self._state_dir = state_dir
        self._configs = [directory / CONFIG for directory in template_dirs]
        self._twins: Twins | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._twins is not None:
            self._twins.__exit__(kind, error, trace)

    def release(self) -> None:
        """Let go of connections held in silence; from any thread, while the server still runs."""
        if self._loop is not None and self._twins is not None:
            self._loop.call_soon_threadsafe(self._twins.release)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if self._twins is None:
            try:
                self._twins = self._open()
            except MillError as error:
                await PlainTextResponse(str(error), 500)(scope, receive, send)
                return
            self._loop = asyncio.get_running_loop()
        await self._twins(scope, receive, send)

    def _open(self) -> Twins:
        from mill.twins.host import Twins  # noqa: PLC0415 - see above
        from mill.twins.served import read_config  # noqa: PLC0415 - see above

        config = next((file for file in self._configs if file.is_file()), None)
        return Twins(self._state_dir, {} if config is None else read_config(config))
