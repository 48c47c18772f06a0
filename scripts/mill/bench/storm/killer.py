"""Who kills and stops receiver, dispatchers and handlers, at random moments."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping

from mill.bench.storm.lives import RECEIVER, Lives
from mill.bench.storm.platform import Platform
from mill.errors import MillError

ROLES: Mapping[str, float] = {"receiver": 0.4, "dispatcher": 0.35, "handler": 0.25}
_PAUSE = (0.02, 0.3)  # seconds between two kills
_STOPPED = (1.9, 3.0)  # seconds a life is stopped for: leases last 1.5, and senders wait for 5
_TRIES, _MOMENT = 40, 0.03  # how often a job is looked for that can be killed, and the seconds in between


class Killer:
    """Kills one after the other until there were enough, and stops others meanwhile, one a role at a time."""

    def __init__(self, platform: Platform, lives: Lives, dice: random.Random, end: float) -> None:
        self._platform, self._lives, self._dice, self._end = platform, lives, dice, end

    def go(self, kills: int, stops: int, roles: Mapping[str, float] = ROLES) -> None:
        """Go on until so many were killed and stopped while they worked. MillError when the time is over."""
        while (killed := self._lives.kills.total()) < kills or self._lives.stops.total() < stops:
            self._pause(self._dice.uniform(*_PAUSE))
            begun = self._lives.stops.total() + len(self._lives.stopped())
            if begun < stops and begun * kills <= stops * killed:
                self._stop(self._choose(roles))
            if killed < kills:
                self._kill(self._choose(roles))

    def _choose(self, roles: Mapping[str, float]) -> str:
        return self._dice.choices(list(roles), list(roles.values()))[0]

    def _pause(self, seconds: float) -> None:
        if time.monotonic() > self._end:
            raise MillError("The time for the run is over; give it more with --seconds.", exit_code=1)
        self._platform.keep_schedule()
        time.sleep(seconds)

    def _kill(self, role: str) -> None:
        """Kill one. It counts if it was still running when the signal came; else the next one is tried."""
        before = self._lives.kills[role]
        if role == "receiver":
            self._lives.kill(RECEIVER)
            while self._lives.kills[role] == before:
                self._pause(_MOMENT / 10)
            return
        for _ in range(_TRIES):
            if (life := self._find(role)) is not None:
                self._lives.kill(life)
            self._pause(self._dice.uniform(0, _MOMENT))
            if self._lives.kills[role] > before:
                return

    def _stop(self, role: str) -> None:
        if role in self._lives.stopped().values():
            return
        for _ in range(_TRIES):
            if (life := self._find(role)) is not None:
                self._lives.stop(role, life, self._dice.uniform(*_STOPPED))
                return
            self._pause(self._dice.uniform(0, _MOMENT))

    def _find(self, role: str) -> int | None:
        """Return a life of this role that runs."""
        if role == "receiver":
            return RECEIVER
        stopped = self._lives.stopped()
        running = self._platform.running(dispatchers=role == "dispatcher")
        free = [life for life in running if life not in stopped]
        return self._dice.choice(free) if free else None
