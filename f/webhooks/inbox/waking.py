"""Asking for a job that looks at what is to be done, beside the one that comes by schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from f.connect.errors import ConnectError
from f.windmill.api import post

if TYPE_CHECKING:
    from collections.abc import Mapping

DISPATCHER = "f/webhooks/dispatch_events"
_SECONDS = 10.0

Dispatch = Literal["asked for", "by schedule", "not needed"]


def ask_for_dispatch(database: Mapping[str, object] | None, *, seconds: float = _SECONDS) -> Dispatch:
    """Start a dispatch job. If that cannot be within `seconds`, the schedule's does the work within a minute.

    With a `database` it is left to the schedule, which names it: as an input of the job, its password would
    be there to read.
    """
    if database:
        return "by schedule"
    try:
        reply = post(f"jobs/run/p/{DISPATCHER}", {}, seconds=seconds)
    except ConnectError as error:
        print(f"not dispatched yet: {error}")
        return "by schedule"
    if not reply.is_success:
        print(f"not dispatched yet: Windmill did not start {DISPATCHER} (status {reply.status})")
        return "by schedule"
    return "asked for"
