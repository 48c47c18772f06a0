"""A request that starts a flow: the fields of its JSON body, or its raw body, and its query.

Windmill hands the request to the flow's preprocessor as `event`, of the kind `http` (a route) or `webhook`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from f.connect.errors import FixInput, TryLater
from f.windmill.connection import ask

_AS_FILE = (
    "Send a file as it is with the header Content-Type: text/csv, or send the fields as a JSON object with "
    "Content-Type: application/json."
)


@dataclass(frozen=True, slots=True)
class Posted:
    """One request. `raw` is a body that is not JSON; `fields` and `raw` are never both given."""

    fields: dict[str, Any]
    raw: str
    query: dict[str, str]


def as_sent() -> dict[str, Any]:
    """Return this job's event as the request was sent.

    In the event that the job gets, Windmill has replaced every text such as `$var:f/a/b` by what it names,
    with the rights of whoever owns the route. What was sent can be seen only here. TryLater if it cannot.
    """
    reply = ask(f"jobs_u/get_args/{os.environ.get('WM_JOB_ID', '')}")
    arguments = reply.json() if reply.is_success else None
    event = arguments.get("event") if isinstance(arguments, dict) else None
    if not isinstance(event, dict):
        raise TryLater(
            f"Windmill did not say what was sent (it answered {reply.status_code}). Nothing was started: "
            "send it again.",
            code="platform",
        )
    return event


def read_event(event: Mapping[str, Any]) -> Posted:
    """Return what a request says. Raises FixInput for a body that is neither a JSON object nor raw text."""
    body, raw = event.get("body"), str(event.get("raw_string") or "")
    content_type = str((event.get("headers") or {}).get("content-type") or "").lower()
    query = dict(event.get("query") or {})
    if content_type.startswith("multipart/"):
        raise FixInput(f"The body is a multipart form, which is not read. {_AS_FILE}", code="bad_body")
    if body is not None and not isinstance(body, dict):
        kind = "a list" if isinstance(body, list) else "a single value"
        raise FixInput(f"The body is {kind} in JSON. {_AS_FILE}", code="bad_body")
    if body:
        if raw and not _is_json(raw):
            raise FixInput(f"The body was sent as a web form. {_AS_FILE}", code="bad_body")
        return Posted(body, "", query)
    if _is_json(raw):
        raise FixInput(f"The body is JSON without fields, or JSON sent as text. {_AS_FILE}", code="bad_body")
    return Posted({}, raw, query)


def _is_json(text: str) -> bool:
    """Whether text is a JSON object or list. A single JSON value may as well be a CSV file."""
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
