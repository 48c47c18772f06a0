"""Many processes over one store, forked from one that has the modules loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import Any

from f.connect.calls.message import Request, Response
from f.customers.targets.customer_api import open_target
from f.records.sending.parking import ParkingClient
from f.store.stores import postgres_store, sqlite_store
from tests.forks import forks

_SECONDS = 60


class Jobs:
    """Processes that import into one target: each is ready before any of them begins.

    They are forked before they open anything.
    """

    def __init__(self, where: str, api: Mapping[str, Any], count: int, posts: int) -> None:
        context = forks()
        self._ends: list[Connection] = []
        self._processes = []
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=send, args=(where, dict(api), posts, theirs), daemon=True)
            process.start()
            theirs.close()
            self._ends.append(ours)
            self._processes.append(process)
        assert [self._said(end) for end in self._ends] == ["ready"] * count

    def run(self) -> Counter[str]:
        """Let all begin at once, and return how their calls ended, added up."""
        for end in self._ends:
            end.send("go")
        ends: Counter[str] = Counter()
        for end, process in zip(self._ends, self._processes, strict=True):
            ends.update(self._said(end))
            process.join(_SECONDS)
            assert process.exitcode == 0
        return ends

    @staticmethod
    def _said(end: Connection) -> Any:
        assert end.poll(_SECONDS)
        return end.recv()


def send(where: str, api: dict[str, Any], posts: int, end: Connection) -> None:
    """Be one of them: open the store and the target, wait for the word, and send."""
    shared = postgres_store(where) if "://" in where else sqlite_store(where)
    with shared as store, ParkingClient(open_target(api), store, park_after=300) as client:
        end.send("ready")
        end.recv()
        requests = (Request(method="POST", path="/customers", json={"n": n}) for n in range(posts))
        ends = Counter(
            str(result.status) if isinstance(result, Response) else str(result.code)
            for _, result in client.send_many(requests, 4)
        )
    end.send(ends)
