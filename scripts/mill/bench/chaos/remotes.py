"""The APIs imports go into, and their ledgers as a witness reads them."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from mill.bench.chaos.courses import LATENCY, TWIN_FAULTS, Course, Faults
from mill.bench.chaos.lives import ROOT
from mill.bench.rig.processes import process, read_line
from mill.bench.rig.strangers.client import Acquaintance, Strangers, strangers
from mill.bench.rig.witness import Facts


class Remote(Protocol):
    """An API for one file."""

    url: str

    def facts(self, emails: Sequence[str]) -> Facts:
        """Return what the ledger says, once what is on the way to it has arrived."""


class Service(Protocol):
    """What serves the APIs of a course."""

    def open(self, course: Course, faults: Faults, seed: int) -> Remote:
        """Return an API that behaves as the course says and has an empty ledger."""


class _Twin:
    """A twin: its ledger says who is never there and who twice."""

    def __init__(self, server: str, name: str) -> None:
        self.url = f"{server}/{name}"

    def facts(self, emails: Sequence[str]) -> Facts:
        """Count a customer who is there more often as there twice."""
        check = self.ask("POST", "_ledger/check", {"keys": list(emails)})
        held = dict.fromkeys((email.casefold() for email in emails), 1)
        held.update(dict.fromkeys(map(str.casefold, check["never"]), 0))
        held.update(dict.fromkeys(map(str.casefold, check["twice"]), 2))
        return Facts(held, held)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Steer or question it."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - our own twin on loopback
            f"{self.url}/{path}", data, {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310 - as above
            return json.load(reply)


class TwinService:
    """All twins, in one process. One course at a time: a twin has one ledger."""

    def __init__(self, server: str) -> None:
        self._server = server

    def open(self, course: Course, faults: Faults, seed: int) -> Remote:
        """Set the twin up anew."""
        twin = _Twin(self._server, course.twin)
        twin.ask("PUT", "_settings", course.twin_settings)
        twin.ask("DELETE", "_ledger")
        chosen: dict[str, Any] = dict(TWIN_FAULTS) if faults == "all" else {}
        if chosen:
            chosen["rates"] = {**TWIN_FAULTS["rates"], **course.own_faults}
        twin.ask("PUT", "_faults", {**chosen, "seed": seed, "latency_ms": LATENCY * 1000})
        return twin


class _Stranger:
    """A stranger: its ledger says all it did."""

    def __init__(self, met: Acquaintance) -> None:
        self._met, self.url = met, met.url

    def facts(self, emails: Sequence[str]) -> Facts:  # noqa: ARG002 - it has no others
        """Return all of it."""
        books = self._met.books()
        return Facts(books.held(), books.committed(), books.sent(), books.ids())


class StrangerService:
    """Strangers, each met once."""

    def __init__(self, town: Strangers) -> None:
        self._town = town

    def open(self, course: Course, faults: Faults, seed: int) -> Remote:  # noqa: ARG002 - they have their own
        """Meet one."""
        return _Stranger(self._town.meet(dataclasses.replace(course.behaviour, seed=seed)))


@contextmanager
def twin_service(folder: Path, seconds: float) -> Iterator[Service]:
    """Serve twins for the length of the `with`."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'scripts'}"}
    command = [sys.executable, "-m", "mill.twins.serve", "--port", "0"]
    command += ["--state", str(folder / "twins"), "--seconds", str(seconds + 60)]
    with process(command, environment, ROOT) as started:
        yield TwinService(read_line(started, "twins"))


@contextmanager
def stranger_service(folder: Path, seconds: float) -> Iterator[Service]:  # noqa: ARG001 - they end with this process
    """Serve strangers for the length of the `with`."""
    with strangers() as town:
        yield StrangerService(town)
