"""Twins as a process of their own: `python -m mill.twins.serve --port 0 --state DIR`.

Prints the URL they are reached under as its first and only line. Ends with its parent, on a signal, or
after `--seconds`.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from mill.admission import Admission, Exceptions
from mill.errors import MillError
from mill.listening import HOST, listen
from mill.twins.connection import quiet_config
from mill.twins.host import MOUNT, Twins
from mill.twins.served import read_config

_IDLE_SECONDS = 75
_INBOX = f"{MOUNT}/inbox/"
_LOOK_EVERY = 0.25  # seconds between two looks at the parent


class _Server(uvicorn.Server):
    def __init__(self, twins: Twins, port: int, seconds: float | None) -> None:
        application = Admission(twins, port, exceptions=Exceptions(is_link=lambda path: path == _INBOX))
        super().__init__(
            quiet_config(application, idle_seconds=_IDLE_SECONDS, grace_seconds=2, date_header=False)
        )
        self._twins = twins
        self._seconds = seconds
        self._parent = os.getppid()
        self._watch: asyncio.Task[None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say where, once there is somebody to answer."""
        await super().startup(sockets)
        assert sockets is not None
        sys.stdout.write(f"http://{HOST}:{sockets[0].getsockname()[1]}{MOUNT}\n")
        sys.stdout.flush()
        self._watch = asyncio.create_task(self._end_in_time())

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End what still hangs on purpose, then the rest."""
        if self._watch is not None:
            self._watch.cancel()
        self._twins.release()
        await super().shutdown(sockets)

    async def _end_in_time(self) -> None:
        loop = asyncio.get_running_loop()
        end = None if self._seconds is None else loop.time() + self._seconds
        while os.getppid() == self._parent and (end is None or loop.time() < end):  # noqa: ASYNC110 - a parent's death sets no event
            await asyncio.sleep(_LOOK_EVERY)
        self.should_exit = True


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until told to end. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m mill.twins.serve", description="Serve the twins.")
    parser.add_argument("--port", type=_port, default=0, help="port on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--state", type=Path, required=True, help="directory of the ledger")
    parser.add_argument("--config", type=Path, help="YAML file with settings and faults by twin")
    parser.add_argument("--seconds", type=float, help="end after this time")
    options = parser.parse_args(arguments)
    try:
        configs = {} if options.config is None else read_config(options.config)
        with Twins(options.state, configs) as twins, listen(options.port) as listener:
            _Server(twins, listener.getsockname()[1], options.seconds).run(sockets=[listener])
    except MillError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text} is not a port: give 0 to 65535")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
