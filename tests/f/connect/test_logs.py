"""A job on Windmill shows its calls, masked and not without end; elsewhere it is as quiet as before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from f.connect.logs import FIRST_CALLS, FIRST_FAILURES, ONE_OF_CALLS, ONE_OF_FAILURES, Sampling
from tests.f.connect.wire import Wire, reply

ROOT = Path(__file__).parents[3]
JOB = {"BASE_INTERNAL_URL": "http://localhost:1", "WM_WORKSPACE": "team", "WM_TOKEN": "t"}
PROGRAM = """
import logging, sys
from f.connect.client import Client
from f.connect.integration import Integration, NoAuth

if sys.argv[3:] == ["own"]:
    logging.basicConfig(format="mine %(message)s", level=logging.WARNING)
for _ in range(2):
    with Client(Integration(name="svc", base_url=sys.argv[1], raises_events=False)) as client:
        for _ in range(int(sys.argv[2])):
            client.get("/people/quinn@example.com")
"""


def lines_of(environ: dict[str, str], url: str, calls: int, *more: str) -> list[str]:
    bare = {name: text for name, text in os.environ.items() if not name.startswith("WM_") and name != "MILL"}
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, url, str(calls), *more],
        cwd=ROOT,
        env={**bare, **environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ran.stdout == ""
    return ran.stderr.splitlines()


@pytest.mark.parametrize(
    ("environ", "more", "shown"),
    [
        (JOB, (), 6),
        ({**JOB, "MILL": "1"}, (), 0),
        ({}, (), 0),
        ({"LOG_CALLS": "some"}, (), 6),
        ({**JOB, "MILL": "1", "LOG_CALLS": "all"}, (), 6),
        ({**JOB, "LOG_CALLS": "off"}, (), 0),
        (JOB, ("own",), 0),  # who has set up logging has decided
    ],
    ids=["job", "mill", "plain python", "wanted", "wanted from mill", "unwanted", "own logging"],
)
def test_who_shows_its_calls(environ: dict[str, str], more: tuple[str, ...], shown: int) -> None:
    with Wire([reply(200, {"id": "1"})]) as wire:
        lines = lines_of(environ, wire.url, 3, *more)
    assert len(lines) == shown
    for line in lines:
        assert line.startswith("INFO ")
        said: dict[str, Any] = json.loads(line.removeprefix("INFO "))
        assert (said["call"], said["status"], said["outcome"], said["attempts"]) == ("GET", 200, "success", 1)
        assert "quinn" not in line


def test_a_word_that_log_calls_does_not_know_is_told_of() -> None:
    with Wire([reply(200)]) as wire:
        [line] = lines_of({"LOG_CALLS": "loud"}, wire.url, 1)
    assert "LOG_CALLS is none of all, some and off" in line


def test_many_calls_write_few_lines_and_say_so() -> None:
    with Wire([reply(200)]) as wire:
        some = lines_of(JOB, wire.url, FIRST_CALLS)
        every = lines_of({**JOB, "LOG_CALLS": "all"}, wire.url, FIRST_CALLS)
    assert len(some) == FIRST_CALLS + 1
    assert some[-1] == f"INFO {FIRST_CALLS} calls were shown; from here on one in 1,000, and failures."
    assert len(every) == 2 * FIRST_CALLS


def test_a_million_calls_are_about_a_thousand_lines_and_failures_come_more_often() -> None:
    sampling = Sampling()
    shown = sum(sampling.wants(failed=False) for _ in range(1_000_000))
    assert shown == FIRST_CALLS + 1_000_000 // ONE_OF_CALLS
    failures = sum(sampling.wants(failed=True) for _ in range(100_000))
    assert failures == FIRST_FAILURES + (100_000 - FIRST_FAILURES) // ONE_OF_FAILURES
