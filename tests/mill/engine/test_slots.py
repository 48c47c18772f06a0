"""As many script jobs at once as there are workers, and first come first served."""

from __future__ import annotations

import threading
import time

import pytest

from mill.engine.jobs.job_table import Handle, JobTable
from mill.engine.jobs.outcome import JobCanceled
from mill.engine.slots import WorkerSlots
from mill.ports import Target


def job() -> Handle:
    return JobTable([]).create(Target("script", "f/a/b"), {})


def test_no_more_jobs_run_at_once_than_there_are_workers_and_the_first_goes_first() -> None:
    slots, began, at_once, most = WorkerSlots(2), [], 0, 0
    lock, go = threading.Lock(), threading.Event()

    def work(number: int) -> None:
        nonlocal at_once, most
        with slots.hold(job()):
            with lock:
                began.append(number)
                at_once += 1
                most = max(most, at_once)
            go.wait(5)
            with lock:
                at_once -= 1

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
        time.sleep(0.02)
    assert began == [0, 1]
    go.set()
    for thread in threads:
        thread.join()
    assert sorted(began[2:]) == [2, 3, 4, 5]
    assert most == 2


def test_a_job_that_is_ended_while_it_waits_gives_its_place_in_the_queue_away() -> None:
    slots, first, second, third = WorkerSlots(1), job(), job(), job()
    ended: list[str] = []

    def wait(handle: Handle, name: str) -> None:
        try:
            with slots.hold(handle):
                ended.append(f"{name} ran")
        except JobCanceled:
            ended.append(f"{name} canceled")

    with slots.hold(first):
        threads = [threading.Thread(target=wait, args=args) for args in ((second, "2"), (third, "3"))]
        for thread in threads:
            thread.start()
            time.sleep(0.02)
        second.cancel("no more")
        threads[0].join(5)
        assert ended == ["2 canceled"]
    threads[1].join(5)
    assert ended == ["2 canceled", "3 ran"]


def test_without_a_number_nobody_waits() -> None:
    slots = WorkerSlots()
    with slots.hold(job()), slots.hold(job()), slots.hold(job()):
        assert slots.count is None


def test_a_failed_job_frees_its_worker() -> None:
    slots = WorkerSlots(1)
    with pytest.raises(ValueError, match="no"), slots.hold(job()):
        raise ValueError("no")
    with slots.hold(job()):
        pass
