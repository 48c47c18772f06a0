"""A provider: sends each event until it is answered by a 2xx, and remembers what was.

It does what providers do and receivers would rather not have: it tells events twice although they were
answered, many at once, out of order, with bodies of a megabyte, and slowly.
"""

from __future__ import annotations

import heapq
import http.client
import itertools
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mill.senders.envelope import envelope, new_id
from mill.senders.posting import Posted, Signer, signed
from mill.senders.samples import sample, types
from mill.senders.signing import Kind

_SENDERS = 8
_AT_ONCE = 24  # events that are not answered yet
_DOUBLED, _STORMS, _LARGE, _SLOW = 0.15, 0.02, 0.02, 0.02  # shares of the events
_STORM = 12
_LARGE_BYTES = 1024 * 1024
_PATIENCE = 5.0
_SLOW_SECONDS, _PIECES = 0.6, 12


@dataclass
class Told:
    """An event in the provider's ledger. `effects`: what every handler is to do for it."""

    id: str
    kind: Kind
    type: str
    content: Any
    effects: Sequence[str]
    slow: bool = False
    accepted: bool = False
    attempts: int = 0


@dataclass
class Ledger:
    """What was sent, and what was answered."""

    events: list[Told] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def accepted(self) -> list[Told]:
        """Return the events that got a 2xx."""
        return [one for one in self.events if one.accepted]


@dataclass
class _Plan:
    """What is to be sent, and when; whether new events are made, and whether it is over."""

    queue: list[tuple[float, int, Told]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)
    makes: bool = True
    ends: bool = False


class Provider:
    """Sends in threads until `stop_making` and every event is accepted."""

    def __init__(self, root: Path, signers: Sequence[Signer], port: int, seed: int) -> None:
        self.ledger = Ledger()
        self._signers, self._port = signers, port
        self._samples = [
            (signer, name, sample(root, signer.kind, name))
            for signer in signers
            for name in types(root, signer.kind)
            if name != "url_verification"  # a question, and no event
        ]
        self._dice = random.Random(seed)  # noqa: S311 - a course to repeat a run with, no secret
        self._plan, self._changed = _Plan(), threading.Condition()
        self._threads = [threading.Thread(target=self._send_all, daemon=True) for _ in range(_SENDERS)]

    def stop_making(self) -> None:
        """Send what is there, and nothing new."""
        with self._changed:
            self._plan.makes = False
            self._changed.notify_all()

    def is_done(self) -> bool:
        """Whether every event is accepted, and told as often as it was to be."""
        with self._changed:
            return (
                not self._plan.queue
                and all(one.accepted for one in self.ledger.events)
                and not self._plan.makes
            )

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._plan.ends, self._plan.makes = True, False
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(_PATIENCE + 1)

    def _send_all(self) -> None:
        while (told := self._next()) is not None:
            accepted = self._send(told)
            with self._changed:
                told.attempts += 1
                self._follow(told, accepted)
                self._changed.notify_all()

    def _follow(self, told: Told, accepted: bool) -> None:
        """Note an answer, and send again: what was not accepted, and some of what was."""
        if not accepted:
            if not (told.accepted and not self._plan.makes):
                self._put(told, self._dice.uniform(0.05, 0.5))
            return
        chance = self._dice.random()
        first, told.accepted = not told.accepted, True
        if first and chance < _STORMS:
            self.ledger.counts["storms"] += 1
            for _ in range(_STORM):
                self._put(told, 0.0)
        elif chance < _STORMS + _DOUBLED:
            self.ledger.counts["doubled on purpose"] += 1
            self._put(told, self._dice.uniform(0.0, 2.0))

    def _next(self) -> Told | None:
        with self._changed:
            while not self._plan.ends:
                now = time.monotonic()
                if self._plan.makes and sum(not one.accepted for one in self.ledger.events[-200:]) < _AT_ONCE:
                    self._make()
                if self._plan.queue and self._plan.queue[0][0] <= now:
                    return heapq.heappop(self._plan.queue)[2]
                self._changed.wait(0.02)
            return None

    def _make(self) -> None:
        """Put a new event into the queue, to be sent at some time soon: so they come in no order."""
        signer, name, content = self._dice.choice(self._samples)
        number = len(self.ledger.events)
        event_id = new_id(signer.kind)
        parts = content if isinstance(content, list) else [content]
        effects = [f"{signer.kind} {number}.{part}" for part in range(len(parts))]
        marked: list[Mapping[str, Any]] = [
            {**part, "effect": effect} for part, effect in zip(parts, effects, strict=True)
        ]
        if self._dice.random() < _LARGE:
            self.ledger.counts["of 1 MB"] += 1
            marked[0] = {**marked[0], "padding": "x" * (_LARGE_BYTES - 8192)}
        told = Told(
            event_id,
            signer.kind,
            name,
            list(marked) if isinstance(content, list) else marked[0],
            effects,
            slow=self._dice.random() < _SLOW,
        )
        self.ledger.events.append(told)
        self._put(told, self._dice.uniform(0.0, 1.0))

    def _put(self, told: Told, delay: float) -> None:
        heapq.heappush(self._plan.queue, (time.monotonic() + delay, next(self._plan.numbers), told))

    def _send(self, told: Told) -> bool:
        signer = next(one for one in self._signers if one.kind == told.kind)
        now = time.time()
        what = envelope(
            told.kind, told.type, told.content, event_id=told.id, now=now, attempt=told.attempts + 1
        )
        posted = signed(signer, what, event_id=told.id, now=now)
        status = self._post(f"/webhooks/{told.kind}", posted, slow=told.slow and told.attempts == 0)
        with self._changed:
            self.ledger.counts["requests"] += 1
            self.ledger.counts[f"answered {status}" if status else "not answered"] += 1
        return 200 <= status < 300

    def _post(self, path: str, posted: Posted, *, slow: bool) -> int:
        """Return the status; 0 if there is none, as when the receiver was killed."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_PATIENCE)
        try:
            if not slow:
                connection.request("POST", path, posted.body, dict(posted.headers))
            else:
                self._trickle(connection, path, posted)
            with connection.getresponse() as reply:
                reply.read()
                return reply.status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()

    def _trickle(self, connection: http.client.HTTPConnection, path: str, posted: Posted) -> None:
        with self._changed:
            self.ledger.counts["slow clients"] += 1
        connection.connect()
        assert isinstance(connection.sock, socket.socket)
        connection.putrequest("POST", path)
        for name, value in {**posted.headers, "Content-Length": str(len(posted.body))}.items():
            connection.putheader(name, value)
        connection.endheaders()
        step = len(posted.body) // _PIECES + 1
        for begin in range(0, len(posted.body), step):
            time.sleep(_SLOW_SECONDS / _PIECES)
            connection.send(posted.body[begin : begin + step])
