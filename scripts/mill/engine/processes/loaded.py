"""Scripts that are loaded once, in a process that then forks a worker for each job.

A job of a script that is asked for again and again spends most of its time with importing. Here each still
has a process of its own, with nothing of another job in it but what importing made. What the first jobs
import on their way is imported for the later ones too. A script qualifies if its modules do nothing else
when they are imported: they see neither the job's environment nor its log.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mill.engine.processes.worker import Call, Forks, Worker

_LOAD_SECONDS = 60.0  # after which jobs of the script are run as any other's

Take = Callable[[Path | None], Worker]


class Loaded(Forks):
    """A script's process, to fork workers from."""

    def __init__(self, root: Path, worker: Worker, files: Iterable[str], folder: Path) -> None:
        super().__init__(root, worker.sock)
        self._worker, self._folder = worker, folder
        self._files = file_times(files)
        self._modules: set[str] = set()
        self._busy = 0
        self._retired = False

    def is_current(self) -> bool:
        """Return whether the files it has loaded are unchanged."""
        return file_times(self._files) == self._files

    def take(self) -> Worker:
        """Return a worker that has the script loaded and waits for a job."""
        with self._lock:
            self._busy += 1
        try:
            return super().take()
        except ChildProcessError:
            self.done()
            raise

    def done(self) -> None:
        """Count one of its workers as ended."""
        with self._lock:
            self._busy -= 1
            is_last = self._retired and self._busy <= 0
        if is_last:
            self.close()

    def learn(self, reply: Mapping[str, Any]) -> None:
        """Have imported for the next jobs what one has imported."""
        with self._lock:
            new = [name for name in reply.get("imported", ()) if name not in self._modules]
            self._modules.update(new)
            self._files |= file_times(file for file in reply.get("files", ()) if file not in self._files)
        if new:
            self.load(new)

    def retire(self) -> None:
        """End it with the last job that still runs."""
        with self._lock:
            self._retired = True
            is_idle = self._busy <= 0
        if is_idle:
            self.close()

    def close(self) -> None:
        """End it, and every worker that was forked from it. May be called twice."""
        with self._lock:
            folder, self._folder = self._folder, Path()
        if folder != Path():
            super().close()
            self._worker.close()
            shutil.rmtree(folder, ignore_errors=True)


class LoadedScripts:
    """Lends workers of scripts that are kept loaded. What cannot be loaded alone runs as any other script."""

    def __init__(self, root: Path, take: Take) -> None:
        """`take` lends a process that has nothing loaded yet."""
        self._root, self._take = root, take
        self._lock = threading.Lock()
        self._turns: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._loaded: dict[str, Loaded] = {}
        self._not_loadable: dict[str, int] = {}

    def take(self, call: Call, python: Path | None) -> Worker:
        """Return a worker for the call. ChildProcessError where processes cannot be started any more."""
        # Elsewhere workers would outlive what they were forked from, if that is killed.
        if sys.platform != "linux":
            return self._take(python)
        module = call.code.module
        with self._lock:
            turn = self._turns[module]
        with turn:  # many first calls load it once
            loaded = self._loaded.get(module)
            if loaded is not None and not loaded.is_current():
                self._loaded.pop(module).retire()
                loaded = None
            loaded = loaded or self._load(call, python)
        if loaded is None:
            return self._take(python)
        try:
            return loaded.take()
        except ChildProcessError:  # it was killed: the next call loads it anew
            with turn:
                if self._loaded.get(module) is loaded:
                    self._loaded.pop(module).close()
            return self._take(python)

    def close(self) -> None:
        """End all of them."""
        with self._lock:
            loaded, self._loaded = list(self._loaded.values()), {}
        for one in loaded:
            one.close()

    def _load(self, call: Call, python: Path | None) -> Loaded | None:
        module, file = call.code.module, str(call.code.file)
        if self._not_loadable.get(module) == file_times([file])[file]:
            return None
        self._not_loadable[module] = file_times([file])[file]
        worker = self._take(python)
        folder = Path(tempfile.mkdtemp(prefix="mill-loaded-"))
        ending = worker.load_to_fork(replace(call, cwd=folder), _LOAD_SECONDS)
        if ending.reply is None or not ending.reply["alone"]:
            worker.kill()
            worker.close()
            shutil.rmtree(folder, ignore_errors=True)
            return None
        del self._not_loadable[module]
        loaded = self._loaded[module] = Loaded(self._root, worker, ending.reply["files"], folder)
        return loaded


def file_times(files: Iterable[str]) -> dict[str, int]:
    """Return when each file was changed, in nanoseconds; 0 for one that is not there."""
    found = {}
    for file in files:
        try:
            found[file] = Path(file).stat().st_mtime_ns
        except OSError:
            found[file] = 0
    return found
