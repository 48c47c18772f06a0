"""The flows as `mill run` runs them: on the twin, with no account, and twice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]


def run(name: str, state: Path) -> Any:
    command = [sys.executable, "-m", "mill", "run", f"flows/{name}.yaml", "--state", str(state)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("payments_charge", "succeeded"),
        ("payments_subscribe", "incomplete"),
        ("payments_intent", "requires_payment_method"),
    ],
)
def test_a_run_file_works_out_of_the_box_and_does_nothing_twice(
    name: str, status: str, tmp_path: Path
) -> None:
    first, second = run(name, tmp_path), run(name, tmp_path)
    assert (first["outcome"], second["outcome"]) == ("done", "already_done")
    assert first["id"] == second["id"]
    assert first["status"] == second["status"] == status
