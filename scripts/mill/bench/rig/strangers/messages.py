"""A request as a stranger gets it, and what it does with the connection."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote

SIGN_IN = b"<!doctype html><html><title>Sign in</title><form action=/login>Sign in to continue</form></html>"
PAGE = b"<!doctype html><html><title>Thank you</title><p>Your changes were saved.</html>"
GATEWAY = b"<html><head><title>Bad gateway</title></head><body><center>nginx</center></body></html>"


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    at: float
    number: int

    @property
    def key(self) -> str:
        """The idempotency key; the draft sends it quoted, most clients do not."""
        return self.headers.get("idempotency-key", "").strip('"')

    @classmethod
    def parse(cls, head: bytes, body: bytes, at: float, number: int) -> Request:
        """Return what the head of a request and its body say."""
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ", 2)
        path, _, query = target.partition("?")
        named = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in named}
        return cls(method, unquote(path), dict(parse_qsl(query)), headers, body, at, number)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the API answers. `body` may be bytes of any type, or data that goes out as JSON."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        """Return it as it goes over the wire."""
        data = self.body if isinstance(self.body, bytes) else _json(self.body)
        kind = "text/html; charset=utf-8" if isinstance(self.body, bytes) else "application/json"
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        if data:
            lines.append(f"Content-Type: {kind}")
        if self.status != 204:
            lines.append(f"Content-Length: {len(data)}")
        return "\r\n".join([*lines, "", ""]).encode() + data


@dataclass(frozen=True, slots=True)
class Turn:
    """What becomes of a request: the reply and when it goes out. No reply: the connection is reset then.

    One that is `cut` goes out up to the middle of its body, then the connection is closed.
    """

    reply: Reply | None
    after: float = 0.0
    cut: bool = False


def _json(body: Any) -> bytes:
    return b"" if body is None else json.dumps(body).encode()
