"""Who answers a suspended flow: `--approve`, the person at the terminal, or nobody but its resume URL."""

from __future__ import annotations

import itertools
import select
import sys
import uuid

from rich.console import Console

from mill.engine.jobs.approvals import Approver, Request
from mill.ports import Resume
from mill.terminal.display import Display
from mill.terminal.options import Options
from mill.terminal.show import show_description


def choose_approver(options: Options, display: Display) -> Approver | None:
    """Return what answers a suspended flow; None if only its resume URL does."""
    if options.approve:
        numbers = itertools.count()
        return lambda _request: Resume(next(numbers), approved=True, approver="mill --approve")
    if sys.stdin.isatty() and sys.stderr.isatty() and not options.silent:
        return lambda request: _ask(request, display)
    return None


def _ask(request: Request, display: Display) -> Resume | None:
    """Show what there is to decide on, and ask until there is an answer or none is needed any more."""
    with display.paused():
        show_description(request.description, Console(file=sys.stderr))
        sys.stderr.write(f"\nApprove after step {request.step_id}? [y]es, [n]o, [w]ait for its resume URL: ")
        sys.stderr.flush()
        while not select.select([sys.stdin], [], [], 0.2)[0]:
            if request.is_over():
                return None
        answer = sys.stdin.readline().strip().lower()[:1]
    if answer in {"y", "n"}:
        return Resume(uuid.uuid4().int >> 96, approved=answer == "y", approver="terminal")
    return None
