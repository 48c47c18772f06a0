"""Resources and variables of the workspace that no input names, read by their path."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from f.connect.errors import FixSettings, TryLater
from f.windmill.connection import ask


def resource_at(path: str) -> dict[str, Any]:
    """Return a resource with the variables it refers to filled in; FixSettings if there is none."""
    reply = ask(f"resources/get_value_interpolated/{quote(path)}")
    if 400 <= reply.status_code < 500:
        raise FixSettings(
            f"There is no resource {path} that this job may read. Make it, or name another one.",
            code="no_resource",
        )
    try:
        value = reply.json() if reply.status_code == 200 else None
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise TryLater(f"Windmill did not give the resource {path}. Try again later.", code="platform")
    return value


def variable_at(path: str, *, seconds: float | None = None) -> str:
    """Return the text of a variable, "" if there is none that this job may read.

    TryLater if Windmill does not answer, in `seconds` where that is less than usual.
    """
    reply = ask(f"variables/get_value/{quote(path)}", seconds=seconds)
    try:
        value = reply.json() if reply.status_code == 200 else ""
    except (ValueError, RecursionError):
        return ""
    return value.strip() if isinstance(value, str) else ""
