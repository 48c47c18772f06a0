"""Sending customers to a loopback API, ours beside what one would write instead: rows a second of each.

Every way runs in a process of its own, and round by round all of them take their turn at the same file.
After each turn the API is asked whether every row arrived, and once.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Protocol, Self

from mill.api.server import LocalApi
from mill.api.storage.data_tables import SETTING
from mill.api.storage.objects import put_file
from mill.bench.rig import dataset
from mill.bench.rig.errand import Errand
from mill.bench.rig.processes import Worker, process, read_line
from mill.errors import MillError
from mill.ports import Jobs, Target
from mill.repository.workspace import Workspace
from mill.session import Session

DELAY = 0.02
AT_ONCE = 64
ROUNDS = 5
JOBS = 4  # of a flow, at the same time
# A flow's form goes from 1 to 100,000; at its default of 500 a job's start and its first request, which goes
# alone, would weigh more than its rows.
CHUNK_ROWS = 10_000
LIMIT, BURST = 50, 5  # requests a second, and how many of them may go at once
_WARM_UP_ROWS = 100
_JOB = Target("preview", "bench", "def main():\n    pass\n")
_HERE = Path(__file__).parent

Rates = Mapping[str, list[float]]


def rates_by_row(root: Path, rows: int) -> Rates:
    """Return rows a second where each row is a request of its own. The slow ways are given fewer rows.

    Of the flow's jobs as many send side by side as it lets by default, a few chunks each, and together they
    have as many requests under way as each of the others. `job` is one of them alone, with all of those.
    """
    shares = {"by_threads": 5, "by_loop": 100}
    with Stage(root) as stage:
        api, settings = stage.api(), {"max_concurrent_requests": max(1, AT_ONCE // JOBS)}
        ways: dict[str, Way] = {
            "jobs": SideBySide(_warm_jobs(stage, stage.api(settings)), settings),
            "job": stage.worker("jobs"),
            **{way: stage.worker(way) for way in ("by_asyncio", *shares)},
        }
        return stage.in_turns(
            ways, rows, api=api, shares=shares, first=1 + JOBS, chunk_rows=max(1, rows // (2 * JOBS))
        )


def rates_in_batches(root: Path, rows: int) -> Rates:
    """Return rows a second from the file to an API that takes a hundred rows a request."""
    with Stage(root) as stage:
        api = stage.api(batches=True)
        jobs, parse = SideBySide(_warm_jobs(stage, api)), stage.worker("parse")
        ways: dict[str, Way] = {
            "flow": Flow(parse, jobs),
            "later": Flow(parse, Later(jobs)),
            "by_asyncio_in_batches": stage.worker("by_asyncio_in_batches"),
        }
        return stage.in_turns(ways, rows, api=api, first=1 + JOBS)


def rates_of_journals(root: Path, rows: int, database: str, *, batches: bool) -> Rates:
    """Return the rows a second with no journal, and one in a SQLite file, in Postgres, in a data table.

    The latter two need a Postgres.
    """
    with Stage(root, data_table=database) as stage:
        journals: dict[str, Way] = {"sqlite": stage.worker("with_journal")}
        if database:
            journals["postgres"] = stage.worker("with_journal")
            journals["data_table"] = stage.worker("with_journal", more={"MILL_DATA_TABLES": "1"})
        later: dict[str, Way] = {f"{name}_later": Later(way) for name, way in journals.items()}
        return stage.in_turns(
            {"none": stage.worker("without_journal"), **journals, **later},
            rows,
            api=stage.api(batches=batches),
            # A turn takes a third of a second then, and what else the machine does as much again.
            rounds=3 * ROUNDS if batches else ROUNDS,
            databases=dict.fromkeys(("postgres", "postgres_later"), database),
        )


def limited(root: Path, rows: int) -> Mapping[str, float]:
    """Return what a server that enforces the limit counts of a few jobs that share it.

    It takes as many requests in any second as the settings allow: the limit and one burst.
    """
    settings = {"rate_limit": {"max_requests": LIMIT, "burst_size": BURST}, "max_concurrent_requests": 10}
    with Stage(root, most=LIMIT + BURST) as stage:
        api, each = stage.api(settings), rows // JOBS
        workers = _warm_jobs(stage, api)
        errands = [stage.errand(1 + JOBS + number * each, each, api) for number in range(JOBS)]
        for worker, errand in zip(workers, errands, strict=True):
            worker.begin(_at(errand, "limited"))  # a limit holds for an account
        for worker in workers:
            worker.end()
        return stage.ledger("jobs under a limit", each * JOBS)


class Way(Protocol):
    """Carries out an errand, and answers in how many seconds."""

    def ask(self, errand: Errand) -> Any:
        """Have it done."""


def _warm_jobs(stage: Stage, api: Mapping[str, Any]) -> list[Worker]:
    """Processes that send as the flow's jobs do and share a journal; each has sent one of the first rows."""
    jobs = [stage.worker("jobs", home="shared") for _ in range(JOBS)]
    for number, job in enumerate(jobs, 1):
        job.ask(stage.errand(number, 1, api))
    stage.ledger("jobs that warm up", JOBS)
    return jobs


