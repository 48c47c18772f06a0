"""Runs the plans on a server, several at once, and gathers what became of each."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Literal

from mill.conformance.folder import Folder
from mill.conformance.judge import Difference, Ended, difference, shortened
from mill.conformance.plans import Plan, placed
from mill.conformance.rules.case import Ending
from mill.conformance.server import Hung, NoAnswer, Refused, Server, Stopped

Place = Literal["deployed", "preview"]
_HANGS_SECONDS = 15.0  # without an end a flow counts as one that hangs
PLACES: tuple[Place, ...] = ("deployed", "preview")


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one row in one place: it agrees, it differs, or it was not run for a reason."""

    group: str
    rule: str
    where: str
    differs: Difference | None = None
    not_run: str = ""


Task = Callable[[], list[Finding]]
Told = Callable[[int, int, int], None]  # how many tasks have ended, of how many, and how many rows differ


@dataclass(frozen=True, slots=True)
class Bench:
    """Where plans are run: a server, a folder on it, and the seconds a run may take beside its own waits.

    `is_mill`: the server is `mill serve`, which runs a preview as if it were deployed and refuses what hangs.
    """

    server: Server
    folder: Folder
    seconds: float
    is_mill: bool = False


def tasks(bench: Bench, plans: Iterable[Plan]) -> list[Task]:
    """Return one task for each plan and place; the longest first, so that none is left over at the end."""
    listed = sorted(plans, key=lambda plan: -plan.seconds)
    return [functools.partial(_run, bench, plan, place) for plan in listed for place in PLACES]


def run_all(server: Server, work: Sequence[Task], at_once: int, told: Told) -> list[Finding]:
    """Run the tasks, `at_once` at a time. KeyboardInterrupt ends those that run, and is raised again."""
    findings: list[Finding] = []
    differing = 0
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="conformance")
    try:
        pending: set[Future[list[Finding]]] = {pool.submit(task) for task in work}
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                found = future.result()
                differing += sum(one.differs is not None for one in found)
                findings += found
            told(len(work) - len(pending), len(work), differing)
    finally:  # an interruption, or a defect in a task
        server.stopping.set()
        pool.shutdown(cancel_futures=True)
        server.stopping.clear()
    return findings


def guarded(group: str, rule: str, where: str, run: Callable[[], Difference | None]) -> Finding:
    """Return what became of a run: one that hangs, is refused or gets no answer differs."""
    try:
        differs = run()
    except (Hung, Refused, NoAnswer) as error:
        differs = Difference("an end", shortened(str(error)))
    except Stopped:
        return Finding(group, rule, where, not_run="interrupted")
    return Finding(group, rule, where, differs)


def _run(bench: Bench, plan: Plan, place: Place) -> list[Finding]:
    expected, reason = _expected(bench, plan, place)
    if expected is None:
        return [Finding(plan.group, plan.rule, place, not_run=reason)]
    return [guarded(plan.group, plan.rule, place, lambda: _difference(bench, plan, place, expected))]


def _expected(bench: Bench, plan: Plan, place: Place) -> tuple[Ending | None, str]:
    """Return how a run must end, or why it is not run."""
    if plan.not_run:
        return None, plan.not_run
    if plan.hangs and bench.is_mill:
        return None, "hangs on Windmill, so `mill` refuses it by name"
    if place == "deployed" or plan.preview is plan.deployed:
        return plan.deployed, ""
    if isinstance(plan.preview, str):
        return None, plan.preview
    return (None, "`mill` runs a preview as if it were deployed") if bench.is_mill else (plan.preview, "")


def _difference(bench: Bench, plan: Plan, place: Place, expected: Ending) -> Difference | None:
    folder, args = bench.folder, placed(plan.args, bench.folder.path)
    counter = folder.new_path("count") if plan.counts else None
    if counter is not None:
        folder.create_resource(counter, {})
        args = {**args, "folder": counter}
    path = folder.new_path("case")
    body = placed(plan.body, folder.path)
    begin = _deployed if place == "deployed" else _preview
    try:
        ended = begin(bench, plan, path, body, args)
    except Hung:
        if plan.hangs:
            return None
        raise
    finally:
        if counter is not None and not bench.server.stopping.is_set():
            folder.delete("resource", counter)
    if plan.hangs:
        return Difference("no end", shortened(f"an end: {ended.result!r}"))
    return difference(expected, ended, folder.path)


def _deployed(bench: Bench, plan: Plan, path: str, body: Any, args: dict[str, Any]) -> Ended:
    folder = bench.folder
    if plan.kind == "flow":
        folder.deploy_flow(path, body)
    else:
        folder.deploy_script(path, body, packages=plan.packages)
    ended = _ended(bench, plan, f"jobs/run/{'f' if plan.kind == 'flow' else 'p'}/{path}", args)
    folder.delete(plan.kind, path)  # where a run fails, the folder is emptied at the end
    return ended


def _preview(bench: Bench, plan: Plan, path: str, body: Any, args: dict[str, Any]) -> Ended:
    if plan.kind == "flow":
        return _ended(bench, plan, "jobs/run/preview_flow", {"path": path, "value": body, "args": args})
    tried = {"path": path, "content": body, "language": "python3", "args": args}
    return _ended(bench, plan, "jobs/run/preview", tried)


def _ended(bench: Bench, plan: Plan, path: str, body: dict[str, Any]) -> Ended:
    begun = time.monotonic()
    job = bench.server.post(path, body)
    seconds = _HANGS_SECONDS if plan.hangs else bench.seconds + 2 * plan.seconds
    ended = bench.server.wait(str(job), seconds)
    return Ended(ended.success, ended.result, time.monotonic() - begun)
