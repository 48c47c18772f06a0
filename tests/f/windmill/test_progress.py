"""The progress bar of a job, which here a loopback server keeps."""

from __future__ import annotations

import pytest

from f.windmill.connection import disconnect
from f.windmill.progress import Progress
from tests.loopback import Asked, Reply, serve


@pytest.mark.parametrize("reply", [Reply(200, {}), Reply(404, {}), Reply(500, {}), Reply(0, drop=True)])
def test_rows_move_the_bar_now_and_then_and_nothing_it_meets_stops_the_import(
    reply: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(asked: Asked) -> Reply:
        assert asked.path == "/api/w/team/job_metrics/set_progress/step"
        return reply

    with serve(answer) as windmill:
        monkeypatch.setenv("BASE_INTERNAL_URL", windmill.url)
        monkeypatch.setenv("WM_WORKSPACE", "team")
        monkeypatch.setenv("WM_TOKEN", "token")
        monkeypatch.setenv("WM_JOB_ID", "step")
        monkeypatch.setenv("WM_FLOW_JOB_ID", "flow")
        progress = Progress(200)
        progress(50)
        progress(51)  # too soon to be told
        disconnect()
        assert [asked.json for asked in windmill.asked] == [{"percent": 25, "flow_job_id": "flow"}]
