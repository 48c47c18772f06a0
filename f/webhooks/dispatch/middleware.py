"""Middleware: what every event goes through before it is routed, and again before a handler gets it.

A module of the workspace, named by its path, with a function:

    def middleware(event: Event) -> Event | None: ...

It gets the event with its body as the provider sent it, and returns the event, with the body that handlers
are to get, or None, and then nobody gets it. What it raises is tried again later. The stored body stays what
was sent, so the function runs for each handler and each try: the same event must always give the same answer.
"""

from __future__ import annotations

import importlib
import json
from typing import TYPE_CHECKING, Any

from f.connect.errors import FixSettings
from f.webhooks.inbox.handed import handed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from f.webhooks.inbox.work import StoredEvent
    from f.webhooks.requests.event import Event


class Dropped(Exception):
    """A middleware wants nobody to get this event. Its text says which."""


class BadMiddleware(Exception):
    """A middleware returned what is no event. Its text says what to change."""


class Chain:
    """The middleware of a routing, in its order."""

    def __init__(self, paths: Sequence[str]) -> None:
        """Load the modules. FixSettings names one that cannot be used: nothing may get past it."""
        self._steps = [(path, _load(path)) for path in paths]

    def body_for_handlers(self, event: StoredEvent, body: Any, attempt: int) -> Any:
        """Return the body that handlers get. Raises Dropped, and whatever a middleware raises."""
        for path, step in self._steps:
            given: Event = {**handed(event, None, attempt), "body": _copy(body), "escaped": []}
            try:
                made = step(given)
            except SystemExit as error:  # it would end the dispatcher, and the next one over the same event
                raise BadMiddleware(f"The middleware {path} wanted to end the process.") from error
            if made is None:
                raise Dropped(f"The middleware {path} dropped it.")
            if not _is_event(made):
                raise BadMiddleware(f"The middleware {path} must return the event, or None to drop it.")
            try:
                body = _copy(made["body"])
            except (TypeError, ValueError, RecursionError) as error:
                raise BadMiddleware(f"The middleware {path} made a body that is no JSON.") from error
        return body


def _is_event(made: object) -> bool:
    return isinstance(made, dict) and "body" in made


def _load(path: str) -> Callable[[Event], Event | None]:
    try:
        module = importlib.import_module(path.replace("/", "."))
    except (Exception, SystemExit) as error:
        raise FixSettings(
            f"The middleware {path} cannot be imported ({type(error).__name__}). Deploy it, or take it out "
            "of the routing. Until then no event is handled, and none is lost.",
            code="bad_middleware",
        ) from error
    function = getattr(module, "middleware", None)
    if not callable(function):
        raise FixSettings(
            f"The module {path} has no function middleware(event). Until it has, no event is handled, and "
            "none is lost.",
            code="bad_middleware",
        )
    step: Callable[[Event], Event | None] = function
    return step


def _copy(body: Any) -> Any:
    """Return a body that shares nothing with the other; ValueError if it is no JSON."""
    return json.loads(json.dumps(body, allow_nan=False))
