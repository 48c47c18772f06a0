"""The processes imports live in: each is started, killed, stopped and continued at will."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import mill
from mill.bench.rig.processes import process
from mill.errors import MillError

ROOT = Path(mill.__file__).parents[2]
_WORKER = ROOT / "scripts" / "mill" / "bench" / "workers" / "chaos_worker.py"
_NOWHERE = "http://127.0.0.1:9"
# A job that was stopped for longer than its lease may be taken for dead; chaos_worker has the length.
LEASE_SECONDS = 1.0

Report = dict[str, Any]


class Nursery:
    """A process that forks lives, one at a time. All that have the same `home` share the journal there."""

    def __init__(self, home: Path, result: Path) -> None:
        self._home, self._result = home, result
        self._stack = contextlib.ExitStack()
        self._pid = 0

    def __enter__(self) -> Self:
        environment = {
            **os.environ,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'scripts'}",
            "HOME": str(self._home),
            "WM_WORKSPACE": "chaos",
            "WM_TOKEN": "chaos",
            "BASE_INTERNAL_URL": _NOWHERE,
            "MILL": "1",  # this is no server, which would be asked for a data table
            "NOTIFY_ROUTING": "off",  # the trouble is made on purpose: nobody is told of it
        }
        command = [sys.executable, str(_WORKER)]
        self._worker = self._stack.enter_context(process(command, environment, ROOT))
        return self

    def __exit__(self, *_: object) -> None:
        if self._pid:  # its parent keeps it until the next one, so the id is still its own
            os.kill(self._pid, signal.SIGKILL)
        self._stack.close()

    def begin(self, args: Mapping[str, Any], environment: Mapping[str, str]) -> None:
        """Start a life of an import; WM_JOB_ID of its environment says as which job."""
        self._result.unlink(missing_ok=True)
        request = {"args": args, "result": str(self._result), "environment": dict(environment)}
        assert self._worker.stdin is not None
        self._worker.stdin.write(json.dumps(request) + "\n")
        self._worker.stdin.flush()
        self._pid = self._answer()["pid"]

    def send(self, number: signal.Signals) -> None:
        """Send a signal; one to a life that is over does nothing."""
        os.kill(self._pid, number)

    def end(self) -> Report | None:
        """Wait for the end of the life; return what the import returned, or None if it was killed before."""
        killed = self._answer()["killed"]
        if self._result.exists():
            report: Report = json.loads(self._result.read_text("utf-8"))
            return report
        if not killed:
            raise MillError("An import ended with an error; see above.")
        return None

    def live(
        self, args: Mapping[str, Any], environment: Mapping[str, str], kill_after: float | None
    ) -> Report | None:
        """Live one life, and kill it after so many seconds."""
        self.begin(args, environment)
        if kill_after is None:
            return self.end()
        killer = threading.Timer(kill_after, self.send, (signal.SIGKILL,))
        killer.start()
        report = self.end()
        killer.cancel()
        killer.join()  # over before the next life begins
        return report

    def _answer(self) -> dict[str, int]:
        assert self._worker.stdout is not None
        line = self._worker.stdout.readline()
        if not line:
            self._pid = 0
            raise MillError("The process that runs the imports is gone.")
        answer: dict[str, int] = json.loads(line)
        return answer


class Couple:
    """Two lives at once of the same import: one is stopped while the other takes over."""

    def __init__(self, first: Nursery, second: Nursery) -> None:
        self.first, self.second = first, second

    def take_over(
        self,
        args: Mapping[str, Any],
        environments: tuple[Mapping[str, str], Mapping[str, str]],
        stop_after: float,
        continue_after: float,
    ) -> list[Report]:
        """Stop the first life, let its lease run out, start the second, continue the first.

        Return both reports, the second's first: what the first says at its end is the later word.
        """
        self.first.begin(args, environments[0])
        time.sleep(stop_after)
        self.first.send(signal.SIGSTOP)
        try:
            time.sleep(LEASE_SECONDS * 1.1)
            self.second.begin(args, environments[1])
            time.sleep(continue_after)
        finally:
            self.first.send(signal.SIGCONT)
        reports = [self.second.end(), self.first.end()]
        return [report for report in reports if report is not None]
