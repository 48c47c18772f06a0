"""Scripts kept loaded between calls, for busy HTTP routes: one process per script and call at a time."""

from __future__ import annotations

import shutil
import tempfile
import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mill.engine.definition.library import Library
from mill.engine.jobs.job_table import Handle
from mill.engine.jobs.outcome import EXECUTION, JobCanceled, Outcome, canceled, failure
from mill.engine.processes.loaded import file_times
from mill.engine.processes.worker import Call, Worker
from mill.engine.runtime import Runtime
from mill.engine.script_runner import JobLog, outcome_of, resolve_references
from mill.errors import MillError
from mill.ports import Completed, Target

# Calls beyond this wait for a process of the script: starting one costs more than a hundred calls.
PROCESSES_PER_SCRIPT = 8


@dataclass(slots=True)
class _Warm:
    """A loaded script, and what its files looked like then."""

    worker: Worker
    folder: Path
    files: dict[str, int]

    def is_current(self) -> bool:
        """Return whether the files it has loaded are unchanged."""
        return file_times(self.files) == self.files

    def close(self) -> None:
        """End the process."""
        self.worker.kill()
        self.worker.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class WarmScripts:
    """Lends a warm process to each call and takes it back afterwards."""

    def __init__(self, runtime: Runtime, library: Library) -> None:
        self._runtime = runtime
        self._library = library
        self._lock = threading.Lock()
        self._idle: dict[str, list[_Warm]] = defaultdict(list)
        self._room: dict[str, threading.BoundedSemaphore] = defaultdict(
            lambda: threading.BoundedSemaphore(PROCESSES_PER_SCRIPT)
        )

    def call(self, target: Target, args: Mapping[str, Any], event: Mapping[str, Any] | None) -> Completed:
        """Run a script and wait for its result. A process that dies is a failed call and is replaced."""
        handle = self._runtime.jobs.create(target, args)
        handle.start()
        try:
            with self._lock:
                room = self._room[target.path]
            with self._runtime.slots.hold(handle), room:
                outcome = self._exchange(handle, target.path, args, event)
        except JobCanceled as error:
            outcome = Outcome(False, canceled(str(error)))
        except (MillError, ChildProcessError) as error:
            outcome = Outcome(False, failure(EXECUTION, str(error)))
        handle.end(outcome)
        return Completed(outcome.success, outcome.result, tuple(handle.job.logs))

    def close(self) -> None:
        """End all idle processes."""
        with self._lock:
            idle, self._idle = self._idle, defaultdict(list)
        for warm in (item for items in idle.values() for item in items):
            warm.close()

    def _exchange(
        self, handle: Handle, path: str, args: Mapping[str, Any], event: Mapping[str, Any] | None
    ) -> Outcome:
        env, platform = self._runtime.environment(handle, path), self._runtime.platform
        message = {  # before a process is taken: what names nothing is an error here
            "args": resolve_references(args, platform),
            "event": event and resolve_references(event, platform),
            "env": env,
        }
        log = JobLog(handle)
        warm = self._take(path) or self._load(handle, path, env, log)
        if isinstance(warm, Outcome):
            return warm
        timeout, _ = self._library.timeout_and_cache(path)
        with handle.when_canceled(warm.worker.kill):
            ending = warm.worker.exchange(message, timeout, log.feed)
        log.close()
        if ending.reply is None:
            warm.close()
        else:
            self._give_back(path, warm)
        return outcome_of(ending, log, "")

    def _take(self, path: str) -> _Warm | None:
        while True:
            with self._lock:
                if not self._idle[path]:
                    return None
                warm = self._idle[path].pop()
            if warm.is_current():
                return warm
            warm.close()

    def _give_back(self, path: str, warm: _Warm) -> None:
        with self._lock:
            self._idle[path].append(warm)

    def _load(self, handle: Handle, path: str, env: Mapping[str, str], log: JobLog) -> _Warm | Outcome:
        """Return a process that has the script loaded, or the outcome of a script that cannot be."""
        code = self._library.script(path)
        python = self._runtime.python_of(handle, code, path)
        jobs = self._runtime.state / "jobs"
        jobs.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="warm-", dir=jobs))
        worker = self._runtime.workers.take(python)
        ending = worker.load(Call(code, {}, env, folder), log.feed)
        if ending.reply is None:
            worker.close()
            log.close()
            return outcome_of(ending, log, "")
        return _Warm(worker, folder, file_times(ending.reply["files"]))
