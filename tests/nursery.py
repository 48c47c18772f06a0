"""Python code in a process of its own, forked from one that has loaded what takes long to load."""

from __future__ import annotations

import atexit
import functools
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from mill.bench.rig.processes import Worker, process

# Each line is an errand. Code that raises ends as `python -c` does, with its traceback and 1.
_SERVE = """
import gc, importlib, json, os, sys
for name in sys.argv.pop().split(","):
    importlib.import_module(name)
gc.collect()
gc.freeze()
for line in sys.stdin:
    child = os.fork()
    if not child:
        errand = json.loads(line)
        os.environ.clear()
        os.environ.update(errand["environment"])
        for descriptor, file in ((1, errand["out"]), (2, errand["err"])):
            os.dup2(os.open(file, os.O_WRONLY), descriptor)
        exec(compile(errand["code"], "<string>", "exec"), {"__name__": "__main__"})
        break
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Nursery:
    """The process to fork from. Used by any number of threads, one at a time."""

    def __init__(self, worker: Worker) -> None:
        self._worker, self._lock = worker, threading.Lock()

    def run(self, code: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run code in a new process, with this environment alone, and return how it ended."""
        with self._lock, tempfile.NamedTemporaryFile("r+") as out, tempfile.NamedTemporaryFile("r+") as err:
            errand = {"code": code, "environment": dict(environment), "out": out.name, "err": err.name}
            return subprocess.CompletedProcess(code, self._worker.ask(errand), out.read(), err.read())


@functools.cache
def nursery(*modules: str, path: str = "") -> Nursery:
    """Return the one with these modules loaded, which stays until this process ends.

    `path` is a folder to import from, too.
    """
    stack = ExitStack()
    atexit.register(stack.close)
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nursery-")))
    errors = folder / "err"
    log = stack.enter_context(errors.open("wb"))
    command = [sys.executable, "-c", _SERVE, ",".join(modules)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": path}
    started = stack.enter_context(process(command, environment, folder, log))
    return Nursery(Worker("nursery", started, errors))
