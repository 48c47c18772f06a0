"""The connection of a job to Windmill's API."""

import os

import wmill

_connections: dict[tuple[str | None, ...], wmill.Windmill] = {}


def connection() -> wmill.Windmill:
    """One connection for all that a job does; a process kept warm for the next job gets another token.

    wmill.write_s3_file opens one for each object, which costs several times what checking its rows does.
    """
    job = tuple(
        os.environ.get(name) for name in ("BASE_INTERNAL_URL", "WM_BASE_URL", "WM_TOKEN", "WM_WORKSPACE")
    )
    if job not in _connections:
        disconnect()
        _connections[job] = wmill.Windmill()  # type: ignore[no-untyped-call]  # the client has no types there
    return _connections[job]


def disconnect() -> None:
    """Close the connection; who asks for one then gets a new one."""
    while _connections:
        _, windmill = _connections.popitem()
        windmill.client.close()
