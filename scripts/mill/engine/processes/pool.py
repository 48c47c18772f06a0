"""The processes that workers are forked from: one of mill's own Python, one of each environment in use."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from mill.engine.processes.loaded import LoadedScripts
from mill.engine.processes.worker import Call, Worker, Workers


class WorkerPool:
    """Lends workers. A context manager: leaving it ends every process it started.

    Entering it starts the one of mill's own Python, which takes a moment: most sessions need it soon.
    """

    def __init__(
        self, root: Path, bytecode_cache: Path, keeps_loaded: Callable[[str], bool] = lambda _path: False
    ) -> None:
        """`keeps_loaded` says of a script's path whether it is kept loaded from its first job on."""
        self._keeps_loaded = keeps_loaded
        self._loaded = LoadedScripts(root, self.take)
        self._root = root
        self._bytecode_cache = bytecode_cache
        self._zygotes: dict[Path | None, Workers] = {}  # None: mill's own Python
        self._closed = False
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._of(None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def take(self, python: Path | None = None) -> Worker:
        """Return a worker of this interpreter, by default mill's own, that waits for a job.

        Raises ChildProcessError where its zygote is gone, or the pool closed.
        """
        return self._of(python).take()

    def take_for(self, call: Call, python: Path | None = None) -> Worker:
        """As `take`, for this call: of a script that is kept loaded, one that has it loaded."""
        if call.code.importable and self._keeps_loaded(call.code.module.replace(".", "/")):
            return self._loaded.take(call, python)
        return self.take(python)

    def _of(self, python: Path | None) -> Workers:
        with self._lock:
            if self._closed:  # what is started now, nobody would end
                raise ChildProcessError("the processes that start workers have ended")
            if python not in self._zygotes:
                self._zygotes[python] = Workers(self._root, self._bytecode_cache, python)
            return self._zygotes[python]

    def close(self) -> None:
        """End every worker and what they are forked from. May be called twice."""
        with self._lock:
            self._closed = True
        self._loaded.close()
        for workers in self._zygotes.values():
            workers.close()
