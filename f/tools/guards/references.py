"""Arguments that name a value of the workspace instead of being one.

Windmill puts the value of a variable or resource in the place of any argument `$var:path` or `$res:path`
before a script runs, with the rights of whoever the job runs as. An agent that may call a tool could so read
every secret, by sending it as a text. The script sees only the value; what it was given stands with the job.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Any

from f.connect.errors import FixInput, TryLater
from f.windmill.api import get
from f.windmill.connection import is_on_windmill

_REFERENCE = re.compile(r"\$[A-Za-z_]+:")
_SECONDS = 10.0


def refuse_references() -> None:
    """FixInput if this job was given a reference; TryLater if Windmill does not say what it was given.

    Without Windmill nothing is put in the place of an argument.
    """
    job = os.environ.get("WM_JOB_ID")
    if not is_on_windmill() or not job:
        return
    reply = get(f"jobs_u/get_args/{job}", seconds=_SECONDS)
    given = reply.json() if reply.is_success else None
    if given is None:
        raise TryLater(
            "Windmill did not say what this tool was called with, so nothing was done. Try again.",
            code="platform",
        )
    names = sorted(set(named_in(given)))
    if names:
        raise FixInput(
            f"The argument {' and '.join(names)} refers to a variable or resource of the workspace, which a "
            "tool does not take. Give the value itself; a resource is named by its path alone.",
            code="reference_refused",
        )


def named_in(arguments: Any, name: str = "") -> Iterator[str]:
    """Yield the names of the arguments that are references, or hold one."""
    if isinstance(arguments, dict):
        for key, value in arguments.items():
            yield from named_in(value, name or str(key))
    elif isinstance(arguments, list):
        for value in arguments:
            yield from named_in(value, name)
    elif isinstance(arguments, str) and _REFERENCE.match(arguments.lstrip()):
        yield name
