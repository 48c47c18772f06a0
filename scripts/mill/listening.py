"""A loopback server's socket, opened before the server so that a port in use is a sentence."""

from __future__ import annotations

import errno
import socket

from mill.errors import MillError

HOST = "127.0.0.1"
_BACKLOG = 512


def listen(port: int) -> socket.socket:
    """Listen on loopback, port 0 being any free one. Raises MillError."""
    # With the protocol named, asyncio sets TCP_NODELAY on what it accepts; without, every reply waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            problem, remedy = (
                "is in use",
                "End what uses it, or choose another with --port (0 takes a free one).",
            )
        else:
            problem, remedy = f"cannot be opened ({error.strerror})", "Choose another with --port."
        raise MillError(f"Port {port} on {HOST} {problem}. {remedy}", exit_code=3) from error
    return listener
