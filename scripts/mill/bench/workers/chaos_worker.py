"""Runs imports in processes that may be killed: `python chaos_worker.py`, one JSON object a line.

It forks a process for each request {"args", "result", "environment"}: that process adds to its environment,
calls `create_customers.main(**args)` and leaves what it returned in the file `result`. Answers {"pid"} at
once and {"killed"} when it has ended. Forking what is imported already makes a life of an import start in
milliseconds. Ends with its input.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import f.connect.transport.async_runner  # noqa: F401 - else every life would spend its first tenths importing it
from f.customers.create_customers import main
from f.records.journal import owner

# A job that is dead or stopped is taken for dead after this time: nobody wants to wait longer here.
owner.LEASE_SECONDS = 1.0


def serve() -> None:
    """Answer until the input ends."""
    pid = None
    for line in sys.stdin:
        if pid is not None:
            os.waitpid(pid, 0)
        request = json.loads(line)
        pid = os.fork()
        if pid == 0:
            live(request)
        say({"pid": pid})
        # It stays a zombie until the next request, so that no one else gets its id while it may be killed.
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert ended is not None
        say({"killed": ended.si_code == os.CLD_KILLED})


def live(request: dict[str, Any]) -> None:
    """Import, leave the result, and be gone without the parent's cleaning up."""
    status = 1
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        os.environ.update(request["environment"])
        result = Path(request["result"])
        draft = result.with_suffix(".new")
        draft.write_text(json.dumps(main(**request["args"])), "utf-8")
        draft.replace(result)
        status = 0
    finally:
        sys.stderr.flush()
        os._exit(status)


def say(answer: dict[str, int | bool]) -> None:
    """One line."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    serve()
