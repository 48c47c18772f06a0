"""A loopback server in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable

import uvicorn

_TICK_SECONDS = 1.0  # between two dates in replies
_CLOSING_TURNS = 3  # of the event loop, until it knows that a connection is closed


class ServerThread(uvicorn.Server):
    """Uvicorn in a thread of that name, which leaves the signals to others.

    It ends when it is told to: uvicorn itself looks every 0.1 s, and then waits for as long.
    """

    def __init__(self, config: uvicorn.Config, name: str) -> None:
        super().__init__(config)
        self._name = name
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None
        self._told: Callable[[], object] = lambda: None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, and say so to who started it."""
        await super().startup(sockets)
        self._ready.set()

    async def main_loop(self) -> None:
        """Answer until it is told to end."""
        loop, told = asyncio.get_running_loop(), asyncio.Event()
        self._told = lambda: loop.call_soon_threadsafe(told.set)
        while not await self.on_tick(0):  # of the counter's every tenth: once a second
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(told.wait(), _TICK_SECONDS)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close what is idle, and wait for what is not."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()  # at once, if nothing is being answered
        for _ in range(_CLOSING_TURNS):
            await asyncio.sleep(0)
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)
        for listener in sockets or []:
            listener.close()

    def start(self, listener: socket.socket) -> None:
        """Serve what arrives on `listener` until `stop`."""
        self._thread = threading.Thread(target=self.run, args=([listener],), name=self._name)
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        """Take no more requests, let answers under way go out, close every connection and end the thread."""
        self.should_exit = True
        self._told()
        if self._thread is not None:
            self._thread.join()
