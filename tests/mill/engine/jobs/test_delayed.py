"""Jobs that are to start later: they outlive the process they were asked of, and run once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mill.engine.jobs.delayed import FOLDER, Delayed
from mill.engine.jobs.job_table import Handle
from mill.errors import MillError
from mill.ports import Target
from tests.mill.engine.lab import Lab

DOUBLE = "def main(n: int):\n    return n * 2\n"


def until_canceled(handle: Handle, _seconds: float) -> None:
    while True:
        handle.sleep(1)


def due(_handle: Handle, _seconds: float) -> None:
    """The time has come."""


def lab(root: Path, wait: Callable[[Handle, float], None]) -> Lab:
    root.mkdir(exist_ok=True)
    return Lab(root, wait=wait)


def test_a_job_whose_process_ends_before_its_time_is_run_by_the_next_under_its_own_id(tmp_path: Path) -> None:
    first = lab(tmp_path, until_canceled)
    path = first.write_script(DOUBLE)
    with first.session as session:
        before = time.time()
        job = session.engine.start(Target("script", path), {"n": 21}, delay=3600)
        [waiting] = session.engine.delayed(own=True)
        assert waiting.id == job
        assert 3599 < waiting.due - before < 3660
        assert waiting.file.stat().st_mode & 0o77 == 0
    with lab(tmp_path, due).session as session:
        assert session.engine.delayed(own=True) == []
        [left] = session.engine.delayed()
        session.engine.adopt(left)
        session.engine.adopt(left)
        completed = session.engine.wait(job, 30)
        assert completed is not None
        assert completed.result == 42
        assert session.engine.delayed() == []


def test_of_two_that_wait_for_a_job_one_starts_it(tmp_path: Path) -> None:
    go = threading.Event()

    def wait(handle: Handle, _seconds: float) -> None:
        while not go.wait(0.01):
            handle.check()

    mine = lab(tmp_path, wait)
    path = mine.write_script(DOUBLE)
    with mine.session as session:
        job = session.engine.start(Target("script", path), {"n": 1}, delay=5)
        assert Delayed(session.state).take(job)
        go.set()
        completed = session.engine.wait(job, 30)
    assert completed is not None
    assert (
        completed.result["error"]["message"] == "Job canceled: it was started or taken back elsewhere by mill"
    )


def test_a_delayed_job_that_is_canceled_is_gone_for_good(tmp_path: Path) -> None:
    mine = lab(tmp_path, until_canceled)
    with mine.session as session:
        job = session.engine.start(Target("script", mine.write_script(DOUBLE)), {"n": 1}, delay=5)
        session.engine.cancel(job, "not needed")
        assert session.engine.wait(job, 30) is not None
        assert session.engine.delayed() == []


@pytest.mark.parametrize("content", ["", "[]", '{"flow": "f/a/b"}', '{"script": "f/a/b", "due": "soon"}'])
def test_a_file_that_is_no_delayed_job_is_named(tmp_path: Path, content: str) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    (folder / "x.yaml").write_text(content, "utf-8")
    with pytest.raises(MillError, match=r"x\.yaml: is not a delayed job any more"):
        Delayed(tmp_path).all()


def test_what_a_trigger_handed_over_is_kept_too(tmp_path: Path) -> None:
    event: dict[str, Any] = {"kind": "webhook", "body": {"n": 1}}
    Delayed(tmp_path).keep("1", Target("flow", "f/a/b"), {}, event, 1000.0)
    [job] = Delayed(tmp_path).all()
    assert (job.target, job.event, job.due_text) == (
        Target("flow", "f/a/b"),
        event,
        "1970-01-01 00:16:40 UTC",
    )
