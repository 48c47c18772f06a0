"""Resources of the workspace that no input names, read by their path."""

from __future__ import annotations

from typing import Any

from f.connect.errors import FixSettings, TryLater
from f.windmill.connection import ask


def resource_at(path: str) -> dict[str, Any]:
    """Return a resource with the variables it refers to filled in; FixSettings if there is none."""
    reply = ask(f"resources/get_value_interpolated/{path}")
    if reply.status_code in {403, 404}:
        raise FixSettings(
            f"There is no resource {path} that this job may read. Make it, or give the input.",
            code="no_resource",
        )
    try:
        value = reply.json() if reply.status_code == 200 else None
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise TryLater(f"Windmill did not give the resource {path}. Try again later.", code="platform")
    return value
