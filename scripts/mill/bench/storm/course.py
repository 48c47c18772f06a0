"""A run: everything started, killed and stopped at random moments, left to itself, and counted."""

from __future__ import annotations

import contextlib
import json
import os
import random
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import mill
from mill.bench.storm.effects import Effects
from mill.bench.storm.killer import ROLES, Killer
from mill.bench.storm.lives import lives
from mill.bench.storm.platform import WORKSPACE, Platform
from mill.bench.storm.provider import Ledger, Provider
from mill.bench.storm.stores import Books, books
from mill.bench.storm.stores import Kind as StoreKind
from mill.errors import MillError
from mill.senders.posting import Signer
from mill.senders.signing import KINDS, Kind

Control = Literal["none", "answer-first", "no-once", "no-permit"]

_ROOT = Path(mill.__file__).parents[2]
_HANDLERS = ("tell", "note")
# What a receiver loses that answers too early is lost when it is killed, and never else; and what is sent
# without a permit is sent by a handler that was stopped.
_ROLES: Mapping[Control, Mapping[str, float]] = {
    "answer-first": {"receiver": 1.0},
    "no-permit": {"handler": 1.0},
}
_LOOK_SECONDS = 0.2
_QUIET_LOOKS = 3
_OPEN = """SELECT (SELECT count(*) FROM webhook_event WHERE state = 'new')
    + (SELECT count(*) FROM webhook_task WHERE state IN ('due', 'running'))"""
_KEPT = "SELECT count(*) FROM webhook_event"
_DEAD = "SELECT count(*) FROM webhook_task WHERE state = 'dead'"
_MOST_NAMED = 5


@dataclass
class Score:
    """What the ledgers say."""

    kills: Counter[str] = field(default_factory=Counter)
    stops: Counter[str] = field(default_factory=Counter)
    events: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    facts: dict[str, int] = field(default_factory=dict)

    def line(self) -> str:
        """Return the last line of a run."""
        return (
            f"kills {self.kills.total()} events {self.events} lost {len(self.lost)} twice {len(self.twice)}"
        )

    def stops_line(self) -> str:
        """Return the line above it, of a run with stops."""
        each = " ".join(f"{role} {count}" for role, count in sorted(self.stops.items()))
        return f"stops {self.stops.total()} {each}".strip()

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
        "retry": {"attempts": 50, "first_seconds": 0.1, "longest_seconds": 0.5},
    }


def measure(
    kills: int,
    *,
    stops: int = 0,
    store: StoreKind = "sqlite",
    server: str = "",
    seed: int = 1,
    seconds: float = 600.0,
    control: Control = "none",
) -> Score:
    """Run until there were enough kills and all is quiet. MillError after `seconds`.

    `server`: a Postgres that runs already, for a store in one.
    """
    end = time.monotonic() + seconds
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mill-kills-")))
        signers, resources = signers_and_resources()
        resources["f/webhooks/routing"] = routing()
        (folder / "results").mkdir()
        kept = stack.enter_context(books(store, folder, server))
        effects = stack.enter_context(Effects(seed))
        scheduled = {"database": kept.resource} if kept.resource else {}
        platform = stack.enter_context(Platform(folder / "results", resources, seed, scheduled))
        environment = _environment(folder, platform, effects, control)
        environment["KILLS_DATABASE"] = json.dumps(kept.resource)
        living, port = stack.enter_context(lives(environment, platform))
        provider = stack.enter_context(Provider(_ROOT, signers, port, seed))
        dice = random.Random(seed)  # noqa: S311 - moments to repeat a run with
        Killer(platform, living, dice, end).go(kills, stops, _ROLES.get(control, ROLES))
        provider.stop_making()
        _calm(kept, platform, provider, end)
        score = _score(provider.ledger, effects, platform)
        score.kills, score.stops = living.kills, living.stops
        score.facts |= {"events in the store": kept.count(_KEPT), "dead letters": kept.count(_DEAD)}
        return score


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


def _calm(kept: Books, platform: Platform, provider: Provider, end: float) -> None:
    """Let it come to rest: all events accepted, nothing to do in the store, no job."""
    quiet = 0
    while quiet < _QUIET_LOOKS:
        if time.monotonic() > end:
            raise MillError(
                f"It did not come to rest: {kept.count(_OPEN)} pieces of work are open. "
                "Give it more time with --seconds.",
                exit_code=1,
            )
        still = provider.is_done() and not kept.count(_OPEN) and platform.is_idle()
        quiet = quiet + 1 if still else 0
        if not still:
            platform.keep_schedule()
        time.sleep(_LOOK_SECONDS)


def _score(ledger: Ledger, effects: Effects, platform: Platform) -> Score:
    accepted = ledger.accepted()
    score = Score(events=len(accepted))
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
