"""Standard input and output: one client, the one that started us.

The library reads standard input in a thread that nothing can wake, so a signal would have to wait for the
client's next line. Here the lines come through the event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import anyio
from mcp.server.stdio import stdio_server

from mill.mcp.server import ToolServer
from mill.signals import on_stop_signal

_LONGEST_LINE = 4 * 1024 * 1024  # bytes, as of a body over HTTP
_GRACE_SECONDS = 30.0  # that calls under way have to end once the client has closed its end
_LOOK_SECONDS = 0.05
_QUIET_LOOKS = 10


@dataclass(frozen=True, slots=True)
class Wire:
    """The two descriptors that the client holds the other ends of."""

    reading: int
    writing: int


@contextlib.contextmanager
def standard_streams() -> Iterator[Wire]:
    """Have standard input and output for the protocol alone.

    Whatever else reads finds an end, whatever else prints goes to stderr: the processes of jobs too, if they
    are started in this block.
    """
    sys.stdout.flush()
    wire = Wire(os.dup(0), os.dup(1))
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    os.dup2(2, 1)
    try:
        yield wire
    finally:
        os.dup2(wire.reading, 0)
        os.dup2(wire.writing, 1)
        os.close(wire.reading)
        os.close(wire.writing)


def serve_stdio(server: ToolServer, wire: Wire) -> None:
    """Serve until the client closes standard input, or a signal."""
    try:
        asyncio.run(_serve(server, wire))
    except* BrokenPipeError:
        pass  # the client left: there is nobody to tell


async def _serve(server: ToolServer, wire: Wire) -> None:
    output = io.TextIOWrapper(os.fdopen(wire.writing, "wb", closefd=False), encoding="utf-8")
    lines = _Lines(wire.reading, server)
    loop = asyncio.get_running_loop()
    async with anyio.create_task_group() as tasks:
        scope = tasks.cancel_scope
        with on_stop_signal(lambda: loop.call_soon_threadsafe(scope.cancel)):
            async with stdio_server(lines, anyio.wrap_file(output)) as (reading, writing):  # type: ignore[arg-type]  # iterated over, no more
                await server.protocol.run(reading, writing, server.protocol.create_initialization_options())
                scope.cancel()


class _Lines:
    """The lines of standard input. Its end waits a little for the calls that are under way."""

    def __init__(self, descriptor: int, server: ToolServer) -> None:
        self._descriptor, self._server = descriptor, server

    async def __aiter__(self) -> AsyncIterator[str]:
        async for line in _read(self._descriptor):
            yield line.decode("utf-8", "replace")
        quiet_looks = 0  # one after the other: the last lines have only just been handed over
        with anyio.move_on_after(_GRACE_SECONDS):
            while quiet_looks < _QUIET_LOOKS:
                await anyio.sleep(_LOOK_SECONDS)
                quiet_looks = 0 if self._server.open_calls else quiet_looks + 1


async def _read(descriptor: int) -> AsyncIterator[bytes]:
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode) or (stat.S_ISCHR(mode) and not os.isatty(descriptor)):  # keeps nobody waiting
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            for line in file:
                yield line
        return
    reader = asyncio.StreamReader(limit=_LONGEST_LINE)
    pipe = os.fdopen(os.dup(descriptor), "rb", buffering=0)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    try:
        while line := await reader.readline():
            yield line
    except ValueError:
        sys.stderr.write(f"mill: a line of standard input is longer than {_LONGEST_LINE:,} bytes; ending.\n")
    finally:
        transport.close()
