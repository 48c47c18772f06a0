"""Runs the suite in a few processes; the few tests that fail are tried once more, alone.

    python -m tests.suite [options of pytest]

A suite of many thousand tests, with processes that are killed at any moment, is as steady as the least steady
of them on a busy machine. One that fails again fails the suite. One that passes is named in the last lines:
it found a defect, of the code or of the test, that shows itself rarely.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[1]
_LAST_FAILED = Path(".pytest_cache", "v", "cache", "lastfailed")  # where pytest notes them
# Two more than cores: a third of what tests do is wait.
IN_PROCESSES = ("--numprocesses", "4", "--dist", "worksteal")
MOST = 3  # that are tried again: more are no chance


def run(options: Sequence[str], root: Path = _ROOT, first: Sequence[str] = IN_PROCESSES) -> int:
    """Run the tests below `root`; return pytest's exit code: 0 also if each that failed has passed alone.

    `first` are options for the first try.
    """
    noted = root / _LAST_FAILED
    noted.unlink(missing_ok=True)  # or those of an earlier run would be among them
    code = _pytest([*first, *options], root)
    if code != pytest.ExitCode.TESTS_FAILED or not noted.is_file():
        return code
    failed = list(json.loads(noted.read_text("utf-8")))
    if len(failed) > MOST:
        return code
    _say(f"Failed: {len(failed)}. Each is tried once more, alone; what fails again is at fault.")
    code = _pytest(["--last-failed", *options], root)
    if code == pytest.ExitCode.OK:
        _say("Unsteady: failed beside the others, passed alone. Find out why, it is a defect:", *failed)
    return code


def _pytest(arguments: Sequence[str], root: Path) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=root, check=False).returncode


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
