"""What `mill bench size` says of an import that it has run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from mill.bench.rig.memory import watched
from tests.mill.commands import mill

ROOT = Path(__file__).parents[3]


def test_a_file_goes_through_the_whole_flow_and_what_it_took_is_counted(tmp_path: Path) -> None:
    done = mill(
        *("bench", "size", "--rows", "500", "--chunk-rows", "200", "--keep", str(tmp_path), "--json"),
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert (figures["rows"], figures["jobs"]) == (500, 3)
    assert figures["requests"] >= 5  # a hundred rows in each
    assert figures["rows_per_second"] == round(500 / figures["seconds"], 1)
    assert {"parse", "gate", "create", "report"} <= figures["step_seconds"].keys()
    assert sum(figures["step_seconds"].values()) <= figures["seconds"]
    assert figures["file_bytes"] == (tmp_path / "size.csv").stat().st_size
    assert figures["journal_bytes"] > 0
    assert figures["cpu_seconds"] > 0
    report = next(tmp_path.rglob("report.html"))
    assert figures["report_bytes"] == report.stat().st_size


def test_an_import_that_takes_too_long_is_given_up_and_said(tmp_path: Path) -> None:
    done = mill(*("bench", "size", "--rows", "500", "--seconds", "1", "--keep", str(tmp_path)), cwd=ROOT)
    assert done.returncode == 1
    assert "The import takes longer than 1 seconds." in done.stderr


def test_the_peak_of_a_process_and_of_its_children_is_seen() -> None:
    child = "import time; kept = bytearray(80_000_000); time.sleep(1.5)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}], check=True)"
    started = subprocess.Popen([sys.executable, "-c", parent], env={"PATH": os.defpath})
    with watched(started.pid) as peaks:
        assert started.wait() == 0
    if sys.platform == "linux":
        assert max(peaks.values()) > 80 > peaks[started.pid]
    else:
        assert not peaks
