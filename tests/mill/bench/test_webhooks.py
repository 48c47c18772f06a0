"""The kills of `mill bench webhooks`: a short course, and whether the harness sees what is wrong."""

import json
import re
from pathlib import Path

import pytest

from mill.bench.storm import stores
from mill.bench.storm.course import measure
from mill.errors import MillError
from tests.mill.commands import mill

ROOT = Path(__file__).parents[3]


def test_what_was_accepted_has_its_effects_once_whatever_is_killed_or_stopped() -> None:
    done = mill("bench", "webhooks", "--kills", "6", "--stops", "1", "--seconds", "90", cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    *_, above, last = done.stdout.splitlines()
    assert re.fullmatch(r"stops 1 (receiver|dispatcher|handler) 1", above), done.stdout
    found = re.fullmatch(r"kills (\d+) events (\d+) lost 0 twice 0", last)
    assert found is not None, done.stdout
    kills, events = map(int, found.groups())
    assert kills >= 6
    assert events > 20


def test_it_sees_what_a_receiver_loses_that_answers_before_it_stores() -> None:
    score = measure(4, seconds=90, control="answer-first")
    assert score.lost
    assert not score.twice


def test_it_sees_what_a_handler_does_twice_that_asks_nobody_and_ends_with_1() -> None:
    done = mill(
        "bench", "webhooks", "--kills", "3", "--control", "no-once", "--seconds", "90", "--json", cwd=ROOT
    )
    assert done.returncode == 1, done.stderr
    figures = json.loads(done.stdout)
    assert figures["twice"] > 0
    assert figures["lost"] == 0


def test_the_same_is_so_in_a_postgres(postgres: str) -> None:
    score = measure(3, store="postgres", server=postgres, seconds=90)
    assert score.kills.total() >= 3
    assert score.facts["events in the store"] >= score.events  # of the Postgres, and no file beside it
    assert score.events > 20
    assert (score.lost, score.twice) == ([], [])


def test_where_there_is_no_postgres_it_says_so_and_ends_with_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "is_installed", lambda: False)
    with pytest.raises(MillError, match="The store is to be in Postgres, but it needs a Postgres") as refused:
        measure(1, store="postgres")
    assert refused.value.exit_code == 3


def test_too_little_time_is_said() -> None:
    done = mill("bench", "webhooks", "--kills", "50", "--seconds", "1", cwd=ROOT)
    assert done.returncode == 1
    assert "The time for the run is over; give it more with --seconds." in done.stderr


def test_the_ways_of_taking_events_in_are_compared_in_one_run() -> None:
    done = mill("bench", "webhooks", "--events", "40", "--senders", "4", "--no-paper", "--json", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures["accept_vs_verify_only"] > 0
    assert figures["serve_vs_verify_only"] > 0
    assert {f"{way}_p99_ms" for way in ("verify_only", "accept", "serve")} <= set(figures)
