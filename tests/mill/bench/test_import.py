"""`mill bench import`, small: that it measures and compares what it says."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from mill.bench.import_ import RATIOS, Bench, import_

ROOT = Path(__file__).parents[3]


def bench(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    app = typer.Typer()
    app.command()(import_)
    monkeypatch.chdir(ROOT)
    return CliRunner().invoke(app, arguments)


def test_every_ratio_is_measured_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    done = bench(monkeypatch, "--rows", "10000", "--json")
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout)
    assert list(figures) == [ratio.measure.__name__ for ratio in RATIOS]
    assert all(figure > 0 for figure in figures.values())


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
