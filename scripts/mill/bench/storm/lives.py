"""The two processes that fork what is killed and stopped, and what they tell of it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import mill
from mill.bench.rig.processes import process
from mill.bench.storm.platform import Platform
from mill.errors import MillError

RECEIVER = 0  # the life of it; jobs have lives of their own
_ROOT = Path(mill.__file__).parents[2]
_WORKER = _ROOT / "scripts" / "mill" / "bench" / "workers" / "webhook_worker.py"
_END_SECONDS = 5.0


class Lives:
    """Sends signals to receiver and jobs, and counts those that had an effect.

    `kills`: by role, of lives that ended by one. `stops`: of lives that went on after theirs.
    """

    def __init__(
        self, receiver: subprocess.Popen[str], jobs: subprocess.Popen[str], platform: Platform
    ) -> None:
        self.kills: Counter[str] = Counter()
        self.stops: Counter[str] = Counter()
        self._receiver, self._jobs, self._platform = receiver, jobs, platform
        self._stopped: dict[int, str] = {}
        self._lock = threading.Lock()

    def start(self, order: Mapping[str, Any]) -> None:
        """Have a job begin."""
        self._tell(self._jobs, order)

    def kill(self, life: int) -> None:
        """Send SIGKILL, if it still lives."""
        self._tell(self._of(life), {"kill": life})

    def stop(self, role: str, life: int, seconds: float) -> None:
        """Send SIGSTOP, and SIGCONT after so many seconds."""
        self._stopped[life] = role
        self._tell(self._of(life), {"stop": life, "seconds": seconds})

    def stopped(self) -> Mapping[int, str]:
        """Return the lives that are stopped, or are about to be, and their roles."""
        return dict(self._stopped)

    def hear(self, said: subprocess.Popen[str]) -> None:
        """Take note of all that one of the two says, until its end."""
        assert said.stdout is not None
        with contextlib.suppress(ValueError):  # closed, as the run is over
            for line in said.stdout:
                self._note(**json.loads(line))

    def end(self) -> None:
        """Have them end, and with them all that lives, also what is stopped."""
        for one in (self._receiver, self._jobs):
            assert one.stdin is not None
            with contextlib.suppress(OSError):
                one.stdin.close()
        for one in (self._receiver, self._jobs):
            with contextlib.suppress(subprocess.TimeoutExpired):
                one.wait(_END_SECONDS)

    def _note(self, what: str, life: int, *, killed: bool = False) -> None:
        if what == "ended":
            role = "receiver" if life == RECEIVER else self._platform.ended(life, killed=killed)
            if killed:
                self.kills[role] += 1
        elif what == "silent" and life != RECEIVER:
            self._platform.give_up(life)
        elif what == "continued":
            self.stops[self._stopped[life]] += 1
        if what in ("continued", "missed") or (what == "ended" and life != RECEIVER):
            self._stopped.pop(life, None)

    def _of(self, life: int) -> subprocess.Popen[str]:
        return self._receiver if life == RECEIVER else self._jobs

    def _tell(self, which: subprocess.Popen[str], order: Mapping[str, Any]) -> None:
        assert which.stdin is not None
        with self._lock:
            which.stdin.write(json.dumps(order) + "\n")
            which.stdin.flush()


@contextlib.contextmanager
def lives(environment: Mapping[str, str], platform: Platform) -> Iterator[tuple[Lives, int]]:
    """Start both; give the port of the receiver as well."""
    command = [sys.executable, str(_WORKER)]
    with (
        process([*command, "receiver"], environment, _ROOT) as receiver,
        process([*command, "jobs"], environment, _ROOT) as jobs,
    ):
        assert receiver.stdout is not None
        first = receiver.stdout.readline()
        if not first:
            raise MillError("The receiver does not start; see above.", exit_code=1)
        both = Lives(receiver, jobs, platform)
        platform.start = both.start
        ears = [threading.Thread(target=both.hear, args=(one,), daemon=True) for one in (receiver, jobs)]
        for ear in ears:
            ear.start()
        try:
            yield both, json.loads(first)["port"]
        finally:
            platform.start = lambda _order: None
            both.end()
            for one in (receiver, jobs):
                one.kill()
            for ear in ears:
                ear.join()
