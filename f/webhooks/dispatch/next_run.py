"""Another run of the job that is running, with the inputs as they were given to this one."""

from __future__ import annotations

import os

from f.connect.errors import TryLater
from f.windmill.connection import ask, post

_SECONDS = 10.0


def start_next_run() -> None:
    """Start the script of this job once more. TryLater if that is not possible now.

    The inputs are asked for: in those that the job got, Windmill has filled in what they name, secrets too.
    """
    job, path = os.environ.get("WM_JOB_ID", ""), os.environ.get("WM_JOB_PATH", "")
    reply = ask(f"jobs_u/get_args/{job}")
    try:
        inputs = reply.json() if reply.status_code == 200 and job and path else None
    except (ValueError, RecursionError):
        inputs = None
    if not isinstance(inputs, dict) or not post(f"jobs/run/p/{path}", inputs, _SECONDS).is_success:
        raise TryLater("Windmill did not start another run.", code="platform")