class Later:
    """A way that always sends to the same account, of which its journal knows rows: a later import."""

    def __init__(self, way: Way) -> None:
        self._way = way

    def ask(self, errand: Errand) -> Any:
        """Have it done."""
        return self._way.ask(_at(errand, "known"))


def _at(errand: Errand, account: str) -> Errand:
    return {**errand, "api": _with(errand["api"], {"account": account})}


class SideBySide:
    """The flow's jobs, each of which takes the next chunk once it has sent one.

    `settings` are their own, beside those of the errand.
    """

    def __init__(self, jobs: Sequence[Way], settings: Mapping[str, Any] | None = None) -> None:
        self._jobs, self._settings = jobs, settings

    def ask(self, errand: Errand) -> Any:
        """From the first chunk's start to the last one's end."""
        started = time.perf_counter()
        free: SimpleQueue[Way] = SimpleQueue()
        for job in self._jobs:
            free.put(job)

        def send(chunk: Any) -> None:
            job = free.get()
            api = _with(errand["api"], self._settings or {})
            job.ask({**errand, "chunks": [chunk], "api": api})
            free.put(job)

        with ThreadPoolExecutor(len(self._jobs)) as pool:
            list(pool.map(send, errand["chunks"]))
        return {"seconds": time.perf_counter() - started}


class Flow:
    """What the flow does with a file: one job reads and checks it, then jobs send its chunks side by side."""

    def __init__(self, parse: Way, jobs: Way) -> None:
        self._parse, self._jobs = parse, jobs

    def ask(self, errand: Errand) -> Any:
        """From the file to the last job's end."""
        started = time.perf_counter()
        self._jobs.ask({**errand, "chunks": self._parse.ask(errand)["result"]})
        return {"seconds": time.perf_counter() - started}


