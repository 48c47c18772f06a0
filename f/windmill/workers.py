"""The workers of the instance, as far as a job may know."""

from __future__ import annotations

from typing import Any

from f.connect.errors import ConnectError
from f.windmill.connection import ask_instance

_PYTHON = "python3"
_ALIVE_SECONDS = 60
_MOST = 100  # of a page; an instance with more has enough for whatever asks


def count_workers() -> int | None:
    """Return how many workers take Python jobs; None if Windmill does not say.

    It may hide them from those who are no administrators, and then names none.
    """
    try:
        reply = ask_instance("workers/list", {"per_page": _MOST, "ping_since": _ALIVE_SECONDS})
        listed = reply.json() if reply.status_code == 200 else None
    except (ConnectError, ValueError, RecursionError):
        return None
    if not isinstance(listed, list):
        return None
    return sum(_takes_python(one) for one in listed) or None


def _takes_python(worker: Any) -> bool:
    """Whether it takes them; without tags of its own it takes all. A workspace may have its own tag."""
    tags = worker.get("custom_tags") if isinstance(worker, dict) else None
    return not tags or any(str(tag).startswith(_PYTHON) for tag in tags)
