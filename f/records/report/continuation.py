"""The parked rows of an import, as a run of their own: with which arguments, and when.

The arguments come as JSON text, as the flow was given them: references such as `$res:f/sales/crm` stay
references, so that no credential is kept with the scheduled job.
"""

# extra_requirements:
# anyio==4.16.0
# certifi==2026.10.18
# h11==0.16.0
# httpcore==1.0.9
# httpx==0.28.1
# idna==3.20
# typing-extensions==4.16.0

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from typing import Any

import httpx

from f.connect.errors import FixInput, TryLater
from f.connect.redact import well_formed_json
from f.connect.times import require_iso
from f.windmill.connection import connection
from f.windmill.objects import FileRef

# Where the first file came from, how it was read, and the decisions that were about it.
_OF_THE_FIRST_FILE = frozenset(
    {
        *("csv", "text", "file", "url", "sheet", "encoding", "delimiter", "has_header", "header_row"),
        *("corrections", "apply_plan", "ask_first"),
    }
)

# Schedules the flow again for the file of rows, at a time in ISO 8601; returns the job.
GoOn = Callable[[FileRef, str], str]


def arguments_for(arguments: str, rest: FileRef, import_id: str) -> dict[str, Any]:
    """Return the next run's arguments: those of this run, with the parked rows as its file."""
    values = _object(arguments)
    kept = {
        name: value for name, value in values.items() if name not in _OF_THE_FIRST_FILE and value is not None
    }
    file = {"file": {"s3": rest["s3"]}} if "s3" in rest else {"text": rest["content"]}
    return {**kept, **file, "continues": import_id}


def _object(text: str) -> dict[str, Any]:
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        values = None
    if not isinstance(values, dict):
        raise FixInput("The arguments of this run are not a JSON object.", code="bad_arguments")
    return values


def scheduling(flow: str, arguments: str, import_id: str) -> GoOn:
    """Return a function that schedules `flow` with the parked rows of this import. It raises TryLater."""

    def go_on(rest: FileRef, resume_at: str) -> str:
        # A second later: the pause must be over by the clock of whoever starts the job.
        seconds = max(0, math.ceil(require_iso(resume_at) - time.time())) + 1
        return _schedule(flow, arguments_for(arguments, rest, import_id), seconds)

    return go_on


def _schedule(flow: str, arguments: dict[str, Any], seconds: int) -> str:
    """Return the job's id. Not wmill.run_flow_async: a flow's preprocessor would rewrite these arguments."""
    windmill = connection()
    try:
        reply = windmill.client.post(
            f"/w/{windmill.workspace}/jobs/run/f/{flow}",
            params={"scheduled_in_secs": seconds, "skip_preprocessor": True},
            json=well_formed_json(arguments),
        ).raise_for_status()
    except httpx.HTTPStatusError as error:
        raise TryLater(f"Windmill answered {error.response.status_code}.", code="not_scheduled") from error
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise TryLater(
            f"Windmill could not be reached ({type(error).__name__}).", code="not_scheduled"
        ) from error
    return str(reply.text).strip('"')
