"""Another run of the job that is running, with the inputs as they were given to this one."""

from __future__ import annotations

import os

from f.connect.errors import TryLater
from f.windmill.api import get, post

_SECONDS = 10.0


def start_next_run() -> None:
    """Start the script of this job once more. TryLater if that is not possible now.

    The inputs are asked for: in those that the job got, Windmill has filled in what they name, secrets too.
    """
    job, path = os.environ.get("WM_JOB_ID", ""), os.environ.get("WM_JOB_PATH", "")
    answer = get(f"jobs_u/get_args/{job}", seconds=_SECONDS) if job and path else None
    inputs = answer.json() if answer and answer.is_success else None
    if not isinstance(inputs, dict) or not post(f"jobs/run/p/{path}", inputs, seconds=_SECONDS).is_success:
        raise TryLater("Windmill did not start another run.", code="platform")
