"""Strangers in a process of their own, and what they truly did, for whoever measures."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import mill
from mill.bench.rig.processes import process, read_line
from mill.bench.rig.strangers.behaviour import Behaviour

_SCRIPTS = Path(mill.__file__).parents[1]
# What is still to be committed is waited for so long.
_LANDING_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Books:
    """A ledger as it was read: each commit, and each customer that is there."""

    commits: Sequence[Mapping[str, Any]]
    records: Sequence[Mapping[str, Any]]
    dropped: Sequence[str]
    replies: Mapping[str, int]
    requests: int
    pending: int
    now: float

    def held(self) -> Counter[str]:
        """Return how many customers there are with each e-mail, in lower case."""
        return Counter(record["email"].casefold() for record in self.records)

    def committed(self) -> Counter[str]:
        """Return how often each e-mail, in lower case, was created or changed by who is measured."""
        return Counter(one["email"].casefold() for one in self.commits if one["operation"] != "seed")

    def sent(self) -> dict[str, Mapping[str, Any]]:
        """Return the values that each customer got last, as they were sent, by e-mail in lower case."""
        there = {record["id"] for record in self.records}
        return {one["email"].casefold(): one["values"] for one in self.commits if one["id"] in there}

    def ids(self) -> dict[str, set[str]]:
        """Return the ids of the customers with each e-mail, in lower case."""
        found: dict[str, set[str]] = {}
        for record in self.records:
            found.setdefault(record["email"].casefold(), set()).add(record["id"])
        return found


class Acquaintance:
    """One stranger, from outside."""

    def __init__(self, server: str, name: str) -> None:
        self._server, self._name = server, name
        self.url = f"{server}/{name}"

    def change(self, **behaviour: Any) -> None:
        """Give it other habits; its ledger stays."""
        self._ask("PATCH", behaviour)

    def seed(self, customers: list[dict[str, Any]]) -> None:
        """Let it have customers from before."""
        self._ask("POST", customers)

    def books(self) -> Books:
        """Return its ledger, once everything that is on the way to it has arrived."""
        end = time.monotonic() + _LANDING_SECONDS
        while True:
            read = Books(**self._ask("GET"))
            if not read.pending or time.monotonic() > end:
                return read
            time.sleep(0.01)

    def _ask(self, method: str, body: Any = None) -> Any:
        return ask(self._server, method, f"/_/{self._name}", body)


class Strangers:
    """The process that serves them."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._numbers = itertools.count(1)

    def meet(self, behaviour: Behaviour) -> Acquaintance:
        """Return a new API that behaves so and has an empty ledger."""
        name = f"s{os.getpid()}-{next(self._numbers)}"
        ask(self._server, "PUT", f"/_/{name}", behaviour.to_json())
        return Acquaintance(self._server, name)


@contextlib.contextmanager
def strangers() -> Iterator[Strangers]:
    """A process of strangers for the length of the `with`."""
    command = [sys.executable, "-m", "mill.bench.rig.strangers.server"]
    environment = {**os.environ, "PYTHONPATH": str(_SCRIPTS)}
    with process(command, environment, _SCRIPTS) as started:
        yield Strangers(read_line(started, "strangers"))


def ask(server: str, method: str, path: str, body: Any = None) -> Any:
    """Make one control call."""
    host = urlsplit(server).netloc
    connection = http.client.HTTPConnection(host, timeout=30)
    try:
        connection.request(method, path, None if body is None else json.dumps(body))
        answer = connection.getresponse()
        read = json.loads(answer.read())
    finally:
        connection.close()
    if answer.status != 200:
        raise ValueError(f"{method} {path}: {read}")
    return read
