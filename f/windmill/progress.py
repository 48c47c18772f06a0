"""The progress bar of a Windmill job."""

import contextlib
import os
import time

import httpx

from f.windmill.connection import connection


class Progress:
    """Tells Windmill the share of rows done, at most twice a second."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._next = 0.0

    def __call__(self, done: int) -> None:
        """So many rows are done."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + 0.5
            _tell(100 * done // self._total)


def _tell(percent: int) -> None:
    """A progress bar that cannot be moved, for whatever reason, is none to stop an import.

    wmill.set_progress asks for the job first, and raises a bare Exception where Windmill refuses.
    """
    windmill = connection()
    with contextlib.suppress(httpx.HTTPError):
        windmill.client.post(
            f"/w/{windmill.workspace}/job_metrics/set_progress/{os.environ.get('WM_JOB_ID')}",
            json={"percent": percent, "flow_job_id": os.environ.get("WM_FLOW_JOB_ID") or None},
        )
