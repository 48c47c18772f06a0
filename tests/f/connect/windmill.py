"""The endpoints of Windmill that raising an event needs, on loopback, and the environment of a job."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.loopback import Asked, Loopback, Reply, serve

RUN = "/api/w/team/jobs/run/p/f/notify/notify_event"
EXISTS = "/api/w/team/resources/exists/f/notify/routing"
VARIABLE = "/api/w/team/variables/get_value/f/notify/events_routing"


class Windmill:
    """A stand-in: `answers` replace what it says of a path, `slow` delays it (seconds)."""

    def __init__(self) -> None:
        self.answers: dict[str, Reply] = {}
        self.slow: dict[str, float] = {}
        self.server: Loopback

    def answer(self, asked: Asked) -> Reply:
        time.sleep(self.slow.get(asked.path, 0.0))
        usual = {RUN: Reply(201, b"0189-job"), EXISTS: Reply(200, True)}
        return self.answers.get(asked.path) or usual.get(asked.path, Reply(404, b"not found"))

    def started(self) -> list[dict[str, Any]]:
        return [asked.json for asked in self.server.asked if asked.path == RUN]

    def paths(self) -> list[str]:
        return [asked.path for asked in self.server.asked]


@contextmanager
def job_of_windmill(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Windmill]:
    """Be a job of f/customers until the end of the `with`."""
    fake = Windmill()
    with serve(fake.answer) as server:
        fake.server = server
        job = {"WM_JOB_PATH": "f/customers/create_customers", "WM_FLOW_PATH": "", "WM_JOB_ID": "0189"}
        for name, value in {
            "BASE_INTERNAL_URL": server.url,
            "WM_WORKSPACE": "team",
            "WM_TOKEN": "token",
            "HOME": str(home),
            **job,
        }.items():
            monkeypatch.setenv(name, value)
        for name in ("MILL", "WM_ROOT_FLOW_JOB_ID", "NOTIFY_ROUTING"):
            monkeypatch.delenv(name, raising=False)
        yield fake
