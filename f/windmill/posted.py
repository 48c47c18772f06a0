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
from f.windmill.api import get

# What a webhook's query says to Windmill itself: how to run the job, and what of the request to hand on.
_WINDMILLS = frozenset(
    {
        "cache_ignore_s3_path", "cache_ttl", "fast", "include_header", "include_query", "invisible_to_owner",
        "job_id", "memory_id", "parent_job", "payload", "poll_delay_ms", "queue_limit", "raw", "root_job",
        "scheduled_for", "scheduled_in_secs", "service_name", "skip_preprocessor", "suspended_mode", "tag",
        "timeout", "token", "trigger_external_id", "wrap_body",
    }
)  # fmt: skip
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
    try:
        # Without wmill, whose import takes longer than the rest of this job.
        answer = get(f"jobs_u/get_args/{os.environ.get('WM_JOB_ID', '')}")
    except TryLater as error:
        raise _not_told(type(error.__cause__ or error).__name__) from error
    if not answer.is_success:
        raise _not_told(f"status {answer.status}")
    arguments = answer.json()
    event = arguments.get("event") if isinstance(arguments, dict) else None
    if not isinstance(event, dict):
        raise _not_told("it has no event")
    return event


def _not_told(why: str) -> TryLater:
    return TryLater(
        f"Windmill did not say what was sent ({why}). Nothing was started: send it again.", code="platform"
    )


def read_event(event: Mapping[str, Any]) -> Posted:
    """Return what a request says. Raises FixInput for a body that is neither a JSON object nor raw text."""
    body, raw = event.get("body"), str(event.get("raw_string") or "")
    content_type = str((event.get("headers") or {}).get("content-type") or "").lower()
    query = dict(event.get("query") or {})
    if event.get("kind") == "webhook":
        query = {name: text for name, text in query.items() if name not in _WINDMILLS}
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
