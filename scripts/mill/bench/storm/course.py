"""A run: everything started, killed at random moments, left to itself, and counted."""

from __future__ import annotations

import contextlib
import json
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import mill
from mill.bench.rig.processes import process
from mill.bench.storm.effects import Effects
from mill.bench.storm.platform import WORKSPACE, Platform
from mill.bench.storm.provider import Ledger, Provider
from mill.errors import MillError
from mill.senders.posting import Signer
from mill.senders.signing import KINDS, Kind

Control = Literal["none", "answer-first", "no-once"]

_ROOT = Path(mill.__file__).parents[2]
_WORKER = _ROOT / "scripts" / "mill" / "bench" / "workers" / "webhook_worker.py"
_HANDLERS = ("tell", "note")
_ROLES = {"receiver": 0.4, "dispatcher": 0.35, "handler": 0.25}
_PAUSE = (0.02, 0.3)  # seconds between two kills
_LOOK_SECONDS = 0.2
_QUIET_LOOKS = 3
_OPEN = """SELECT (SELECT count(*) FROM webhook_event WHERE state = 'new')
    + (SELECT count(*) FROM webhook_task WHERE state IN ('due', 'running'))"""
_DEAD = "SELECT count(*) FROM webhook_task WHERE state = 'dead'"
_MOST_NAMED = 5
_TRIES, _MOMENT = 40, 0.03  # how often a job is looked for that can be killed, and the seconds in between


@dataclass
class Score:
    """What the ledgers say."""

    kills: Counter[str] = field(default_factory=Counter)
    events: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    facts: dict[str, int] = field(default_factory=dict)

    def line(self) -> str:
        """Return the last line of a run."""
        return (
            f"kills {self.kills.total()} events {self.events} lost {len(self.lost)} twice {len(self.twice)}"
        )

    def examples(self) -> list[str]:
        """Return a few of what went wrong."""
        named = [f"lost: {one}" for one in self.lost[:_MOST_NAMED]]
        return named + [f"twice: {one}" for one in self.twice[:_MOST_NAMED]]


def signers_and_resources(secret: str = "kills-secret") -> tuple[list[Signer], dict[str, dict[str, Any]]]:  # noqa: S107 - guards nothing
    """Return what signs for each kind, and the resources that verify it."""
    signers, resources = [], {}
    for kind in KINDS:
        url = f"https://hooks.example/webhooks/{kind}" if kind in ("twilio", "hubspot") else ""
        signers.append(Signer(kind, _secret(kind, secret), url))
        resources[f"f/webhooks/{kind}"] = {
            "kind": kind,
            "secret": _public(kind, secret),
            "url": url,
            "storage_key": "the storage key of events that never were",
        }
    return signers, resources


def _secret(kind: Kind, secret: str) -> str:
    return "whsec_a2lsbHMtc2VjcmV0LWtpbGxzLXNlY3JldA==" if kind == "standard" else secret


def _public(kind: Kind, secret: str) -> str:
    if kind != "sendgrid":
        return _secret(kind, secret)
    from mill.senders.signing import mock_sendgrid_public_key  # noqa: PLC0415 - loads an ASN.1 library

    return mock_sendgrid_public_key()


def routing() -> dict[str, Any]:
    """Return the routing: two handlers for every event, one of which takes many at once."""
    return {
        "routes": [
            {"handler": "f/kills/tell", "name": "tell"},
            {"handler": "f/kills/note", "name": "note", "batch": True},
        ],
        "retry": {"attempts": 50, "first_seconds": 0.2, "longest_seconds": 2.0},
    }


def measure(kills: int, *, seed: int = 1, seconds: float = 600.0, control: Control = "none") -> Score:
    """Run until there were enough kills and all is quiet. MillError after `seconds`."""
    end = time.monotonic() + seconds
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mill-kills-")))
        signers, resources = signers_and_resources()
        resources["f/webhooks/routing"] = routing()
        (folder / "results").mkdir()
        effects = stack.enter_context(Effects(seed))
        platform = stack.enter_context(Platform(folder / "results", resources, seed))
        environment = _environment(folder, platform, effects, control)
        lives = stack.enter_context(_lives(environment, platform))
        provider = stack.enter_context(Provider(_ROOT, signers, lives.port, seed))
        dice = random.Random(seed)  # noqa: S311 - moments to repeat a run with
        # What a receiver loses that answers too early is lost when it is killed, and never else.
        roles = {"receiver": 1.0} if control == "answer-first" else _ROLES
        killer = _Killer(platform, lives, dice, end, roles)
        killer.kill(kills)
        provider.stop_making()
        _calm(folder, platform, provider, end)
        score = _score(provider.ledger, effects, platform)
        score.kills["receiver"] = killer.receivers
        score.facts["dead letters"] = _asked(folder, _DEAD)
        return score


@dataclass
class _Lives:
    """The two processes that fork what is killed."""

    receiver: subprocess.Popen[str]
    jobs: subprocess.Popen[str]
    port: int

    def tell(self, which: Literal["receiver", "jobs"], order: Mapping[str, Any]) -> None:
        """Send an order."""
        pipe = getattr(self, which).stdin
        pipe.write(json.dumps(order) + "\n")
        pipe.flush()


