"""The connection of a job to Windmill's API: one for all that a job does."""

# Windmill finds packages by the imports at the top of a file; what is imported on first use is named here.
# extra_requirements:
# anyio==4.16.0
# certifi==2026.10.18
# h11==0.16.0
# httpcore==1.0.9
# httpx==0.28.1
# idna==3.20
# typing-extensions==4.16.0
# wmill==1.850.0

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from f.connect.errors import FixSettings, TryLater

if TYPE_CHECKING:
    import httpx
    import wmill

_connections: dict[tuple[str | None, ...], wmill.Windmill] = {}
_lock = threading.RLock()


def is_on_windmill() -> bool:
    """Return whether this process is a job of Windmill (or of `mill`), and not a plain call of Python."""
    return bool(address() and os.environ.get("WM_WORKSPACE"))


def offers_data_tables() -> bool:
    """Return whether this job may have data tables: on Windmill, or where `mill` has been given one."""
    return is_on_windmill() and (not os.environ.get("MILL") or bool(os.environ.get("MILL_DATA_TABLES")))


def connection() -> wmill.Windmill:
    """Return the job's connection; a process kept warm for the next job gets another token.

    FixSettings if there is no Windmill. wmill.write_s3_file opens one for each object, which costs several
    times what checking its rows does.
    """
    if not is_on_windmill():
        raise FixSettings(
            "This needs Windmill's API, and no BASE_INTERNAL_URL and WM_WORKSPACE say where it is. Run it as "
            "a job, or with `mill`.",
            code="no_windmill",
        )
    job = (address(), os.environ.get("WM_TOKEN"), os.environ.get("WM_WORKSPACE"))
    with _lock:
        if job not in _connections:
            disconnect()
            _connections[job] = _connect()
        return _connections[job]


def _connect() -> wmill.Windmill:
    """Make Windmill's client; whatever it raises over its environment becomes ours here."""
    try:
        import wmill  # it and its httpx cost 100 ms that a job without calls must not pay

        return wmill.Windmill()  # type: ignore[no-untyped-call]  # the client has no types there
    except Exception as error:
        raise FixSettings(
            f"Windmill's client cannot be used here ({type(error).__name__}). Install the package wmill, and "
            "check BASE_INTERNAL_URL, WM_WORKSPACE and WM_TOKEN; or run this without them.",
            code="no_windmill",
        ) from error


def disconnect() -> None:
    """Close the connection; who asks for one then gets a new one."""
    with _lock:
        while _connections:
            _, windmill = _connections.popitem()
            windmill.client.close()


def ask(
    call: str, params: Mapping[str, Any] | None = None, *, seconds: float | None = None
) -> httpx.Response:
    """Return the reply to a GET below this workspace, whatever its status; TryLater if there is none.

    `seconds` to wait for it, where that is less than usual.
    """
    return _call("GET", f"/w/{connection().workspace}/", call, seconds, params=params)


def ask_instance(call: str, params: Mapping[str, Any] | None = None) -> httpx.Response:
    """Return the reply to a GET that is about no workspace, as `ask` does."""
    return _call("GET", "/", call, None, params=params)


def post(call: str, body: Mapping[str, Any], seconds: float) -> httpx.Response:
    """Return the reply to a POST of JSON below this workspace, as `ask` does."""
    return _call("POST", f"/w/{connection().workspace}/", call, seconds, json=dict(body))


def _call(method: str, below: str, call: str, seconds: float | None, **content: Any) -> httpx.Response:
    windmill = connection()
    import httpx

    if seconds is not None:
        content["timeout"] = seconds
    try:
        return windmill.client.request(method, f"{below}{call}", **content)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise TryLater(f"Windmill did not answer {call}.", code="platform") from error


def address() -> str | None:
    """Return where Windmill's API is for this process: the worker's own server, else the instance."""
    return os.environ.get("BASE_INTERNAL_URL") or os.environ.get("WM_BASE_URL")
