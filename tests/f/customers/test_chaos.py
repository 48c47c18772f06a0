"""Imports are killed at random points and resumed; `make chaos` does the same at length."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from mill.bench.chaos import COURSES, measure
from tests.loopback import Asked, Reply, serve

ROOT = Path(__file__).parents[3]


def test_no_row_is_lost_or_created_twice_however_often_an_import_is_killed() -> None:
    scores = measure(kills=2 * len(COURSES), rows=60, seed=1, seconds=100)
    assert sum(score.kills for score in scores.values()) == 2 * len(COURSES)
    assert {course for course, _faults in scores} == {course.name for course in COURSES}
    wrong = {
        course: score for course, score in scores.items() if score.lost or score.twice or score.miscounted
    }
    assert wrong == {}


def test_a_cancelled_job_ends_by_itself_with_an_outcome_for_every_row(tmp_path: Path) -> None:
    under_way = threading.Event()

    def answer(_: Asked) -> Reply:
        under_way.set()
        time.sleep(0.02)
        return Reply(201, {"id": "1"})

    with serve(answer) as server:
        arguments = {
            "api": {"kind": "generic", "base_url": server.url, "settings": {"batch_size": 10}},
            "customers": [{"name": f"C {n}", "email": f"c{n}@example.com"} for n in range(400)],
        }
        code = (
            "import json, sys\n"
            "from f.customers.create_customers import main\n"
            "print(json.dumps(main(**json.load(sys.stdin))))\n"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={
                "PYTHONPATH": str(ROOT),
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "WM_WORKSPACE": "test",
                "WM_TOKEN": "test",
                "BASE_INTERNAL_URL": "http://127.0.0.1:9",
            },
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(arguments))
        process.stdin.flush()
        process.stdin.close()
        process.stdin = None
        assert under_way.wait(20)
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    result = json.loads(output.splitlines()[-1])
    assert result["stopped"]["code"] == "cancelled"
    assert result["counts"] == {"created": len(server.asked), "failed": 400 - len(server.asked)}
    assert 0 < len(server.asked) < 400