def _environment(folder: Path, platform: Platform, effects: Effects, control: Control) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": f"{_ROOT}{os.pathsep}{_ROOT / 'scripts'}",
        "HOME": str(folder),
        "WM_WORKSPACE": WORKSPACE,
        "WM_TOKEN": "kills",
        "BASE_INTERNAL_URL": platform.url,
        "NO_PROXY": "*",
        "MILL": "1",  # this is no server, which would be asked for a data table
        "NOTIFY_ROUTING": "off",  # the trouble is made on purpose: nobody is told of it
        "KILLS_FOLDER": str(folder / "results"),
        "KILLS_LOG": str(folder / "log"),
        "KILLS_EFFECTS": effects.url,
        "KILLS_CONTROL": control,
    }


@contextlib.contextmanager
def _lives(environment: Mapping[str, str], platform: Platform) -> Iterator[_Lives]:
    command = [sys.executable, str(_WORKER)]
    with (
        process([*command, "receiver"], environment, _ROOT) as receiver,
        process([*command, "jobs"], environment, _ROOT) as jobs,
    ):
        assert receiver.stdout is not None
        assert jobs.stdout is not None
        first = receiver.stdout.readline()
        if not first:
            raise MillError("The receiver does not start; see above.", exit_code=1)
        lives = _Lives(receiver, jobs, json.loads(first)["port"])
        lock = threading.Lock()

        def start(order: Mapping[str, Any]) -> None:
            with lock:
                lives.tell("jobs", order)

        def hear() -> None:
            assert jobs.stdout is not None
            with contextlib.suppress(ValueError):  # closed, as the run is over
                for line in jobs.stdout:
                    facts = json.loads(line)
                    platform.ended(facts["ended"], killed=facts["killed"])

        platform.start = start
        ears = threading.Thread(target=hear, daemon=True)
        ears.start()
        try:
            yield lives
        finally:
            platform.start = lambda _order: None
            jobs.kill()
            ears.join()


class _Killer:
    """Kills one after the other, at random moments, until there were enough."""

    def __init__(
        self, platform: Platform, lives: _Lives, dice: random.Random, end: float, roles: Mapping[str, float]
    ) -> None:
        self._platform, self._lives, self._dice, self._end = platform, lives, dice, end
        self._roles = roles
        self.receivers = 0

    def kill(self, wanted: int) -> None:
        """Go on until so many were killed while they worked. MillError when the time is over."""
        while self.receivers + self._platform.ledger.kills.total() < wanted:
            role = self._dice.choices(list(self._roles), list(self._roles.values()))[0]
            self._pause(self._dice.uniform(*_PAUSE))
            if role == "receiver":
                self._kill_receiver()
            else:
                self._kill_job(role)

    def _pause(self, seconds: float) -> None:
        if time.monotonic() > self._end:
            raise MillError("The time for the run is over; give it more with --seconds.", exit_code=1)
        self._platform.keep_schedule()
        time.sleep(seconds)

    def _kill_receiver(self) -> None:
        self._lives.tell("receiver", {"kill": True})
        assert self._lives.receiver.stdout is not None
        assert json.loads(self._lives.receiver.stdout.readline())["killed"]
        self.receivers += 1

    def _kill_job(self, role: str) -> None:
        """Kill a job. It counts if it was still running when the signal came; else the next one is tried."""
        before = self._platform.ledger.kills[role]
        for _ in range(_TRIES):
            running = self._platform.running(dispatchers=role == "dispatcher")
            if running:
                self._platform.start({"kill": self._dice.choice(running)})
            self._pause(self._dice.uniform(0, _MOMENT))
            if self._platform.ledger.kills[role] > before:
                return


def _calm(folder: Path, platform: Platform, provider: Provider, end: float) -> None:
    """Let it come to rest: all events accepted, nothing to do in the store, no job."""
    quiet = 0
    while quiet < _QUIET_LOOKS:
        if time.monotonic() > end:
            raise MillError(
                f"It did not come to rest: {_open_work(folder)} pieces of work are open. "
                "Give it more time with --seconds.",
                exit_code=1,
            )
        still = provider.is_done() and not _open_work(folder) and platform.is_idle()
        quiet = quiet + 1 if still else 0
        if not still:
            platform.keep_schedule()
        time.sleep(_LOOK_SECONDS)


def _open_work(folder: Path) -> int:
    return _asked(folder, _OPEN)


def _asked(folder: Path, sql: str) -> int:
    file = folder / ".millwright" / "webhooks.sqlite"
    if not file.exists():
        return 0
    with contextlib.closing(sqlite3.connect(file, timeout=10)) as store:
        try:
            return int(store.execute(sql).fetchone()[0])
        except sqlite3.OperationalError:
            return 0  # no tables yet


def _score(ledger: Ledger, effects: Effects, platform: Platform) -> Score:
    accepted = ledger.accepted()
    score = Score(kills=Counter(platform.ledger.kills), events=len(accepted))
    wanted = [f"{handler}:{effect}" for one in accepted for effect in one.effects for handler in _HANDLERS]
    score.lost = [key for key in wanted if not effects.counts[key]]
    score.twice = [key for key, count in effects.counts.items() if count > 1]
    score.facts = {
        **dict(sorted(ledger.counts.items())),
        "effects": effects.counts.total(),
        **{f"effect {name}": count for name, count in sorted(effects.answers.items())},
        **dict(sorted(platform.ledger.counts.items())),
    }
    return score
