"""Sources as the workspace has them: which resource a route's name stands for."""

from __future__ import annotations

import re

from f.connect.errors import FixSettings, TryLater
from f.webhooks.requests.refusal import RefuseRequest
from f.webhooks.requests.source import Source, source_of
from f.windmill.api import get

SOURCE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_TYPE = "webhook_source"
_SECONDS = 10.0  # the sender waits for an answer, and comes again


def source_at(name: str) -> Source:
    """Return the source that the resource f/webhooks/<name> describes.

    RefuseRequest if there is none, FixSettings if it is broken, TryLater if Windmill does not say.
    """
    if not SOURCE_NAME.fullmatch(name):
        raise RefuseRequest("unknown_source", "the route names no source")
    path = f"f/webhooks/{name}"
    answer = get(f"resources/get_value_interpolated/{path}", seconds=_SECONDS)
    value = answer.json() if answer.status == 200 else None
    if answer.status == 200 and not isinstance(value, dict):
        _require_type(path)
        raise FixSettings(f"The webhook source {name} is empty.", code="bad_settings")
    if answer.status != 200:
        _require_type(path)
        raise FixSettings(
            f"The resource {path} names a variable or resource that this job may not read, or that is not "
            f"there (status {answer.status}).",
            code="bad_settings",
        )
    try:
        return source_of(name, value or {})
    except FixSettings:
        _require_type(path)  # another resource of the folder is no source, and nobody's fault
        raise


def _require_type(path: str) -> None:
    """Refuse what is no source; strangers may ask for any name."""
    answer = get(f"resources/get/{path}", seconds=_SECONDS)
    if answer.status == 404:
        raise RefuseRequest("unknown_source", f"there is no resource {path}")
    facts = answer.json() if answer.status == 200 else None
    if not isinstance(facts, dict):
        raise TryLater(f"Windmill did not give the resource {path}.", code="platform")
    if facts.get("resource_type") != _TYPE:
        raise RefuseRequest("unknown_source", f"the resource {path} is of another type than {_TYPE}")
