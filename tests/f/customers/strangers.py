"""A customer API nobody has documented, on loopback: what it does with keys, repeats and look-ups is set."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.loopback import Asked, Reply

Record = dict[str, Any]


def data_list(found: list[Record], _: list[Record]) -> Reply:
    return Reply(200, {"data": found})


def bare_list(found: list[Record], _: list[Record]) -> Reply:
    return Reply(200, found)


def deep_list(found: list[Record], _: list[Record]) -> Reply:
    return Reply(200, {"result": {"page": {"items": found}}, "total": len(found)})


def one_or_404(found: list[Record], _: list[Record]) -> Reply:
    return Reply(200, found[0]) if found else Reply(404, {"message": "No such customer."})


def one_or_null(found: list[Record], _: list[Record]) -> Reply:
    return Reply(200, {"customer": found[0] if found else None})


def everybody(_: list[Record], stored: list[Record]) -> Reply:
    return Reply(200, {"data": stored})


def nothing_here(_: list[Record], __: list[Record]) -> Reply:
    return Reply(404, {"message": "Not found."})


@dataclass
class Stranger:
    """`keys`: none, replays (the stored reply), content (only for the same content), late (once the first is
    answered). `exists`: the reply to a second customer with one e-mail; None: it is created.
    `lag`: seconds until the look-up sees what was made last. `token`: what must come as bearer token.
    """

    keys: str = "none"
    exists: Callable[[Record], Reply] | None = None
    answer: Callable[[list[Record], list[Record]], Reply] = data_list
    lag: float = 0.0
    id_of: Callable[[int], Any] = str
    caseless: bool = True
    deletes: bool = True
    gets: bool = True
    drop: set[str] = field(default_factory=set)
    token: str = ""
    race: threading.Barrier | None = None
    stored: list[Record] = field(default_factory=list)
    replies: dict[str, tuple[bytes, Reply]] = field(default_factory=dict)
    born: dict[str, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, asked: Asked) -> Reply:
        if self.token and asked.headers.get("Authorization") != f"Bearer {self.token}":
            return Reply(401, {"message": "Who are you?"})
        parts = urlsplit(asked.path)
        if asked.method == "POST":
            return self._posted(asked)
        if "email" in parse_qs(parts.query):
            return self._look_up(parse_qs(parts.query)["email"][0])
        if parts.path == "/customers":
            return Reply(200, {"data": []})
        return self._one(asked, parts.path.rpartition("/")[2])

    def _posted(self, asked: Asked) -> Reply:
        key = asked.headers.get("Idempotency-Key", "")
        if self.race is not None:
            return self._careless(asked, key)
        with self.lock:
            reply = self._kept(asked, key) or self._create(asked.json)
            if key and self.keys != "none":
                self.replies.setdefault(key, (asked.body, reply))
        if asked.json["email"] in self.drop:
            self.drop.discard(asked.json["email"])
            return Reply(drop=True)
        return reply

    def _careless(self, asked: Asked, key: str) -> Reply:
        """Look whether the key is known, work, and remember the key: two at once both find it unknown."""
        kept = self._kept(asked, key)
        assert self.race is not None
        if kept is None:
            try:
                self.race.wait(0.2)
            except threading.BrokenBarrierError:
                self.race.reset()
            with self.lock:
                kept = self._create(asked.json)
                self.replies.setdefault(key, (asked.body, kept))
        return kept

    def _kept(self, asked: Asked, key: str) -> Reply | None:
        body, reply = self.replies.get(key, (b"", None))
        if reply is None or self.keys == "none":
            return None
        if self.keys == "content" and body != asked.body:
            return Reply(422, {"message": "This key came with another payload."})
        return reply

    def _create(self, customer: Record) -> Reply:
        found = self.found(customer["email"])
        if found and self.exists is not None:
            return self.exists(found[0])
        record = {**customer, "id": self.id_of(len(self.stored) + 1)}
        self.stored.append(record)
        self.born[customer["email"].lower()] = time.monotonic()
        return Reply(201, record)

    def found(self, email: str) -> list[Record]:
        if self.caseless:
            return [one for one in self.stored if one["email"].lower() == email.lower()]
        return [one for one in self.stored if one["email"] == email]

    def _look_up(self, email: str) -> Reply:
        born = self.born.get(email.lower(), 0.0)
        found = self.found(email) if time.monotonic() - born >= self.lag else []
        return self.answer(found, self.stored)

    def _one(self, asked: Asked, id: str) -> Reply:
        found = [one for one in self.stored if str(one["id"]) == id]
        if not found:
            return Reply(404, {"message": "Not found."})
        if asked.method == "PATCH":
            found[0].update(asked.json)
            return Reply(200, found[0])
        if asked.method == "DELETE" and self.deletes:
            self.stored.remove(found[0])
            return Reply(204)
        return Reply(200, found[0]) if asked.method == "GET" and self.gets else Reply(405)
