"""A whole check of a server: what is asked for, and the report of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from mill.conformance import job_ids
from mill.conformance.doors import GROUP as DOORS
from mill.conformance.doors import ROUTES, WEBHOOKS, door_tasks
from mill.conformance.folder import own_folder
from mill.conformance.plans import Plan, all_plans
from mill.conformance.probes import (
    DATA_TABLES,
    IMPORT_RULE,
    MAIN_JOB,
    TABLE_RULES,
    data_table_tasks,
    main_job_tasks,
)
from mill.conformance.report import Report
from mill.conformance.runner import Bench, Task, Told, run_all, tasks
from mill.conformance.server import Remote, Server
from mill.errors import MillError

Say = Callable[[str], None]
_PROBES: tuple[tuple[str, Sequence[str], Callable[[Bench], list[Task]]], ...] = (
    (DOORS, [door.rule for door in (*WEBHOOKS, *ROUTES)], door_tasks),
    (job_ids.GROUP, job_ids.RULES, job_ids.job_id_tasks),
    (MAIN_JOB, [IMPORT_RULE], main_job_tasks),
    (DATA_TABLES, TABLE_RULES, data_table_tasks),
)


@dataclass(frozen=True, slots=True)
class Order:
    """What to check: rows whose `table: rule` matches `only`; `at_once` jobs, each `seconds` at most."""

    only: str | None = None
    at_once: int = 8
    seconds: float = 60.0


def check_server(remote: Remote, order: Order, say: Say, told: Told) -> Report:
    """Check a server. MillError where it cannot be checked; what it created is gone afterwards."""
    plans = [plan for plan in all_plans() if _wanted(order.only, plan.group, plan.rule)]
    probes = _probes(order.only)
    if not plans and not probes:
        raise MillError(f"No rule matches --only {order.only!r}: give a part of `table: rule`.")
    server = Server(remote)
    try:
        version = server.version()
        server.check_access()
        with own_folder(server) as folder:
            say(f"{version}: {_size(plans)} in {folder.path}, which is removed at the end.")
            bench = Bench(server, folder, order.seconds, is_mill=version.startswith("mill"))
            work: list[Task] = [*tasks(bench, plans), *(task for make in probes for task in make(bench))]
            findings = run_all(server, work, order.at_once, told)
    finally:
        server.close()
    places = {(plan.group, plan.rule): number for number, plan in enumerate(plans)}
    findings.sort(key=lambda one: (places.get((one.group, one.rule), len(plans)), one.where))
    return Report(remote.url, remote.workspace, version, findings)


def _probes(only: str | None) -> list[Callable[[Bench], list[Task]]]:
    """Return the probes of which a rule is asked for; each runs as a whole."""
    return [make for group, rules, make in _PROBES if any(_wanted(only, group, rule) for rule in rules)]


def _wanted(only: str | None, group: str, rule: str) -> bool:
    if only is None:
        return True
    name, pattern = f"{group}: {rule}".lower(), only.lower()
    return fnmatchcase(name, pattern) if any(mark in pattern for mark in "*?") else pattern in name


def _size(plans: list[Plan]) -> str:
    if not plans:
        return "checked"
    return f"{len(plans)} rule{'' if len(plans) == 1 else 's'}, each deployed and as a preview,"
