"""Asking for the job that handles what was taken in."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from f.connect.errors import ConnectError
from f.windmill.api import post

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger("webhooks")

_DISPATCHER = "f/webhooks/dispatch_events"


def ask_for_dispatch(database: Mapping[str, object] | None) -> None:
    """Start it. If that fails the events are handled a minute later, by schedule.

    With a `database` it is left to the schedule, which names it: as an input of a job its password would be
    there to read.
    """
    if database:
        return
    try:
        answer = post(f"jobs/run/p/{_DISPATCHER}", {})
    except ConnectError as error:
        log.warning("not dispatched yet: %s", error)
        return
    if not answer.is_success:
        log.warning("not dispatched yet: Windmill did not start %s (status %s)", _DISPATCHER, answer.status)
