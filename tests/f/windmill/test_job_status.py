"""What Windmill says of another job, and how often it is asked."""

from __future__ import annotations

import pytest

from f.windmill.job_status import JobEnds
from tests.f.connect.wire import FakeClock
from tests.loopback import Asked, Reply, serve


@pytest.mark.parametrize(
    ("reply", "ended", "questions"),
    [
        (Reply(200, {"type": "CompletedJob"}), True, 1),
        (Reply(200, {"type": "QueuedJob"}), False, 2),
        (Reply(404, {}), False, 2),  # another Windmill that shares the database, or a job long forgotten
        (Reply(0, drop=True), False, 2),
    ],
)
def test_only_a_job_known_to_be_over_has_ended_and_windmill_is_asked_now_and_then(
    reply: Reply, ended: bool, questions: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(asked: Asked) -> Reply:
        assert asked.path == "/api/w/team/jobs_u/get/other"
        return reply

    clock = FakeClock()
    with serve(answer) as windmill:
        monkeypatch.setenv("BASE_INTERNAL_URL", windmill.url)
        monkeypatch.setenv("WM_WORKSPACE", "team")
        monkeypatch.setenv("WM_TOKEN", "token")
        has_ended = JobEnds(clock)
        assert [has_ended("other") for _ in range(3)] == [ended] * 3
        assert len(windmill.asked) == 1
        clock.time += 11
        assert has_ended("other") == ended
        assert len(windmill.asked) == questions
