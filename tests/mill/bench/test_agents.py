"""The calls of agents: a short course, and whether the harness sees what a server without a memory does."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mill.bench.once.agent import Agent, Diary, Tray
from mill.bench.once.course import time_left
from mill.bench.once.orders import Order, orders
from mill.bench.once.score import Course, score
from tests.mill.commands import mill

ROOT = Path(__file__).parents[3]
_COURSE = "--calls 12 --kills 1 --cut 0.5 --broken 0.1 --agents 8 --seconds 300 --no-rest --json"

_TELLS_OFTEN = """
from mill.bench.once import course
from mill.cli import main

course._TELL_SECONDS = 1.0
main()
"""


def test_agents_that_repeat_calls_have_each_effect_once_with_a_key_and_more_without() -> None:
    done = mill("bench", "agents", *_COURSE.split(), cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads(done.stdout)
    ours, plain = figures["guarded"], figures["plain"]
    assert (ours["effects"], ours["duplicates"], ours["lost"], ours["no_end"]) == (12, 0, 0, 0)
    assert [ours[f"{kind} effects"] for kind in ("slack", "sms", "resend")] == [4, 4, 4]
    assert (ours["kills"], plain["kills"]) == (1, 1)
    assert ours["answers swallowed"] > 0
    assert ours["cut answers"] == ours["answers swallowed"] + ours["calls broken off"]
    assert plain["effects"] > 12
    assert plain["duplicates"] == plain["effects"] - 12 > 0


class Told(Agent):
    """An agent that hears these answers, one after the other, and notes which tools it calls."""

    def __init__(self, diary: Diary, *answers: str) -> None:
        super().__init__("", "guarded", diary, 1, modern=True)
        self.answers, self.tools = list(answers), list[str]()

    async def _call(self, tool: str, arguments: Mapping[str, Any]) -> str:
        self.tools.append(tool)
        return self.answers.pop(0)


@pytest.mark.parametrize("nothing", ["not_done", "not_known"])
def test_an_agent_asks_again_for_what_a_look_up_says_was_not_done(nothing: str) -> None:
    diary = Diary()
    agent = Told(diary, "running", nothing, "done")
    asyncio.run(agent.work(Tray(orders(1, 1), 0.0)))
    assert agent.tools == ["send_once", "effect_status", "send_once"]
    assert (len(diary.settled), diary.given_up) == (1, {})


def test_one_that_is_ended_says_what_it_has_counted_so_far() -> None:
    course = "bench agents --calls 900 --kills 0 --agents 4 --no-control --json"
    with subprocess.Popen(
        [sys.executable, "-c", _TELLS_OFTEN, *course.split()],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'scripts'}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr is not None
        line = next(one for one in running.stderr if " 0 of 900" not in one)
        assert " of 900 calls have an end, " in line
        assert "0 of 0 kills" in line
        running.send_signal(signal.SIGTERM)
        out, _ = running.communicate(timeout=120)
    assert running.returncode == 130
    ours = json.loads(out)["guarded"]
    assert 0 < 900 - ours["no_end"] <= ours["effects"] < 900
    assert (ours["duplicates"], ours["lost"]) == (0, 0)


def test_a_score_counts_by_the_ledgers_and_takes_no_order_for_lost_that_has_no_end_yet() -> None:
    marks = {name: f"0000{number}x00000000" for number, name in enumerate(("once", "twice", "lost", "left"))}
    orders = [Order(number, "slack", mark) for number, mark in enumerate(marks.values())]
    diary = Diary(Counter({"answered done": 3}), {marks["once"], marks["twice"], marks["lost"]})
    effects = Counter({marks["once"]: 1, marks["twice"]: 3})
    found = score(orders, effects, diary, Course(2, 1.5, Counter({"answers swallowed": 4})))
    figures = found.figures()
    assert found.lost == [marks["lost"]]
    assert not found.is_clean
    names = ("calls", "effects", "duplicates", "twice", "lost", "no_end", "kills", "cut answers")
    assert [figures[name] for name in names] == [4, 4, 2, 1, 1, 1, 2, 4]
    assert (figures["answered done"], figures["answered unknown"]) == (3, 0)


@pytest.mark.parametrize(
    ("seconds", "done", "words"),
    [(60, 0.5, "about 1 min left"), (300, 0.25, "about 15 min left"), (60, 0.9, "less than a minute left")],
)
def test_what_is_left_is_said_by_how_fast_it_went(seconds: float, done: float, words: str) -> None:
    assert time_left(seconds, done) == words