class Stage:
    """A customer API, the workspace's storage and the processes that send, each ended with its block."""

    def __init__(
        self, root: Path, *, delay: float = DELAY, most: int | None = None, data_table: str = ""
    ) -> None:
        self._root, self._delay, self._most, self._data_table = root, delay, most, data_table
        self._numbers = itertools.count(1)
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mill-bench-")))
            self._platform = stack.enter_context(
                platform(self._root, self._folder / "state", self._data_table)
            )
            arguments = [str(self._delay), *([str(self._most)] if self._most else [])]
            command = [sys.executable, str(_HERE / "rig" / "customer_server.py"), *arguments]
            server = stack.enter_context(process(command, os.environ, self._root))
            self._url = f"http://127.0.0.1:{read_line(server, 'customer API')}"
            self._stack = stack
            self._preparing = self.worker("prepare")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def api(self, settings: Mapping[str, Any] | None = None, *, batches: bool = False) -> dict[str, Any]:
        """Return the resource of the API, with settings as for one that bears a lot."""
        return {
            "kind": "generic",
            "base_url": self._url,
            "authentication": {"type": "bearer_token", "token": "bench"},
            "endpoints": {"batch": "/customers/batch"} if batches else {},
            "settings": settings or {"max_concurrent_requests": AT_ONCE},
        }

    def worker(self, way: str, home: str = "", more: Mapping[str, str] | None = None) -> Worker:
        """Return a process that sends one way, with a home of its own unless it shares one.

        `more`: what its environment has besides.
        """
        number = next(self._numbers)
        folder = self._folder / (home or f"home-{number}")
        folder.mkdir(exist_ok=True)
        errors = self._folder / f"{way}-{number}.log"
        log = self._stack.enter_context(errors.open("wb"))
        environment = {
            "PATH": os.defpath,
            "PYTHONPATH": str(self._root),
            "HOME": str(folder),
            **self._platform,
            **(more or {}),
        }
        command = [sys.executable, str(_HERE / "workers" / "sending_worker.py"), way]
        started = self._stack.enter_context(process(command, environment, self._root, log))
        return Worker(way, started, errors)

    def in_turns(
        self,
        workers: Mapping[str, Way],
        rows: int,
        api: Mapping[str, Any],
        *,
        shares: Mapping[str, int] | None = None,
        databases: Mapping[str, str] | None = None,
        first: int = 1,
        chunk_rows: int = CHUNK_ROWS,
        rounds: int | None = None,
    ) -> Rates:
        """Return rows a second of each, round by round, after one round that does not count.

        `shares`: a way sends only one in so many of the rows. `first` is the number of the first customer.
        """
        rates: dict[str, list[float]] = {name: [] for name in workers}
        for number in range((rounds or ROUNDS) + 1):
            count = rows if number else min(rows, _WARM_UP_ROWS)
            errand = self.errand(first, count, api, chunk_rows)
            first += count
            for name, worker in workers.items():
                part = max(1, count // (shares or {}).get(name, 1))
                database = (databases or {}).get(name, "")
                answer = worker.ask({**errand, "rows": part, "database": database})
                self.ledger(name, part)
                if number:
                    rates[name].append(part / answer["seconds"])
        return rates

    def errand(self, first: int, rows: int, api: Mapping[str, Any], chunk_rows: int = CHUNK_ROWS) -> Errand:
        """Put a file of new customers into the storage, and the forms the ways take it in beside it.

        The account is new as well: no journal knows anything of it.
        """
        name = f"{first:08}"
        file = self._folder / f"{name}.csv"
        with file.open("w", encoding="utf-8", newline="") as text:
            text.writelines(dataset.to_csv(dataset.clean_rows(rows, first=first)))
        put_file(self._folder / "state", file.name, file)
        errand = Errand(
            api=_with(api, {"account": name}),
            file=file.name,
            csv=str(file),
            records=str(self._folder / f"{name}.jsonl"),
            chunks=[],
            rows=rows,
            chunk_rows=chunk_rows,
            at_once=AT_ONCE,
            import_id=name,
            database="",
        )
        return {**errand, "chunks": self._preparing.ask(errand)["result"]}

    def ledger(self, who: str, rows: int) -> dict[str, float]:
        """Return what the API has counted since the last time; MillError unless each row arrived once."""
        request = urllib.request.Request(f"{self._url}/_ledger", data=b"")  # noqa: S310 - our own server
        with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310 - as above
            ledger: dict[str, float] = json.load(reply)
        if not ledger["rows"] == ledger["customers"] == rows:
            raise MillError(
                f"The measurement {who!r} is void: of {rows} rows {ledger['customers']} arrived, and "
                f"{ledger['rows'] - ledger['customers']} of them once more.",
                exit_code=1,
            )
        return ledger


def _with(api: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The resource, with settings beside those it has."""
    return {**api, "settings": {**api["settings"], **settings}}


@contextlib.contextmanager
def platform(root: Path, state: Path, data_table: str = "") -> Iterator[Mapping[str, str]]:
    """The loopback API with its object storage: the environment in which a job finds it.

    `data_table`: the Postgres in which its data table lies, if it is to have one.
    """

    def api(jobs: Jobs, workspace: Workspace, state: Path) -> LocalApi:
        return LocalApi(workspace.root, state, jobs, environment={f"{SETTING}MAIN": data_table})

    with Session(Workspace(root), state, platform=api) as session:
        job = session.engine.start(_JOB, {})  # there must be one whose progress can be told
        session.engine.wait(job)
        yield {
            "BASE_INTERNAL_URL": session.platform.url,
            "WM_BASE_URL": session.platform.url,
            "WM_TOKEN": session.platform.token,
            "WM_WORKSPACE": session.platform.workspace_id,
            "WM_JOB_ID": job,
            "MILL": "1",
        }
